// SPDX-License-Identifier: GPL-3.0-or-later
// Images of a file that an attack wrote, as a source of Explore.
#include "ui/explore/image_source.h"
#include "ui/explore/thumbnail_model.h"
#include "ui/session/engine_session.h"

namespace whorl::ui {

namespace {

QString captionOf(const AttackedImage& image, const std::vector<std::string>& classNames) {
  const auto place = static_cast<std::size_t>(image.label);
  const QString label = image.label >= 0 && place < classNames.size() ? QString::fromStdString(classNames[place])
                                                                      : QString::number(image.label);
  return image.success ? ImageSource::tr("no. %1, “%2”, misclassified").arg(image.index).arg(label)
                       : ImageSource::tr("no. %1, “%2”, the attack failed").arg(image.index).arg(label);
}

}  // namespace

void ImageSource::openAttacked(const QString& path, const QString& title, const std::vector<std::string>& classNames) {
  if (!m_session->ready()) return;
  const int choice = ++m_choice;
  m_session->run(
      this, Lane::Interactive, tr("Open"),
      [file = path.toStdString()](Engine& engine, const JobContext& context) {
        return engine.attackedImages(file, 0, 0, context).total;
      },
      [this, choice, path, title, classNames](std::int64_t total) {
        if (choice != m_choice) return;
        m_attacked = {path, title, classNames, static_cast<int>(std::min<std::int64_t>(total, 1'000'000))};
        showAttacked();
      },
      [this, choice](const Error& error) {
        if (choice == m_choice && error.kind() != ErrorKind::Cancelled) Q_EMIT failed(errorText(error));
      });
}

void ImageSource::showAttacked() {
  m_dataset = {};
  m_showsAttacked = true;
  ++m_source;
  m_model->restart(m_attacked.count);
  Q_EMIT sourceChanged(m_attacked.count > 0 ? 0 : -1);
}

void ImageSource::loadAttackedChunk(int first, int count) {
  if (!m_session->ready()) return;
  using Thumbnails = std::vector<std::pair<QImage, QString>>;
  const int source = m_source;
  m_session->run(
      this, Lane::Interactive, tr("Thumbnails"),
      [file = m_attacked, first, count](Engine& engine, const JobContext& context) {
        Thumbnails thumbnails;
        for (const AttackedImage& image :
             engine.attackedImages(file.path.toStdString(), first, count, context).images) {
          thumbnails.emplace_back(thumbnailOf(image.adversarial, ThumbnailModel::kSide),
                                  captionOf(image, file.classNames));
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

void ImageSource::chooseAttacked(int row) {
  const int choice = m_choice;
  m_session->run(
      this, Lane::Interactive, tr("Image"),
      [path = m_attacked.path.toStdString(), row](Engine& engine, const JobContext& context) {
        return engine.attackedImages(path, row, 1, context).images;
      },
      [this, choice, file = m_attacked](std::vector<AttackedImage> images) {
        if (choice != m_choice || images.empty()) return;
        AttackedImage& image = images.front();
        SourceImage chosen;
        chosen.title = tr("%1, %2").arg(file.title, captionOf(image, file.classNames));
        chosen.index = image.index;
        chosen.label = image.label;
        chosen.classNames = file.classNames;
        chosen.image = std::make_shared<const Image>(std::move(image.adversarial));
        chosen.clean = std::make_shared<const Image>(std::move(image.original));
        chosen.attack = file.title;
        Q_EMIT imageChosen(chosen);
      },
      [this, choice](const Error& error) {
        if (choice == m_choice && error.kind() != ErrorKind::Cancelled) Q_EMIT failed(errorText(error));
      });
}

}  // namespace whorl::ui
