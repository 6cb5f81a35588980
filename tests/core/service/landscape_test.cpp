// SPDX-License-Identifier: GPL-3.0-or-later
#include <cmath>
#include <fstream>
#include <iterator>
#include <stop_token>

#include <QTest>
#include <nlohmann/json.hpp>

#include "tests/core/service/tiny_engine.h"

using namespace whorl;
using nlohmann::json;
using test::kindOf;

/// Landscapes through the engine, on a fingerprinted network of two classes.
class LandscapeTest : public QObject {
  Q_OBJECT

  test::TinyEngine m_engine;

  LandscapeRequest request() const {
    LandscapeRequest request;
    request.model = m_engine.model();
    request.dataset = m_engine.data();
    request.index = 3;
    request.resolution = 11;
    request.device = "cpu";
    request.threads = 1;
    return request;
  }
  LandscapeResult landscape(const LandscapeRequest& request, const LandscapeHooks& hooks = {}) {
    return m_engine->landscape(request, JobContext{}, hooks);
  }
  /// An attack that is sure to succeed, in steps.
  static StepRequest bim() {
    return {"bim", {{"epsilon", test::kEpsilon}, {"steps", std::int64_t{10}}, {"step_size", 0.1}}};
  }

 private Q_SLOTS:
  void initTestCase();
  void listsAreThoseOfTheTables();
  void theMiddleIsWhatTheModelSaysOfTheImage();
  void levelsComeCoarseToFine();
  void aGivenImageIsLikeOneOfTheDataSet();
  void anAttackIsLocated();
  void thePathsOwnPlaneHoldsIt();
  void anotherImageLiesOnItsAxis();
  void frontEndsHearOfThePlaneFirst();
  void itsImagesAreThoseThatTheModelSaw();
  void surfacesAreSavedLater();
  void adaptiveAttacksAndDetectors();
  void theSameSeedGivesTheSameNumbers();
  void cancellingLeavesNoFile();
  void aMaskIsADirection();
  void anotherLandscapesPlaneIsTakenOver();
  void aBallIsADistribution();
  void askingAgainIsImmediate();
  void nonsenseIsRefused();
};

void LandscapeTest::initTestCase() { m_engine.train(); }

void LandscapeTest::listsAreThoseOfTheTables() {
  QCOMPARE(m_engine->landscapeDirections().size(), std::size_t{8});
  QCOMPARE(m_engine->landscapeValues().size(), std::size_t{10});
  for (const LandscapeDirectionInfo& info : m_engine->landscapeDirections()) {
    QCOMPARE(info.needsAttack, info.spec.name == "adversarial" || info.spec.name == "pca");
    QCOMPARE(info.needsDataset, info.spec.name == "image");
    QCOMPARE(info.needsMask, info.spec.name == "mask");
  }
  for (const LandscapeValueInfo& info : m_engine->landscapeValues()) {
    const bool distances = info.spec.name.starts_with("fingerprint") || info.spec.name == "accepted";
    QCOMPARE(info.needsFingerprints, distances);
    QCOMPARE(info.needsThreshold, info.spec.name == "accepted");
    QCOMPARE(info.needsGradients, info.spec.name == "gradient_norm");
    QCOMPARE(info.needsDetector, info.spec.name == "detector_score");
    QCOMPARE(info.perClass, info.spec.name == "fingerprint_distances");
  }
}

void LandscapeTest::theMiddleIsWhatTheModelSaysOfTheImage() {
  LandscapeRequest asked = request();
  asked.values = {"cross_entropy", "confidence", "predicted", "fingerprint_distances", "accepted"};
  const LandscapeResult result = landscape(asked);
  ExploreRequest explore = m_engine.exploreRequest();
  explore.image = m_engine->testImages(m_engine.data(), 3, 1, JobContext{}).front().image;
  const Verdict verdict = m_engine->explore(explore, JobContext{}, {}).before;
  const std::size_t middle = 5 * 11 + 5;
  const auto at = [&](const char* name) { return result.surface.layer(name).values[middle]; };
  QVERIFY(std::abs(at("confidence") - verdict.probabilities[verdict.predicted]) < 1e-6);
  QCOMPARE(at("predicted"), static_cast<double>(verdict.predicted));
  QVERIFY(std::abs(at("cross_entropy") + std::log(verdict.probabilities[result.label])) < 1e-5);
  QVERIFY(std::abs(at("fingerprint_distances_0") - verdict.fingerprintDistances[0]) < 1e-5);
  QVERIFY(std::abs(at("fingerprint_distances_1") - verdict.fingerprintDistances[1]) < 1e-5);
  QCOMPARE(at("accepted"), verdict.accepted ? 1.0 : 0.0);
  QCOMPARE(result.middle.predicted, verdict.predicted);
  const json document = json::parse(result.json);
  QCOMPARE(document["values"]["confidence"][5][5].get<double>(), at("confidence"));
  QCOMPARE(document["x"].get<std::vector<double>>(), result.surface.x);
  QCOMPARE(document["points"].get<int>(), 121);
  QVERIFY(document["seconds"].get<double>() > 0 && document["first_picture_seconds"].get<double>() > 0);
  QCOMPARE(document["directions"][0]["direction"].get<std::string>(), std::string("gradient-sign"));
  QCOMPARE(document["directions"][0]["parameters"]["loss"].get<std::string>(), std::string("cross_entropy"));
  QVERIFY(document["attack"].is_null());
}

void LandscapeTest::levelsComeCoarseToFine() {
  LandscapeRequest asked = request();
  asked.resolution = 40;
  std::vector<std::size_t> sizes;
  LandscapeHooks hooks;
  hooks.onLevel = [&](const Surface& level) { sizes.push_back(level.x.size()); };
  landscape(asked, hooks);
  QCOMPARE(sizes, (std::vector<std::size_t>{9, 33, 40}));
}

void LandscapeTest::aGivenImageIsLikeOneOfTheDataSet() {
  LandscapeRequest asked = request();
  const DatasetImage image = m_engine->testImages(m_engine.data(), 3, 1, JobContext{}).front();
  const LandscapeResult fromData = landscape(asked);
  asked.dataset.clear();
  asked.image = image.image;
  asked.label = image.label;
  const LandscapeResult given = landscape(asked);
  QCOMPARE(given.label, image.label);
  QCOMPARE(given.surface.layers[0].values, fromData.surface.layers[0].values);
  // Without a label it is the model's own guess.
  asked.label.reset();
  QCOMPARE(landscape(asked).label, given.middle.predicted);
}

void LandscapeTest::anAttackIsLocated() {
  LandscapeRequest asked = request();
  asked.attack = bim();
  asked.directions = {{"adversarial", {}}, {"gaussian", {}}};
  const LandscapeResult result = landscape(asked);
  QVERIFY(result.attackSucceeded == true);
  const LandscapePlace& end = result.path.back();
  QVERIFY(std::abs(end.y) < 1e-6 && end.distance < 1e-5 && end.x > 0.1 && end.x <= test::kEpsilon + 1e-6);
  const json attack = json::parse(result.json)["attack"];
  QCOMPARE(attack["path"].size(), result.path.size());
  QVERIFY(attack["success"].get<bool>());
}

void LandscapeTest::thePathsOwnPlaneHoldsIt() {
  LandscapeRequest asked = request();
  asked.attack = bim();
  asked.attack->parameters.set("step_size", 0.05);
  asked.attack->parameters.set("stop", std::string("last"));
  asked.directions = {{"gaussian", {}}, {"rademacher", {}}};
  const auto strays = [](const LandscapeResult& result) {
    double sum = 0;
    for (const LandscapePlace& place : result.path) sum += place.distance * place.distance;
    return sum;
  };
  const double random = strays(landscape(asked));
  asked.directions = {{"pca", {{"component", std::int64_t{1}}}}, {"pca", {{"component", std::int64_t{2}}}}};
  const LandscapeResult own = landscape(asked);
  QVERIFY(strays(own) < 0.1 * random);
  QVERIFY(own.path.back().x > 0);
}

void LandscapeTest::anotherImageLiesOnItsAxis() {
  // Along the line towards an image of the other class the model changes its mind.
  LandscapeRequest asked = request();
  const auto images = m_engine->testImages(m_engine.data(), 0, 40, JobContext{});
  std::int64_t other = -1;
  for (const DatasetImage& image : images) {
    if (image.label != images[3].label) other = image.index;
  }
  asked.directions = {{"image", {{"index", other}}}};
  asked.range = 0.9;
  asked.values = {"predicted", "margin"};
  const Surface surface = landscape(asked).surface;
  QVERIFY(surface.isLine());
  const auto& predicted = surface.layer("predicted").values;
  QCOMPARE(predicted[5], static_cast<double>(images[3].label));
  QVERIFY(predicted.back() != predicted[5]);
  QVERIFY(surface.layer("margin").values.back() > 0 && surface.layer("margin").values[5] < 0);
}

void LandscapeTest::frontEndsHearOfThePlaneFirst() {
  LandscapeRequest asked = request();
  asked.attack = bim();
  std::vector<std::string> heard;
  LandscapeResult start;
  LandscapeHooks hooks;
  hooks.onStart = [&](const LandscapeResult& result) {
    heard.emplace_back("start");
    start = result;
  };
  hooks.onLevel = [&](const Surface&) { heard.emplace_back("level"); };
  const LandscapeResult result = landscape(asked, hooks);
  QCOMPARE(heard, (std::vector<std::string>{"start", "level", "level"}));
  QVERIFY(start.surface.layers.empty());
  QVERIFY(start.images.middle == result.images.middle);
  QCOMPARE(start.path.size(), result.path.size());
  QCOMPARE(start.path.back().x, result.path.back().x);
  QCOMPARE(start.label, result.label);
  QCOMPARE(start.middle.predicted, result.middle.predicted);
}

void LandscapeTest::itsImagesAreThoseThatTheModelSaw() {
  LandscapeRequest asked = request();
  asked.clip = true;
  asked.range = 1;
  asked.values = {"confidence", "predicted"};
  const LandscapeResult result = landscape(asked);
  JudgeRequest judge{m_engine.model(), result.images.middle, {}, "cpu"};
  const std::vector<std::size_t> points = {0, 5, 17, 60, 73, 120};
  for (const std::size_t point : points) {
    judge.images.push_back(result.images.at(result.surface.x[point % 11], result.surface.y[point / 11]));
  }
  const auto judged = m_engine->judge(judge, JobContext{});
  for (std::size_t i = 0; i < points.size(); ++i) {
    const Verdict& verdict = judged[i].verdict;
    const double confidence = verdict.probabilities[verdict.predicted];
    QVERIFY(std::abs(result.surface.layer("confidence").values[points[i]] - confidence) < 1e-5);
    QCOMPARE(result.surface.layer("predicted").values[points[i]], static_cast<double>(verdict.predicted));
  }
}

void LandscapeTest::surfacesAreSavedLater() {
  LandscapeRequest asked = request();
  asked.save = m_engine.path("at-once.csv").string();
  const LandscapeResult result = landscape(asked);
  const std::string later = m_engine.path("later.csv").string();
  m_engine->saveLandscape(result.surface, later);
  const auto bytes = [](const std::string& path) {
    std::ifstream file(path);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  QVERIFY(!bytes(later).empty());
  QCOMPARE(bytes(later), bytes(asked.save));
  QCOMPARE(kindOf([&] { m_engine->saveLandscape(result.surface, "/tmp/landscape.txt"); }), ErrorKind::Usage);
  const LandscapeColours colours = m_engine->landscapeColours();
  QCOMPARE(colours.size(), std::size_t{256});
  QVERIFY(colours.front()[2] > colours.front()[0] && colours.back()[0] > colours.back()[2]);  // blue to yellow
}

void LandscapeTest::adaptiveAttacksAndDetectors() {
  LandscapeRequest asked = request();
  asked.attack = bim();
  asked.attack->threatModel = "adaptive-white-box";
  asked.detector = "max-softmax";
  asked.values = {"detector_score", "confidence", "gradient_norm", "stability_distance"};
  const LandscapeResult result = landscape(asked);
  const auto& scores = result.surface.layer("detector_score").values;
  const auto& confidences = result.surface.layer("confidence").values;
  // Its score orders points as the confidence does, the other way round.
  for (std::size_t i = 1; i < scores.size(); ++i) {
    if (confidences[i] > confidences[i - 1] + 1e-6) QVERIFY(scores[i] < scores[i - 1]);
  }
  QVERIFY(result.surface.layer("stability_distance").values[60] < 1e-9);
  QCOMPARE(json::parse(result.json)["attack"]["threat_model"].get<std::string>(), std::string("adaptive-white-box"));
}

void LandscapeTest::theSameSeedGivesTheSameNumbers() {
  LandscapeRequest asked = request();
  asked.directions = {{"gaussian", {}}, {"gaussian", {}}};
  const Surface first = landscape(asked).surface;
  QCOMPARE(landscape(asked).surface.layers[0].values, first.layers[0].values);
  asked.seed = 1;
  QVERIFY(landscape(asked).surface.layers[0].values != first.layers[0].values);
  asked.seed = 0;
  asked.threads = 2;  // more workers, other batches: the same up to rounding
  const Surface other = landscape(asked).surface;
  for (std::size_t i = 0; i < 121; ++i) {
    QVERIFY(std::abs(other.layers[0].values[i] - first.layers[0].values[i]) < 1e-4);
  }
}

void LandscapeTest::cancellingLeavesNoFile() {
  std::stop_source stop;
  LandscapeRequest asked = request();
  asked.resolution = 129;
  asked.save = m_engine.path("cancelled.csv").string();
  LandscapeHooks hooks;
  hooks.onLevel = [&](const Surface&) { stop.request_stop(); };
  QCOMPARE(kindOf([&] { m_engine->landscape(asked, JobContext(stop.get_token(), nullptr), hooks); }),
           ErrorKind::Cancelled);
  QVERIFY(!std::filesystem::exists(asked.save));
  asked.resolution = 9;
  landscape(asked);
  QVERIFY(std::filesystem::exists(asked.save));
}

void LandscapeTest::aMaskIsADirection() {
  LandscapeRequest asked = request();
  const Image middle = m_engine->testImages(m_engine.data(), 3, 1, JobContext{}).front().image;
  Image mask{middle.shape, std::vector<float>(middle.pixels.size(), 0.0F)};
  mask.pixels[5] = 0.5F;
  mask.pixels[9] = 0.25F;
  asked.mask = mask;
  asked.directions = {{"mask", {}}};
  const LandscapeResult result = landscape(asked);
  const std::vector<float>& axis = result.images.axes.at(0);
  QCOMPARE(axis[5], 1.0F);  // in units of linf
  QCOMPARE(axis[9], 0.5F);
  QCOMPARE(axis[6], 0.0F);
  // Colours count by their mean.
  Image colours{{3, middle.shape.height, middle.shape.width}, {}};
  for (int c = 0; c < 3; ++c) colours.pixels.insert(colours.pixels.end(), mask.pixels.begin(), mask.pixels.end());
  asked.mask = colours;
  QVERIFY(std::abs(landscape(asked).images.axes.at(0)[9] - 0.5F) < 1e-6F);
  asked.mask->pixels.assign(asked.mask->pixels.size(), 0.0F);
  QCOMPARE(kindOf([&] { landscape(asked); }), ErrorKind::BadInput);
  asked.mask = test::tinyImage(0, 1, 20);
  QCOMPARE(kindOf([&] { landscape(asked); }), ErrorKind::BadInput);
  asked.mask.reset();
  QCOMPARE(kindOf([&] { landscape(asked); }), ErrorKind::Usage);
}

void LandscapeTest::anotherLandscapesPlaneIsTakenOver() {
  LandscapeRequest asked = request();
  const LandscapeResult own = landscape(asked);
  asked.plane = own.images;
  asked.directions.clear();
  const LandscapeResult taken = landscape(asked);
  QVERIFY(!taken.cached);
  QCOMPARE(taken.images.axes.size(), std::size_t{2});
  for (std::size_t i = 0; i < 121; ++i) {
    QVERIFY(std::abs(taken.surface.layers[0].values[i] - own.surface.layers[0].values[i]) < 1e-4);
  }
  asked.plane->axes[0].pop_back();
  QCOMPARE(kindOf([&] { landscape(asked); }), ErrorKind::BadInput);
}

void LandscapeTest::aBallIsADistribution() {
  LandscapeRequest asked = request();
  asked.ball = BallLandscape{"l2", 20};
  asked.values = {"cross_entropy", "predicted", "accepted"};
  asked.range = 4;
  const LandscapeResult result = landscape(asked);
  QVERIFY(result.surface.isLine());
  QCOMPARE(result.surface.x.front(), 0.0);
  QCOMPARE(result.surface.x.back(), 4.0);
  QCOMPARE(result.surface.layer("predicted_same").values.front(), 1.0);
  const double middle = -std::log(result.middle.probabilities[std::size_t(result.label)]);
  QVERIFY(std::abs(result.surface.layer("cross_entropy_median").values.front() - middle) < 1e-5);
  for (std::size_t i = 0; i < 11; ++i) {
    const auto at = [&](const char* name) { return result.surface.layer(name).values[i]; };
    QVERIFY(at("cross_entropy_min") <= at("cross_entropy_q25") && at("cross_entropy_q25") <= at("cross_entropy_max"));
    QVERIFY(at("accepted_mean") >= 0 && at("accepted_mean") <= 1);
  }
  const json document = json::parse(result.json);
  QCOMPARE(document["space"].get<std::string>(), std::string("ball"));
  QCOMPARE(document["rays"].get<int>(), 20);
  QCOMPARE(document["points"].get<int>(), 220);
  asked.attack = bim();
  QCOMPARE(kindOf([&] { landscape(asked); }), ErrorKind::Usage);
  asked.attack.reset();
  asked.ball->norm = "l1";
  QCOMPARE(kindOf([&] { landscape(asked); }), ErrorKind::Usage);
  asked.ball = BallLandscape{"l2", 0};
  QCOMPARE(kindOf([&] { landscape(asked); }), ErrorKind::Usage);
}

void LandscapeTest::askingAgainIsImmediate() {
  LandscapeRequest asked = request();
  asked.seed = 99;
  asked.attack = bim();
  const LandscapeResult first = landscape(asked);
  QVERIFY(!first.cached);
  std::vector<std::string> heard;
  LandscapeHooks hooks;
  hooks.onStart = [&](const LandscapeResult& result) {
    heard.push_back("start " + std::to_string(result.path.size()));
  };
  hooks.onLevel = [&](const Surface& level) { heard.push_back(std::to_string(level.x.size())); };
  const LandscapeResult again = landscape(asked, hooks);
  QVERIFY(again.cached);
  QCOMPARE(heard, (std::vector<std::string>{"start " + std::to_string(first.path.size()), "11"}));
  QCOMPARE(again.surface.layers[0].values, first.surface.layers[0].values);
  QVERIFY(again.images.axes == first.images.axes);
  json one = json::parse(first.json), other = json::parse(again.json);
  for (const char* name : {"cached", "total_seconds"}) {
    one.erase(name);
    other.erase(name);
  }
  QVERIFY(other == one);
  // Whatever changes the numbers is asked anew.
  using Request = LandscapeRequest;
  const std::vector<std::function<void(Request&)>> changes = {
      [](Request& r) { r.range = 0.4; },      [](Request& r) { r.index = 4; },
      [](Request& r) { r.clip = true; },      [](Request& r) { r.values = {"margin"}; },
      [](Request& r) { r.label = 1; },        [](Request& r) { r.attack->parameters.set("epsilon", 0.25); },
      [](Request& r) { r.scale = "l2"; },     [](Request& r) { r.directions[0].operation = "gradient"; },
      [](Request& r) { r.threshold = 0.125; }};
  for (const auto& change : changes) {
    Request changed = asked;
    change(changed);
    QVERIFY(!landscape(changed).cached);
  }
}

void LandscapeTest::nonsenseIsRefused() {
  const auto refused = [&](const std::function<void(LandscapeRequest&)>& change) {
    LandscapeRequest asked = request();
    change(asked);
    return kindOf([&] { landscape(asked); });
  };
  using Request = LandscapeRequest;
  QCOMPARE(refused([](Request& r) { r.resolution = 1; }), ErrorKind::Usage);
  QCOMPARE(refused([](Request& r) { r.resolution = 514; }), ErrorKind::Usage);
  QCOMPARE(refused([](Request& r) { r.range = 0; }), ErrorKind::Usage);
  QCOMPARE(refused([](Request& r) { r.threshold = std::nan(""); }), ErrorKind::Usage);
  QCOMPARE(refused([](Request& r) { r.directions = {}; }), ErrorKind::Usage);
  QCOMPARE(refused([](Request& r) { r.directions = {{"sideways", {}}}; }), ErrorKind::Usage);
  QCOMPARE(refused([](Request& r) { r.directions = {{"gradient", {}}, {"gradient", {}}}; }), ErrorKind::Usage);
  QCOMPARE(refused([](Request& r) { r.directions = {{"adversarial", {}}}; }), ErrorKind::Usage);
  QCOMPARE(refused([](Request& r) { r.index = 40; }), ErrorKind::Usage);
  QCOMPARE(refused([](Request& r) { r.index = -1; }), ErrorKind::Usage);
  QCOMPARE(refused([](Request& r) { r.directions = {{"image", {{"index", std::int64_t{40}}}}}; }), ErrorKind::Usage);
  QCOMPARE(refused([](Request& r) { r.label = 2; }), ErrorKind::Usage);
  QCOMPARE(refused([](Request& r) { r.values = {"colour"}; }), ErrorKind::Usage);
  QCOMPARE(refused([](Request& r) { r.values = {"detector_score"}; }), ErrorKind::Usage);
  QCOMPARE(refused([](Request& r) { r.detector = "energy"; }), ErrorKind::Usage);
  QCOMPARE(refused([](Request& r) {
             r.detector = "kd";  // must be fitted
             r.values = {"detector_score"};
           }),
           ErrorKind::Usage);
  QCOMPARE(refused([](Request& r) { r.scale = "l7"; }), ErrorKind::Usage);
  QCOMPARE(refused([](Request& r) { r.save = "/tmp/landscape.txt"; }), ErrorKind::Usage);
  QCOMPARE(refused([](Request& r) { r.save = "/proc/nowhere/landscape.csv"; }), ErrorKind::Failed);
  QCOMPARE(refused([](Request& r) { r.dataset.clear(); }), ErrorKind::Usage);
  QCOMPARE(refused([](Request& r) { r.image = test::tinyImage(0, 1, 20); }), ErrorKind::BadInput);
  QCOMPARE(refused([](Request& r) { r.threads = -1; }), ErrorKind::Usage);
  QCOMPARE(refused([](Request& r) { r.model = "nobody"; }), ErrorKind::BadInput);
}

QTEST_APPLESS_MAIN(LandscapeTest)
#include "landscape_test.moc"
