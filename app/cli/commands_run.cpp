// SPDX-License-Identifier: GPL-3.0-or-later
// train: long work over a data set.
#include <algorithm>
#include <memory>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "app/cli/commands.h"
#include "app/cli/text.h"
#include "core/base/error.h"

namespace whorl::cli {
namespace {

// ---- train ---------------------------------------------------------------------------------------------------------

struct TrainOptions {
  TrainRequest request;
  std::string preset;
  std::string objective;
};

const TrainPresetInfo findPreset(const Engine& engine, const std::string& name) {
  std::string known;
  for (const auto& preset : engine.trainPresets()) {
    if (preset.name == name) return preset;
    known += (known.empty() ? "" : ", ") + preset.name;
  }
  throw Error(ErrorKind::Usage, "there is no preset \"" + name + "\"", "train", "one of " + known);
}

/// A preset's values first, then what was said by hand.
TrainRequest trainRequest(const TrainOptions& options, const Session& session, Engine& engine,
                          std::vector<ExtraOption>& extras) {
  TrainRequest request = options.request;
  Parameters parameters;
  if (!options.preset.empty()) {
    const TrainPresetInfo preset = findPreset(engine, options.preset);
    if (request.dataset.empty()) request.dataset = preset.dataset;
    if (request.architecture.empty()) request.architecture = preset.architecture;
    request.objective = preset.objective;
    parameters = preset.parameters;
  }
  if (!options.objective.empty()) request.objective = options.objective;
  for (const auto& [value, option] : {std::pair{&request.dataset, "--data"}, {&request.architecture, "--arch"}}) {
    if (value->empty())
      throw Error(ErrorKind::Usage, std::string(option) + " is missing", "train", "or give a --preset");
  }
  const auto specs = engine.trainParameters(request.objective);
  const Parameters given = takeParameters("train", specs, extras);
  refuseLeftOvers("train", extras, specs);
  // Another objective than the preset's: its values only count where that objective has them.
  for (const auto& [name, value] : parameters.values()) {
    const bool declared =
        std::any_of(specs.begin(), specs.end(), [&name = name](const auto& spec) { return spec.name == name; });
    if (declared) request.parameters.set(name, value);
  }
  for (const auto& [name, value] : given.values()) request.parameters.set(name, value);
  request.seed = session.options().seed;
  request.device = session.options().device;
  request.threads = session.options().threads;
  return request;
}

std::string epochLine(const TrainEvent& event) {
  std::string line = "epoch " + std::to_string(event.epoch) + ":";
  for (const auto& metric : event.metrics) line += "  " + metric.name + " " + format("%.4g", metric.value);
  return line;
}

void runTrain(Session& session, const TrainOptions& options, std::vector<ExtraOption> extras) {
  Engine& engine = session.engine();
  const TrainRequest request = trainRequest(options, session, engine, extras);
  TrainHooks hooks;
  hooks.onEvent = [&](const TrainEvent& event) {
    if (event.epochEnd) session.note(epochLine(event));
  };
  TrainResult result;
  session.run(
      Lane::Training, "train", [&](JobContext& context) { result = engine.train(request, context, hooks); }, "steps");
  session.print("test accuracy  " + percent(result.testAccuracy) + "\n" +
                (result.threshold ? "threshold      " + figure(*result.threshold) + "\n" : "") +
                format("time           %.1f s, %.0f images/s\n", result.seconds, result.imagesPerSecond) +
                "model          " + oneLine(result.model) + "\nsha256         " + result.modelSha256 + "\n");
  session.writeJson(result.json);
}

void addTrain(CLI::App& root, CommonOptions& common, std::vector<Command>& commands) {
  auto options = std::make_shared<TrainOptions>();
  CLI::App* app = root.add_subcommand("train", "Train a network");
  addCommonOptions(*app, common);
  app->add_option("--preset", options->preset, "Named set of all of the below; what is given by hand overrides it");
  app->add_option("--data", options->request.dataset, "Data set by name, or a folder of images");
  app->add_option("--arch", options->request.architecture, "Architecture by name");
  app->add_option("--objective", options->objective,
                  "plain, adversarial, fingerprint, stability, noisy, triplet, or a sum such as a+b");
  app->add_option("--output", options->request.output, "Model file (default: a new one in your folder)");
  app->add_option("--name", options->request.modelName, "The model's name for people");
  app->add_option("--checkpoint", options->request.checkpoint, "Checkpoint file (default: OUTPUT.checkpoint)");
  app->add_flag("--keep-epochs", options->request.keepEpochs,
                "Keep the network of the start and of each epoch's end in OUTPUT.epochs, for landscapes");
  app->add_flag("--resume", options->request.resume, "Continue from the checkpoint if it is there");
  app->add_option("--limit-train", options->request.limitTrain, "Use only so many training images")
      ->check(wholeNumberProblem<std::int64_t>);
  app->add_option("--threads", common.threads, "Threads (default: all cores)")->check(wholeNumberProblem<int>);
  app->footer("Parameters depend on the objective: add --objective NAME or --preset NAME to --help.");
  commands.push_back(
      {app,
       [options](Session& session, std::vector<ExtraOption> extras) { runTrain(session, *options, std::move(extras)); },
       [](Engine& engine, const std::vector<std::string>& arguments) {
         std::string objective = rawOption(arguments, "--objective");
         const std::string preset = rawOption(arguments, "--preset");
         if (objective.empty()) objective = preset.empty() ? "plain" : findPreset(engine, preset).objective;
         std::string text = "Presets:\n";
         for (const auto& info : engine.trainPresets()) text += "  " + info.name + ": " + info.title + "\n";
         text += "\nArchitectures:\n";
         for (const auto& info : engine.architectures()) {
           text += "  " + info.name + ": " + info.title + ", " + toText(info.input) + ", " +
                   std::to_string(info.layers) + " layers\n";
         }
         return text + "\nParameters of " + objective + ":\n" + describeParameters(engine.trainParameters(objective));
       },
       true});
}

}  // namespace

void addRunCommands(CLI::App& root, CommonOptions& common, std::vector<Command>& commands) {
  addTrain(root, common, commands);
}

}  // namespace whorl::cli
