// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/pages/train_resume.h"

#include <QDir>
#include <QFile>
#include <QTemporaryDir>
#include <QTest>

using namespace whorl;
using namespace whorl::ui;

class TrainResumeTest : public QObject {
  Q_OBJECT

  static TrainRequest request(const std::string& checkpoint) {
    TrainRequest request;
    request.dataset = "mnist";
    request.architecture = "nfp-mnist";
    request.objective = "plain+fingerprint";
    request.parameters = {
        {"epochs", std::int64_t{4}}, {"learning_rate", 0.002}, {"precision", std::string("bfloat16")}};
    request.seed = 77;
    request.device = "cpu";
    request.modelName = "My model";
    request.checkpoint = checkpoint;
    return request;
  }
  static void touch(const QString& path) {
    QFile file(path);
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.write("x");
  }

 private Q_SLOTS:
  void aBrokenOffRunIsFoundWithAllThatWasAsked() {
    QTemporaryDir folder;
    const std::string checkpoint =
        newCheckpointPath(folder.path().toStdString(), QStringLiteral("My/ model:ä"), QDateTime::currentDateTime());
    const QString path = QString::fromStdString(checkpoint);
    QVERIFY(path.startsWith(folder.filePath("checkpoints/my-model")));
    QVERIFY(path.endsWith(".checkpoint"));
    TrainRequest asked = request(checkpoint);
    asked.keepEpochs = true;
    saveTrainRequest(asked);
    const std::string where = folder.filePath("checkpoints").toStdString();
    QVERIFY(brokenOffRuns(where).empty());  // no checkpoint yet: nothing to go on from
    touch(path);
    const auto runs = brokenOffRuns(where);
    QCOMPARE(runs.size(), std::size_t{1});
    const TrainRequest& found = runs.front().request;
    QVERIFY(found.resume);
    QCOMPARE(found.dataset, asked.dataset);
    QCOMPARE(found.architecture, asked.architecture);
    QCOMPARE(found.objective, asked.objective);
    QVERIFY(found.parameters == asked.parameters);
    QCOMPARE(found.seed, asked.seed);
    QCOMPARE(found.device, asked.device);
    QCOMPARE(found.checkpoint, checkpoint);
    QVERIFY(found.keepEpochs);
    QCOMPARE(runs.front().title, QStringLiteral("My model"));
    removeBrokenOff(checkpoint);
    QVERIFY(brokenOffRuns(where).empty());
    QVERIFY(!QFile::exists(path));
  }

  void whatCannotBeReadIsPassedOver() {
    QTemporaryDir folder;
    const QString good = folder.filePath("good.checkpoint");
    saveTrainRequest(request(good.toStdString()));
    touch(good);
    for (const char* content : {"", "{", "[1]", "{\"dataset\": 3}", "null"}) {
      touch(folder.filePath("bad.checkpoint"));
      QFile file(folder.filePath("bad.checkpoint.json"));
      QVERIFY(file.open(QIODevice::WriteOnly));
      file.write(content);
      file.close();
      QCOMPARE(brokenOffRuns(folder.path().toStdString()).size(), std::size_t{1});
    }
    QVERIFY(brokenOffRuns("/nowhere").empty());
  }

  void aFolderThatCannotBeWrittenIsAnError() {
    try {
      saveTrainRequest(request("/proc/nowhere/run.checkpoint"));
      QFAIL("no error");
    } catch (const Error& error) {
      QCOMPARE(error.kind(), ErrorKind::Failed);
      QVERIFY(!error.hint().empty());
    }
  }
};

QTEST_APPLESS_MAIN(TrainResumeTest)
#include "train_resume_test.moc"
