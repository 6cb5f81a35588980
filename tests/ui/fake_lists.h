// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <vector>

#include "core/service/engine.h"
#include "tests/ui/fake_landscape.h"
#include "tests/ui/fake_similar.h"
#include "tests/ui/fake_world.h"

namespace whorl::test {

/// What a fake engine offers: a few of each kind, with parameters of every sort.
class FakeLists : public Engine, public FakeWorld {
 public:
  std::string userFolder;  ///< knob: "" keeps nothing

  EngineInfo info() const override {
    EngineInfo info;
    info.version = "0.0-fake";
    info.torchVersion = "none";
    info.opencvVersion = "none";
    info.device = "cpu";
    info.devices = {"cpu"};
    info.threads = 2;
    info.bfloat16 = true;
    info.userFolder = userFolder;
    return info;
  }

  std::vector<DatasetInfo> datasets() const override {
    return {dataset("glyphs", "Glyphs", {1, 28, 28}, true), dataset("shapes", "Shapes", {3, 32, 32}, true),
            dataset("mnist", "MNIST", {1, 28, 28}, false)};
  }

  std::vector<ArchitectureInfo> architectures() const override {
    return {{"nfp-mnist", "NFP-MNIST", "Dathathri, Zheng et al. 2018", {1, 28, 28}, 10, 313386},
            {"nfp-cifar", "NFP-CIFAR", "Dathathri, Zheng et al. 2018", {3, 32, 32}, 10, 1130378}};
  }

  std::vector<PerturbationInfo> perturbations() const override {
    return {{{"jpeg",
              "JPEG",
              "Compresses and expands the image.",
              "ITU-T T.81",
              {ParameterSpec::integer("quality", 30, 1, 100, "", "JPEG quality; less is rougher")}},
             "compression"},
            {{"gaussian-noise",
              "Gaussian noise",
              "Adds independent noise to each pixel.",
              "Zheng et al. 2016",
              {ParameterSpec::real("sigma", 0.1, 0, 1, "[0,1]", "Standard deviation of the noise")}},
             "noise"}};
  }
  std::vector<CorruptionSuiteInfo> corruptionSuites() const override { return {}; }
  std::vector<ParameterSpec> robustnessParameters() const override { return {}; }
  std::vector<std::string> featureDistances() const override { return {"l2", "cosine"}; }
  std::vector<std::vector<StepRequest>> standardDistortions(const ImageShape&) const override { return {}; }
  FakeSimilar similar;
  std::vector<std::string> featureLayers(const std::string& id) override {
    std::vector<std::string> layers{"features", "logits"};
    if (model(id).fingerprints > 0) layers.push_back("fc1");
    return layers;
  }
  SimilarIndexResult similarIndex(const SimilarIndexRequest& request, const JobContext& context) override {
    return similar.index(request, model(request.model).input, context);
  }
  SimilarQueryResult similarQuery(const SimilarQueryRequest& request, const JobContext& context) override {
    return similar.query(request, context);
  }
  DatasetImage similarImage(const std::string& index, const std::string& name, const JobContext&) override {
    return similar.image(index, name);
  }
  SimilarBenchmarkResult similarBenchmark(const SimilarBenchmarkRequest& request, const JobContext& context) override {
    return similar.benchmark(request, context);
  }

  std::vector<AttackInfo> attacks() const override {
    const auto epsilon = ParameterSpec::real("epsilon", 0.3, 0, 1, "[0,1]", "How far each pixel may move");
    auto stepSize = ParameterSpec::real("step_size", 0.05, 1e-4, 1, "[0,1]", "How far one step goes");
    stepSize.logarithmic = true;
    const auto steps = ParameterSpec::integer("steps", 10, 1, 1000, "", "Number of steps");
    const auto norm = ParameterSpec::choice("norm", "linf", {"linf", "l2"}, "What epsilon measures");
    const auto start = ParameterSpec::boolean("random_start", true, "Begin at a random place in the ball");
    std::vector<AttackInfo> list(4);
    list[0].spec = {"fgsm", "FGSM", "One step along the gradient's sign.", "Goodfellow et al. 2014", {epsilon}};
    list[1].spec = {"bim", "BIM", "FGSM in small steps.", "Kurakin et al. 2016", {epsilon, stepSize, steps}};
    list[2].spec = {
        "pgd", "PGD", "BIM from a random start.", "Madry et al. 2017", {epsilon, stepSize, steps, norm, start}};
    list[3].spec = {"jsma",
                    "JSMA",
                    "Changes one pixel after the other; it needs a target.",
                    "Papernot et al. 2016",
                    {steps, ParameterSpec::boolean("targeted", false, "Towards a target class"),
                     ParameterSpec::integer("target", -1, -1, 9999, "", "Class to reach if targeted")}};
    for (AttackInfo& info : list) {
      info.threatModel = "grey-box";
      info.norms = {"linf"};
    }
    list[2].norms = {"linf", "l2"};
    list[1].presets = {
        {"mnist", "As usual for MNIST", "grey-box", {{"epsilon", 0.4}, {"steps", std::int64_t{50}}}},
        {"adaptive", "Against the fingerprints", "adaptive-white-box", {{"epsilon", 0.2}, {"detector_weight", 2.0}}}};
    list[1].adaptiveParameters = {
        ParameterSpec::real("detector_weight", 1, 0, 100, "", "How much looking genuine counts")};
    return list;
  }

  std::vector<DetectorInfo> detectors() const override {
    return {{{"fingerprint",
              "Neural Fingerprinting",
              "Compares changes of the output with stored ones.",
              "Dathathri, Zheng et al. 2018",
              {}}}};
  }

  std::vector<LandscapeDirectionInfo> landscapeDirections() const override { return fakeDirections(); }
  std::vector<LandscapeValueInfo> landscapeValues() const override { return fakeValues(); }
  std::vector<WeightDirectionInfo> weightDirections() const override { return fakeWeightDirections(); }
  std::vector<LandscapeValueInfo> weightValues() const override { return fakeWeightValues(); }
  LandscapeColours landscapeColours() const override { return fakeColours(); }
  FakeLandscapes landscapes;
  LandscapeResult landscape(const LandscapeRequest& request, const JobContext& context,
                            const LandscapeHooks& hooks) override {
    return landscapes.run(*this, request, context, hooks);
  }
  void saveLandscape(const Surface& surface, const std::string& path) override { landscapes.save(surface, path); }

  // The Theory page's own tests compute (tests/ui/theory/theory_engine.h); elsewhere there is nothing in the plane.
  TheoryLists theoryLists() const override { return {}; }
  PlanarData theoryData(const TheoryRequest&, const JobContext&) override { return {}; }
  TheoryResult theory(const TheoryRequest&, const JobContext&, const TheoryHooks&) override { return {}; }
  PlanarTrajectory theoryAttack(const TheoryAttackRequest&, const JobContext&) override { return {}; }
  TheoryFigureResult theoryFigure(const TheoryFigureRequest&, const JobContext&) override { return {}; }

  std::vector<OperationSpec> objectives() const override {
    return {{"plain", "Plain", "Cross-entropy.", "", {}},
            {"adversarial",
             "Adversarial",
             "Cross-entropy on attacked images.",
             "Madry et al. 2017",
             {ParameterSpec::real("epsilon", 0.1, 0, 1, "[0,1]", "Size of the attack")}},
            {"fingerprint",
             "Fingerprint",
             "Cross-entropy and the fingerprints' loss.",
             "Dathathri, Zheng et al. 2018",
             {ParameterSpec::integer("fingerprints", 10, 1, 100, "", "N, how many fingerprints"),
              ParameterSpec::real("epsilon", 0.1, 0, 1, "[0,1]", "Size of the fingerprints' shifts")}}};
  }

  std::vector<TrainPresetInfo> trainPresets() const override {
    return {{"glyphs-fingerprint",
             "Glyphs, fingerprinted",
             "glyphs",
             "nfp-mnist",
             "fingerprint",
             {{"epochs", std::int64_t{2}}}},
            {"glyphs-plain", "Glyphs, plain", "glyphs", "nfp-mnist", "plain", {{"epochs", std::int64_t{1}}}}};
  }

  std::vector<ParameterSpec> trainParameters(const std::string& objective) const override {
    auto rate = ParameterSpec::real("learning_rate", 1e-3, 1e-6, 1, "", "Step of the optimiser");
    rate.logarithmic = true;
    std::vector<ParameterSpec> specs = {
        ParameterSpec::integer("epochs", 2, 1, 1000, "", "Passes over the training images"),
        ParameterSpec::integer("batch_size", 128, 1, 4096, "", "Images in a step"), rate,
        ParameterSpec::choice("optimizer", "adam", {"adam", "sgd"}, "Which optimiser")};
    for (const OperationSpec& term : objectives()) {
      if (objective.find(term.name) == std::string::npos) continue;
      specs.insert(specs.end(), term.parameters.begin(), term.parameters.end());
    }
    return specs;
  }
};

}  // namespace whorl::test
