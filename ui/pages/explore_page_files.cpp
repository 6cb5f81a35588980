// SPDX-License-Identifier: GPL-3.0-or-later
// How pictures come into the Explore page and leave it: files, drops, the clipboard.
#include <QDragEnterEvent>
#include <QFileDialog>
#include <QMimeData>

#include <algorithm>
#include <memory>

#include "ui/explore/image_source.h"
#include "ui/explore/step_stack.h"
#include "ui/pages/explore_page.h"
#include "ui/session/engine_session.h"
#include "ui/widgets/inline_message.h"

namespace whorl::ui {

void ExplorePage::openFiles(const QStringList& paths) {
  if (paths.isEmpty()) return;
  if (!m_session->ready() || !m_model) {
    m_waitingFiles += paths;
    return;
  }
  m_message->setText({});
  m_images->openFiles(paths);
}

void ExplorePage::openPicture(const QImage& picture) {
  if (picture.isNull()) {
    m_message->setText(tr("There is no picture on the clipboard. Copy one first, or drop a file here."));
    return;
  }
  m_message->setText({});
  m_images->openPicture(picture);
}

void ExplorePage::openMade(const Image& image, const QString& title, std::optional<int> label) {
  if (!m_session->ready() || !m_model) return;
  m_message->setText({});
  m_images->openMade(std::make_shared<const Image>(image), title, label, m_model->classNames);
}

const ModelInfo* ExplorePage::knownModel(const QString& idOrPath) const {
  const std::string wanted = idOrPath.toStdString();
  const auto found = std::find_if(m_models.begin(), m_models.end(),
                                  [&](const ModelInfo& info) { return info.id == wanted || info.path == wanted; });
  return found == m_models.end() ? nullptr : &*found;
}

void ExplorePage::openAttacked(const QString& file, const QString& modelFile, const QString& title) {
  if (!m_session->ready() || !m_model) return;
  m_message->setText({});
  if (const ModelInfo* known = knownModel(modelFile)) {
    if (known->problem.empty() && known->id != m_model->id) useModel(ModelInfo(*known));
    return showAttacked(file, title);
  }
  m_session->run(
      this, Lane::Interactive, tr("Model"),
      [id = modelFile.toStdString()](Engine& engine, const JobContext&) { return engine.model(id); },
      [this, file, title, modelFile](const ModelInfo& model) {
        if (!knownModel(modelFile)) {
          m_foreignModels.push_back(model);
          m_models.push_back(model);
        }
        useModel(model);
        showAttacked(file, title);
      },
      [this, file, title](const Error& error) {
        if (error.kind() == ErrorKind::Cancelled) return;
        m_message->setText(errorText(error));
        showAttacked(file, title);  // with the model that is shown
      });
}

void ExplorePage::showAttacked(const QString& file, const QString& title) {
  const std::vector<StackStep> steps = m_stack->steps();
  for (const StackStep& step : steps) {
    if (step.request.enabled) m_stack->setEnabled(step.id, false);
  }
  m_images->openAttacked(file, title, m_model->classNames);
}

void ExplorePage::chooseFiles() {
  auto* dialog = new QFileDialog(this, tr("Open images"));
  dialog->setAttribute(Qt::WA_DeleteOnClose);
  dialog->setFileMode(QFileDialog::ExistingFiles);
  dialog->setNameFilters(
      {tr("Images (*.png *.jpg *.jpeg *.webp *.bmp *.tif *.tiff *.pgm *.ppm *.gif)"), tr("All files (*)")});
  connect(dialog, &QFileDialog::filesSelected, this, &ExplorePage::openFiles);
  dialog->open();
}

void ExplorePage::chooseWhereToSave() {
  if (!result()) return;
  auto* dialog = new QFileDialog(this, tr("Save the result"));
  dialog->setAttribute(Qt::WA_DeleteOnClose);
  dialog->setAcceptMode(QFileDialog::AcceptSave);
  dialog->setDefaultSuffix(QStringLiteral("png"));
  dialog->setNameFilters({tr("PNG, without loss (*.png)"), tr("Images (*.png *.jpg *.webp *.bmp *.tif)")});
  connect(dialog, &QFileDialog::fileSelected, this, [this, image = result()->result](const QString& path) {
    m_session->run(
        this, Lane::Interactive, tr("Save"),
        [image, file = path.toStdString()](Engine& engine, const JobContext&) { engine.writeImage(image, file); },
        [] {}, [this](const Error& error) { m_message->setText(errorText(error)); });
  });
  dialog->open();
}

void ExplorePage::dragEnterEvent(QDragEnterEvent* event) {
  if (!localFiles(event->mimeData()).isEmpty() || event->mimeData()->hasImage()) event->acceptProposedAction();
}

void ExplorePage::dropEvent(QDropEvent* event) {
  const QStringList files = localFiles(event->mimeData());
  if (!files.isEmpty()) {
    openFiles(files);
  } else if (event->mimeData()->hasImage()) {
    openPicture(qvariant_cast<QImage>(event->mimeData()->imageData()));
  }
  event->acceptProposedAction();
}

}  // namespace whorl::ui
