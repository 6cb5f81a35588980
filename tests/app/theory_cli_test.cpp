// SPDX-License-Identifier: GPL-3.0-or-later
// whorl-cli theory, as a person or a script meets it.
#include <QFile>
#include <QJsonArray>
#include <QJsonObject>
#include <QtTest>

#include <cmath>
#include <filesystem>

#include "core/image/image_file.h"
#include "tests/app/cli_program.h"

using namespace whorl;
namespace fs = std::filesystem;

class TheoryCliTest : public QObject, test::CliProgram {
  Q_OBJECT

 private Q_SLOTS:
  void theLineOfFourFingerprints() {
    const QString file = text("linear.png");
    const Outcome outcome = run({"theory", "--figure", "linear", "--output", file, "--json", "-"});
    QVERIFY2(outcome.code == 0, qPrintable(outcome.err));
    const QJsonObject json = outcome.json();
    QCOMPARE(json["command"].toString(), QString("theory"));
    QCOMPARE(json["model"].toString(), QString("svm"));
    QCOMPARE(json["fingerprints"].toArray().size(), 4);
    QCOMPARE(json["fingerprinted"].toObject()["accepted_correct"].toDouble(), 1.0);
    QVERIFY(json["fingerprinted"].toObject()["accepted_area"].toDouble() < 0.8);
    QCOMPARE(json["plain"].toObject()["accepted_area"].toDouble(), 1.0);
    // The fingerprints are along w, and as long as the bands say.
    const QJsonObject line = json["line"].toObject();
    const double x = line["w"].toArray()[0].toDouble(), y = line["w"].toArray()[1].toDouble();
    const QJsonArray near = json["fingerprints"].toArray()[0].toObject()["dx"].toArray();
    QVERIFY(std::abs(x * near[1].toDouble() - y * near[0].toDouble()) < 1e-9);
    const double length = std::hypot(near[0].toDouble(), near[1].toDouble());
    QVERIFY(std::abs(length - line["bands"].toArray()[1].toArray()[0].toDouble()) < 1e-6);
    QCOMPARE(readImage(file.toStdString()).image.shape, (ImageShape{3, 610, 592}));
  }

  void seedsMakeTheDifference() {
    const auto bias = [&](const QStringList& more) {
      return run(QStringList{"theory", "--figure", "linear", "--json", "-"} + more)
          .json()["line"]
          .toObject()["b"]
          .toDouble();
    };
    QCOMPARE(bias({}), bias({"--seed", "0"}));
    QVERIFY(bias({}) != bias({"--seed", "1"}));
  }

  void figuresAreListed() {
    const Outcome outcome = run({"theory", "--list"});
    QCOMPARE(outcome.code, 0);
    for (const char* name : {"linear", "nonlinear", "vector"}) QVERIFY2(outcome.out.contains(name), name);
    QCOMPARE(run({"theory", "--list", "--json", "-"}).json()["figures"].toArray().size(), 3);
  }

  void saysWhatIsWrong() {
    const auto expect = [&](const QStringList& arguments, const QString& part) {
      const Outcome outcome = run(arguments);
      QCOMPARE(outcome.code, 2);
      QVERIFY2(outcome.err.contains(part), qPrintable(outcome.err));
    };
    expect({"theory"}, "--figure is missing");
    expect({"theory", "--figure", "cubic"}, "nonlinear");
    expect({"theory", "--figure", "linear", "--output", text("a.gif")}, ".png");
    QVERIFY(!fs::exists(path("a.gif")));
  }
};

QTEST_GUILESS_MAIN(TheoryCliTest)
#include "theory_cli_test.moc"
