// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/explore/step_stack.h"

#include <QSignalSpy>

#include "tests/ui/ui_test.h"

using namespace whorl;
using namespace whorl::ui;

class StepStackTest : public QObject {
  Q_OBJECT

  static QStringList names(const StepStack& stack) {
    QStringList list;
    for (const StackStep& step : stack.steps()) list << QString::fromStdString(step.request.operation);
    return list;
  }

 private Q_SLOTS:
  void init() { test::failOnWarnings(); }

  void everyChangeCanBeUndone() {
    StepStack stack;
    stack.replaceAll({{"a", {}, true}, {"b", {}, true}});
    const auto start = stack.steps();
    const int a = start[0].id, b = start[1].id;
    stack.add({"c", {}, true}, "C");
    stack.move(b, -1);
    stack.duplicate(a);
    stack.setEnabled(b, false);
    stack.setParameters(a, {{"x", 1.0}}, "x");
    stack.remove(b);
    QCOMPARE(names(stack), QStringList({"a", "a", "c"}));
    const auto end = stack.steps();
    QUndoStack* undo = stack.undoStack();
    QCOMPARE(undo->count(), 6);
    while (undo->canUndo()) undo->undo();
    QVERIFY(stack.steps() == start);
    while (undo->canRedo()) undo->redo();
    QVERIFY(stack.steps() == end);
  }

  void aDraggedSliderIsOneUndo() {
    StepStack stack;
    stack.replaceAll({{"a", {{"x", 0.0}}, true}});
    const int id = stack.steps()[0].id;
    for (int i = 1; i <= 20; ++i) stack.setParameters(id, {{"x", 0.1 * i}}, "x");
    QCOMPARE(stack.undoStack()->count(), 1);
    stack.setParameters(id, {{"x", 2.0}, {"y", 1.0}}, "y");
    QCOMPARE(stack.undoStack()->count(), 2);
    stack.undoStack()->undo();
    stack.undoStack()->undo();
    QCOMPARE(stack.steps()[0].request.parameters.real("x"), 0.0);
  }

  void thereAndBackIsNoChange() {
    StepStack stack;
    stack.replaceAll({{"a", {{"x", 0.0}}, true}});
    const int id = stack.steps()[0].id;
    stack.setParameters(id, {{"x", 1.0}}, "x");
    stack.setParameters(id, {{"x", 0.0}}, "x");
    QVERIFY(!stack.undoStack()->canUndo());
  }

  void nothingHappensAtTheEnds() {
    StepStack stack;
    stack.replaceAll({{"a", {}, true}});
    QSignalSpy changed(&stack, &StepStack::changed);
    const int id = stack.steps()[0].id;
    stack.move(id, -1);
    stack.move(id, 1);
    stack.remove(id + 100);
    stack.setEnabled(id, true);
    QCOMPARE(changed.count(), 0);
    QCOMPARE(stack.undoStack()->count(), 0);
  }

  void aDuplicateHasItsOwnNumber() {
    StepStack stack;
    stack.replaceAll({{"a", {{"x", 1.0}}, true}});
    stack.duplicate(stack.steps()[0].id);
    QVERIFY(stack.steps()[0].id != stack.steps()[1].id);
    QVERIFY(stack.steps()[0].request == stack.steps()[1].request);
  }
};

QTEST_GUILESS_MAIN(StepStackTest)
#include "step_stack_test.moc"
