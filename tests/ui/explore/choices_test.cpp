// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/explore/choices.h"

#include "tests/ui/fake_engine.h"
#include "tests/ui/ui_test.h"
#include "ui/explore/operations.h"
#include "ui/explore/verdict_panel.h"

using namespace whorl;
using namespace whorl::ui;
using whorl::test::FakeEngine;

class ChoicesTest : public QObject {
  Q_OBJECT

  static Operations operations() {
    FakeEngine engine;
    Operations all;
    for (const AttackInfo& attack : engine.attacks()) {
      all.push_back({attack.spec, true, attack.threatModel, attack.presets, attack.adaptiveParameters});
    }
    for (const PerturbationInfo& each : engine.perturbations()) all.push_back({each.spec, false});
    return all;
  }

 private Q_SLOTS:
  void init() { test::failOnWarnings(); }

  void prefersMnistWhereItIs() {
    FakeEngine engine;
    auto models = engine.models();
    auto datasets = engine.datasets();
    models.push_back(FakeEngine::blobModel("mnist-fingerprint", {1, 28, 28}, 10));
    QCOMPARE(chooseModel(models, datasets, {})->id, std::string("glyphs-fingerprint"));
    datasets[2].location = "/data/mnist";
    QCOMPARE(chooseModel(models, datasets, {})->id, std::string("mnist-fingerprint"));
    QCOMPARE(chooseModel(models, datasets, "glyphs-plain")->id, std::string("glyphs-plain"));
    models[1].problem = "cut short";
    QCOMPARE(chooseModel(models, datasets, "glyphs-plain")->id, std::string("mnist-fingerprint"));
    QVERIFY(!chooseModel({}, datasets, {}));
  }

  void showsAModelItsOwnImages() {
    FakeEngine engine;
    const auto datasets = engine.datasets();
    auto model = FakeEngine::blobModel("mine", {3, 32, 32}, 0);
    model.pastJson = "not json";
    QCOMPARE(chooseDataset(datasets, model)->name, std::string("shapes"));
    model.pastJson = R"({"data":{"name":"glyphs"}})";
    QCOMPARE(chooseDataset(datasets, model)->name, std::string("glyphs"));
    model.pastJson = R"({"data":{"name":"mnist"}})";  // not on this machine
    QCOMPARE(chooseDataset(datasets, model)->name, std::string("shapes"));
    QVERIFY(!chooseDataset({}, model));
  }

  void anotherDataSetsModelBringsItsImages() {
    FakeEngine engine;
    auto datasets = engine.datasets();
    datasets[2].location = "/data/mnist";
    auto glyphs = FakeEngine::blobModel("a", {1, 28, 28}, 10);
    auto plain = FakeEngine::blobModel("b", {1, 28, 28}, 0);
    auto mnist = FakeEngine::blobModel("c", {1, 28, 28}, 10);
    mnist.pastJson = R"({"data":{"name":"mnist"}})";
    QVERIFY(sameImages(datasets, glyphs, plain));
    QVERIFY(!sameImages(datasets, glyphs, mnist));
    QVERIFY(!sameImages(datasets, glyphs, FakeEngine::blobModel("d", {3, 32, 32}, 10)));
  }

  void saysHowImagesAreConverted() {
    QCOMPARE(conversionText({1, 28, 28}, {1, 28, 28}, InputFit::Crop), QString("28×28 grey"));
    QCOMPARE(conversionText({3, 28, 28}, {1, 28, 28}, InputFit::Crop), QString("28×28 colour → 28×28 grey"));
    QCOMPARE(conversionText({3, 480, 640}, {1, 28, 28}, InputFit::Crop),
             QString("640×480 colour → 28×28 grey, cropped"));
    QCOMPARE(conversionText({3, 480, 640}, {3, 32, 32}, InputFit::Fit), QString("640×480 → 32×32 colour, fitted"));
  }

  void defaultStepsAreResolved() {
    const auto steps = defaultSteps(operations(), {1, 28, 28});
    QCOMPARE(steps.size(), std::size_t{1});
    QCOMPARE(steps[0].operation, std::string("bim"));
    QCOMPARE(steps[0].parameters.real("epsilon"), 0.3);
    QVERIFY(defaultSteps(operations(), {3, 32, 32})[0].parameters.real("epsilon") < 0.05);
    QVERIFY(defaultSteps({}, {1, 28, 28}).empty());
  }

  void oldStepsAreMadeUsable() {
    const auto steps =
        usableSteps(operations(), {{"gone", {}, true}, {"fgsm", {{"epsilon", 7.0}, {"old", 1.0}}, false}});
    QCOMPARE(steps.size(), std::size_t{1});
    QCOMPARE(steps[0].parameters.real("epsilon"), 0.3);
    QVERIFY(!steps[0].parameters.has("old"));
    QVERIFY(!steps[0].enabled);
  }

  void anAdaptiveAttackerHasParametersOfItsOwn() {
    const Operations all = operations();
    const Operation& bim = *findOperation(all, "bim");
    StepRequest step{"bim", {{"epsilon", 0.2}, {"detector_weight", 3.0}}};
    step.threatModel = "grey-box";
    QVERIFY(!completed(bim, step).parameters.has("detector_weight"));
    step.threatModel = "adaptive-white-box";
    QCOMPARE(completed(bim, step).parameters.real("detector_weight"), 3.0);
    QCOMPARE(completed(bim, step).parameters.real("epsilon"), 0.2);
    const StepRequest adaptive = withPreset(bim, StepRequest{"bim", {}}, bim.presets.at(1));
    QCOMPARE(adaptive.threatModel, std::string("adaptive-white-box"));
    QCOMPARE(adaptive.parameters.real("detector_weight"), 2.0);
    const StepRequest plain = withPreset(bim, StepRequest{"bim", {}}, bim.presets.at(0));
    QCOMPARE(plain.threatModel, std::string());
    QCOMPARE(plain.parameters.integer("steps"), std::int64_t{50});
  }

  void theSentenceSaysWhatHappened() {
    ExploreResult result;
    result.input = {{1, 1, 1}, {0.0F}};
    result.result = {{1, 1, 1}, {1.0F}};
    const QStringList names = {"cat", "dog"};
    result.before.predicted = 0;
    result.after.predicted = 1;
    QCOMPARE(summarise(result, names, true, {}),
             QString("The attack turned “cat” into “dog”. This model has no fingerprint that could tell."));
    result.after.fingerprintDistances = {1, 1};
    result.after.threshold = 0.5;
    result.after.accepted = false;
    QCOMPARE(summarise(result, names, true, 0),
             QString("The attack turned “cat” into “dog” – and the fingerprint gave it away."));
    result.before.accepted = false;
    QVERIFY(summarise(result, names, true, 0).startsWith("The original was rejected already"));
    result.before.accepted = true;
    result.after.accepted = true;
    QCOMPARE(summarise(result, names, false, 0),
             QString("The change turned “cat” into “dog”, and the fingerprint missed it."));
    result.after.predicted = 0;
    QVERIFY(summarise(result, names, true, 1).contains("misread already: it is “dog”"));
    result.result = result.input;
    QVERIFY(summarise(result, names, true, 0).startsWith("The model sees “cat”."));
  }
};

QTEST_GUILESS_MAIN(ChoicesTest)
#include "choices_test.moc"
