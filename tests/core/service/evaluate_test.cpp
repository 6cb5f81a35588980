// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/service/engine_impl.h"

#include <QtTest>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "core/nn/model.h"
#include "core/nn/safetensors.h"
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
                             "model_sha256", "parameters", "threat_model", "data", "clean_accuracy"}) {
      QVERIFY2(document.contains(name), name);
    }
    const TensorFile file = readSafetensors(request.save);
    const auto& tensors = file.tensors;
    QCOMPARE(tensors.size(), std::size_t{9});  // the model is fingerprinted: scores are kept too
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
    QCOMPARE(kind([](AttackRunRequest& r) { r.batchSize = 0; }), ErrorKind::Usage);
    QCOMPARE(kind([](AttackRunRequest& r) { r.threatModel = "magic"; }), ErrorKind::Usage);
    QCOMPARE(kind([](AttackRunRequest& r) { r.threatModel = "black-box"; }), ErrorKind::Usage);
    QCOMPARE(kind([](AttackRunRequest& r) { r.save = "result.txt"; }), ErrorKind::Usage);
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
