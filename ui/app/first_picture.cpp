// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/app/first_picture.h"

#include <QDir>
#include <QFileInfo>
#include <QPixmap>
#include <QSaveFile>
#include <QTimer>

#include <cmath>

#include <nlohmann/json.hpp>

#include "ui/explore/step_stack.h"
#include "ui/main_window.h"
#include "ui/pages/explore_page.h"
#include "ui/pages/landscape_page.h"

namespace whorl::ui {
namespace {

constexpr int kPatienceMs = 180'000;
/// Time for the thumbnails beside the picture, which nobody waits for otherwise.
constexpr int kSettleMs = 400;

nlohmann::json verdictJson(const Verdict& verdict, const ModelInfo& model) {
  nlohmann::json json = {{"class", model.classNames.at(static_cast<std::size_t>(verdict.predicted))},
                         {"probabilities", verdict.probabilities},
                         {"fingerprint_distances", verdict.fingerprintDistances}};
  if (verdict.threshold && !verdict.fingerprintDistances.empty()) {
    json["score"] = verdict.score;
    json["threshold"] = *verdict.threshold;
    json["accepted"] = verdict.accepted;
  }
  return json;
}

bool save(const QString& path, const QByteArray& bytes) {
  QDir().mkpath(QFileInfo(path).path());
  QSaveFile file(path);
  return file.open(QIODevice::WriteOnly) && file.write(bytes) == bytes.size() && file.commit();
}

}  // namespace

QByteArray pictureJson(const MainWindow& window) {
  const ExplorePage* page = window.explore();
  if (!page->result() || !page->model() || !page->source()) return {};
  const ExploreResult& result = *page->result();
  const ModelInfo& model = *page->model();
  nlohmann::json steps = nlohmann::json::array();
  std::size_t next = 0;
  for (const StepRequest& step : window.steps()->requests()) {
    nlohmann::json each = {
        {"operation", step.operation}, {"enabled", step.enabled}, {"parameters", toJson(step.parameters)}};
    if (step.enabled && next < result.steps.size()) {
      const StepOutcome& outcome = result.steps[next++];
      if (outcome.success) each["success"] = *outcome.success;
      each["note"] = outcome.note;
      each["seconds"] = outcome.seconds;
    }
    steps.push_back(each);
  }
  const ImageNorms& norms = result.norms;
  const nlohmann::json json = {{"version", page->engineInfo().version},
                               {"torch", page->engineInfo().torchVersion},
                               {"device", page->engineInfo().device},
                               {"model", model.id},
                               {"model_sha256", model.sha256},
                               {"dataset", page->source()->dataset.toStdString()},
                               {"index", page->source()->index},
                               {"image", page->source()->title.toStdString()},
                               {"seed", page->state().seed},
                               {"steps", steps},
                               {"before", verdictJson(result.before, model)},
                               {"after", verdictJson(result.after, model)},
                               {"norms",
                                {{"l0", norms.l0},
                                 {"l1", norms.l1},
                                 {"l2", norms.l2},
                                 {"linf", norms.linf},
                                 {"psnr", std::isinf(norms.psnr) ? nlohmann::json() : nlohmann::json(norms.psnr)},
                                 {"ssim", norms.ssim}}},
                               {"seconds", result.seconds}};
  return QByteArray::fromStdString(json.dump(2) + "\n");
}

FirstPicture::FirstPicture(MainWindow* window, const QString& path, const QString& page, QObject* parent)
    : QObject(parent), m_window(window), m_path(path), m_page(page) {
  connect(window->explore(), &ExplorePage::failed, this, &FirstPicture::end);
  connect(window->explore(), &ExplorePage::pictureShown, this, [this] {
    if (!m_page.isEmpty()) m_window->showPage(m_page);
    if (m_page != u"landscape") QTimer::singleShot(kSettleMs, this, &FirstPicture::write);
  });
  connect(window->landscape(), &LandscapePage::completed, this,
          [this] { QTimer::singleShot(kSettleMs, this, &FirstPicture::write); });
  QTimer::singleShot(kPatienceMs, this,
                     [this] { end(tr("No picture was ready after %1 s.").arg(kPatienceMs / 1000)); });
}

void FirstPicture::write() {
  if (m_ended) return;
  const QByteArray json = pictureJson(*m_window);
  const QFileInfo info(m_path);
  const QString beside = info.dir().filePath(info.completeBaseName() + QStringLiteral(".json"));
  info.dir().mkpath(QStringLiteral("."));
  if (!m_window->grab().save(m_path, "PNG")) {
    end(tr("%1 could not be written.").arg(m_path));
  } else if (!save(beside, json)) {
    end(tr("%1 could not be written.").arg(beside));
  } else {
    end({});
  }
}

void FirstPicture::end(const QString& problem) {
  if (m_ended) return;
  m_ended = true;
  Q_EMIT done(problem);
}

}  // namespace whorl::ui
