// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/service/engine_impl.h"

#include <QtTest>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "core/nn/model.h"
#include "core/nn/safetensors.h"
#include "core/service/impl/inference.h"
#include "tests/core/service/tiny_engine.h"

using namespace whorl;
using nlohmann::json;
using test::kEpsilon;
using test::kindOf;
namespace fs = std::filesystem;

class EvaluateTest : public QObject {
  Q_OBJECT

 private:
  test::TinyEngine m_engine;

 private Q_SLOTS:
  void initTestCase() { m_engine.train(); }

  void attacksCorrectlyClassifiedImages() {
    AttackRunRequest request = m_engine.attackRequest();
    request.save = m_engine.path("attack.safetensors").string();
    const AttackRunResult result = m_engine->attack(request, JobContext{});
    QCOMPARE(result.attacked, std::int64_t{12});
    QVERIFY2(result.successRate > 0.5, std::to_string(result.successRate).c_str());
    QVERIFY(result.meanLinf <= kEpsilon + 1e-6);
    const json document = json::parse(result.json);
    for (const char* name : {"attacked", "success_rate", "mean_l2", "mean_linf", "images_per_second", "seconds", "seed",
                             "model_sha256", "parameters", "threat_model", "data", "clean_accuracy", "plan",
                             "cpu_seconds", "forwards_per_image", "backwards_per_image", "median_l2"}) {
      QVERIFY2(document.contains(name), name);
    }
    const TensorFile file = readSafetensors(request.save);
    const auto& tensors = file.tensors;
    QCOMPARE(tensors.size(), std::size_t{14});  // the model is fingerprinted: scores are kept too
    QCOMPARE(tensors.at("score").sizes().vec(), std::vector<std::int64_t>{12});
    QCOMPARE(tensors.at("adversarial_score").sizes().vec(), std::vector<std::int64_t>{12});
    QCOMPARE(tensors.at("original").sizes().vec(), (std::vector<std::int64_t>{12, 1, 16, 16}));
    QVERIFY(tensors.at("label").equal(tensors.at("prediction")));
    QVERIFY(tensors.at("success").equal(tensors.at("adversarial_prediction").ne(tensors.at("label"))));
    QVERIFY(tensors.at("adversarial").min().item<float>() >= 0 && tensors.at("adversarial").max().item<float>() <= 1);
    const auto difference = (tensors.at("adversarial") - tensors.at("original")).flatten(1);
    const auto l2 = difference.norm(2, {1}).masked_select(tensors.at("success")).mean().item<double>();
    QVERIFY(std::abs(l2 - result.meanL2) < 1e-4);
    const std::set<std::int64_t> indices(tensors.at("index").const_data_ptr<std::int64_t>(),
                                         tensors.at("index").const_data_ptr<std::int64_t>() + 12);
    QCOMPARE(indices.size(), std::size_t{12});
    QCOMPARE(json::parse(file.metadata.at("whorl"))["attack"].get<std::string>(), std::string("bim"));
  }

  void resultsDoNotDependOnTheBatch() {
    AttackRunRequest request = m_engine.attackRequest();
    request.attack = "pgd";  // with a random start
    request.save = m_engine.path("small.safetensors").string();
    m_engine->attack(request, JobContext{});
    request.batchSize = 12;
    request.save = m_engine.path("whole.safetensors").string();
    m_engine->attack(request, JobContext{});
    const auto small = readSafetensors(m_engine.path("small.safetensors")).tensors;
    const auto whole = readSafetensors(m_engine.path("whole.safetensors")).tensors;
    QVERIFY(small.at("index").equal(whole.at("index")));
    QVERIFY(small.at("adversarial").allclose(whole.at("adversarial"), 1e-4, 1e-4));
    request.seed = 1;
    request.save = m_engine.path("other.safetensors").string();
    m_engine->attack(request, JobContext{});
    QVERIFY(!readSafetensors(request.save).tensors.at("index").equal(whole.at("index")));
  }

  void indicesAreTakenInTheirOrder() {
    AttackRunRequest request = m_engine.attackRequest();
    request.indices = {7, 3, 11, 5};
    request.save = m_engine.path("chosen.safetensors").string();
    const AttackRunResult result = m_engine->attack(request, JobContext{});
    QCOMPARE(json::parse(result.json)["examined"].get<int>(), 4);
    const auto indices = readSafetensors(request.save).tensors.at("index");
    QCOMPARE(indices.size(0), result.attacked);
    std::size_t next = 0;
    for (std::int64_t k = 0; k < indices.size(0); ++k) {  // those that are classified correctly, in that order
      while (next < request.indices.size() && request.indices[next] != indices[k].item<std::int64_t>()) ++next;
      QVERIFY(next++ < request.indices.size());
    }
  }

  void workersAndPrecisionChangeNoProtocol() {
    AttackRunRequest request = m_engine.attackRequest();
    request.attack = "pgd";
    request.threads = 2;
    request.workers = 1;
    request.save = m_engine.path("one.safetensors").string();
    m_engine->attack(request, JobContext{});
    const auto one = readSafetensors(request.save).tensors;
    request.workers = 2;
    request.save = m_engine.path("two.safetensors").string();
    const json two = json::parse(m_engine->attack(request, JobContext{}).json);
    QCOMPARE(two["plan"]["workers"].get<int>(), 2);
    QCOMPARE(two["plan"]["threads_per_worker"].get<int>(), 1);
    const auto both = readSafetensors(request.save).tensors;
    QVERIFY(one.at("index").equal(both.at("index")));
    QVERIFY(one.at("adversarial").allclose(both.at("adversarial"), 1e-4, 1e-4));
    request.precision = "bfloat16";
    request.save = m_engine.path("reduced.safetensors").string();
    const json reduced = json::parse(m_engine->attack(request, JobContext{}).json);
    QCOMPARE(reduced["plan"]["precision"].get<std::string>(), std::string("bfloat16"));
    // Whatever the search computed in, success is what the float32 network says.
    const auto model = readModel(m_engine.model(), torch::kCPU);
    const auto tensors = readSafetensors(request.save).tensors;
    const auto predictions = model.classifier->logits(tensors.at("adversarial")).argmax(1);
    QVERIFY(predictions.equal(tensors.at("adversarial_prediction")));
    QVERIFY(predictions.ne(tensors.at("label")).equal(tensors.at("success")));
    QVERIFY(std::abs(reduced["success_rate"].get<double>() - two["success_rate"].get<double>()) < 0.2);
  }

  void savedImagesAreCounted() {
    AttackRunRequest request = m_engine.attackRequest();
    request.saveImages = m_engine.path("png").string();
    const AttackRunResult result = m_engine->attack(request, JobContext{});
    const json saved = json::parse(result.json)["saved_images"];
    std::int64_t files = 0;
    for (const auto& entry : fs::directory_iterator(request.saveImages)) files += entry.path().extension() == ".png";
    QCOMPARE(files, result.savedImages);
    QCOMPARE(saved["images"].get<std::int64_t>(), files);
    QCOMPARE(saved["still_adversarial"].get<std::int64_t>(), result.savedStillAdversarial);
    // What the files hold fools the model as often as was said.
    const auto model = readModel(m_engine.model(), torch::kCPU);
    std::int64_t fool = 0;
    for (const auto& entry : fs::directory_iterator(request.saveImages)) {
      const auto image = toTensor(m_engine->readImage(entry.path().string()));
      const int label = entry.path().stem().string().back() - '0';
      fool += model.classifier->logits(image).argmax(1).item<int>() != label;
    }
    QCOMPARE(fool, result.savedStillAdversarial);
    QVERIFY(fool >= 0.9 * static_cast<double>(files));
  }

  void adaptiveAttacksRunWithTheirSearch() {
    AttackRunRequest request = m_engine.attackRequest();
    const double plain = json::parse(m_engine->attack(request, JobContext{}).json)["forwards_per_image"].get<double>();
    request.threatModel = "adaptive-white-box";
    for (const char* measure : {"distance", "squared_error"}) {
      request.parameters.set("detector_measure", std::string(measure));
      request.parameters.set("detector_weight_search", std::int64_t{2});
      const json document = json::parse(m_engine->attack(request, JobContext{}).json);
      QCOMPARE(document["threat_model"].get<std::string>(), std::string("adaptive-white-box"));
      QCOMPARE(document["parameters"]["detector_measure"].get<std::string>(), std::string(measure));
      QVERIFY(document["forwards_per_image"].get<double>() > 3 * plain);  // 3 copies, two runs
    }
    DetectRequest detect;
    detect.attack = request;
    const json document = json::parse(m_engine->detect(detect, JobContext{}).json);
    for (const char* rate : {"0.01", "0.05", "0.1"}) {
      const double evasion = document["evasion_rate_at"][rate].get<double>();
      QVERIFY(evasion >= 0 && evasion <= document["success_rate"].get<double>() + 1e-12);
    }
  }

  void tuningIsKeptForThisModelAndMachine() {
    TuneRequest request;
    request.model = m_engine.model();
    request.device = "cpu";
    request.threads = 2;
    const TuneResult result = m_engine->tune(request, JobContext{});
    QVERIFY(result.measurements.size() >= 8);
    for (const auto& plan : result.measurements) QVERIFY(plan.gradientsPerSecond > 0);
    QCOMPARE(result.best.precision, std::string("float32"));
    AttackRunRequest attack = m_engine.attackRequest();
    attack.threads = 2;
    attack.batchSize = 0;
    const json plan = json::parse(m_engine->attack(attack, JobContext{}).json)["plan"];
    QVERIFY(plan["measured"].get<bool>());
    QCOMPARE(plan["workers"].get<int>(), result.best.workers);
    attack.threads = 1;  // another machine, as it were
    QVERIFY(!json::parse(m_engine->attack(attack, JobContext{}).json)["plan"]["measured"].get<bool>());
    // A damaged file is like none.
    std::ofstream(m_engine.path("user/plans.json")) << "{\"\\u";
    attack.threads = 2;
    QVERIFY(!json::parse(m_engine->attack(attack, JobContext{}).json)["plan"]["measured"].get<bool>());
  }

  void failedAttacksCountAsFailures() {
    AttackRunRequest request = m_engine.attackRequest();
    request.parameters = {{"epsilon", 0.0}, {"steps", std::int64_t{1}}, {"step_size", 0.01}};
    const AttackRunResult result = m_engine->attack(request, JobContext{});
    QCOMPARE(result.attacked, std::int64_t{12});
    QCOMPARE(result.successRate, 0.0);
    QVERIFY(json::parse(result.json)["mean_l2"].is_null());
  }

  void targetedAttacksReachTheirClass() {
    AttackRunRequest request = m_engine.attackRequest();
    request.attack = "pgd";
    request.count = 40;
    request.parameters = {
        {"epsilon", kEpsilon}, {"steps", std::int64_t{10}}, {"targeted", true}, {"target", std::int64_t{1}}};
    request.save = m_engine.path("targeted.safetensors").string();
    m_engine->attack(request, JobContext{});
    const auto tensors = readSafetensors(request.save).tensors;
    QVERIFY(!tensors.at("label").eq(1).any().item<bool>());  // those are there already
    QVERIFY(tensors.at("success").equal(tensors.at("adversarial_prediction").eq(1)));
    request.parameters.set("target", std::int64_t{2});
    QCOMPARE(kindOf([&] { m_engine->attack(request, JobContext{}); }), ErrorKind::Usage);
    request.parameters = {{"target", std::int64_t{1}}};
    QCOMPARE(kindOf([&] { m_engine->attack(request, JobContext{}); }), ErrorKind::Usage);
  }

  void detectsUnderTheProtocol() {
    DetectRequest request;
    request.attack = m_engine.attackRequest();
    request.attack.save = m_engine.path("detect.safetensors").string();
    const DetectResult result = m_engine->detect(request, JobContext{});
    const json document = json::parse(result.json);
    for (const char* name :
         {"auc", "threshold", "false_positive_rate", "true_positive_rate", "success_rate", "detector"}) {
      QVERIFY2(document.contains(name), name);
    }
    QCOMPARE(document["auc"]["all"].get<double>(), result.aucAll);
    QVERIFY(document["auc"].contains("successful"));
    QVERIFY(result.aucAll >= 0 && result.aucAll <= 1);
    // The areas are those of the scores that were kept.
    const auto tensors = readSafetensors(request.attack.save).tensors;
    const auto clean = tensors.at("score");
    const auto adversarial = tensors.at("adversarial_score");
    const auto greater = adversarial.unsqueeze(0).gt(clean.unsqueeze(1)).to(torch::kFloat64);
    const auto equal = adversarial.unsqueeze(0).eq(clean.unsqueeze(1)).to(torch::kFloat64);
    QVERIFY(std::abs((greater + 0.5 * equal).mean().item<double>() - result.aucAll) < 1e-12);
    QCOMPARE(clean.ge(result.threshold).to(torch::kFloat64).mean().item<double>(), result.falsePositiveRate);
    request.falsePositiveRate = 1.5;
    QCOMPARE(kindOf([&] { m_engine->detect(request, JobContext{}); }), ErrorKind::Usage);
  }

  void refusesBadAttacks() {
    const auto kind = [&](auto change, std::string* message = nullptr) {
      AttackRunRequest request = m_engine.attackRequest();
      change(request);
      return kindOf([&] { m_engine->attack(request, JobContext{}); }, message);
    };
    std::string message;
    QCOMPARE(kind([](AttackRunRequest& r) { r.attack = "magic"; }), ErrorKind::Usage);
    QCOMPARE(kind([](AttackRunRequest& r) { r.parameters.set("epsilon", 7.0); }), ErrorKind::Usage);
    QCOMPARE(kind([](AttackRunRequest& r) { r.count = 0; }), ErrorKind::Usage);
    QCOMPARE(kind([](AttackRunRequest& r) { r.batchSize = -1; }), ErrorKind::Usage);
    QCOMPARE(kind([](AttackRunRequest& r) { r.threatModel = "magic"; }), ErrorKind::Usage);
    QCOMPARE(kind([](AttackRunRequest& r) { r.threatModel = "black-box"; }), ErrorKind::Usage);
    QCOMPARE(kind([](AttackRunRequest& r) { r.save = "result.txt"; }), ErrorKind::Usage);
    QCOMPARE(kind([](AttackRunRequest& r) { r.workers = -1; }), ErrorKind::Usage);
    QCOMPARE(kind([](AttackRunRequest& r) { r.precision = "float16"; }), ErrorKind::Usage);
    QCOMPARE(kind([](AttackRunRequest& r) { r.indices = {100000}; }), ErrorKind::Usage);
    QCOMPARE(kind([](AttackRunRequest& r) { r.parameters.set("detector_weight", 1.0); }, &message), ErrorKind::Usage);
    QVERIFY2(message.find("adaptive-white-box") != std::string::npos, message.c_str());
    QCOMPARE(kind([](AttackRunRequest& r) { r.model = "no-such-model"; }), ErrorKind::BadInput);
    writeImage(test::tinyImage(0, 1, 20), m_engine.path("wide/train/a/0.png"));
    for (const char* place : {"train/b/0.png", "test/a/0.png", "test/b/0.png"}) {
      writeImage(test::tinyImage(0, 1, 20), m_engine.path("wide") / place);
    }
    QCOMPARE(kind([&](AttackRunRequest& r) { r.dataset = m_engine.path("wide").string(); }, &message),
             ErrorKind::BadInput);
    QVERIFY2(message.find("1x16x16") != std::string::npos && message.find("1x20x20") != std::string::npos,
             message.c_str());
  }

  void attackingCanBeCancelled() {
    std::stop_source stop;
    const JobContext context(stop.get_token(), [&](const Progress& progress) {
      if (progress.message == "attacking") stop.request_stop();
    });
    AttackRunRequest request = m_engine.attackRequest();
    request.save = m_engine.path("cancelled.safetensors").string();
    QCOMPARE(kindOf([&] { m_engine->attack(request, context); }), ErrorKind::Cancelled);
    QVERIFY(!fs::exists(request.save));
  }
};

QTEST_GUILESS_MAIN(EvaluateTest)
#include "evaluate_test.moc"
