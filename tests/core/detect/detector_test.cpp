// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/detect/detector.h"

#include <QTest>

#include "core/base/error.h"
#include "core/fingerprint/fingerprint.h"
#include "tests/core/attack/linear_classifier.h"

using namespace whorl;
using whorl::test::LinearClassifier;
using whorl::test::randomImages;
using whorl::test::SmoothClassifier;

namespace {

constexpr ImageShape kShape{1, 4, 4};

Model fingerprintedModel() {
  Model model;
  model.name = "small";
  model.input = kShape;
  const Fingerprints f =
      sampleFingerprints(resolve("fingerprint", fingerprintParameters(), {{"fingerprint_epsilon", 0.3}}), kShape, 5, 1);
  model.fingerprintDx = f.dx;
  model.fingerprintDy = f.dy;
  model.classifier = std::make_shared<SmoothClassifier>(kShape, 12, 5, 1);
  return model;
}

}  // namespace

class DetectorTest : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void namesAreUniqueAndFound();
  void scoresAreFingerprintDistances();
  void acceptanceIsHonoured();
  void scoresTakeNoGradient();
  void noScoreWithoutGradients();
  void badRequestsAreRefused();
};

void DetectorTest::namesAreUniqueAndFound() {
  for (const DetectorEntry& entry : detectors()) {
    QCOMPARE(makeDetector(entry.spec->name, fingerprintedModel(), {})->spec().name, entry.spec->name);
    QVERIFY(!entry.spec->title.empty() && !entry.spec->summary.empty() && !entry.spec->reference.empty());
  }
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
