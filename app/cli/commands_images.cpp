// SPDX-License-Identifier: GPL-3.0-or-later
// predict, explore: single image files.
#include <cmath>
#include <cstdio>
#include <memory>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "app/cli/commands.h"
#include "core/base/error.h"

namespace whorl::cli {
namespace {

using nlohmann::json;

InputFit parseFit(const std::string& text) {
  if (text == "fit") return InputFit::Fit;
  if (text == "crop") return InputFit::Crop;
  if (text == "stretch") return InputFit::Stretch;
  throw Error(ErrorKind::Usage, "\"" + text + "\" is no way to fit an image", "--fit", "one of fit, crop, stretch");
}

void requireModel(const std::string& model, const std::string& command) {
  if (model.empty()) {
    throw Error(ErrorKind::Usage, "--model is missing", command, "whorl-cli models list shows what there is");
  }
}

std::string verdictText(const Verdict& verdict, const std::string& className) {
  char text[160];
  std::snprintf(text, sizeof text, " (%.2f %%)", 100 * verdict.probabilities[verdict.predicted]);
  std::string line = oneLine(className) + text;
  if (verdict.threshold) {
    std::snprintf(text, sizeof text, ", %s: fingerprint distance %.4g, threshold %.4g",
                  verdict.accepted ? "accepted" : "REJECTED", verdict.score, *verdict.threshold);
    line += text;
  }
  return line;
}

// ---- predict -------------------------------------------------------------------------------------------------------

struct PredictOptions {
  PredictRequest request;
  std::string fit = "fit";
};

void addPredict(CLI::App& root, CommonOptions& common, std::vector<Command>& commands) {
  auto options = std::make_shared<PredictOptions>();
  CLI::App* app = root.add_subcommand("predict", "Say what a model sees in image files");
  addCommonOptions(*app, common);
  app->add_option("images", options->request.files, "Image files")->required();
  app->add_option("--model", options->request.model, "Model: a shipped name, one of yours, or a file");
  app->add_option("--fit", options->fit, "How images of other sizes are fitted: fit, crop, stretch (default fit)");
  commands.push_back({app,
                      [options](Session& session, const std::vector<ExtraOption>&) {
                        PredictRequest request = options->request;
                        requireModel(request.model, "predict");
                        request.fit = parseFit(options->fit);
                        request.device = session.options().device;
                        PredictResult result;
                        session.run(Lane::Batch, "predict",
                                    [&](JobContext& context) { result = session.engine().predict(request, context); });
                        for (const auto& image : result.images) {
                          session.print(oneLine(image.file) + ": " + verdictText(image.verdict, image.className) +
                                        "\n");
                        }
                        session.writeJson(result.json);
                      },
                      nullptr, false});
}

// ---- explore -------------------------------------------------------------------------------------------------------

struct ExploreOptions {
  ExploreRequest request;
  std::string image;
  std::string dataset;
  std::int64_t index = 0;
  int label = -1;
  std::vector<std::string> steps;
  std::string fit = "fit";
  std::string output;
};

StepRequest stepRequest(const Engine& engine, const std::string& text) {
  StepText step = parseStep(text);
  std::vector<OperationSpec> specs;
  for (const auto& perturbation : engine.perturbations()) specs.push_back(perturbation.spec);
  for (const auto& attack : engine.attacks()) specs.push_back(attack.spec);
  std::string known;
  for (const auto& spec : specs) {
    known += (known.empty() ? "" : ", ") + spec.name;
    if (spec.name != step.operation) continue;
    const Parameters given = takeParameters(spec.name, spec.parameters, step.options);
    refuseLeftOvers("explore", step.options, spec.parameters);
    return {spec.name, resolve(spec.name, spec.parameters, given), true};
  }
  throw Error(ErrorKind::Usage, "there is no perturbation or attack \"" + step.operation + "\"", "--step",
              "one of " + known);
}

json verdictJson(const Verdict& verdict, const std::vector<std::string>& classes) {
  const bool fingerprinted = !verdict.fingerprintDistances.empty();
  return {{"class", classes.at(verdict.predicted)},
          {"class_index", verdict.predicted},
          {"probabilities", verdict.probabilities},
          {"logits", verdict.logits},
          {"fingerprint_distances", fingerprinted ? json(verdict.fingerprintDistances) : json(nullptr)},
          {"score", fingerprinted ? json(verdict.score) : json(nullptr)},
          {"threshold", verdict.threshold ? json(*verdict.threshold) : json(nullptr)},
          {"accepted", verdict.threshold ? json(verdict.accepted) : json(nullptr)}};
}

json exploreJson(const ExploreResult& result, const ExploreRequest& request, const ModelInfo& model, Engine& engine) {
  json steps = json::array();
  for (std::size_t i = 0; i < result.steps.size(); ++i) {
    const auto& step = result.steps[i];
    steps.push_back({{"operation", step.operation},
                     {"parameters", toJson(request.steps.at(i).parameters)},
                     {"success", step.success ? json(*step.success) : json(nullptr)},
                     {"note", step.note},
                     {"seconds", step.seconds}});
  }
  const auto& norms = result.norms;
  const EngineInfo info = engine.info();
  return {{"command", "explore"},
          {"version", info.version},
          {"torch_version", info.torchVersion},
          {"seed", request.seed},
          {"device", request.device},
          {"threat_model", request.threatModel},
          {"model", model.path},
          {"model_sha256", model.sha256},
          {"label", request.label ? json(*request.label) : json(nullptr)},
          {"steps", steps},
          {"before", verdictJson(result.before, model.classNames)},
          {"after", verdictJson(result.after, model.classNames)},
          {"norms",
           {{"l0", norms.l0},
            {"l1", norms.l1},
            {"l2", norms.l2},
            {"linf", norms.linf},
            {"ssim", norms.ssim},
            {"psnr", std::isfinite(norms.psnr) ? json(norms.psnr) : json(nullptr)}}},
          {"seconds", result.seconds}};
}

/// Fills in the image (from a file, or a data set's test image with its label).
void loadImage(Session& session, const ExploreOptions& options, ExploreRequest& request) {
  Engine& engine = session.engine();
  if (options.image.empty() == options.dataset.empty()) {
    throw Error(ErrorKind::Usage, "give one image: a file, or --data NAME with --index N", "explore");
  }
  if (!options.image.empty()) {
    request.image = engine.readImage(options.image);
    return;
  }
  std::vector<DatasetImage> images;
  session.run(Lane::Batch, "load",
              [&](JobContext& context) { images = engine.testImages(options.dataset, options.index, 1, context); });
  if (images.empty()) {
    throw Error(ErrorKind::Usage, "there is no test image " + std::to_string(options.index), options.dataset);
  }
  request.image = images.front().image;
  request.label = images.front().label;
  request.imageIndex = options.index;
}

void runExplore(Session& session, const ExploreOptions& options) {
  Engine& engine = session.engine();
  ExploreRequest request = options.request;
  requireModel(request.model, "explore");
  request.fit = parseFit(options.fit);
  request.seed = session.options().seed;
  request.device = session.options().device;
  for (const auto& step : options.steps) request.steps.push_back(stepRequest(engine, step));
  loadImage(session, options, request);
  if (options.label >= 0) request.label = options.label;
  ExploreResult result;
  session.run(
      Lane::Batch, "explore", [&](JobContext& context) { result = engine.explore(request, context); }, "steps");
  if (!options.output.empty()) engine.writeImage(result.result, options.output);
  const ModelInfo model = engine.model(request.model);
  char norms[160];
  std::snprintf(norms, sizeof norms, "L0 %lld, L1 %.4g, L2 %.4g, Linf %.4g, SSIM %.4f\n",
                static_cast<long long>(result.norms.l0), result.norms.l1, result.norms.l2, result.norms.linf,
                result.norms.ssim);
  session.print("before  " + verdictText(result.before, model.classNames.at(result.before.predicted)) + "\nafter   " +
                verdictText(result.after, model.classNames.at(result.after.predicted)) + "\nchange  " + norms);
  json document = exploreJson(result, request, model, engine);
  document["output"] = options.output.empty() ? json(nullptr) : json(options.output);
  session.writeJson(jsonText(document));
}

void addExplore(CLI::App& root, CommonOptions& common, std::vector<Command>& commands) {
  auto options = std::make_shared<ExploreOptions>();
  CLI::App* app = root.add_subcommand("explore", "One image through a stack of perturbations and attacks");
  addCommonOptions(*app, common);
  app->add_option("image", options->image, "Image file");
  app->add_option("--data", options->dataset, "Take a test image of this data set instead");
  app->add_option("--index", options->index, "Which one (default 0)")->check(wholeNumberProblem<std::int64_t>);
  app->add_option("--model", options->request.model, "Model: a shipped name, one of yours, or a file");
  app->add_option("--step", options->steps, "NAME or NAME:parameter=value,…; repeat it for a stack")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app->add_option("--label", options->label, "True class (default: the data set's, else the model's own guess)")
      ->check(wholeNumberProblem<int>);
  app->add_option("--fit", options->fit, "fit, crop or stretch (default fit)");
  app->add_option("--threat-model", options->request.threatModel, "What attacks may see (default grey-box)");
  app->add_option("--output", options->output, "Write the resulting image here");
  commands.push_back({app,
                      [options](Session& session, const std::vector<ExtraOption>&) { runExplore(session, *options); },
                      nullptr, false});
}

}  // namespace

void addImageCommands(CLI::App& root, CommonOptions& common, std::vector<Command>& commands) {
  addPredict(root, common, commands);
  addExplore(root, common, commands);
}

}  // namespace whorl::cli
