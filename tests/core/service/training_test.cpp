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
#include "tests/core/service/tiny_engine.h"

using namespace whorl;
using nlohmann::json;
using test::kindOf;
namespace fs = std::filesystem;

class TrainingTest : public QObject {
  Q_OBJECT

 private:
  test::TinyEngine m_engine;
  TrainResult m_trained;

 private Q_SLOTS:
  void initTestCase() {
    int epochs = 0;
    TrainHooks hooks;
    hooks.onEvent = [&](const TrainEvent& event) { epochs += event.epochEnd; };
    m_trained = m_engine.train(hooks);
    QCOMPARE(epochs, 4);
  }

  void trainingLeavesAModelWithItsPast() {
    QVERIFY2(m_trained.testAccuracy > 0.9, std::to_string(m_trained.testAccuracy).c_str());
    QVERIFY(!fs::exists(m_engine.model() + ".checkpoint"));
    const json document = json::parse(m_trained.json);
    for (const char* name : {"test_accuracy", "images_per_second", "seconds", "model", "model_sha256", "seed", "device",
                             "plan", "parameters", "data", "version", "torch_version", "history", "threshold"}) {
      QVERIFY2(document.contains(name), name);
    }
    QCOMPARE(document["model_sha256"].get<std::string>(), m_trained.modelSha256);
    QCOMPARE(document["parameters"]["epochs"].get<int>(), 4);
    QCOMPARE(document["seed"].get<int>(), 7);
    QCOMPARE(document["plan"]["threads"].get<int>(), 1);
    QCOMPARE(document["history"].size(), std::size_t{4});
    const ModelInfo info = m_engine->model(m_engine.model());
    QCOMPARE(info.sha256, m_trained.modelSha256);
    QCOMPARE(info.fingerprints, std::int64_t{2});
    QCOMPARE(info.classNames, (std::vector<std::string>{"left", "right"}));
    QVERIFY(info.threshold.has_value());
    const json past = json::parse(info.pastJson);
    QCOMPARE(past["data"]["checksum"], document["data"]["checksum"]);
    QCOMPARE(past["recipe"]["parameters"], document["parameters"]);
  }

  void sameSeedTrainsTheSameModel() {
    m_engine->train(m_engine.trainRequest("again.safetensors"), JobContext{}, {});
    const Model first = readModel(m_engine.model(), torch::kCPU);
    const Model second = readModel(m_engine.path("again.safetensors"), torch::kCPU);
    for (const auto& [name, tensor] : first.network()->tensors()) {
      QVERIFY2(tensor.equal(second.network()->tensors().at(name)), name.c_str());
    }
    QVERIFY(first.fingerprintDx->equal(*second.fingerprintDx));
  }

  void cancelledTrainingResumesFromItsCheckpoint() {
    TrainRequest request = m_engine.trainRequest("resumed.safetensors");
    std::stop_source stop;
    const JobContext context(stop.get_token(), {});
    TrainHooks hooks;
    hooks.onEvent = [&](const TrainEvent& event) {
      if (event.step >= 8) stop.request_stop();
    };
    std::string message;
    QCOMPARE(kindOf([&] { m_engine->train(request, context, hooks); }, &message), ErrorKind::Cancelled);
    QVERIFY2(message.find("resumed.safetensors.checkpoint") != std::string::npos, message.c_str());
    QVERIFY(fs::exists(request.output + ".checkpoint"));
    QVERIFY(!fs::exists(request.output));
    request.resume = true;
    m_engine->train(request, JobContext{}, {});
    const Model whole = readModel(m_engine.model(), torch::kCPU);
    const Model resumed = readModel(request.output, torch::kCPU);
    for (const auto& [name, tensor] : whole.network()->tensors()) {
      QVERIFY2(tensor.equal(resumed.network()->tensors().at(name)), name.c_str());
    }
  }

  void epochsAreKeptBesideTheModel() {
    TrainRequest request = m_engine.trainRequest("kept.safetensors");
    request.keepEpochs = true;
    request.parameters.set("epochs", std::int64_t{3});
    const fs::path folder = request.output + ".epochs";
    std::stop_source stop;
    TrainHooks hooks;
    hooks.onEvent = [&](const TrainEvent& event) {
      if (event.epochEnd && event.epoch == 2) stop.request_stop();
    };
    QCOMPARE(kindOf([&] { m_engine->train(request, JobContext(stop.get_token(), {}), hooks); }), ErrorKind::Cancelled);
    QVERIFY(fs::exists(folder / "epoch-0002.safetensors"));
    QVERIFY(!fs::exists(folder / "epoch-0003.safetensors"));
    const auto start = fs::last_write_time(folder / "epoch-0000.safetensors");
    request.resume = true;
    m_engine->train(request, JobContext{}, {});
    QVERIFY(fs::last_write_time(folder / "epoch-0000.safetensors") == start);

    const Model last = readModel(folder / "epoch-0003.safetensors", torch::kCPU);
    const Model whole = readModel(request.output, torch::kCPU);
    for (const auto& [name, tensor] : whole.network()->tensors()) {
      QVERIFY2(tensor.equal(last.network()->tensors().at(name)), name.c_str());
    }
    QVERIFY(last.fingerprintDx->equal(*whole.fingerprintDx));
    const Model first = readModel(folder / "epoch-0000.safetensors", torch::kCPU);
    QVERIFY(!first.network()->parameters().front().second.equal(whole.network()->parameters().front().second));

    std::string message;
    request.resume = false;
    QCOMPARE(kindOf([&] { m_engine->train(request, JobContext{}, {}); }, &message), ErrorKind::Usage);
    QVERIFY2(message.find("epochs") != std::string::npos, message.c_str());
    request.output = m_engine.path("blocked.safetensors").string();
    std::ofstream(request.output + ".epochs") << "a file";
    QCOMPARE(kindOf([&] { m_engine->train(request, JobContext{}, {}); }, &message), ErrorKind::Failed);
    QVERIFY2(message.find("output") != std::string::npos, message.c_str());
    request.keepEpochs = false;
    request.output = m_engine.path("unkept.safetensors").string();
    m_engine->train(request, JobContext{}, {});
    QVERIFY(!fs::exists(request.output + ".epochs"));
  }

  void refusesBadTraining() {
    const auto kind = [&](auto change, std::string* message = nullptr) {
      TrainRequest request = m_engine.trainRequest("never.safetensors");
      change(request);
      return kindOf([&] { m_engine->train(request, JobContext{}, {}); }, message);
    };
    std::string message;
    QCOMPARE(kind([](TrainRequest& r) { r.architecture = "resnet-9000"; }), ErrorKind::Usage);
    QCOMPARE(kind([](TrainRequest& r) { r.objective = "magic"; }), ErrorKind::Usage);
    QCOMPARE(kind([](TrainRequest& r) { r.parameters.set("epochs", std::int64_t{-1}); }, &message), ErrorKind::Usage);
    QVERIFY2(message.find("epochs") != std::string::npos, message.c_str());
    QCOMPARE(kind([](TrainRequest& r) { r.parameters.set("epoch", std::int64_t{1}); }), ErrorKind::Usage);
    QCOMPARE(kind([](TrainRequest& r) { r.device = "tpu"; }), ErrorKind::Usage);
    QCOMPARE(kind([](TrainRequest& r) { r.threads = -1; }), ErrorKind::Usage);
    QCOMPARE(kind([](TrainRequest& r) { r.output = "/proc/none/model.safetensors"; }), ErrorKind::Failed);
    QCOMPARE(kind([&](TrainRequest& r) { r.output = m_engine.path("").string(); }), ErrorKind::Usage);
    QCOMPARE(kind([](TrainRequest& r) { r.modelName = "caf\xe9"; }, &message), ErrorKind::Usage);
    QVERIFY2(message.find("UTF-8") != std::string::npos, message.c_str());
    QCOMPARE(kind([](TrainRequest& r) { r.resume = true, r.output.clear(); }), ErrorKind::Usage);
    QCOMPARE(kind([](TrainRequest& r) { r.dataset = "no-such-set"; }, &message), ErrorKind::BadInput);
    QVERIFY2(message.find("mnist") != std::string::npos, message.c_str());
    QVERIFY(!fs::exists(m_engine.path("never.safetensors")));
  }
};

QTEST_GUILESS_MAIN(TrainingTest)
#include "training_test.moc"
