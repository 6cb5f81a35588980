// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/explore/image_source.h"

#include <QBuffer>
#include <QFileInfo>
#include <QMimeData>
#include <QUrl>

#include <algorithm>
#include <utility>

#include "ui/explore/thumbnail_model.h"
#include "ui/image/qimage_convert.h"
#include "ui/session/engine_session.h"

namespace whorl::ui {
namespace {

/// Every n-th pixel of a large image, so that a thumbnail of 100 megapixels costs nothing.
Image thinned(const Image& image, int side) {
  const int step = std::max(1, std::max(image.shape.width, image.shape.height) / side);
  if (step == 1) return image;
  Image out{{image.shape.channels, image.shape.height / step, image.shape.width / step}, {}};
  out.shape.height = std::max(1, out.shape.height);
  out.shape.width = std::max(1, out.shape.width);
  out.pixels.reserve(static_cast<std::size_t>(out.shape.size()));
  for (int c = 0; c < out.shape.channels; ++c) {
    for (int y = 0; y < out.shape.height; ++y) {
      for (int x = 0; x < out.shape.width; ++x) out.pixels.push_back(image.at(c, y * step, x * step));
    }
  }
  return out;
}

QString sizeText(const Image& image) {
  return QStringLiteral("%1 × %2").arg(image.shape.width).arg(image.shape.height);
}

}  // namespace

QImage thumbnailOf(const Image& image, int side) {
  if (image.pixels.empty()) return {};
  const QImage picture = toQImage(thinned(image, 2 * side));
  if (picture.width() <= side && picture.height() <= side) return picture;
  return picture.scaled(side, side, Qt::KeepAspectRatio, Qt::SmoothTransformation);
}

QStringList localFiles(const QMimeData* data) {
  QStringList files;
  for (const QUrl& url : data->urls()) {
    if (url.isLocalFile()) files << url.toLocalFile();
  }
  return files;
}

ImageSource::ImageSource(EngineSession* session, QObject* parent)
    : QObject(parent), m_session(session), m_model(new ThumbnailModel(this)) {
  connect(m_model, &ThumbnailModel::chunkWanted, this, &ImageSource::loadChunk);
}

ImageSource::Loaded ImageSource::load(Image image) {
  Loaded loaded;
  loaded.thumbnail = thumbnailOf(image, ThumbnailModel::kSide);
  loaded.image = std::make_shared<const Image>(std::move(image));
  return loaded;
}

void ImageSource::showDataset(const DatasetInfo& info, int row) {
  m_dataset = info;
  m_showsAttacked = false;
  ++m_source;
  m_model->restart(static_cast<int>(std::min<std::int64_t>(info.testCount, 1'000'000)));
  Q_EMIT sourceChanged(row < m_model->rowCount() ? row : m_model->rowCount() - 1);
}

void ImageSource::showFiles() {
  m_dataset = {};
  m_showsAttacked = false;
  ++m_source;
  m_model->restart(0);
  for (const OpenedFile& file : m_files) m_model->append(file.thumbnail, file.title);
  Q_EMIT sourceChanged(m_files.empty() ? -1 : static_cast<int>(m_files.size()) - 1);
}

void ImageSource::loadChunk(int first, int count) {
  if (m_showsAttacked) return loadAttackedChunk(first, count);
  if (!m_session->ready() || m_dataset.name.empty()) return;
  using Thumbnails = std::vector<std::pair<QImage, QString>>;
  const int source = m_source;
  m_session->run(
      this, Lane::Interactive, tr("Thumbnails"),
      [name = m_dataset.name, first, count](Engine& engine, const JobContext& context) {
        Thumbnails thumbnails;
        for (const DatasetImage& image : engine.testImages(name, first, count, context)) {
          thumbnails.emplace_back(thumbnailOf(image.image, ThumbnailModel::kSide),
                                  tr("No. %1: %2").arg(image.index).arg(QString::fromStdString(image.className)));
        }
        return thumbnails;
      },
      [this, source, first](const Thumbnails& thumbnails) {
        if (source != m_source) return;
        for (std::size_t i = 0; i < thumbnails.size(); ++i) {
          m_model->setThumbnail(first + static_cast<int>(i), thumbnails[i].first, thumbnails[i].second);
        }
      },
      [this, source](const Error& error) {
        if (source == m_source && error.kind() != ErrorKind::Cancelled) Q_EMIT failed(errorText(error));
      });
}

void ImageSource::choose(int row) {
  if (row < 0 || row >= m_model->rowCount() || !m_session->ready()) return;
  ++m_choice;
  if (m_showsAttacked) {
    chooseAttacked(row);
  } else if (m_dataset.name.empty()) {
    chooseFile(row);
  } else {
    chooseDatasetImage(row);
  }
}

void ImageSource::chooseDatasetImage(int row) {
  const int choice = m_choice;
  m_session->run(
      this, Lane::Interactive, tr("Image"),
      [name = m_dataset.name, row](Engine& engine, const JobContext& context) {
        return engine.testImages(name, row, 1, context);
      },
      [this, choice, info = m_dataset](std::vector<DatasetImage> images) {
        if (choice != m_choice || images.empty()) return;
        DatasetImage& image = images.front();
        SourceImage chosen;
        chosen.title = tr("%1 no. %2, “%3”")
                           .arg(QString::fromStdString(info.title))
                           .arg(image.index)
                           .arg(QString::fromStdString(image.className));
        chosen.dataset = QString::fromStdString(info.name);
        chosen.index = image.index;
        chosen.label = image.label;
        chosen.classNames = info.classNames;
        chosen.image = std::make_shared<const Image>(std::move(image.image));
        Q_EMIT imageChosen(chosen);
      },
      [this, choice](const Error& error) {
        if (choice == m_choice && error.kind() != ErrorKind::Cancelled) Q_EMIT failed(errorText(error));
      });
}

void ImageSource::chooseFile(int row) {
  const OpenedFile& file = m_files[static_cast<std::size_t>(row)];
  if (file.image) {
    Q_EMIT imageChosen({file.image, file.title, {}, 0, file.label, file.classNames});
    return;
  }
  const int choice = m_choice;
  m_session->run(
      this, Lane::Interactive, tr("Image"),
      [path = file.path.toStdString()](Engine& engine, const JobContext&) {
        return std::make_shared<const Image>(engine.readImage(path));
      },
      [this, choice, title = file.title](const std::shared_ptr<const Image>& image) {
        if (choice == m_choice) Q_EMIT imageChosen({image, title, {}, 0, std::nullopt, {}});
      },
      [this, choice](const Error& error) {
        if (choice == m_choice && error.kind() != ErrorKind::Cancelled) Q_EMIT failed(errorText(error));
      });
}

void ImageSource::openFiles(const QStringList& paths) {
  if (!m_session->ready()) return;
  m_firstOfBatch = true;
  for (const QString& path : paths) {
    m_session->run(
        this, Lane::Interactive, tr("Open"),
        [file = path.toStdString()](Engine& engine, const JobContext&) { return load(engine.readImage(file)); },
        [this, path](const Loaded& loaded) {
          fileLoaded({path, QFileInfo(path).fileName(), nullptr, loaded.thumbnail}, loaded);
        },
        [this](const Error& error) {
          if (error.kind() != ErrorKind::Cancelled) Q_EMIT failed(errorText(error));
        });
  }
}

void ImageSource::openPicture(const QImage& picture) {
  if (!m_session->ready() || picture.isNull()) return;
  m_firstOfBatch = true;
  m_session->run(
      this, Lane::Interactive, tr("Paste"),
      [picture](Engine& engine, const JobContext&) {
        QByteArray bytes;
        QBuffer buffer(&bytes);
        buffer.open(QIODevice::WriteOnly);
        picture.save(&buffer, "PNG", 100);
        return load(engine.decodeImage(bytes.toStdString(), "the pasted picture"));
      },
      [this](const Loaded& loaded) {
        fileLoaded({{}, tr("Pasted picture"), loaded.image, loaded.thumbnail}, loaded);
      },
      [this](const Error& error) {
        if (error.kind() != ErrorKind::Cancelled) Q_EMIT failed(errorText(error));
      });
}

void ImageSource::openMade(std::shared_ptr<const Image> image, const QString& title, std::optional<int> label,
                           const std::vector<std::string>& classNames) {
  if (!m_session->ready()) return;
  m_firstOfBatch = true;
  m_session->run(
      this, Lane::Interactive, tr("Image"), [image](Engine&, const JobContext&) { return load(*image); },
      [this, title, label, classNames](const Loaded& loaded) {
        fileLoaded({{}, title, loaded.image, loaded.thumbnail, label, classNames}, loaded);
      },
      [this](const Error& error) {
        if (error.kind() != ErrorKind::Cancelled) Q_EMIT failed(errorText(error));
      });
}

void ImageSource::fileLoaded(const OpenedFile& file, const Loaded& loaded) {
  OpenedFile kept = file;
  kept.title += QStringLiteral(" (%1)").arg(sizeText(*loaded.image));
  m_files.push_back(kept);
  if (m_showsAttacked || !m_dataset.name.empty() || m_model->rowCount() != static_cast<int>(m_files.size()) - 1) {
    // From the data set to the files; the last one that was opened is selected and shown.
    m_firstOfBatch = false;
    showFiles();
    return;
  }
  m_model->append(kept.thumbnail, kept.title);
  if (std::exchange(m_firstOfBatch, false)) Q_EMIT sourceChanged(m_model->rowCount() - 1);
}

}  // namespace whorl::ui
