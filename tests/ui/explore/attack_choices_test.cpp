// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/explore/attack_choices.h"

#include <QComboBox>
#include <QSignalSpy>
#include <QStandardItemModel>

#include "tests/ui/fake_engine.h"
#include "tests/ui/ui_test.h"

using namespace whorl;
using namespace whorl::ui;

class AttackChoicesTest : public QObject {
  Q_OBJECT

  static Operation operation(const std::string& name) {
    for (const AttackInfo& info : test::FakeEngine().attacks()) {
      if (info.spec.name == name) return {info.spec, true, info.threatModel, info.presets, info.adaptiveParameters};
    }
    return {};
  }

  struct World {
    Operation what;
    AttackChoices choices;
    QComboBox* presets = choices.findChild<QComboBox*>("preset");
    QComboBox* attacker = choices.findChild<QComboBox*>("threat_model");
    explicit World(const std::string& name) : what(operation(name)), choices(what) {}

    bool offered(const char* threatModel) const {
      const auto* items = qobject_cast<QStandardItemModel*>(attacker->model());
      return items->item(attacker->findData(QString::fromLatin1(threatModel)))->isEnabled();
    }
    /// As a person does it.
    static void pick(QComboBox* combo, int row) {
      combo->setCurrentIndex(row);
      Q_EMIT combo->activated(row);
    }
  };

 private Q_SLOTS:
  void init() { test::failOnWarnings(); }

  void offersWhatFits() {
    World bim("bim");
    QVERIFY(!bim.offered("black-box"));
    QVERIFY(bim.offered("grey-box"));
    QVERIFY(!bim.offered("adaptive-white-box"));
    bim.choices.setFingerprinted(true);
    QVERIFY(bim.offered("adaptive-white-box"));
    const int adaptive = bim.attacker->findData("adaptive-white-box");
    QVERIFY(!bim.attacker->itemData(adaptive, Qt::ToolTipRole).toString().isEmpty());
    World fgsm("fgsm");  // without an adaptive form
    fgsm.choices.setFingerprinted(true);
    QVERIFY(!fgsm.offered("adaptive-white-box"));
  }

  void namesThePreset() {
    World world("bim");
    StepRequest step = completed(world.what, {"bim", {}});
    world.choices.showStep(step);
    QCOMPARE(world.presets->currentText(), QString("Defaults"));
    QSignalSpy chosen(&world.choices, &AttackChoices::presetChosen);
    World::pick(world.presets, world.presets->findText("mnist"));
    QCOMPARE(chosen.count(), 1);
    step = withPreset(world.what, step, world.what.presets[0]);
    world.choices.showStep(step);
    QCOMPARE(world.presets->currentText(), QString("mnist"));
    step.parameters.set("epsilon", 0.123);
    world.choices.showStep(step);
    QCOMPARE(world.presets->currentIndex(), -1);
    QCOMPARE(world.presets->placeholderText(), QString("mnist, changed"));
  }

  /// A preset that happens to be the defaults under another name is not what was chosen.
  void defaultsAreCalledDefaults() {
    Operation what = operation("bim");
    what.presets.push_back({"peers", "As others do it", "grey-box", completed(what, {"bim", {}}).parameters});
    AttackChoices choices(what);
    auto* presets = choices.findChild<QComboBox*>("preset");
    const StepRequest step = completed(what, {"bim", {}});
    choices.showStep(step);
    QCOMPARE(presets->currentText(), QString("Defaults"));
    World::pick(presets, presets->findText("peers"));
    choices.showStep(step);
    QCOMPARE(presets->currentText(), QString("peers"));
  }

  void beginsAsTheDataSetHasIt() {
    Operation what = operation("bim");
    QCOMPARE(firstRequest(what, "mnist"), withPreset(what, {"bim", {}}, what.presets[0]));
    QCOMPARE(firstRequest(what, "glyphs"), completed(what, {"bim", {}}));
    QCOMPARE(firstRequest(what, ""), completed(what, {"bim", {}}));
    what.threatModel = kBlackBox;  // needs no gradients, so it asks for none
    QCOMPARE(firstRequest(what, "mnist").threatModel, std::string(kBlackBox));
    QCOMPARE(firstRequest(what, "mnist").parameters.real("epsilon"), 0.4);
    QCOMPARE(firstRequest({{"jpeg", "JPEG", "", "", {}}}, "mnist").threatModel, std::string());
  }

  void asksForAnotherAttacker() {
    World world("bim");
    world.choices.setFingerprinted(true);
    QSignalSpy chosen(&world.choices, &AttackChoices::threatModelChosen);
    World::pick(world.attacker, world.attacker->findData("adaptive-white-box"));
    QCOMPARE(chosen.count(), 1);
    QCOMPARE(chosen[0][0].value<std::string>(), std::string("adaptive-white-box"));
    QCOMPARE(threatModelTitle("grey-box"), QString("Grey box"));
    QCOMPARE(threatModelTitle("odd"), QString("odd"));
  }
};

QTEST_MAIN(AttackChoicesTest)
#include "attack_choices_test.moc"
