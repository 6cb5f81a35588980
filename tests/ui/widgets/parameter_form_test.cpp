// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/parameter_form.h"

#include <QCheckBox>
#include <QComboBox>
#include <QLineEdit>
#include <QSignalSpy>
#include <QSlider>
#include <QToolButton>

#include "tests/ui/ui_test.h"
#include "ui/widgets/number_box.h"

using namespace whorl;
using namespace whorl::ui;

class ParameterFormTest : public QObject {
  Q_OBJECT

  static std::vector<ParameterSpec> specs() {
    auto rate = ParameterSpec::real("learning_rate", 1e-3, 1e-6, 1, "", "Step of the optimiser");
    rate.logarithmic = true;
    return {ParameterSpec::real("epsilon", 0.3, 0, 1, "[0,1]", "Size"),
            ParameterSpec::integer("steps", 10, 1, 100, "", "Steps"),
            ParameterSpec::choice("norm", "linf", {"linf", "l2"}, "Norm"),
            ParameterSpec::boolean("random_start", true, "Random"),
            ParameterSpec::text("note", "", "Anything"),
            ParameterSpec::integer("seed", 0, 0, std::int64_t{1} << 53, "", "Seed"),
            rate};
  }

  template <class Widget>
  static Widget* child(const ParameterForm& form, const char* name) {
    auto* found = form.findChild<Widget*>(QString::fromLatin1(name));
    Q_ASSERT(found);
    return found;
  }

 private Q_SLOTS:
  void init() { test::failOnWarnings(); }

  void startsWithDefaults() {
    ParameterForm form;
    form.setSpecs(specs());
    QVERIFY(form.values() == resolve("test", specs(), {}));
    QCOMPARE(child<NumberBox>(form, "epsilon")->value(), 0.3);
    QVERIFY(form.findChild<QSlider*>("epsilon_slider"));
    QVERIFY(!form.findChild<QSlider*>("seed_slider"));
  }

  /// -1 is no class, and 0 no length.
  void namesValuesThatMeanSomethingElse() {
    ParameterForm form;
    form.setSpecs({ParameterSpec::integer("target", -1, -2, 9, "", "Class to reach"),
                   ParameterSpec::real("step_size", 0, 0, 1000, "[0,1]", "0 means a fitting one"),
                   ParameterSpec::real("overshoot", 0, 0, 1, "", "Here 0 is 0")});
    auto* target = child<NumberBox>(form, "target");
    auto* size = child<NumberBox>(form, "step_size");
    QCOMPARE(target->text(), QString("drawn at random"));
    QCOMPARE(size->text(), QString("automatic"));
    QCOMPARE(child<NumberBox>(form, "overshoot")->text(), QString("0"));
    target->stepUp();
    QCOMPARE(target->text(), QString("0"));
    QCOMPARE(form.values().integer("target"), std::int64_t{0});
    target->setFocus();
    target->selectAll();
    QTest::keyClicks(target, "next class");
    QTest::keyClick(target, Qt::Key_Return);
    QCOMPARE(form.values().integer("target"), std::int64_t{-2});
    size->selectAll();
    QTest::keyClicks(size, "8/255");
    QTest::keyClick(size, Qt::Key_Return);
    QCOMPARE(form.values().real("step_size"), 8.0 / 255);
    size->selectAll();
    QTest::keyClicks(size, "automatic");
    QTest::keyClick(size, Qt::Key_Return);
    QCOMPARE(form.values().real("step_size"), 0.0);
  }

  void keepsWhatFits() {
    ParameterForm form;
    form.setSpecs(specs(),
                  {{"epsilon", 0.5}, {"steps", std::int64_t{1000}}, {"norm", std::string("l7")}, {"unknown", 1.0}});
    QCOMPARE(form.values().real("epsilon"), 0.5);
    QCOMPARE(form.values().integer("steps"), std::int64_t{10});
    QCOMPARE(form.values().text("norm"), std::string("linf"));
    QVERIFY(!form.values().has("unknown"));
  }

  void settingIsSilent() {
    ParameterForm form;
    form.setSpecs(specs());
    QSignalSpy changed(&form, &ParameterForm::valuesChanged);
    form.setValues({{"epsilon", 0.1}, {"random_start", false}, {"norm", std::string("l2")}});
    QCOMPARE(changed.count(), 0);
    QCOMPARE(child<NumberBox>(form, "epsilon")->value(), 0.1);
    QCOMPARE(child<QCheckBox>(form, "random_start")->isChecked(), false);
    QCOMPARE(child<QComboBox>(form, "norm")->currentData().toString(), QString("l2"));
  }

  void aSliderMovesItsNumber() {
    ParameterForm form;
    form.setSpecs(specs());
    form.show();
    QSignalSpy changed(&form, &ParameterForm::valueChanged);
    auto* slider = child<QSlider>(form, "epsilon_slider");
    slider->setFocus();
    const int before = slider->value();
    QTest::keyClick(slider, Qt::Key_Right);
    QVERIFY(slider->value() > before);
    QCOMPARE(changed.count(), 1);
    QCOMPARE(changed[0][0].toString(), QString("epsilon"));
    QCOMPARE(form.values().real("epsilon"), child<NumberBox>(form, "epsilon")->value());
    QVERIFY(form.values().real("epsilon") > 0.3);
    slider->setValue(slider->maximum());
    QCOMPARE(form.values().real("epsilon"), 1.0);
  }

  void aLogarithmicSliderReachesBothEnds() {
    ParameterForm form;
    form.setSpecs(specs());
    auto* slider = child<QSlider>(form, "learning_rate_slider");
    slider->setValue(slider->minimum());
    QCOMPARE(form.values().real("learning_rate"), 1e-6);
    slider->setValue(slider->maximum() / 2);
    QVERIFY(std::abs(form.values().real("learning_rate") - 1e-3) < 1e-5);
    slider->setValue(slider->maximum());
    QCOMPARE(form.values().real("learning_rate"), 1.0);
  }

  void fractionsCanBeTyped() {
    ParameterForm form;
    form.setSpecs(specs());
    form.show();
    auto* box = child<NumberBox>(form, "epsilon");
    box->setFocus();
    box->selectAll();
    QTest::keyClicks(box, "8/255");
    QTest::keyClick(box, Qt::Key_Return);
    QVERIFY(std::abs(form.values().real("epsilon") - 8.0 / 255) < 1e-9);
  }

  void nonsenseAndTooMuchAreNotTaken() {
    ParameterForm form;
    form.setSpecs(specs());
    form.show();
    auto* box = child<NumberBox>(form, "epsilon");
    for (const char* text : {"7", "1/0", "e", "-1"}) {
      box->setFocus();
      box->selectAll();
      QTest::keyClicks(box, QString::fromLatin1(text));
      QTest::keyClick(box, Qt::Key_Return);
      const double value = form.values().real("epsilon");
      QVERIFY2(value >= 0 && value <= 1, text);
    }
    box->selectAll();
    QTest::keyClicks(box, "abc");
    QTest::keyClick(box, Qt::Key_Return);
    QVERIFY(form.values().real("epsilon") <= 1);
  }

  void resetGoesBack() {
    ParameterForm form;
    form.setSpecs(specs());
    form.show();
    auto* reset = child<QToolButton>(form, "steps_reset");
    QVERIFY(!reset->isVisible());
    child<NumberBox>(form, "steps")->setValue(50);
    QVERIFY(reset->isVisible());
    QTest::mouseClick(reset, Qt::LeftButton);
    QCOMPARE(form.values().integer("steps"), std::int64_t{10});
    QVERIFY(!reset->isVisible());
  }

  void everyEditorChangesItsValue() {
    ParameterForm form;
    form.setSpecs(specs());
    form.show();
    child<QComboBox>(form, "norm")->setCurrentIndex(1);
    QTest::keyClicks(child<QLineEdit>(form, "note"), "hello");
    auto* check = child<QCheckBox>(form, "random_start");
    check->setFocus();
    QTest::keyClick(check, Qt::Key_Space);
    QCOMPARE(form.values().text("norm"), std::string("l2"));
    QCOMPARE(form.values().text("note"), std::string("hello"));
    QCOMPARE(form.values().boolean("random_start"), false);
  }

  void largeIntegersAreExact() {
    ParameterForm form;
    form.setSpecs(specs(), {{"seed", std::int64_t{4294967311}}});
    QCOMPARE(form.values().integer("seed"), std::int64_t{4294967311});
    QCOMPARE(child<NumberBox>(form, "seed")->text(), QString("4294967311"));
  }

  void rebuildingInTheMiddleOfAChangeIsSafe() {
    ParameterForm form;
    form.setSpecs(specs());
    connect(&form, &ParameterForm::valuesChanged, &form, [&form] { form.setSpecs(specs()); });
    child<NumberBox>(form, "steps")->setValue(20);
    QCOMPARE(form.values().integer("steps"), std::int64_t{10});
    QCoreApplication::sendPostedEvents(nullptr, QEvent::DeferredDelete);
  }

  void everyEditorHasANameToBeReadAloud() {
    ParameterForm form;
    form.setSpecs(specs());
    for (const ParameterSpec& spec : specs()) {
      auto* editor = child<QWidget>(form, spec.name.c_str());
      QVERIFY(!editor->accessibleName().isEmpty());
      QVERIFY(!editor->toolTip().isEmpty());
    }
  }
};

QTEST_MAIN(ParameterFormTest)
#include "parameter_form_test.moc"
