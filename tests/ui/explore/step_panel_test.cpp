// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/explore/step_panel.h"

#include <QMenu>
#include <QTest>

#include "tests/ui/ui_test.h"
#include "ui/explore/step_stack.h"

using namespace whorl;
using namespace whorl::ui;

/// The menu of steps.
class StepPanelTest : public QObject {
  Q_OBJECT

  static Operation natural(const std::string& name, const std::string& family) {
    OperationSpec spec{name, name + " title", name + " summary", "", {}};
    return {spec, false, {}, {}, {}, family};
  }
  static int entries(const QMenu* menu) {
    int count = 0;
    for (const QAction* action : menu->actions()) count += action->isSeparator() ? 0 : 1;
    return count;
  }

 private Q_SLOTS:
  void init() { test::failOnWarnings(); }

  void fewNaturalChangesAreListed() {
    StepStack stack;
    StepPanel panel(&stack);
    panel.setOperations(
        {{OperationSpec{"bim", "BIM", "", "", {}}, true}, natural("jpeg", "compression"), natural("fog", "weather")});
    QCOMPARE(entries(panel.addMenu()), 3);
    QVERIFY(!panel.addMenu()->findChild<QMenu*>());
  }

  void manyAreGroupedByFamily() {
    StepStack stack;
    StepPanel panel(&stack);
    Operations operations = {{OperationSpec{"bim", "BIM", "", "", {}}, true}};
    for (const char* family : {"noise", "blur", "weather"}) {
      for (int i = 0; i < 5; ++i) operations.push_back(natural(family + std::to_string(i), family));
    }
    for (int again = 0; again < 2; ++again) {  // a second time nothing is left of the first
      panel.setOperations(operations);
      QCOMPARE(entries(panel.addMenu()), 4);
      QCOMPARE(panel.addMenu()->findChildren<QMenu*>().size(), 3);
    }
    const auto* blur = panel.addMenu()->findChild<QMenu*>("family_blur");
    QVERIFY(blur);
    QCOMPARE(blur->title(), QString("Blur"));
    QCOMPARE(entries(blur), 5);
    QCOMPARE(blur->actions()[2]->toolTip(), QString("blur2 summary"));
    // The step is added from inside the submenu.
    panel.addMenu()->findChild<QAction*>("blur2")->trigger();
    QCOMPARE(stack.steps().size(), std::size_t{1});
    QCOMPARE(stack.steps()[0].request.operation, std::string("blur2"));
  }
};

QTEST_MAIN(StepPanelTest)
#include "step_panel_test.moc"
