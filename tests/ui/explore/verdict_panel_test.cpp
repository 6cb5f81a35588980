// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/explore/verdict_panel.h"

#include <QLabel>
#include <QLocale>
#include <QTest>

#include <cmath>

#include "core/service/output_divergence.h"
#include "tests/ui/ui_test.h"

using namespace whorl;
using namespace whorl::ui;

class VerdictPanelTest : public QObject {
  Q_OBJECT

  static QString shown(const VerdictPanel& panel, const QString& name) {
    for (const QLabel* label : panel.findChildren<QLabel*>()) {
      if (label->accessibleName() == name) return label->text();
    }
    return QStringLiteral("there is no such row");
  }

  /// Probabilities 1/2, 1/2 before and 4/5, 1/5 after.
  static ExploreResult moved() {
    ExploreResult result;
    result.before.logits = {3, 3};
    result.before.probabilities = {0.5, 0.5};
    result.after.logits = {std::log(4.0), 0};
    result.after.probabilities = {0.8, 0.2};
    result.norms.l2 = 0.25;
    return result;
  }

 private Q_SLOTS:
  void init() { test::failOnWarnings(); }

  void saysHowFarTheAnswerMoved() {
    VerdictPanel panel;
    QCOMPARE(shown(panel, "D, L2"), QString("–"));
    const ExploreResult result = moved();
    panel.setResult(result, {"cat", "dog"}, "a sentence");
    QCOMPARE(shown(panel, "L2"), QLocale().toString(0.25));
    QCOMPARE(shown(panel, "D, L2"), QLocale().toString(std::sqrt(0.18), 'g', 3));
    const double kl = findOutputDivergence("kl").measure(result.before.logits, result.after.logits);
    QCOMPARE(shown(panel, "D, KL"), QLocale().toString(kl, 'g', 3));
    panel.clear("why");
    QCOMPARE(shown(panel, "D, KL"), QString("–"));
  }

  void anAnswerThatIsNotThereHasNoDistance() {
    VerdictPanel panel;
    ExploreResult result = moved();
    result.after = {};  // an iterate that nobody has judged yet
    panel.setResult(result, {"cat", "dog"}, "a sentence");
    QCOMPARE(shown(panel, "D, L2"), QString("–"));
    result.before.logits.clear();
    panel.setResult(result, {"cat", "dog"}, "a sentence");
    QCOMPARE(shown(panel, "D, KL"), QString("–"));
  }
};

QTEST_MAIN(VerdictPanelTest)
#include "verdict_panel_test.moc"
