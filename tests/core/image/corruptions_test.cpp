// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/image/corruptions.h"

#include <QtTest>
#include <set>

#include "tests/core/image/perturbed.h"

using namespace whorl;
using namespace whorl::test;

class CorruptionsTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void suitesNamePerturbationsWithSeverities() {
    QCOMPARE(findCorruptionSuite("corruptions").perturbations.size(), std::size_t{15});
    std::set<std::string> names;
    for (const CorruptionSuite& suite : corruptionSuites()) {
      for (const std::string& name : suite.perturbations) {
        QVERIFY2(names.insert(name).second, name.c_str());
        QVERIFY2(findPerturbation(name).hasSeverity(), name.c_str());
      }
    }
    QCOMPARE(names.size(), std::size_t{19});
    QVERIFY(refusal([] { findCorruptionSuite("all"); }).find("corruptions-extra") != std::string::npos);
  }

  /// The constants of CIFAR-10-C, which are for images of 32x32.
  void levelsAreThePublishedOnes_data() {
    QTest::addColumn<QString>("name");
    QTest::addColumn<QString>("parameter");
    QTest::addColumn<QList<double>>("published");
    const auto row = [](const char* name, const char* parameter, const QList<double>& published) {
      QTest::addRow("%s %s", name, parameter) << name << parameter << published;
    };
    row("gaussian-noise", "sigma", {.04, .06, .08, .09, .10});
    row("shot-noise", "photons", {500, 250, 100, 75, 50});
    row("impulse-noise", "amount", {.01, .02, .03, .05, .07});
    row("defocus-blur", "radius", {.3, .4, .5, 1, 1.5});
    row("defocus-blur", "softness", {.4, .5, .6, .2, .1});
    row("glass-blur", "sigma", {.05, .25, .4, .25, .4});
    row("glass-blur", "reach", {1, 1, 1, 1, 1});
    row("glass-blur", "iterations", {1, 1, 1, 2, 2});
    row("motion-blur", "radius", {6, 6, 6, 8, 9});
    row("motion-blur", "sigma", {1, 1.5, 2, 2, 2.5});
    row("zoom-blur", "factor", {1.06, 1.11, 1.15, 1.2, 1.25});
    row("snow", "threshold", {.6, .5, .55, .6, .65});
    row("snow", "blur", {3, 4, 4, 6, 12});
    row("frost", "clear", {1, 1, .9, .85, .75});
    row("frost", "frost", {.2, .3, .4, .4, .45});
    row("fog", "density", {.2, .5, .75, 1, 1.5});
    row("fog", "decay", {3, 3, 2.5, 2, 1.75});
    row("brightness", "delta", {.05, .1, .15, .2, .3});
    row("contrast", "factor", {.75, .5, .4, .3, .15});
    row("elastic", "amplitude", {0, 1.6, 2.56, 3.2, 3.2});
    row("elastic", "smoothness", {0, 6.4, 1.92, 1.28, .96});
    row("elastic", "affine", {2.56, 2.24, 1.92, 1.6, .96});
    row("pixelate", "share", {.95, .9, .85, .75, .65});
    row("jpeg", "quality", {80, 65, 58, 50, 40});
    row("speckle-noise", "sigma", {.06, .1, .12, .16, .2});
    row("gaussian-blur", "sigma", {.4, .6, .7, .8, 1});
    row("saturation", "factor", {.3, .1, 1.5, 2, 2.5});
    row("spatter", "threshold", {.7, .7, .69, .69, .68});
  }
  void levelsAreThePublishedOnes() {
    QFETCH(QString, name);
    QFETCH(QString, parameter);
    QFETCH(QList<double>, published);
    const Perturbation& perturbation = findPerturbation(name.toStdString());
    for (int severity = 1; severity <= 5; ++severity) {
      const Parameters given = resolve("test", perturbation.spec().parameters, {{"severity", std::int64_t{severity}}});
      const double value = perturbation.effective(given, {3, 32, 32}).real(parameter.toStdString());
      QVERIFY2(std::abs(value - published[severity - 1]) < 1e-9, qPrintable(QString::number(value)));
    }
  }
};

QTEST_APPLESS_MAIN(CorruptionsTest)
#include "corruptions_test.moc"
