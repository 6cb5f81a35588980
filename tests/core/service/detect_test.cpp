// SPDX-License-Identifier: GPL-3.0-or-later
#include <QtTest>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "core/attack/attack.h"
#include "core/nn/model.h"
#include "core/nn/safetensors.h"
#include "core/service/detector_fit.h"
#include "core/service/engine_impl.h"
#include "tests/core/service/tiny_engine.h"

using namespace whorl;
using nlohmann::json;
using test::kindOf;

namespace {

/// Small enough for 120 training images.
Parameters smallLid() { return {{"neighbours", std::int64_t{3}}, {"minibatch", std::int64_t{6}}}; }

std::vector<std::int64_t> joined(const TrainingRoles& roles) {
  std::vector<std::int64_t> all = roles.threshold;
  all.insert(all.end(), roles.attacked.begin(), roles.attacked.end());
  all.insert(all.end(), roles.training.begin(), roles.training.end());
  return all;
}

}  // namespace

/// Detectors of the literature through the engine: what they are fitted to, and what is told of them.
class DetectTest : public QObject {
  Q_OBJECT

 private:
  test::TinyEngine m_engine;
  std::string m_plain;
  std::shared_ptr<const Model> m_model;
  Dataset m_data;

  DetectRequest request(const std::string& detector, const Parameters& parameters = {}) const {
    DetectRequest request;
    request.attack = m_engine.attackRequest();
    request.detector = detector;
    request.detectorParameters = parameters;
    if (detector == "lid" || detector == "combination") request.fitAttack = "tested";
    request.fitCount = 30;
    return request;
  }

  json detect(const DetectRequest& request) { return json::parse(m_engine->detect(request, JobContext{}).json); }

 private Q_SLOTS:
  void initTestCase();
  void detectorsAreListedWithTheirNeeds();
  void everyDetectorGivesItsFigures_data();
  void everyDetectorGivesItsFigures();
  void modelsWithoutFingerprintsCanBeWatched();
  void rolesShareNoImage();
  void theFitNeverSeesTestImages();
  void theFitIsThatOfItsAttack();
  void failedAttacksAreNotLearned();
  void ensemblesTakeCompanions();
  void theSameRequestGivesTheSameFigures();
  void fittedDetectorsAreKept();
  void aFallingWeightGetsPastFingerprints();
  void nonsenseIsRefused();
};

void DetectTest::initTestCase() {
  m_engine.train();
  TrainRequest plain = m_engine.trainRequest("plain.safetensors");
  plain.objective = "plain";
  plain.parameters.remove("fingerprints");
  m_plain = m_engine->train(plain, JobContext{}, {}).model;
  m_model = std::make_shared<Model>(readModel(m_engine.model(), torch::kCPU));
  // As the engine has it: two classes, bright on the left or on the right.
  m_data.name = "tiny";
  m_data.classNames = {"left", "right"};
  for (auto* split : {&m_data.train, &m_data.test}) {
    split->shape = {1, test::kTinySide, test::kTinySide};
    for (int i = 0; i < 120; ++i) {
      const Image image = test::tinyImage(i % 2, static_cast<std::uint64_t>(i) + (split == &m_data.test ? 5000 : 1));
      for (const float pixel : image.pixels) split->pixels.push_back(static_cast<std::uint8_t>(pixel * 255));
      split->labels.push_back(i % 2);
    }
  }
}

void DetectTest::detectorsAreListedWithTheirNeeds() {
  std::set<std::string> names;
  for (const DetectorInfo& info : m_engine->detectors()) {
    names.insert(info.spec.name);
    if (info.spec.name == "lid") QVERIFY(info.needsAttackedImages && info.needsTwins && !info.needsTrainingImages);
    if (info.spec.name == "kd") QVERIFY(info.needsTrainingImages && !info.needsAttackedImages);
    QCOMPARE(info.companions, info.spec.name == "fingerprint-ensemble");
  }
  for (const char* name : {"fingerprint", "fingerprint-ensemble", "lid", "kd", "bu", "kd-bu", "max-softmax", "energy",
                           "logit-margin", "mahalanobis", "feature-squeezing", "odds", "combination"}) {
    QVERIFY2(names.contains(name), name);
  }
}

void DetectTest::everyDetectorGivesItsFigures_data() {
  QTest::addColumn<QString>("statistics");
  for (const char* name : {"fingerprint", "lid", "kd", "max-softmax", "energy", "logit-margin", "mahalanobis",
                           "feature-squeezing", "odds"}) {
    QTest::addRow("%s", name) << QString();
  }
  QTest::addRow("combination") << QString("kd,lid,max-softmax");
}
void DetectTest::everyDetectorGivesItsFigures() {
  QFETCH(QString, statistics);
  const std::string name = QTest::currentDataTag();
  DetectRequest asked = request(name);
  if (name == "lid" || name == "combination") asked.detectorParameters = smallLid();
  if (!statistics.isEmpty()) asked.detectorParameters.set("statistics", statistics.toStdString());
  const json document = detect(asked);
  QCOMPARE(document["detector"].get<std::string>(), name);
  for (const char* figure : {"auc", "average_precision", "auc_interval"}) {
    for (const char* which : {"all", "successful"}) {
      const json& value = document[figure][which];
      const double low = value.is_array() ? value[0].get<double>() : value.get<double>();
      const double high = value.is_array() ? value[1].get<double>() : value.get<double>();
      QVERIFY2(low >= 0 && low <= high && high <= 1, figure);
    }
  }
  const double area = document["auc"]["successful"].get<double>();
  QVERIFY(document["auc_interval"]["successful"][0].get<double>() <= area + 1e-12);
  QVERIFY(document["auc_interval"]["successful"][1].get<double>() >= area - 1e-12);
  QVERIFY(document["detection_accuracy"].get<double>() >= std::max(area - 0.5, 0.5));
  QVERIFY(document["threshold"].is_number());
  QCOMPARE(document["threshold_interval"].size(), std::size_t{2});
  QCOMPARE(document["false_positive_rate_interval"].size(), std::size_t{2});
  const bool learnsAttacks = name == "lid" || name == "combination";
  QCOMPARE(document["auc_with_noise"].is_null(), !learnsAttacks);
  const json& fit = document["fit"];
  if (learnsAttacks) {
    QCOMPARE(fit["attack"].get<std::string>(), std::string("bim"));
    QVERIFY(fit["successes"].get<int>() >= 10 && fit["successes"].get<int>() <= fit["attacked"].get<int>());
    QVERIFY(fit["noise_sigma"].get<double>() > 0);
    QVERIFY(fit["learned"]["logistic.c"].get<double>() >= 1e-4);
    QVERIFY(fit["seconds"].get<double>() > 0);
    // The attack is large, and it is the one that was learned.
    QVERIFY2(area > 0.7, std::to_string(area).c_str());
  } else if (name == "kd" || name == "mahalanobis" || name == "odds") {
    QVERIFY(fit["attack"].is_null());
    QVERIFY(fit["training_images"].get<int>() >= 60);
  } else {
    QVERIFY(fit.is_null());
  }
}

void DetectTest::modelsWithoutFingerprintsCanBeWatched() {
  DetectRequest asked = request("energy");
  asked.attack.model = m_plain;
  QVERIFY(detect(asked)["auc"]["all"].is_number());
  asked.detector = "fingerprint";
  QCOMPARE(kindOf([&] { m_engine->detect(asked, JobContext{}); }), ErrorKind::BadInput);
  // The network has no dropout: said before anything is attacked.
  asked.detector = "bu";
  std::string message;
  QCOMPARE(kindOf([&] { m_engine->detect(asked, JobContext{}); }, &message), ErrorKind::BadInput);
  QVERIFY2(message.find("feinman-mnist") != std::string::npos, message.c_str());
}

void DetectTest::rolesShareNoImage() {
  const DetectRequest asked = request("combination");
  const DetectorNeeds everything{true, true, true};
  const PlanStore plans("");
  const FitAttack attack = prepareFitAttack(*m_model, m_data, asked, plans, 1);
  const TrainingRoles roles = dealTrainingImages(*m_model, m_data, asked, everything, attack, JobContext{});
  const std::vector<std::int64_t> all = joined(roles);
  const std::set<std::int64_t> different(all.begin(), all.end());
  QCOMPARE(different.size(), all.size());
  QVERIFY(*different.begin() >= 0 && *different.rbegin() < m_data.train.count());
  QCOMPARE(std::ssize(roles.attacked), std::int64_t{30});
  QVERIFY(std::ssize(roles.threshold) >= 30 && std::ssize(roles.threshold) <= 40);
  QVERIFY(std::ssize(roles.training) >= 50);
  DetectRequest fewer = asked;
  fewer.fitTrainImages = 20;
  QCOMPARE(dealTrainingImages(*m_model, m_data, fewer, everything, attack, JobContext{}).training.size(), 20U);
  DetectRequest other = asked;
  other.attack.seed = 99;
  QVERIFY(dealTrainingImages(*m_model, m_data, other, everything, attack, JobContext{}).attacked != roles.attacked);
  // Where nothing is learned nothing is dealt, and the threshold gets what it always got.
  const TrainingRoles alone = dealTrainingImages(*m_model, m_data, asked, {}, attack, JobContext{});
  QVERIFY(alone.attacked.empty() && alone.training.empty());
  QVERIFY(std::ssize(alone.threshold) > 100);
}

void DetectTest::theFitNeverSeesTestImages() {
  const DetectRequest asked = request("combination");
  const DetectorNeeds everything{true, true, true};
  const PlanStore plans("");
  const auto fitOf = [&](const Dataset& data) {
    const FitAttack attack = prepareFitAttack(*m_model, data, asked, plans, 1);
    const TrainingRoles roles = dealTrainingImages(*m_model, data, asked, everything, attack, JobContext{});
    return prepareFit(*m_model, data, asked, everything, roles, attack, JobContext{}).data;
  };
  const DetectorFitData fit = fitOf(m_data);
  // Without a test split, or with another one, it is the same fit.
  Dataset other = m_data;
  other.test.pixels.clear();
  other.test.labels.clear();
  const DetectorFitData same = fitOf(other);
  QVERIFY(fit.clean.equal(same.clean) && fit.noisy.equal(same.noisy) && fit.adversarial.equal(same.adversarial));
  QVERIFY(fit.trainImages.equal(same.trainImages) && fit.trainLabels.equal(same.trainLabels));
  // And each of its images is one of the training split, in one role only.
  std::set<std::string> training;
  std::set<std::string> used;
  const auto bytesOf = [](const torch::Tensor& images, std::int64_t row) {
    const torch::Tensor bytes = images.scalar_type() == torch::kUInt8
                                    ? images[row].contiguous()
                                    : (images[row] * 255).round().to(torch::kUInt8).contiguous();
    return std::string(reinterpret_cast<const char*>(bytes.const_data_ptr<std::uint8_t>()),
                       static_cast<std::size_t>(bytes.numel()));
  };
  const std::int64_t size = m_data.train.shape.size();
  for (std::int64_t i = 0; i < m_data.train.count(); ++i) {
    training.emplace(reinterpret_cast<const char*>(m_data.train.pixels.data() + i * size), size);
  }
  for (const torch::Tensor& images : {fit.clean, fit.trainImages}) {
    for (std::int64_t row = 0; row < images.size(0); ++row) {
      QVERIFY(training.contains(bytesOf(images, row)));
      QVERIFY(used.insert(bytesOf(images, row)).second);
    }
  }
}

void DetectTest::theFitIsThatOfItsAttack() {
  DetectRequest asked = request("lid", smallLid());
  asked.fitAttack.clear();  // FGSM; there is no preset for this data set
  const json fgsm = detect(asked)["fit"];
  QCOMPARE(fgsm["attack"].get<std::string>(), std::string("fgsm"));
  asked.fitPreset = "mnist";
  const json preset = detect(asked)["fit"];
  QCOMPARE(preset["parameters"]["epsilon"].get<double>(), 0.4);
  asked.fitAttack = "jsma";
  asked.fitPreset.clear();
  QCOMPARE(detect(asked)["fit"]["noise"].get<std::string>(), std::string("saturated"));
}

void DetectTest::failedAttacksAreNotLearned() {
  // A step so small that hardly an image is fooled.
  DetectRequest asked = request("lid", smallLid());
  asked.attack.parameters.set("epsilon", 1e-4);
  std::string message;
  QCOMPARE(kindOf([&] { m_engine->detect(asked, JobContext{}); }, &message), ErrorKind::BadInput);
  QVERIFY2(message.find("nothing to learn") != std::string::npos, message.c_str());
}

void DetectTest::ensemblesTakeCompanions() {
  DetectRequest asked = request("fingerprint-ensemble");
  QCOMPARE(kindOf([&] { m_engine->detect(asked, JobContext{}); }), ErrorKind::Usage);
  asked.companions = {m_engine.model()};
  const json twice = detect(asked);
  // The same model twice is that model.
  QCOMPARE(twice["auc"]["all"].get<double>(), detect(request("fingerprint"))["auc"]["all"].get<double>());
  QCOMPARE(twice["companions"].size(), std::size_t{1});
  asked.detector = "energy";
  QCOMPARE(kindOf([&] { m_engine->detect(asked, JobContext{}); }), ErrorKind::Usage);
  asked.detector = "fingerprint-ensemble";
  asked.companions = {m_plain};
  QCOMPARE(kindOf([&] { m_engine->detect(asked, JobContext{}); }), ErrorKind::BadInput);
}

void DetectTest::theSameRequestGivesTheSameFigures() {
  const DetectRequest asked = request("lid", smallLid());
  const json first = detect(asked);
  const json second = detect(asked);
  for (const char* name : {"auc", "auc_interval", "threshold", "average_precision", "auc_with_noise"}) {
    QCOMPARE(first[name], second[name]);
  }
}

/// The long run of the sanity recipe, shortened: a weight that begins too small never sees the detector, and a
/// detector that nothing breaks looks good (0.1 of the images got past with weights from 1 to .001).
void DetectTest::aFallingWeightGetsPastFingerprints() {
  const auto& presets = findAttack("pgd").presets();
  const auto preset =
      std::find_if(presets.begin(), presets.end(), [](const auto& each) { return each.name == "adaptive-30k-1"; });
  QVERIFY(preset != presets.end());
  DetectRequest asked = request("fingerprint");
  asked.attack.model = WHORL_SOURCE_DIR "/resources/models/glyphs-fingerprint.safetensors";
  asked.attack.dataset = "glyphs";
  asked.attack.attack = "pgd";
  asked.attack.parameters = preset->parameters;
  asked.attack.parameters.set("steps", std::int64_t{60});
  asked.attack.threatModel = "adaptive-white-box";
  asked.attack.count = 8;
  const json document = detect(asked);
  QCOMPARE(document["success_rate"].get<double>(), 1.0);
  QVERIFY2(document["evasion_rate_at"]["0.05"].get<double>() >= 0.5, document.dump().c_str());
}

void DetectTest::fittedDetectorsAreKept() {
  DetectRequest asked = request("lid", smallLid());
  asked.saveDetector = m_engine.path("lid.safetensors").string();
  const json fitted = detect(asked);
  QVERIFY(fitted["fitted_detector"].is_null());
  DetectRequest again = request("fingerprint");  // what a request says by default
  again.fittedDetector = asked.saveDetector;
  json loaded = detect(again);
  QCOMPARE(loaded["detector"].get<std::string>(), std::string("lid"));
  QCOMPARE(loaded["detector_parameters"], fitted["detector_parameters"]);
  QVERIFY(loaded["fit"].is_null());
  for (const char* name : {"auc", "threshold", "false_positive_rate", "auc_with_noise"}) {
    QCOMPARE(loaded[name], fitted[name]);
  }
  // Another seed chooses other tested images; what sets the threshold stays apart from what was learned from.
  again.attack.seed = 5;
  loaded = detect(again);
  QCOMPARE(loaded["threshold"], fitted["threshold"]);

  const auto kind = [&](auto&& change, std::string* message = nullptr) {
    DetectRequest changed = request("fingerprint");
    changed.fittedDetector = asked.saveDetector;
    change(changed);
    return kindOf([&] { m_engine->detect(changed, JobContext{}); }, message);
  };
  QCOMPARE(kind([](DetectRequest& r) { r.detector = "kd"; }), ErrorKind::Usage);
  QCOMPARE(kind([](DetectRequest& r) { r.detectorParameters = smallLid(); }), ErrorKind::Usage);
  QCOMPARE(kind([](DetectRequest& r) { r.fitAttack = "fgsm"; }), ErrorKind::Usage);
  QCOMPARE(kind([&](DetectRequest& r) { r.attack.model = m_plain; }), ErrorKind::BadInput);  // fitted to another
  QCOMPARE(kind([&](DetectRequest& r) { r.fittedDetector = m_engine.model(); }), ErrorKind::BadInput);  // a model
  QCOMPARE(kind([&](DetectRequest& r) { r.fittedDetector = m_engine.path("none").string(); }), ErrorKind::BadInput);
  DetectRequest nothing = request("fingerprint");
  nothing.saveDetector = asked.saveDetector;
  QCOMPARE(kindOf([&] { m_engine->detect(nothing, JobContext{}); }), ErrorKind::Usage);  // it learns nothing
  asked.saveDetector = m_engine.path("lid.npz").string();
  QCOMPARE(kindOf([&] { m_engine->detect(asked, JobContext{}); }), ErrorKind::Usage);
}

void DetectTest::nonsenseIsRefused() {
  std::string message;
  DetectRequest few = request("lid", smallLid());
  few.attack.count = 3;  // compared with three neighbours, and the nearest is left out
  QCOMPARE(kindOf([&] { m_engine->detect(few, JobContext{}); }, &message), ErrorKind::Usage);
  QVERIFY2(message.find("needs 4 at least") != std::string::npos, message.c_str());
  few = request("fingerprint");
  few.attack.indices = {3, 5, 3};
  QCOMPARE(kindOf([&] { m_engine->detect(few, JobContext{}); }, &message), ErrorKind::Usage);
  QVERIFY2(message.find("image 3 is named twice") != std::string::npos, message.c_str());
  const auto kind = [&](auto&& change) {
    DetectRequest asked = request("lid", smallLid());
    change(asked);
    return kindOf([&] { m_engine->detect(asked, JobContext{}); });
  };
  QCOMPARE(kind([](DetectRequest& r) { r.fitAttack = "fgms"; }), ErrorKind::Usage);
  QCOMPARE(kind([&](DetectRequest& r) {
             r = request("fingerprint");
             r.fitAttack = "fgsm";  // it learns from none
           }),
           ErrorKind::Usage);
  QCOMPARE(kind([](DetectRequest& r) { r.fitPreset = "mnist"; }), ErrorKind::Usage);  // of the tested attack
  QCOMPARE(kind([](DetectRequest& r) {
             r.fitAttack = "fgsm";
             r.fitPreset = "none";
           }),
           ErrorKind::Usage);
  QCOMPARE(kind([](DetectRequest& r) { r.fitCount = 3; }), ErrorKind::Usage);
  QCOMPARE(kind([](DetectRequest& r) { r.fitTrainImages = -1; }), ErrorKind::Usage);
  QCOMPARE(kind([](DetectRequest& r) { r.detectorParameters.set("neighbours", std::int64_t{50}); }), ErrorKind::Usage);
  QCOMPARE(kind([](DetectRequest& r) { r.detectorParameters.set("bandwidth", 1.0); }), ErrorKind::Usage);
}

QTEST_APPLESS_MAIN(DetectTest)
#include "detect_test.moc"
