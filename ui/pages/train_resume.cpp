// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/pages/train_resume.h"

#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <QRegularExpression>
#include <QSaveFile>

#include <algorithm>

#include <nlohmann/json.hpp>

namespace whorl::ui {

namespace {

constexpr qint64 kLargestRequest = 1 << 20;

QString requestPath(const std::string& checkpoint) { return QString::fromStdString(checkpoint) + ".json"; }

nlohmann::json asJson(const TrainRequest& request) {
  return {{"version", 1},
          {"dataset", request.dataset},
          {"architecture", request.architecture},
          {"objective", request.objective},
          {"parameters", toJson(request.parameters)},
          {"seed", request.seed},
          {"device", request.device},
          {"threads", request.threads},
          {"output", request.output},
          {"model_name", request.modelName},
          {"checkpoint", request.checkpoint},
          {"keep_epochs", request.keepEpochs},
          {"limit_train", request.limitTrain}};
}

TrainRequest fromJson(const nlohmann::json& json) {
  TrainRequest request;
  request.dataset = json.at("dataset").get<std::string>();
  request.architecture = json.at("architecture").get<std::string>();
  request.objective = json.at("objective").get<std::string>();
  request.parameters = parametersFromJson(json.at("parameters"));
  request.seed = json.at("seed").get<std::uint64_t>();
  request.device = json.at("device").get<std::string>();
  request.threads = json.at("threads").get<int>();
  request.output = json.at("output").get<std::string>();
  request.modelName = json.at("model_name").get<std::string>();
  request.limitTrain = json.at("limit_train").get<std::int64_t>();
  request.keepEpochs = json.value("keep_epochs", false);  // files from before there was such a choice
  request.resume = true;
  return request;
}

}  // namespace

void saveTrainRequest(const TrainRequest& request) {
  const QString path = requestPath(request.checkpoint);
  QDir().mkpath(QFileInfo(path).path());
  QSaveFile file(path);
  const std::string text = asJson(request).dump(2);
  const auto size = static_cast<qint64>(text.size());
  if (!file.open(QIODevice::WriteOnly) || file.write(text.data(), size) != size || !file.commit()) {
    throw Error(ErrorKind::Failed, "the folder for checkpoints can't be written", path.toStdString(),
                "free some space, or make the folder writable");
  }
}

void removeBrokenOff(const std::string& checkpoint) {
  QFile::remove(requestPath(checkpoint));
  QFile::remove(QString::fromStdString(checkpoint));
}

std::vector<BrokenOffRun> brokenOffRuns(const std::string& folder) {
  std::vector<BrokenOffRun> runs;
  const QDir dir(QString::fromStdString(folder));
  for (const QFileInfo& info : dir.entryInfoList({QStringLiteral("*.checkpoint.json")}, QDir::Files)) {
    const QFileInfo checkpoint(info.path() + u'/' + info.completeBaseName());
    QFile file(info.filePath());
    if (!checkpoint.exists() || info.size() > kLargestRequest || !file.open(QIODevice::ReadOnly)) continue;
    try {
      BrokenOffRun run;
      run.request = fromJson(nlohmann::json::parse(file.readAll().toStdString()));
      run.request.checkpoint = checkpoint.filePath().toStdString();
      run.title = QString::fromStdString(run.request.modelName);
      run.when = checkpoint.lastModified();
      runs.push_back(std::move(run));
    } catch (const std::exception&) {
      continue;  // half-written or of another version: its checkpoint can still be chosen by hand
    }
  }
  std::sort(runs.begin(), runs.end(), [](const auto& a, const auto& b) { return a.when > b.when; });
  return runs;
}

std::string newCheckpointPath(const std::string& userFolder, const QString& name, const QDateTime& now) {
  static const QRegularExpression kUnfit(QStringLiteral("[^A-Za-z0-9._-]+"));
  QString stem = name.toLower().replace(kUnfit, QStringLiteral("-")).left(60);
  while (stem.startsWith(u'-') || stem.startsWith(u'.')) stem.remove(0, 1);
  if (stem.isEmpty()) stem = QStringLiteral("run");
  return QStringLiteral("%1/checkpoints/%2-%3.checkpoint")
      .arg(QString::fromStdString(userFolder), stem, now.toString(QStringLiteral("yyyyMMdd-HHmmss-zzz")))
      .toStdString();
}

}  // namespace whorl::ui
