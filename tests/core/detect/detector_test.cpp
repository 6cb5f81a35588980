// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/detect/detector.h"

#include <cmath>
#include <filesystem>
#include <set>

#include <QTemporaryDir>
#include <QTest>

#include <ATen/ATen.h>

#include "core/base/error.h"
#include "core/fingerprint/fingerprint.h"
#include "tests/core/attack/linear_classifier.h"
#include "tests/core/detect/small_models.h"

using namespace whorl;
using whorl::test::LinearClassifier;
using whorl::test::randomImages;
using whorl::test::SmoothClassifier;

namespace {

constexpr ImageShape kShape{1, 4, 4};

Model fingerprintedModel(std::uint64_t seed = 1) {
  Model model;
  model.name = "small";
  model.input = kShape;
  const Fingerprints f = sampleFingerprints(
      resolve("fingerprint", fingerprintParameters(), {{"fingerprint_epsilon", 0.3}}), kShape, 5, seed);
  model.fingerprintDx = f.dx;
  model.fingerprintDy = f.dy;
  model.classifier = std::make_shared<SmoothClassifier>(kShape, 12, 5, seed);
  return model;
}

/// A network with layers, dropout and fingerprints: every detector can be made for it.
Model modelWithEverything() {
  Model model = test::smallModel();
  const Fingerprints f = sampleFingerprints(resolve("fingerprint", fingerprintParameters(), {}), test::kSmallShape,
                                            test::kSmallClasses, 1);
  model.fingerprintDx = f.dx;
  model.fingerprintDy = f.dy;
  return model;
}

/// Small enough for small data.
Parameters parametersFor(const DetectorEntry& entry) {
  Parameters parameters;
  for (const ParameterSpec& parameter : entry.spec->parameters) {
    if (parameter.name == "neighbours") parameters.set("neighbours", std::int64_t{5});
    if (parameter.name == "minibatch") parameters.set("minibatch", std::int64_t{15});
    if (parameter.name == "passes") parameters.set("passes", std::int64_t{10});
    if (parameter.name == "odds_draws") parameters.set("odds_draws", std::int64_t{8});
  }
  return parameters;
}

}  // namespace

class DetectorTest : public QObject {
  Q_OBJECT

 private:
  QTemporaryDir m_folder;

 private Q_SLOTS:
  void namesAreUniqueAndFound();
  void everyDetectorIsFittedSavedAndLoaded();
  void damagedStatesAreRefused();
  void missingFitDataIsRefused();
  void aDetectorThatIsNotFittedGivesNoScores();
  void trainingImagesMayBeBytes();
  void anEnsembleAveragesDistances();
  void fingerprintScoresCostTheirForwardsAlone();
  void batchesKeepMinibatchesWhole();
  void minibatchesAreOfOneSizeInFitsAndScores();
  void scoresAreFingerprintDistances();
  void acceptanceIsHonoured();
  void scoresTakeNoGradient();
  void noScoreWithoutGradients();
  void badRequestsAreRefused();
};

void DetectorTest::namesAreUniqueAndFound() {
  std::set<std::string> names;
  for (const DetectorEntry& entry : detectors()) {
    QVERIFY2(names.insert(entry.spec->name).second, entry.spec->name.c_str());
    QCOMPARE(&findDetector(entry.spec->name), &entry);
    QVERIFY(!entry.spec->title.empty() && !entry.spec->summary.empty() && !entry.spec->reference.empty());
    std::set<std::string> parameters;
    for (const ParameterSpec& parameter : entry.spec->parameters) {
      QVERIFY2(parameters.insert(parameter.name).second, parameter.name.c_str());
      QVERIFY2(!parameter.help.empty(), parameter.name.c_str());
    }
    const auto models = std::vector<Model>(entry.companions ? 2 : 1, modelWithEverything());
    const auto detector = makeDetector(entry.spec->name, models, {});
    QCOMPARE(detector->spec().name, entry.spec->name);
    // What lists say is what a detector with default parameters needs.
    QCOMPARE(detector->needs().trainingImages, entry.needs.trainingImages);
    QCOMPARE(detector->needs().attackedImages, entry.needs.attackedImages);
    QCOMPARE(detector->needs().twins, entry.needs.twins);
    QCOMPARE(detector->fitted(), !entry.needs.trainingImages && !entry.needs.attackedImages);
  }
}

void DetectorTest::everyDetectorIsFittedSavedAndLoaded() {
  for (const DetectorEntry& entry : detectors()) {
    const auto models = std::vector<Model>(entry.companions ? 2 : 1, modelWithEverything());
    const Parameters parameters = parametersFor(entry);
    const auto detector = makeDetector(entry.spec->name, models, parameters);
    const DetectorFitData data = test::fitDataFor(models.front());
    detector->fit(data, JobContext{});
    QVERIFY(detector->fitted());
    const torch::Tensor x = test::stripedImages(30, 21).first;
    const torch::Tensor scores = scoreAll(*detector, *models.front().classifier, x, x, 12, "", JobContext{});
    QVERIFY((scores.sizes() == at::IntArrayRef{30}));
    QVERIFY2(scores.isfinite().all().item<bool>(), entry.spec->name.c_str());
    QVERIFY2((scores.max() > scores.min()).item<bool>(), entry.spec->name.c_str());
    QVERIFY(!scores.requires_grad());

    // Again gives the same; so does what was saved, through a file.
    const auto again = makeDetector(entry.spec->name, models, parameters);
    again->fit(data, JobContext{});
    QVERIFY(scoreAll(*again, *models.front().classifier, x, x, 12, "", JobContext{}).equal(scores));
    const std::filesystem::path path = m_folder.filePath("detector.safetensors").toStdString();
    writeSafetensors(saveDetector(*detector, models.front()), path);
    const auto loaded = loadDetector(readSafetensors(path), models, "detector.safetensors");
    QCOMPARE(loaded->parameters(), detector->parameters());
    QVERIFY(loaded->fitted());
    const torch::Tensor theirs = scoreAll(*loaded, *models.front().classifier, x, x, 12, "", JobContext{});
    QVERIFY2(theirs.equal(scores), entry.spec->name.c_str());
  }
}

void DetectorTest::damagedStatesAreRefused() {
  const std::vector<Model> models = {modelWithEverything()};
  const auto refused = [&](const TensorFile& file, const std::vector<Model>& all) {
    try {
      loadDetector(file, all, "file");
      return false;
    } catch (const Error& error) {
      return error.kind() == ErrorKind::BadInput && !error.where().empty();
    }
  };
  for (const char* name : {"kd", "mahalanobis", "odds", "kd-bu", "lid"}) {
    const Parameters parameters = parametersFor(findDetector(name));
    const auto detector = makeDetector(name, models, parameters);
    QVERIFY_EXCEPTION_THROWN(saveDetector(*detector, models.front()), Error);  // nothing was fitted
    detector->fit(test::fitDataFor(models.front()), JobContext{});
    const TensorFile good = saveDetector(*detector, models.front());
    QVERIFY(!refused(good, models));
    for (const auto& [tensor, values] : good.tensors) {
      TensorFile bad = good;
      bad.tensors.erase(tensor);
      QVERIFY2(refused(bad, models), (tensor + " missing").c_str());
      bad = good;
      bad.tensors[tensor] = values.unsqueeze(0);
      QVERIFY2(refused(bad, models), (tensor + " of another shape").c_str());
      bad.tensors[tensor] = values.to(torch::kFloat32);
      QVERIFY2(refused(bad, models), (tensor + " of another type").c_str());
      bad.tensors[tensor] = torch::full_like(values, std::nan(""));
      QVERIFY2(refused(bad, models), (tensor + " NaN").c_str());
    }
    TensorFile bad = good;
    bad.tensors["surplus"] = torch::zeros({1}, torch::kFloat64);
    QVERIFY(refused(bad, models));
    for (const char* key : {"format", "detector", "parameters", "model_sha256"}) {
      bad = good;
      bad.metadata[key] = "nonsense";
      QVERIFY2(refused(bad, models), key);
      bad.metadata.erase(key);
      QVERIFY2(refused(bad, models), key);
    }
    std::vector<Model> other = {modelWithEverything()};
    other.front().sha256 = "another";
    QVERIFY(refused(good, other));
  }
}

void DetectorTest::missingFitDataIsRefused() {
  const Model model = modelWithEverything();
  const DetectorFitData whole = test::fitDataFor(model);
  const auto refused = [&](const char* name, const DetectorFitData& data) {
    try {
      makeDetector(name, model, parametersFor(findDetector(name)))->fit(data, JobContext{});
      return false;
    } catch (const Error& error) {
      return error.kind() == ErrorKind::Usage;
    }
  };
  QVERIFY(!refused("kd-bu", whole));
  DetectorFitData data = whole;
  data.trainImages = torch::Tensor();
  QVERIFY(refused("kd", data) && refused("odds", data) && refused("mahalanobis", data) && refused("kd-bu", data));
  QVERIFY(!refused("lid", data));
  data = whole;
  data.trainLabels = whole.trainLabels + 1;
  QVERIFY(refused("kd", data));
  data = whole;
  data.noisy = whole.noisy.narrow(0, 0, 10);
  QVERIFY(refused("lid", data) && !refused("kd", data));
  data = whole;
  data.adversarial = whole.adversarial.narrow(3, 0, 5);
  QVERIFY(refused("lid", data));
}

void DetectorTest::aDetectorThatIsNotFittedGivesNoScores() {
  const Model model = modelWithEverything();
  const torch::Tensor x = test::stripedImages(6, 1).first;
  QVERIFY_EXCEPTION_THROWN(makeDetector("kd", model, {})->scores(x), Error);
  QVERIFY_EXCEPTION_THROWN(makeDetector("lid", model, {})->scores(x, x), Error);
}

void DetectorTest::trainingImagesMayBeBytes() {
  const Model model = modelWithEverything();
  DetectorFitData data = test::fitDataFor(model);
  const torch::Tensor bytes = (data.trainImages * 255).round();
  data.trainImages = bytes / 255;
  const torch::Tensor x = test::stripedImages(12, 2).first;
  const auto floats = makeDetector("kd", model, {});
  floats->fit(data, JobContext{});
  data.trainImages = bytes.to(torch::kUInt8);
  const auto same = makeDetector("kd", model, {});
  same->fit(data, JobContext{});
  QVERIFY(floats->scores(x).allclose(same->scores(x)));
}

void DetectorTest::anEnsembleAveragesDistances() {
  std::vector<Model> models = {fingerprintedModel(1), fingerprintedModel(2), fingerprintedModel(3)};
  const torch::Tensor x = randomImages(kShape, 7, 3);
  torch::Tensor sum = torch::zeros({7, 5}, torch::kFloat64);
  for (const Model& model : models) {
    const FingerprintScore score(
        Fingerprints{*model.fingerprintDx, *model.fingerprintDy}.to(torch::kCPU, torch::kFloat64));
    sum += score.evaluate(*model.classifier, x).distances;
  }
  const auto ensemble = makeDetector("fingerprint-ensemble", models, {});
  QVERIFY(ensemble->scores(x).allclose(sum.amin(1) / 3, 0, 1e-12));
  const torch::Tensor predicted = models.front().classifier->logits(x).argmax(1);
  const Parameters strict = {{"acceptance", std::string("predicted_class")}};
  QVERIFY(makeDetector("fingerprint-ensemble", models, strict)
              ->scores(x)
              .allclose(sum.gather(1, predicted.unsqueeze(1)).squeeze(1) / 3, 0, 1e-12));
  QVERIFY(
      ensemble->differentiableScore()->score(*models.front().classifier, x.clone().requires_grad_()).requires_grad());
  // Alone it is no ensemble, and others take no companions.
  QVERIFY_EXCEPTION_THROWN(makeDetector("fingerprint-ensemble", models.front(), {}), Error);
  QVERIFY_EXCEPTION_THROWN(makeDetector("fingerprint", models, {}), Error);
  models[1].fingerprintDx.reset();
  QVERIFY_EXCEPTION_THROWN(makeDetector("fingerprint-ensemble", models, {}), Error);
}

void DetectorTest::fingerprintScoresCostTheirForwardsAlone() {
  Model model = fingerprintedModel();
  auto linear = std::make_shared<LinearClassifier>(LinearClassifier::random(kShape, 5, 1));
  model.classifier = linear;
  makeDetector("fingerprint", model, {})->scores(randomImages(kShape, 7, 3));
  QCOMPARE(linear->imagesSeen(), 7 * (model.fingerprintDx->size(0) + 1));
}

void DetectorTest::batchesKeepMinibatchesWhole() {
  using Batches = std::vector<ImageBatch>;
  QCOMPARE(batchesOf(250, 100, 0), (Batches{{0, 100, 0, 100}, {100, 100, 100, 100}, {200, 50, 200, 50}}));
  // 198 images are no minibatch of 198, and none of 98 either.
  QCOMPARE(batchesOf(198, 7, 100), (Batches{{0, 100, 0, 100}, {100, 98, 98, 100}}));
  QCOMPARE(batchesOf(300, 7, 100), (Batches{{0, 100, 0, 100}, {100, 100, 100, 100}, {200, 100, 200, 100}}));
  QCOMPARE(batchesOf(40, 7, 100), (Batches{{0, 40, 0, 40}}));
  QVERIFY(batchesOf(0, 7, 0).empty() && batchesOf(0, 7, 100).empty());
}

void DetectorTest::minibatchesAreOfOneSizeInFitsAndScores() {
  const Model model = test::smallModel();
  const Parameters parameters = {{"neighbours", std::int64_t{5}}, {"minibatch", std::int64_t{15}}};
  DetectorFitData once;
  once.clean = test::stripedImages(15, 1).first;
  once.noisy = (once.clean + .1 * test::stripedImages(15, 2).first).clamp(0, 1);
  once.adversarial = (once.clean + .3 * test::stripedImages(15, 3).first).clamp(0, 1);
  const auto detector = makeDetector("lid", model, parameters);
  detector->fit(once, JobContext{});
  // The same images again, one fewer: the second minibatch is the first in another order, not of 14 or 29 images.
  const auto more = [](const torch::Tensor& x) { return at::cat({x, x}).narrow(0, 0, 29); };
  DetectorFitData twice;
  twice.clean = more(once.clean);
  twice.noisy = more(once.noisy);
  twice.adversarial = more(once.adversarial);
  const auto other = makeDetector("lid", model, parameters);
  other->fit(twice, JobContext{});
  for (const char* name : {"scaling.offset", "scaling.scale"}) {
    QVERIFY2(other->state().at(name).allclose(detector->state().at(name), 1e-6, 0), name);
  }
  const torch::Tensor scores =
      scoreAll(*detector, *model.classifier, twice.adversarial, twice.clean, 7, "", JobContext{});
  QVERIFY(scores.narrow(0, 15, 14).allclose(scores.narrow(0, 0, 14), 1e-6, 1e-9));
  QVERIFY(scores.narrow(0, 0, 15).equal(detector->scores(once.adversarial, once.clean)));
}

void DetectorTest::scoresAreFingerprintDistances() {
  const Model model = fingerprintedModel();
  const torch::Tensor x = randomImages(kShape, 7, 3);
  const FingerprintScore score(
      Fingerprints{*model.fingerprintDx, *model.fingerprintDy}.to(torch::kCPU, torch::kFloat64));
  const torch::Tensor expected = score.evaluate(*model.classifier, x).distances.amin(1);
  const torch::Tensor scores = makeDetector("fingerprint", model, {})->scores(x);
  QVERIFY((scores.sizes() == at::IntArrayRef{7}));
  QVERIFY(at::allclose(scores, expected, 0, 1e-12));
}

void DetectorTest::acceptanceIsHonoured() {
  const Model model = fingerprintedModel();
  const torch::Tensor x = randomImages(kShape, 20, 3);
  const torch::Tensor any = makeDetector("fingerprint", model, {{"acceptance", std::string("any_class")}})->scores(x);
  const torch::Tensor one =
      makeDetector("fingerprint", model, {{"acceptance", std::string("predicted_class")}})->scores(x);
  QVERIFY((one >= any).all().item<bool>());
  QVERIFY((one > any).any().item<bool>());
}

void DetectorTest::scoresTakeNoGradient() {
  const auto detector = makeDetector("fingerprint", fingerprintedModel(), {});
  const torch::Tensor x = randomImages(kShape, 2, 3).requires_grad_();
  QVERIFY(!detector->scores(x).requires_grad());
  const Model model = fingerprintedModel();
  QVERIFY(detector->differentiableScore()->score(*model.classifier, x).requires_grad());
}

void DetectorTest::noScoreWithoutGradients() {
  Model model = fingerprintedModel();
  auto linear = std::make_shared<LinearClassifier>(LinearClassifier::random(kShape, 5, 1));
  linear->setDifferentiable(false);
  model.classifier = linear;
  QVERIFY(makeDetector("fingerprint", model, {})->differentiableScore() == nullptr);
}

void DetectorTest::badRequestsAreRefused() {
  Model model = fingerprintedModel();
  QVERIFY_EXCEPTION_THROWN(makeDetector("fingerprnt", model, {}), Error);
  QVERIFY_EXCEPTION_THROWN(makeDetector("fingerprint", model, {{"acceptance", std::string("none")}}), Error);
  QVERIFY_EXCEPTION_THROWN(makeDetector("fingerprint", model, {{"epsilon", 0.1}}), Error);
  model.fingerprintDx.reset();
  try {
    makeDetector("fingerprint", model, {});
    QFAIL("a model without fingerprints was accepted");
  } catch (const Error& error) {
    QCOMPARE(error.kind(), ErrorKind::BadInput);
    QCOMPARE(error.where(), std::string("small"));
  }
}

QTEST_APPLESS_MAIN(DetectorTest)
#include "detector_test.moc"
