// SPDX-License-Identifier: GPL-3.0-or-later
// whorl-cli landscape, as a person or a script meets it: shipped networks on a folder of images of their size.
#include <QElapsedTimer>
#include <QJsonArray>
#include <QJsonObject>
#include <QProcess>
#include <QtTest>

#include <signal.h>

#include <filesystem>

#include "core/image/image_file.h"
#include "tests/app/cli_program.h"
#include "tests/core/service/tiny_data.h"

using namespace whorl;
namespace fs = std::filesystem;

class LandscapeCliTest : public QObject, test::CliProgram {
  Q_OBJECT

 private:
  static constexpr int kClasses = 10;

  QStringList landscape(const QStringList& more) const {
    return QStringList{"landscape", "--model", "mnist-fingerprint", "--data", text("data"), "--index", "4",
                       "--device",  "cpu",     "--threads",         "1"} +
           more;
  }

  QStringList weights(const QStringList& more) const {
    QStringList arguments{"landscape", "--space", "weights",   "--data", text("data"),
                          "--device",  "cpu",     "--threads", "1"};
    if (!more.contains("--model"))
      arguments << "--model"
                << "mnist-fingerprint";
    return arguments + more;
  }

  void expectError(const QStringList& arguments, int code, const QStringList& parts) const {
    const Outcome outcome = run(arguments);
    QVERIFY2(outcome.code == code, qPrintable(QStringLiteral("%1: %2").arg(outcome.code).arg(outcome.err)));
    QCOMPARE(outcome.err.count('\n'), 1);
    for (const QString& part : parts) QVERIFY2(outcome.err.contains(part), qPrintable(part + " not in " + outcome.err));
  }

 private Q_SLOTS:
  void initTestCase() {
    QVERIFY(valid());
    for (const char* split : {"train", "test"}) {
      for (int label = 0; label < kClasses; ++label) {
        const fs::path folder = path("data") / split / std::to_string(label);
        fs::create_directories(folder);
        writeImage(test::tinyImage(label % 2, static_cast<std::uint64_t>(label) + 1, 28), folder / "0.png");
      }
    }
  }

  void planesComeAsJson() {
    const Outcome outcome = run(landscape({"--directions", "gradient-sign", "rademacher", "--values",
                                           "cross_entropy,predicted,fingerprint_distance,confidence", "--range", "0.3",
                                           "--resolution", "11", "--json", "-"}));
    QVERIFY2(outcome.code == 0, qPrintable(outcome.err));
    const QJsonObject json = outcome.json();
    QCOMPARE(json["command"].toString(), QString("landscape"));
    QVERIFY(json["seconds"].toDouble() > 0);
    QCOMPARE(json["x"].toArray().size(), 11);
    QCOMPARE(json["y"].toArray().last().toDouble(), 0.3);
    QCOMPARE(json["values"].toObject().size(), 4);
    const QJsonObject middle = json["middle"].toObject();
    const auto at = [&](const char* name) {
      return json["values"].toObject()[name].toArray()[5].toArray()[5].toDouble();
    };
    QCOMPARE(at("predicted"), middle["class_index"].toDouble());
    QVERIFY(std::abs(at("fingerprint_distance") - middle["score"].toDouble()) < 1e-5);
    const double confidence = middle["probabilities"].toArray()[middle["class_index"].toInt()].toDouble();
    QVERIFY(std::abs(at("confidence") - confidence) < 1e-5);
  }

  void linesFollowAnAttack() {
    const Outcome outcome =
        run(landscape({"--directions", "adversarial", "--attack", "bim:epsilon=0.3,steps=5,stop=last", "--values",
                       "margin", "--resolution", "9", "--json", "-"}));
    QVERIFY2(outcome.code == 0, qPrintable(outcome.err));
    QCOMPARE(outcome.json()["y"].toArray().size(), 1);
    const QJsonObject attack = outcome.json()["attack"].toObject();
    QCOMPARE(attack["parameters"].toObject()["steps"].toInt(), 5);
    QVERIFY(attack["path"].toArray().last().toObject()["distance"].toDouble() < 1e-4);
  }

  void filesOfEveryKind_data() {
    QTest::addColumn<QString>("start");
    QTest::newRow("csv") << "x,y,cross_entropy";
    QTest::newRow("npy") << QString::fromLatin1("\x93NUMPY");
    QTest::newRow("npz") << "PK";
    QTest::newRow("vtk") << "# vtk DataFile";
    QTest::newRow("png") << QString::fromLatin1("\x89PNG");
    QTest::newRow("PNG") << QString::fromLatin1("\x89PNG");
    QTest::newRow("svg") << "<?xml";
    QTest::newRow("pdf") << "%PDF-1.4";
  }
  void filesOfEveryKind() {
    QFETCH(QString, start);
    const QString file = text(std::string("a.") + QTest::currentDataTag());
    const Outcome outcome = run(landscape({"--resolution", "5", "--save", file}));
    QVERIFY2(outcome.code == 0, qPrintable(outcome.err));
    QVERIFY2(outcome.out.contains("cross_entropy") && outcome.out.contains("first picture"), qPrintable(outcome.out));
    QFile written(file);
    QVERIFY(written.open(QIODevice::ReadOnly));
    QVERIFY(written.readAll().startsWith(start.toLatin1()));
  }

  void choicesAreListed() {
    const Outcome text = run({"landscape", "--list"});
    QCOMPARE(text.code, 0);
    for (const char* name : {"gradient-sign", "pca", "component", "fingerprint_distances", "accepted"}) {
      QVERIFY2(text.out.contains(name), name);
    }
    const Outcome json = run({"landscape", "--list", "--json", "-"});
    QCOMPARE(json.json()["directions"].toArray().size(), 8);
    QCOMPARE(json.json()["weight_directions"].toArray().size(), 4);
    QCOMPARE(json.json()["weight_values"].toArray().size(), 5);
    QVERIFY(run({"landscape", "--help"}).out.contains("stability_distance"));
  }

  void networksComeAsJson() {
    const Outcome outcome = run(weights(
        {"--values", "cross_entropy,accuracy,fingerprint_loss", "--resolution", "3", "--range", "0.2", "--json", "-"}));
    QVERIFY2(outcome.code == 0, qPrintable(outcome.err));
    const QJsonObject json = outcome.json();
    QCOMPARE(json["space"].toString(), QString("weights"));
    QCOMPARE(json["count"].toInt(), 10);
    QCOMPARE(json["batch_norm"].toString(), QString("keep"));
    QCOMPARE(json["values"].toObject()["accuracy"].toArray().size(), 3);
    QVERIFY(json["seconds"].toDouble() > 0);
  }

  void networksAreSpreadBetweenModels() {
    const QString control = text("control.safetensors");
    const Outcome own = run(weights({"--directions", "bend:steps=2,batch_size=4", "--models", "mnist-plain",
                                     "--resolution", "3", "--save-bend", control, "--save", text("bend.vtk")}));
    QVERIFY2(own.code == 0, qPrintable(own.err));
    QVERIFY(own.out.contains("judged by") && own.out.contains("measured at each point"));
    QVERIFY(fs::exists(path("bend.vtk")));
    const Outcome again = run(weights({"--directions", "bend", "--models", "mnist-plain", control, "--resolution", "3",
                                       "--batch-norm", "keep", "--json", "-"}));
    QVERIFY2(again.code == 0, qPrintable(again.err));
    QCOMPARE(again.json()["models"].toArray().size(), 2);
    QCOMPARE(again.json()["batch_norm"].toString(), QString("keep"));
  }

  void ballsAndMasks() {
    const Outcome ball = run(landscape({"--space", "ball", "--norm", "linf", "--rays", "8", "--range", "0.3",
                                        "--resolution", "4", "--values", "margin,predicted", "--json", "-"}));
    QVERIFY2(ball.code == 0, qPrintable(ball.err));
    QCOMPARE(ball.json()["values"].toObject().size(), 9);
    QCOMPARE(ball.json()["x"].toArray().last().toDouble(), 0.3);
    const Outcome mask = run(
        landscape({"--directions", "mask", "--mask", text("data/test/4/0.png"), "--resolution", "3", "--json", "-"}));
    QVERIFY2(mask.code == 0, qPrintable(mask.err));
    QCOMPARE(mask.json()["directions"].toArray().first().toObject()["direction"].toString(), QString("mask"));
  }

  void whatSaysNothingIsRefused() {
    expectError(weights({"--index", "3"}), 2, {"--index", "weights"});
    expectError(weights({"--attack", "fgsm"}), 2, {"--attack"});
    expectError(weights({"--rays", "3"}), 2, {"--rays"});
    expectError(landscape({"--count", "3"}), 2, {"--count", "image"});
    expectError(landscape({"--space", "ball", "--directions", "gaussian"}), 2, {"--directions", "ball"});
    expectError(landscape({"--space", "inner"}), 2, {"--space"});
    expectError(weights({"--directions", "random", "random"}), 2, {"dimensions=2"});
    expectError(weights({"--directions", "line"}), 2, {"0 other models", "1"});
    expectError(weights({"--directions", "line", "--models", "shapes-fingerprint"}), 3, {"Shapes", "architecture"});
    expectError(weights({"--directions", "gradient"}), 2, {"gradient", "trajectory"});
    expectError(weights({"--values", "margin"}), 2, {"margin", "accuracy"});
    expectError(weights({"--count", "0"}), 2, {"count"});
    expectError(landscape({"--directions", "mask"}), 2, {"no mask"});
    expectError(landscape({"--mask", text("any.png")}), 2, {"--mask", "--directions mask"});
  }

  void saysWhatIsWrong() {
    expectError({"landscape", "--data", "mnist"}, 2, {"--model is missing"});
    expectError({"landscape", "--model", "mnist-plain"}, 2, {"--data is missing"});
    expectError(landscape({"--resolution", "1"}), 2, {"resolution", "2 to 513"});
    expectError(landscape({"--resolution", "ten"}), 2, {"--resolution"});
    expectError(landscape({"--range", "0"}), 2, {"range"});
    expectError(landscape({"--directions", "sideways"}), 2, {"sideways", "--directions", "gradient-sign"});
    expectError(landscape({"--directions", "pca:components=2"}), 2, {"components"});
    expectError(landscape({"--directions", "adversarial"}), 2, {"needs an attack"});
    expectError(landscape({"--directions", "image:index=1", "image:index=1"}), 2, {"nearly"});
    expectError(landscape({"--values", "colour"}), 2, {"colour", "cross_entropy"});
    expectError(landscape({"--save", text("a.gif")}), 2, {"a.gif", ".vtk"});
    expectError(landscape({"--threat-model", "grey-box"}), 2, {"--threat-model"});
    expectError(landscape({"--detector", "lid", "--values", "detector_score"}), 2, {"lid", "max-softmax"});
    expectError({"landscape", "--model", "mnist-plain", "--data", text("data"), "--values", "accepted"}, 2,
                {"fingerprints"});
    expectError({"landscape", "--model", "mnist-plain", "--data", text("data"), "--index", "10"}, 2,
                {"test image 10", "0 to 9"});
  }

  void interruptingEndsIt() {
    QProcess process;
    prepare(process, landscape({"--resolution", "513", "--values", "fingerprint_distance", "--save", text("b.csv")}));
    process.start();
    // Its progress is told before it is half done: 263,169 points take minutes.
    QByteArray told;
    QElapsedTimer timer;
    timer.start();
    while (!told.contains("landscape") && timer.elapsed() < kTimeout && process.state() != QProcess::NotRunning) {
      process.waitForReadyRead(1000);
      told += process.readAllStandardError();
    }
    QVERIFY2(process.state() == QProcess::Running, told.constData());
    ::kill(static_cast<pid_t>(process.processId()), SIGINT);
    QVERIFY(process.waitForFinished(kTimeout));
    QCOMPARE(process.exitCode(), 130);
    QVERIFY(!fs::exists(path("b.csv")));
  }
};

QTEST_GUILESS_MAIN(LandscapeCliTest)
#include "landscape_cli_test.moc"
