// SPDX-License-Identifier: GPL-3.0-or-later
// whorl-cli similar, as a person or a script meets it: a shipped network on folders of images of its size.
#include <QJsonArray>
#include <QJsonObject>
#include <QtTest>

#include <filesystem>
#include <fstream>

#include "core/image/image_file.h"
#include "tests/app/cli_program.h"
#include "tests/core/service/tiny_data.h"

using namespace whorl;
namespace fs = std::filesystem;

class SimilarCliTest : public QObject, test::CliProgram {
  Q_OBJECT

  QStringList on(const QString& command, const QStringList& more) const {
    return QStringList{"similar", command, "--device", "cpu", "--threads", "1"} + more;
  }

  void expectCode(int code, const QStringList& arguments, const QString& part) const {
    const Outcome outcome = run(arguments);
    QVERIFY2(outcome.code == code, qPrintable(QStringLiteral("%1: %2").arg(outcome.code).arg(outcome.err)));
    QVERIFY2(outcome.err.contains(part), qPrintable(part + " not in " + outcome.err));
  }

 private Q_SLOTS:
  void initTestCase() {
    QVERIFY(valid());
    for (const char* split : {"train", "test"}) {
      for (int label = 0; label < 10; ++label) {
        const fs::path folder = path("data") / split / std::to_string(label);
        fs::create_directories(folder);
        for (int i = 0; i < 2; ++i) {
          writeImage(test::tinyImage(label % 2, static_cast<std::uint64_t>(10 * i + label) + 1, 28),
                     folder / (std::to_string(i) + ".png"));
        }
      }
    }
  }

  void indexQueryAndAgain() {
    std::ofstream(path("data/notes.txt")) << "no image";
    const QStringList index =
        on("index", {"--model", "mnist-plain", "--folder", text("data"), "--index", text("a.index")});
    const Outcome made = run(index);
    QVERIFY2(made.code == 0, qPrintable(made.err));
    for (const char* part : {"40 images, 20 of them different", "200 features", "notes.txt", "equal byte for byte"}) {
      QVERIFY2(made.out.contains(part), qPrintable(made.out));
    }
    const QJsonObject again = run(index + QStringList{"--json", "-"}).json();
    QCOMPARE(again["command"].toString(), QString("similar index"));
    QCOMPARE(again["added"].toInt(), 0);
    QCOMPARE(again["problems"].toArray().size(), 1);
    const Outcome found = run(on("query", {text("data/test/3/0.png"), "--index", text("a.index"), "--top", "3"}));
    QVERIFY2(found.code == 0, qPrintable(found.err));
    QVERIFY2(found.out.contains("test/3/0.png") && found.out.contains("the same: train/3/0.png"),
             qPrintable(found.out));
    const QJsonObject json = run(on("query", {text("data/test/3/0.png"), "--index", text("a.index"), "--step",
                                              "jpeg:quality=30", "--measure", "cosine", "--json", "-"}))
                                 .json();
    QCOMPARE(json["queries"].toArray()[0].toObject()["neighbours"].toArray().size(), 10);
    QCOMPARE(json["distortion"].toArray()[0].toObject()["parameters"].toObject()["quality"].toInt(), 30);
    expectCode(3, on("index", {"--model", "mnist-fingerprint", "--folder", text("data"), "--index", text("a.index")}),
               "another model");
    expectCode(3, on("query", {text("data/test/3/0.png"), "--index", text("a.index"), "--model", "mnist-fingerprint"}),
               "another model");
  }

  void benchmarksCompareModels() {
    const QStringList arguments =
        on("benchmark", {"--model", "mnist-plain,mnist-fingerprint", "--data", text("data"), "--count", "20",
                         "--negatives", "3", "--draws", "20", "--distortion", "jpeg:quality=10", "--distortion",
                         "crop:offset=2+gaussian-noise:sigma=0.05", "--seed", "5"});
    const Outcome outcome = run(arguments);
    QVERIFY2(outcome.code == 0, qPrintable(outcome.err));
    for (const char* part : {"P@0.95", "jpeg quality 10", "crop offset 2, gaussian-noise sigma 0.05", "all",
                             "mnist-fingerprint minus mnist-plain"}) {
      QVERIFY2(outcome.out.contains(part), qPrintable(outcome.out));
    }
    const QJsonObject json = run(arguments + QStringList{"--json", "-"}).json();
    QCOMPARE(json["distortions"].toArray().size(), 2);
    QCOMPARE(json["seed"].toInt(), 5);
    QCOMPARE(json["all"].toObject()["differences"].toArray().size(), 1);
  }

  void layersAreListed() {
    const Outcome outcome = run({"similar", "index", "--model", "mnist-plain", "--help"});
    QVERIFY2(outcome.out.contains("features, logits, probabilities, conv1"), qPrintable(outcome.out));
  }

  void nonsenseIsRefused() {
    fs::create_directories(path("empty"));
    expectCode(2, {"similar", "index", "--folder", text("data")}, "--model");
    expectCode(2, {"similar", "index", "--model", "mnist-plain"}, "--folder or --data");
    expectCode(2, on("index", {"--model", "mnist-plain", "--folder", text("data"), "--layer", "fc9"}), "fc1");
    expectCode(3, on("index", {"--model", "mnist-plain", "--folder", text("empty")}), "no files");
    expectCode(2, {"similar", "query", text("data/test/3/0.png")}, "--index");
    expectCode(3, {"similar", "query", text("data/test/3/0.png"), "--index", text("none.index")}, "no index");
    expectCode(2, on("benchmark", {"--model", "mnist-plain", "--data", text("data"), "--distortion", "glas-blur"}),
               "glass-blur");
    expectCode(2, {"similar"}, "similar");
  }
};

QTEST_GUILESS_MAIN(SimilarCliTest)
#include "similar_cli_test.moc"
