// SPDX-License-Identifier: GPL-3.0-or-later
// Imported TorchScript modules as models of the engine: used as any other, and only where the user imported them.
#include <QtTest>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/base/atomic_file.h"
#include "core/base/sha256.h"
#include "tests/core/nn/tiny_module.h"
#include "tests/core/service/tiny_engine.h"

using namespace whorl;
using test::kindOf;
namespace fs = std::filesystem;

namespace {

constexpr std::size_t kEnough = 1 << 24;

void put(const fs::path& path, const std::string& bytes) { std::ofstream(path, std::ios::binary) << bytes; }

/// Another user: a folder where nothing was imported.
std::unique_ptr<Engine> engineIn(const fs::path& folder) {
  EngineOptions options;
  options.userFolder = folder.string();
  options.resourceFolder = (folder / "resources").string();
  return std::make_unique<EngineImpl>(options);
}

}  // namespace

class TorchScriptModelsTest : public QObject {
  Q_OBJECT

 private:
  test::TinyEngine m_engine;
  ModelInfo m_info;  ///< of the imported module

  ImportModelRequest importRequest(const fs::path& path) const {
    ImportModelRequest request;
    request.path = path.string();
    request.input = {1, 16, 16};
    request.mean = {0.5};
    request.scale = {0.5};
    request.classNames = {"left", "right"};
    request.allowTorchScript = true;
    return request;
  }

  PredictRequest predictRequest(const std::string& model) const {
    PredictRequest request;
    request.model = model;
    request.device = "cpu";
    for (int i = 0; i < 4; ++i) {
      request.files.push_back(m_engine.path("data/test/left/" + std::to_string(i) + ".png").string());
      request.files.push_back(m_engine.path("data/test/right/" + std::to_string(i) + ".png").string());
    }
    return request;
  }

  AttackRunRequest attackRequest(const std::string& model, const std::string& attack) const {
    AttackRunRequest request = m_engine.attackRequest();
    request.model = model;
    request.attack = attack;
    return request;
  }

  std::string refusal(Engine& engine, const std::string& model) const {
    std::string message;
    const ErrorKind kind = kindOf([&] { engine.predict(predictRequest(model), JobContext{}); }, &message);
    return kind == ErrorKind::BadInput ? message : "wrong kind: " + message;
  }

 private Q_SLOTS:
  void initTestCase() {
    test::writeTinyModule(m_engine.path("halves.pt"));
    m_info = m_engine->importModel(importRequest(m_engine.path("halves.pt")), JobContext{});
  }

  void anImportedModuleIsAModelOfMine() {
    QCOMPARE(m_info.architecture, std::string("torchscript"));
    QCOMPARE(fs::path(m_info.path), m_engine.path("user/models/halves.safetensors"));
    QCOMPARE(m_info.input, (ImageShape{1, 16, 16}));
    QCOMPARE(m_info.classNames, (std::vector<std::string>{"left", "right"}));
    QVERIFY(m_info.differentiable && !m_info.shipped);
    QCOMPARE(m_info.sha256, sha256File(m_info.path));
    const auto list = m_engine->models();
    QCOMPARE(list.size(), std::size_t{1});
    QCOMPARE(list[0].problem, std::string());
    QCOMPARE(list[0].name, std::string("halves"));
  }

  void withoutConsentNothingIsImported() {
    for (const fs::path& path : {m_engine.path("halves.pt"), fs::path(m_info.path)}) {
      ImportModelRequest request = importRequest(path);
      request.allowTorchScript = false;
      request.output = m_engine.path("unwanted.safetensors").string();
      std::string message;
      QCOMPARE(kindOf([&] { m_engine->importModel(request, JobContext{}); }, &message), ErrorKind::Usage);
      QVERIFY2(message.find("run code") != std::string::npos, message.c_str());
      QVERIFY(!fs::exists(request.output));
    }
  }

  void predictsImageFiles() {
    const PredictResult result = m_engine->predict(predictRequest("halves"), JobContext{});
    QCOMPARE(result.images.size(), std::size_t{8});
    for (std::size_t i = 0; i < 8; ++i) QCOMPARE(result.images[i].className, i % 2 ? "right" : "left");
    // (x - mean) / scale, and the difference of the halves' means: about ±0.8, times the gain.
    const auto& logits = result.images[0].verdict.logits;
    QVERIFY2(std::abs(logits[0] - logits[1] - 16) < 2, qPrintable(QString::number(logits[0] - logits[1])));
    QCOMPARE(nlohmann::json::parse(result.json)["model_sha256"].get<std::string>(), m_info.sha256);
  }

  void gradientAttacksWork() {
    for (const char* attack : {"bim", "fgsm"}) {
      AttackRunRequest request = attackRequest("halves", attack);
      if (std::string(attack) == "fgsm") request.parameters = {{"epsilon", test::kEpsilon}};
      const AttackRunResult first = m_engine->attack(request, JobContext{});
      QCOMPARE(first.attacked, std::int64_t{12});
      QCOMPARE(first.successRate, 1.0);
      const AttackRunResult second = m_engine->attack(request, JobContext{});
      QCOMPARE(second.meanL2, first.meanL2);
    }
    AttackRunRequest weak = attackRequest("halves", "bim");
    weak.parameters = {{"epsilon", 0.05}, {"steps", std::int64_t{3}}, {"step_size", 0.02}};
    QCOMPARE(m_engine->attack(weak, JobContext{}).successRate, 0.0);  // the halves are 0.4 apart
    ExploreRequest explore = m_engine.exploreRequest();
    explore.model = "halves";
    explore.steps = {{"bim", {{"epsilon", test::kEpsilon}, {"steps", std::int64_t{10}}, {"step_size", 0.1}}, true}};
    QCOMPARE(m_engine->explore(explore, JobContext{}).after.predicted, 0);
  }

  void aModuleWithoutGradientsSaysSo() {
    test::writeTinyModule(m_engine.path("numb.pt"), 20, true);
    const ModelInfo info = m_engine->importModel(importRequest(m_engine.path("numb.pt")), JobContext{});
    QVERIFY(!info.differentiable);
    std::string message;
    QCOMPARE(kindOf([&] { m_engine->attack(attackRequest("numb", "bim"), JobContext{}); }, &message),
             ErrorKind::BadInput);
    QVERIFY2(message.find("gradients") != std::string::npos, message.c_str());
    QCOMPARE(m_engine->predict(predictRequest("numb"), JobContext{}).images[1].className, std::string("right"));
    m_engine->trashModel("numb");
  }

  void trustOutlivesTheProgramButNotTheBytes() {
    const auto again = engineIn(m_engine.path("user"));
    QCOMPARE(again->predict(predictRequest("halves"), JobContext{}).images.size(), std::size_t{8});
    std::string bytes = readFile(m_info.path, kEnough);
    bytes[bytes.size() / 2] ^= 1;
    put(m_engine.path("changed.safetensors"), bytes);
    const std::string message = refusal(*again, m_engine.path("changed.safetensors").string());
    QVERIFY2(message.find("was not imported here") != std::string::npos, message.c_str());
    QVERIFY(message.find("changed.safetensors") != std::string::npos);
  }

  void whatOthersImportedIsAskedForFirst() {
    const fs::path other = m_engine.path("other");
    fs::create_directories(other / "models");
    fs::copy_file(m_info.path, other / "models/theirs.safetensors");
    const auto engine = engineIn(other);
    const std::string message = refusal(*engine, "theirs");
    QVERIFY2(message.find("--allow-torchscript") != std::string::npos, message.c_str());
    const auto list = engine->models();
    QCOMPARE(list.size(), std::size_t{1});
    QVERIFY2(list[0].problem.find("run code") != std::string::npos, list[0].problem.c_str());
    QCOMPARE(list[0].architecture, std::string("torchscript"));
    QCOMPARE(kindOf([&] { engine->model("theirs"); }), ErrorKind::BadInput);

    ImportModelRequest request;
    request.path = (other / "models/theirs.safetensors").string();
    request.allowTorchScript = true;
    request.output = request.path;
    const ModelInfo info = engine->importModel(request, JobContext{});
    QCOMPARE(info.sha256, m_info.sha256);  // in its place, as it was
    QCOMPARE(info.classNames, m_info.classNames);
    QCOMPARE(engine->models()[0].problem, std::string());
    QCOMPARE(engine->predict(predictRequest("theirs"), JobContext{}).images[0].className, std::string("left"));
  }

  void aDamagedListTrustsNothing_data() {
    QTest::addColumn<QByteArray>("text");
    const std::string entry = "\"" + m_info.sha256 + "\"";
    const auto row = [](const char* name, const std::string& text) {
      QTest::newRow(name) << QByteArray::fromStdString(text);
    };
    row("empty", "");
    row("cut", "{\"trusted\": {" + entry + ": \"a\"");
    row("another list", "[" + entry + "]");
    row("no list", "{" + entry + ": \"a\"}");
    row("names instead of an object", "{\"trusted\": [" + entry + "]}");
    row("a name that is none", "{\"trusted\": {" + entry + ": 1}}");
    row("nested too deeply", std::string(100'000, '['));
    row("too large", "{\"trusted\": {" + entry + ": \"" + std::string(5 << 20, 'a') + "\"}}");
  }
  void aDamagedListTrustsNothing() {
    QFETCH(QByteArray, text);
    const fs::path list = m_engine.path("user/trusted-modules.json");
    const std::string kept = readFile(list, kEnough);
    put(list, text.toStdString());
    const auto engine = engineIn(m_engine.path("user"));
    const std::string message = refusal(*engine, "halves");
    put(list, kept);
    QVERIFY2(message.find("was not imported here") != std::string::npos, message.c_str());
    QCOMPARE(engine->predict(predictRequest("halves"), JobContext{}).images.size(), std::size_t{8});
  }

  void damagedModulesAreNotImported() {
    std::string bytes = readFile(m_info.path, kEnough);
    ImportModelRequest request;
    request.allowTorchScript = true;
    request.path = m_engine.path("damaged.safetensors").string();
    request.output = m_engine.path("never.safetensors").string();
    for (const std::size_t place : {bytes.size() - 4, bytes.size() - 400}) {  // of the archive's directory
      std::string changed = bytes;
      changed[place] ^= 0x55;
      std::fill(changed.begin() + static_cast<std::ptrdiff_t>(place) - 100, changed.end(), '\0');
      put(request.path, changed);
      std::string message;
      QCOMPARE(kindOf([&] { m_engine->importModel(request, JobContext{}); }, &message), ErrorKind::BadInput);
      QVERIFY2(message.find("can't be loaded") != std::string::npos, message.c_str());
      QVERIFY2(message.find("damaged.safetensors") != std::string::npos, message.c_str());
    }
    put(request.path, bytes.substr(0, bytes.size() - 10));
    QCOMPARE(kindOf([&] { m_engine->importModel(request, JobContext{}); }), ErrorKind::BadInput);
    QVERIFY(!fs::exists(request.output));
  }

  void exportsTheFileButNoWeights() {
    const fs::path copy = m_engine.path("copy.safetensors");
    m_engine->exportModel("halves", "safetensors", copy.string());
    QCOMPARE(sha256File(copy), m_info.sha256);
    std::string message;
    const fs::path dict = m_engine.path("weights.pt");
    QCOMPARE(kindOf([&] { m_engine->exportModel("halves", "pytorch", dict.string()); }, &message), ErrorKind::BadInput);
    QVERIFY2(message.find("TorchScript") != std::string::npos, message.c_str());
    QVERIFY(!fs::exists(dict));
  }
};

QTEST_GUILESS_MAIN(TorchScriptModelsTest)
#include "torchscript_models_test.moc"
