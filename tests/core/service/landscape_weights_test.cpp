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

/// Landscapes of networks through the engine: fingerprinted networks of two classes.
class LandscapeWeightsTest : public QObject {
  Q_OBJECT

  test::TinyEngine m_engine;
  std::string m_other;  ///< as the model, from another seed
  std::string m_plain;  ///< of another architecture

  std::string trained(const std::string& name, std::uint64_t seed, const std::string& architecture) {
    TrainRequest request = m_engine.trainRequest(name);
    request.architecture = architecture;
    request.seed = seed;
    request.parameters.set("epochs", std::int64_t{1});
    return m_engine->train(request, JobContext{}, {}).model;
  }
  LandscapeRequest request(const std::string& direction = "random") const {
    LandscapeRequest request;
    request.model = m_engine.model();
    request.dataset = m_engine.data();
    request.resolution = 5;
    request.range = 1;
    request.device = "cpu";
    request.threads = 1;
    request.weights = WeightLandscape{};
    request.weights->direction = {direction, {}};
    if (direction == "line" || direction == "bend") request.weights->models = {m_other};
    return request;
  }
  LandscapeResult landscape(const LandscapeRequest& request, const LandscapeHooks& hooks = {}) {
    return m_engine->landscape(request, JobContext{}, hooks);
  }
  /// Mean cross-entropy and accuracy over the test images, asked one by one.
  std::pair<double, double> judged(const std::string& model) {
    JudgeRequest judge{model, {}, {}, "cpu"};
    const auto images = m_engine->testImages(m_engine.data(), 0, 40, JobContext{});
    for (const DatasetImage& image : images) judge.images.push_back(image.image);
    judge.original = images.front().image;
    double loss = 0, right = 0;
    const auto all = m_engine->judge(judge, JobContext{});
    for (std::size_t i = 0; i < all.size(); ++i) {
      loss -= std::log(all[i].verdict.probabilities[std::size_t(images[i].label)]);
      right += all[i].verdict.predicted == images[i].label ? 1 : 0;
    }
    return {loss / double(all.size()), right / double(all.size())};
  }
  static std::string bytes(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

 private Q_SLOTS:
  void initTestCase() {
    m_engine.train();
    m_other = trained("other.safetensors", 8, "nfp-mnist");
    m_plain = trained("plain.safetensors", 8, "nfp-cifar");
  }

  void listsAreThoseOfTheTables() {
    std::vector<std::string> names;
    for (const WeightDirectionInfo& info : m_engine->weightDirections()) names.push_back(info.spec.name);
    QCOMPARE(names, (std::vector<std::string>{"random", "line", "bend", "trajectory"}));
    for (const LandscapeValueInfo& info : m_engine->weightValues()) {
      QCOMPARE(info.needsFingerprints, info.spec.name.starts_with("fingerprint"));
    }
  }

  void theMiddleIsTheModel() {
    LandscapeRequest asked = request();
    asked.values = {"cross_entropy", "accuracy", "fingerprint_loss", "fingerprint_distance"};
    const LandscapeResult result = landscape(asked);
    QCOMPARE(result.surface.pointCount(), std::size_t{25});
    QCOMPARE(result.surface.images, std::int64_t{40});  // there are no more
    QCOMPARE(result.batchNorm, std::string("keep"));
    const auto [loss, accuracy] = judged(m_engine.model());
    QVERIFY(std::abs(result.surface.layer("cross_entropy").values[12] - loss) < 1e-5);
    QVERIFY(std::abs(result.surface.layer("accuracy").values[12] - accuracy) < 1e-12);
    const json document = json::parse(result.json);
    QCOMPARE(document["space"].get<std::string>(), std::string("weights"));
    QCOMPARE(document["values"]["accuracy"][2][2].get<double>(), accuracy);
    QCOMPARE(document["directions"][0]["parameters"]["dimensions"].get<int>(), 2);
    QCOMPARE(document["stages"].get<std::vector<int>>(), (std::vector<int>{16, 40}));
    QCOMPARE(document["count"].get<int>(), 40);
  }

  void aLineEndsAtBothModels() {
    LandscapeRequest asked = request("line");
    asked.weights->batchNorm = "keep";
    const Surface surface = landscape(asked).surface;
    QVERIFY(surface.isLine());
    QVERIFY(std::abs(surface.layers[0].values.front() - judged(m_engine.model()).first) < 1e-5);
    QVERIFY(std::abs(surface.layers[0].values.back() - judged(m_other).first) < 1e-5);
    // Between them statistics are measured unless somebody wants them kept.
    asked.weights->batchNorm = "auto";
    const LandscapeResult measured = landscape(asked);
    QCOMPARE(measured.batchNorm, std::string("measure"));
    QVERIFY(measured.surface.layers[0].values[2] != surface.layers[0].values[2]);
  }

  void aBendIsTrainedAndUsedAgain() {
    LandscapeRequest asked = request("bend");
    asked.weights->direction.parameters = {{"steps", std::int64_t{3}}, {"batch_size", std::int64_t{20}}};
    asked.weights->saveBend = m_engine.path("bend.safetensors").string();
    const LandscapeResult trained = landscape(asked);
    QVERIFY(json::parse(trained.json)["bend_loss"].get<double>() > 0);
    asked.weights->models.push_back(asked.weights->saveBend);
    asked.weights->saveBend.clear();
    const LandscapeResult given = landscape(asked);
    QCOMPARE(given.surface.layers[0].values, trained.surface.layers[0].values);
    QVERIFY(json::parse(given.json)["bend_loss"].is_null());
  }

  void aTrajectoryIsLocated() {
    LandscapeRequest asked = request("trajectory");
    asked.weights->direction.parameters = {{"dimensions", std::int64_t{1}}};
    asked.weights->models = {m_other};
    const LandscapeResult result = landscape(asked);
    QCOMPARE(result.path.size(), std::size_t{2});
    QVERIFY(std::abs(result.path[0].x - 1) < 1e-6 && result.path[0].distance < 1e-3);
    QCOMPARE(result.path[1].x, 0.0);
    QVERIFY(std::abs(json::parse(result.json)["models"][0]["x"].get<double>() - 1) < 1e-6);
    QVERIFY(json::parse(result.json)["unit"].get<double>() > 0);
  }

  void aTrainingsOwnEpochsAreItsPath() {
    TrainRequest training = m_engine.trainRequest("kept.safetensors");
    training.parameters.set("epochs", std::int64_t{2});
    training.keepEpochs = true;
    LandscapeRequest asked = request("trajectory");
    asked.model = m_engine->train(training, JobContext{}, {}).model;
    asked.weights->direction.parameters = {{"dimensions", std::int64_t{1}}};
    const LandscapeResult result = landscape(asked);
    QCOMPARE(result.path.size(), std::size_t{4});  // the start, two epochs, and the model, which is the second
    QVERIFY(std::abs(result.path[0].x - 1) < 1e-6);
    QVERIFY(result.path[1].x < result.path[0].x);
    QVERIFY(std::abs(result.path[2].x) < 1e-9);
    QVERIFY(result.path[2].distance < 1e-9);
    asked.weights->models = {training.output + ".epochs"};
    QVERIFY(std::abs(landscape(asked).path[1].x - result.path[1].x) < 1e-12);
  }

  void epochsOfAnotherTrainingAreRefused() {
    TrainRequest training = m_engine.trainRequest("twice.safetensors");
    training.keepEpochs = true;
    LandscapeRequest asked = request("trajectory");
    asked.model = m_engine->train(training, JobContext{}, {}).model;
    landscape(asked);
    // The model is trained anew, and what lies beside it is left as it was.
    training.keepEpochs = false;
    training.parameters.set("learning_rate", 1e-4);
    asked.model = m_engine->train(training, JobContext{}, {}).model;
    QCOMPARE(test::kindOf([&] { landscape(asked); }), ErrorKind::BadInput);
    training.seed += 1;
    asked.model = m_engine->train(training, JobContext{}, {}).model;
    QCOMPARE(test::kindOf([&] { landscape(asked); }), ErrorKind::BadInput);
    asked.weights->models = {training.output + ".epochs"};  // whoever names them gets them
    landscape(asked);
  }

  void levelsGrowAndFilesAreWritten() {
    LandscapeRequest asked = request();
    asked.resolution = 11;
    asked.save = m_engine.path("weights.csv").string();
    std::vector<std::pair<std::size_t, std::int64_t>> heard;
    LandscapeHooks hooks;
    hooks.onLevel = [&](const Surface& level) { heard.emplace_back(level.x.size(), level.images); };
    const LandscapeResult result = landscape(asked, hooks);
    QCOMPARE(heard, (std::vector<std::pair<std::size_t, std::int64_t>>{{9, 16}, {11, 16}, {11, 40}}));
    QVERIFY(bytes(asked.save).starts_with("x,y,cross_entropy"));
    QVERIFY(result.firstPictureSeconds > 0 && result.firstPictureSeconds <= result.seconds);
  }

  /// The models are as they were, whatever happens: in memory and on the disk.
  void modelsComeBackUntouched() {
    const std::string before = bytes(m_engine.model());
    const auto verdict = [&] { return m_engine->explore(m_engine.exploreRequest(), JobContext{}, {}).before; };
    const Verdict known = verdict();
    std::stop_source stop;
    LandscapeHooks hooks;
    hooks.onLevel = [&](const Surface&) { stop.request_stop(); };
    LandscapeRequest asked = request("line");
    asked.seed = 5;
    asked.save = m_engine.path("never.csv").string();
    QCOMPARE(kindOf([&] { m_engine->landscape(asked, JobContext(stop.get_token(), nullptr), hooks); }),
             ErrorKind::Cancelled);
    QVERIFY(!std::filesystem::exists(asked.save));
    asked = request();
    asked.range = 1e30;  // numbers beyond float: it fails on the way
    QCOMPARE(kindOf([&] { landscape(asked); }), ErrorKind::BadInput);
    QCOMPARE(verdict().logits, known.logits);
    QCOMPARE(bytes(m_engine.model()), before);
  }

  void askingAgainIsImmediate() {
    LandscapeRequest asked = request();
    asked.seed = 77;
    const LandscapeResult first = landscape(asked);
    QVERIFY(!first.cached);
    asked.save = m_engine.path("again.csv").string();
    int levels = 0;
    LandscapeHooks hooks;
    hooks.onLevel = [&](const Surface&) { ++levels; };
    const LandscapeResult again = landscape(asked, hooks);
    QVERIFY(again.cached);
    QCOMPARE(levels, 1);
    QCOMPARE(again.surface.layers[0].values, first.surface.layers[0].values);
    QVERIFY(bytes(asked.save).starts_with("x,y"));
    QVERIFY(json::parse(again.json)["cached"].get<bool>());
    QVERIFY(json::parse(again.json)["values"] == json::parse(first.json)["values"]);
    asked.weights->count = 20;
    QVERIFY(!landscape(asked).cached);
    asked.weights->count = 1000;
    asked.weights->split = "train";
    QVERIFY(!landscape(asked).cached);
  }

  void nonsenseIsRefused() {
    const auto refused = [&](const std::string& direction, const std::function<void(LandscapeRequest&)>& change) {
      LandscapeRequest asked = request(direction);
      change(asked);
      return kindOf([&] { landscape(asked); });
    };
    using Request = LandscapeRequest;
    QCOMPARE(refused("sideways", [](Request&) {}), ErrorKind::Usage);
    QCOMPARE(refused("random", [](Request& r) { r.values = {"margin"}; }), ErrorKind::Usage);
    QCOMPARE(refused("random", [](Request& r) { r.values = {}; }), ErrorKind::Usage);
    QCOMPARE(refused("random", [](Request& r) { r.weights->split = "both"; }), ErrorKind::Usage);
    QCOMPARE(refused("random", [](Request& r) { r.weights->count = 0; }), ErrorKind::Usage);
    QCOMPARE(refused("random", [](Request& r) { r.weights->batchNorm = "drop"; }), ErrorKind::Usage);
    QCOMPARE(refused("random", [](Request& r) { r.dataset.clear(); }), ErrorKind::Usage);
    QCOMPARE(refused("random", [](Request& r) { r.resolution = 1; }), ErrorKind::Usage);
    QCOMPARE(refused("random", [](Request& r) { r.range = -1; }), ErrorKind::Usage);
    QCOMPARE(refused("random", [&](Request& r) { r.weights->models = {m_other}; }), ErrorKind::Usage);
    QCOMPARE(refused("random", [](Request& r) { r.weights->saveBend = "/tmp/bend.safetensors"; }), ErrorKind::Usage);
    QCOMPARE(refused("line", [](Request& r) { r.weights->models = {}; }), ErrorKind::Usage);
    QCOMPARE(refused("line", [&](Request& r) { r.weights->models = {m_plain}; }), ErrorKind::BadInput);
    QCOMPARE(refused("line", [](Request& r) { r.weights->models = {"nobody"}; }), ErrorKind::BadInput);
    QCOMPARE(refused("trajectory", [&](Request& r) { r.weights->models = {m_other}; }), ErrorKind::BadInput);
    QCOMPARE(refused("trajectory", [](Request&) {}), ErrorKind::Usage);  // its training kept no epochs
    QCOMPARE(refused("trajectory", [&](Request& r) { r.weights->models = {m_engine.path("").string()}; }),
             ErrorKind::BadInput);
    QCOMPARE(refused("bend",
                     [](Request& r) {
                       r.weights->direction.parameters = {{"steps", std::int64_t{0}}};
                     }),
             ErrorKind::Usage);
  }
};

QTEST_APPLESS_MAIN(LandscapeWeightsTest)
#include "landscape_weights_test.moc"
