// SPDX-License-Identifier: GPL-3.0-or-later
// whorl-cli perturb, as a person or a script meets it: a shipped network on a folder of images of its size.
#include <QJsonArray>
#include <QJsonObject>
#include <QRegularExpression>
#include <QtTest>

#include <filesystem>

#include "core/image/image_file.h"
#include "tests/app/cli_program.h"
#include "tests/core/service/tiny_data.h"

using namespace whorl;
namespace fs = std::filesystem;

class PerturbCliTest : public QObject, test::CliProgram {
  Q_OBJECT

  QStringList tested(const QStringList& more) const {
    return QStringList{"perturb",  "--model", "mnist-plain", "--data", text("data"),
                       "--device", "cpu",     "--threads",   "1"} +
           more;
  }

  void expectUsage(const QStringList& arguments, const QString& part) const {
    const Outcome outcome = run(arguments);
    QVERIFY2(outcome.code == 2, qPrintable(QStringLiteral("%1: %2").arg(outcome.code).arg(outcome.err)));
    QVERIFY2(outcome.err.contains(part), qPrintable(part + " not in " + outcome.err));
  }

 private Q_SLOTS:
  void initTestCase() {
    QVERIFY(valid());
    for (const char* split : {"train", "test"}) {
      for (int label = 0; label < 10; ++label) {
        const fs::path folder = path("data") / split / std::to_string(label);
        fs::create_directories(folder);
        writeImage(test::tinyImage(label % 2, static_cast<std::uint64_t>(label) + 1, 28), folder / "0.png");
      }
    }
  }

  void listsFamiliesAndSuites() {
    const Outcome list = run({"perturb", "--list"});
    QVERIFY(list.code == 0);
    for (const char* part : {"\nblur\n", "glass-blur: ", "--severity", "\nsuites\n", "corruptions: gaussian-noise, "}) {
      QVERIFY2(list.out.contains(part), part);
    }
    const QJsonObject json = run({"perturbations", "--json", "-"}).json();
    QVERIFY(json == run({"perturb", "--list", "--json", "-"}).json());
    QCOMPARE(json["suites"].toArray()[0].toObject()["perturbations"].toArray().size(), 15);
    for (const auto& each : json["perturbations"].toArray()) QVERIFY(!each.toObject()["family"].toString().isEmpty());
    QVERIFY(run({"perturbations", "table"}).out.contains("### zoom-blur"));
  }

  void severitiesTellTheirValues() {
    const Outcome outcome = run({"perturb", text("data/test/3/0.png"), "--perturbation", "defocus-blur", "--severity",
                                 "4", "--output", text("blurred.png"), "--json", "-"});
    QVERIFY2(outcome.code == 0, qPrintable(outcome.err));
    QCOMPARE(outcome.json()["severity"].toInt(), 4);
    QCOMPARE(outcome.json()["parameters"].toObject()["radius"].toDouble(), 0.875);
    // The same, asked for by its values.
    const Outcome again = run({"perturb", text("data/test/3/0.png"), "--perturbation", "defocus-blur", "--radius",
                               "0.875", "--softness", "0.175", "--output", text("again.png")});
    QVERIFY2(again.code == 0, qPrintable(again.err));
    QVERIFY(readImage(path("again.png")).image == readImage(path("blurred.png")).image);
  }

  void suitesGiveATable() {
    const Outcome outcome = run(tested({"--suite", "corruptions", "--severities", "1,5", "--baseline", "mnist-plain"}));
    QVERIFY2(outcome.code == 0, qPrintable(outcome.err));
    QVERIFY(outcome.out.contains(QRegularExpression("mean corruption error +100\\.00 %")));
    for (const char* part : {"glass-blur", "jpeg", "clean accuracy"}) QVERIFY2(outcome.out.contains(part), part);
    const QJsonObject json = run(tested({"--suite", "corruptions", "--perturbation", "fog,jpeg", "--severities", "2",
                                         "--count", "4", "--json", "-"}))
                                 .json();
    QCOMPARE(json["command"].toString(), QString("perturb"));
    QCOMPARE(json["cells"].toArray().size(), 2);
    QCOMPARE(json["images"].toInt(), 4);
    QVERIFY(json["suite"].isNull());
  }

  void robustnessShowsTheWorst() {
    const Outcome outcome = run(tested({"--robustness", "--perturbation", "geometry,fog", "--count", "3", "--trials",
                                        "20", "--distance", "linf", "--delta", "0.9", "--epsilon", "1e-6", "--output",
                                        text("worst.png"), "--json", text("out.json")}));
    QVERIFY2(outcome.code == 0, qPrintable(outcome.err));
    QVERIFY(outcome.out.contains("0 of 3 images") && outcome.out.contains("--seed "));
    QVERIFY(readImage(path("worst.png")).image.shape == (ImageShape{1, 28, 28}));
    QVERIFY(fs::exists(path("out.json")));
    QVERIFY(run({"perturb", "--robustness", "--help"}).out.contains("--divergence"));
  }

  void nonsenseIsRefused() {
    expectUsage({"perturb", text("data/test/3/0.png"), "--perturbation", "glas-blur", "--output", text("x.png")},
                "glass-blur");
    expectUsage(
        {"perturb", text("data/test/3/0.png"), "--perturbation", "jpeg", "--severity", "6", "--output", text("x.png")},
        "0 to 5");
    expectUsage({"perturb", text("data/test/3/0.png"), "--perturbation", "jpeg", "--model", "mnist-plain", "--output",
                 text("x.png")},
                "--suite");
    expectUsage({"perturb", "--suite", "corruptions"}, "--model");
    expectUsage(tested({"--suite", "everything"}), "corruptions-extra");
    expectUsage(tested({"--suite", "corruptions", "--robustness"}), "--robustness");
    expectUsage(tested({"--suite", "corruptions", "--severities", "7"}), "1 to 5");
    expectUsage(tested({"--robustness"}), "no perturbation");
    expectUsage(tested({"--suite", "nosuch", "--perturbation", "jpeg"}), "nosuch");
    expectUsage(tested({"--robustness", "--perturbation", "jpeg", "--output", text("worst.xyz")}), ".xyz");
    expectUsage(tested({"--robustness", "--perturbation", "jpeg", "--distance", "miles"}), "linf");
    expectUsage({"perturb", "--perturbation", "jpeg", "--baseline", "mnist-plain"}, "--suite");
  }
};

QTEST_GUILESS_MAIN(PerturbCliTest)
#include "perturb_cli_test.moc"
