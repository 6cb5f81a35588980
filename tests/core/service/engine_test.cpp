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

namespace {

bool sameNumbers(const Verdict& a, const Verdict& b) {
  return a.logits == b.logits && a.fingerprintDistances == b.fingerprintDistances;
}

}  // namespace

class EngineTest : public QObject {
  Q_OBJECT

 private:
  test::TinyEngine m_engine;

 private Q_SLOTS:
  void initTestCase() { m_engine.train(); }

  void listsWhatEachRoomHas() {
    const auto names = [](const auto& list, auto name) {
      std::set<std::string> found;
      for (const auto& entry : list) found.insert(name(entry));
      return found;
    };
    const auto specName = [](const OperationSpec& spec) { return spec.name; };
    const auto attacks = names(m_engine->attacks(), [](const AttackInfo& a) { return a.spec.name; });
    QVERIFY(attacks.contains("fgsm") && attacks.contains("bim") && attacks.contains("pgd"));
    const auto perturbations =
        names(m_engine->perturbations(), [](const PerturbationInfo& info) { return info.spec.name; });
    QVERIFY(perturbations.contains("jpeg") && perturbations.contains("glass-blur"));
    QVERIFY(
        names(m_engine->detectors(), [](const DetectorInfo& info) { return info.spec.name; }).contains("fingerprint"));
    QVERIFY(names(m_engine->objectives(), specName).contains("fingerprint"));
    QVERIFY(names(m_engine->datasets(), [](const DatasetInfo& d) { return d.name; }).contains("mnist"));
    QVERIFY(
        names(m_engine->trainPresets(), [](const TrainPresetInfo& p) { return p.name; }).contains("mnist-fingerprint"));
    const auto info = m_engine->info();
    QVERIFY(!info.version.empty() && info.torchVersion.starts_with("2.") && info.threads > 0);
    QCOMPARE(info.devices.front(), std::string("cpu"));
    // Each name once, though objective and loop may both declare it.
    std::set<std::string> parameters;
    for (const auto& spec : m_engine->trainParameters("fingerprint"))
      QVERIFY2(parameters.insert(spec.name).second, spec.name.c_str());
    QVERIFY(parameters.contains("epochs") && parameters.contains("fingerprints"));
    QVERIFY(
        !names(m_engine->trainParameters("plain"), [](const ParameterSpec& p) { return p.name; }).contains("dy_sign"));
    QCOMPARE(kindOf([&] { m_engine->trainParameters("magic"); }), ErrorKind::Usage);
  }

  void everyTrainPresetResolves() {
    for (const auto& preset : m_engine->trainPresets()) {
      resolve(preset.name, m_engine->trainParameters(preset.objective), preset.parameters);
    }
  }

  void predictsImageFiles() {
    PredictRequest request;
    request.model = m_engine.model();
    request.device = "cpu";
    for (int i = 0; i < 3; ++i) {
      request.files.push_back(m_engine.path("data/test/left/" + std::to_string(i) + ".png").string());
      request.files.push_back(m_engine.path("data/test/right/" + std::to_string(i) + ".png").string());
    }
    writeImage(test::tinyImage(1, 5, 40), m_engine.path("large.png"));  // fitted to the network's 16x16
    request.files.push_back(m_engine.path("large.png").string());
    const PredictResult result = m_engine->predict(request, JobContext{});
    QCOMPARE(result.images.size(), std::size_t{7});
    int correct = 0;
    for (std::size_t i = 0; i < 6; ++i) correct += result.images[i].verdict.predicted == int(i % 2);
    QVERIFY(correct >= 5);
    QCOMPARE(result.images[6].className, std::string("right"));
    const json document = json::parse(result.json);
    const json& first = document["images"][0];
    QCOMPARE(first["file"].get<std::string>(), request.files[0]);
    QCOMPARE(first["class"].get<std::string>(), result.images[0].className);
    QCOMPARE(first["probabilities"].size(), std::size_t{2});
    QCOMPARE(first["fingerprint_distances"].size(), std::size_t{2});
    QVERIFY(first["accepted"].is_boolean());
    double sum = 0;
    for (const double p : result.images[0].verdict.probabilities) sum += p;
    QVERIFY(std::abs(sum - 1) < 1e-9);

    request.files = {m_engine.path("missing.png").string()};
    std::string message;
    QCOMPARE(kindOf([&] { m_engine->predict(request, JobContext{}); }, &message), ErrorKind::BadInput);
    QVERIFY2(message.find("missing.png") != std::string::npos, message.c_str());
  }

  void exploresOneImage() {
    ExploreRequest request = m_engine.exploreRequest();
    const ExploreResult nothing = m_engine->explore(request, JobContext{});
    QVERIFY(nothing.input == request.image && nothing.result == request.image);
    QVERIFY(sameNumbers(nothing.before, nothing.after));
    QCOMPARE(nothing.norms.l0, std::int64_t{0});
    QCOMPARE(nothing.norms.ssim, 1.0);

    request.steps = {{"bim", {{"epsilon", kEpsilon}, {"steps", std::int64_t{10}}, {"step_size", 0.1}}, true}};
    request.trace = true;
    const ExploreResult attacked = m_engine->explore(request, JobContext{});
    QCOMPARE(attacked.steps.size(), std::size_t{1});
    QCOMPARE(attacked.steps[0].success.value(), attacked.after.predicted != 1);
    QVERIFY(attacked.norms.linf > 0 && attacked.norms.linf <= kEpsilon + 1e-6);
    QVERIFY(!attacked.trace.empty());
    QCOMPARE(attacked.trace.back().image.shape, attacked.result.shape);
    QVERIFY(!attacked.after.fingerprintDistances.empty());
    QCOMPARE(attacked.after.accepted, attacked.after.score < *attacked.after.threshold);

    request.steps[0].enabled = false;
    const ExploreResult off = m_engine->explore(request, JobContext{});
    QVERIFY(off.steps.empty());
    QVERIFY(off.result == request.image);
  }

  void naturalStepsComeBeforeTheFitAndAttacksAfter() {
    ExploreRequest request = m_engine.exploreRequest();
    request.image = test::tinyImage(1, 3, 64);
    request.steps = {{"fgsm", {{"epsilon", 0.1}}, true}, {"jpeg", {{"quality", std::int64_t{10}}}, true}};
    const ExploreResult mixed = m_engine->explore(request, JobContext{});
    QCOMPARE(mixed.input.shape, (ImageShape{1, 16, 16}));
    QCOMPARE(mixed.steps.size(), std::size_t{2});
    QCOMPARE(mixed.steps[0].operation, std::string("fgsm"));
    QVERIFY(mixed.steps[1].note.find("before") != std::string::npos);
    std::swap(request.steps[0], request.steps[1]);
    const ExploreResult ordered = m_engine->explore(request, JobContext{});
    QVERIFY(ordered.result == mixed.result);
    QVERIFY(ordered.steps[0].note.empty());
  }

  void refusesBadImages() {
    const auto kind = [&](auto change) {
      ExploreRequest request = m_engine.exploreRequest();
      change(request);
      return kindOf([&] { m_engine->explore(request, JobContext{}); });
    };
    QCOMPARE(kind([](ExploreRequest& r) { r.image = {}; }), ErrorKind::BadInput);
    QCOMPARE(kind([](ExploreRequest& r) { r.image.pixels.pop_back(); }), ErrorKind::BadInput);
    QCOMPARE(kind([](ExploreRequest& r) { r.image.pixels[3] = NAN; }), ErrorKind::BadInput);
    QCOMPARE(kind([](ExploreRequest& r) { r.image.pixels[3] = 1.5F; }), ErrorKind::BadInput);
    QCOMPARE(kind([](ExploreRequest& r) { r.label = 2; }), ErrorKind::Usage);
    QCOMPARE(kind([](ExploreRequest& r) { r.steps = {{"magic", {}, true}}; }), ErrorKind::Usage);
  }

  void perturbsFiles() {
    writeImage(test::tinyImage(1, 5, 40), m_engine.path("large.png"));
    PerturbRequest request{
        m_engine.path("large.png").string(), m_engine.path("noisy.png").string(), "gaussian-noise", {}, 3};
    const auto names = m_engine->perturbations();
    const auto noise = std::find_if(names.begin(), names.end(),
                                    [](const auto& info) { return info.spec.name.find("noise") != std::string::npos; });
    QVERIFY(noise != names.end());
    request.perturbation = noise->spec.name;
    const json document = json::parse(m_engine->perturb(request, JobContext{}));
    QVERIFY(document["norms"]["l2"].get<double>() > 0);
    QVERIFY(fs::exists(request.output));
    const std::string first = document["norms"].dump();
    QCOMPARE(json::parse(m_engine->perturb(request, JobContext{}))["norms"].dump(), first);
  }

  void workRunsSideBySide() {
    // The window asks while training runs: every answer must be the one of an idle engine.
    const ExploreRequest request = [&] {
      ExploreRequest explore = m_engine.exploreRequest();
      explore.steps = {{"pgd", {{"epsilon", 0.2}, {"steps", std::int64_t{5}}}, true}};
      return explore;
    }();
    const ExploreResult expected = m_engine->explore(request, JobContext{});
    const auto training = m_engine->submit(Lane::Training, "train", [&](JobContext& context) {
      m_engine->train(m_engine.trainRequest("beside.safetensors"), context, {});
    });
    std::atomic<int> same = 0;
    std::vector<std::shared_ptr<Job>> jobs;
    for (const Lane lane : {Lane::Interactive, Lane::Batch, Lane::Interactive, Lane::Batch}) {
      jobs.push_back(m_engine->submit(lane, "explore", [&](JobContext& context) {
        const ExploreResult result = m_engine->explore(request, context);
        same += result.result == expected.result && sameNumbers(result.after, expected.after);
      }));
    }
    for (const auto& job : jobs) job->wait();
    training->wait();
    QCOMPARE(same.load(), 4);
    QCOMPARE(training->state(), JobState::Finished);
    const Model first = readModel(m_engine.model(), torch::kCPU);
    const Model second = readModel(m_engine.path("beside.safetensors"), torch::kCPU);
    for (const auto& [name, tensor] : first.network()->tensors()) {
      QVERIFY2(tensor.allclose(second.network()->tensors().at(name)), name.c_str());
    }
  }

  void knownAnswersHold() {
    const auto lines = m_engine->selftest(JobContext{});
    QVERIFY(lines.size() >= 10);
    for (const auto& line : lines) QVERIFY2(line.starts_with("ok"), line.c_str());
  }
};

QTEST_GUILESS_MAIN(EngineTest)
#include "engine_test.moc"
