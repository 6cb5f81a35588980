// SPDX-License-Identifier: GPL-3.0-or-later
// train, attack, detect: long work over a data set.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "app/cli/commands.h"
#include "core/base/error.h"

namespace whorl::cli {
namespace {

std::string format(const char* pattern, auto... values) {
  char text[512];
  std::snprintf(text, sizeof text, pattern, values...);
  return text;
}

std::string percent(double share) { return std::isfinite(share) ? format("%.2f %%", 100 * share) : "none"; }

std::string figure(double value) { return std::isfinite(value) ? format("%.4g", value) : "none"; }

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
  app->add_option("--objective", options->objective, "plain, adversarial, fingerprint, or a sum such as a+b");
  app->add_option("--output", options->request.output, "Model file (default: a new one in your folder)");
  app->add_option("--name", options->request.modelName, "The model's name for people");
  app->add_option("--checkpoint", options->request.checkpoint, "Checkpoint file (default: OUTPUT.checkpoint)");
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
           text += "  " + info.name + ": " + info.title + ", " + toText(info.input) + "\n";
         }
         return text + "\nParameters of " + objective + ":\n" + describeParameters(engine.trainParameters(objective));
       },
       true});
}

// ---- attack and detect ---------------------------------------------------------------------------------------------

struct AttackOptions {
  DetectRequest request;
  std::string preset;
};

OperationSpec findSpec(const std::vector<OperationSpec>& specs, const std::string& kind, const std::string& name) {
  std::string known;
  for (const auto& spec : specs) {
    if (spec.name == name) return spec;
    known += (known.empty() ? "" : ", ") + spec.name;
  }
  throw Error(ErrorKind::Usage,
              name.empty() ? "no " + kind + " was named" : "there is no " + kind + " \"" + name + "\"", "--" + kind,
              "one of " + known);
}

std::vector<OperationSpec> attackSpecs(const Engine& engine) {
  std::vector<OperationSpec> specs;
  for (const auto& attack : engine.attacks()) specs.push_back(attack.spec);
  return specs;
}

/// A preset's values first, then what was said by hand.
Parameters attackParameters(const Engine& engine, const std::string& attack, const std::string& preset,
                            const std::vector<ParameterSpec>& specs, std::vector<ExtraOption>& extras) {
  Parameters parameters;
  if (!preset.empty()) {
    std::string known;
    bool found = false;
    for (const auto& info : engine.attacks()) {
      if (info.spec.name != attack) continue;
      for (const auto& [name, values] : info.presets) {
        known += (known.empty() ? "" : ", ") + name;
        if (name != preset) continue;
        parameters = values;
        found = true;
      }
    }
    if (!found) {
      throw Error(ErrorKind::Usage, attack + " has no preset \"" + preset + "\"", "--preset",
                  known.empty() ? "it has none" : "one of " + known);
    }
  }
  const Parameters given = takeParameters(attack, specs, extras);
  for (const auto& [name, value] : given.values()) parameters.set(name, value);
  return parameters;
}

/// The data set that the model was trained on, as its past says.
std::string datasetOf(Engine& engine, const std::string& model) {
  const auto past = nlohmann::json::parse(engine.model(model).pastJson, nullptr, false);
  if (past.is_object() && past.contains("data") && past["data"].is_object()) {
    const auto name = past["data"].find("name");
    if (name != past["data"].end() && name->is_string()) return name->get<std::string>();
  }
  throw Error(ErrorKind::Usage, "--data is missing, and the model doesn't say what it was trained on", model,
              "name a data set");
}

void completeRequest(AttackRunRequest& request, Session& session) {
  if (request.model.empty()) {
    throw Error(ErrorKind::Usage, "--model is missing", "attack", "whorl-cli models list shows what there is");
  }
  if (request.dataset.empty()) request.dataset = datasetOf(session.engine(), request.model);
  request.seed = session.options().seed;
  request.device = session.options().device;
  request.threads = session.options().threads;
}

std::string attackText(const AttackRunResult& result) {
  return format("attacked       %lld correctly classified test images (clean accuracy %s)\n",
                static_cast<long long>(result.attacked), percent(result.cleanAccuracy).c_str()) +
         "success        " + percent(result.successRate) + "\n" + "mean L2        " + figure(result.meanL2) +
         " (over successes)\n" + "mean Linf      " + figure(result.meanLinf) + "\n" +
         format("time           %.1f s, %.0f images/s\n", result.seconds, result.imagesPerSecond);
}

void runAttack(Session& session, const AttackOptions& options, std::vector<ExtraOption> extras) {
  Engine& engine = session.engine();
  AttackRunRequest request = options.request.attack;
  const OperationSpec spec = findSpec(attackSpecs(engine), "attack", request.attack);
  request.parameters = attackParameters(engine, spec.name, options.preset, spec.parameters, extras);
  refuseLeftOvers("attack", extras, spec.parameters);
  completeRequest(request, session);
  AttackRunResult result;
  session.run(Lane::Batch, "attack", [&](JobContext& context) { result = engine.attack(request, context); });
  session.print(attackText(result));
  session.writeJson(result.json);
}

void runDetect(Session& session, const AttackOptions& options, std::vector<ExtraOption> extras) {
  Engine& engine = session.engine();
  DetectRequest request = options.request;
  const OperationSpec attack = findSpec(attackSpecs(engine), "attack", request.attack.attack);
  const OperationSpec detector = findSpec(engine.detectors(), "detector", request.detector);
  request.attack.parameters = attackParameters(engine, attack.name, options.preset, attack.parameters, extras);
  request.detectorParameters = takeParameters(detector.name, detector.parameters, extras);
  auto specs = attack.parameters;
  specs.insert(specs.end(), detector.parameters.begin(), detector.parameters.end());
  refuseLeftOvers("detect", extras, specs);
  completeRequest(request.attack, session);
  DetectResult result;
  session.run(Lane::Batch, "detect", [&](JobContext& context) { result = engine.detect(request, context); });
  const auto auc = [](double area) { return std::isfinite(area) ? format("%.4f %%", 100 * area) : "none"; };
  session.print(attackText(result.attack) + "AUC            " + auc(result.aucSuccessful) + " (successful attacks), " +
                auc(result.aucAll) + " (all)\n" + "threshold      " + figure(result.threshold) + ": rejects " +
                percent(result.falsePositiveRate) + " of clean images, " + percent(result.truePositiveRate) +
                " of successful attacks\n");
  session.writeJson(result.json);
}

void addAttackOptions(CLI::App& app, CommonOptions& common, AttackOptions& options) {
  AttackRunRequest& request = options.request.attack;
  addCommonOptions(app, common);
  app.add_option("--attack", request.attack, "Attack by name (whorl-cli attacks list)");
  app.add_option("--preset", options.preset,
                 "Named set of the attack's parameters; what is given by hand overrides it");
  app.add_option("--model", request.model, "Model: a shipped name, one of yours, or a file");
  app.add_option("--data", request.dataset, "Data set (default: the one that the model was trained on)");
  app.add_option("--count", request.count, "Correctly classified test images to attack (default 1000)")
      ->check(wholeNumberProblem<std::int64_t>);
  app.add_option("--batch-size", request.batchSize, "Images a batch (default 100; fewer where memory is short)")
      ->check(wholeNumberProblem<std::int64_t>);
  app.add_option("--threat-model", request.threatModel,
                 "What the attacker may see: black-box, grey-box, adaptive-white-box (default grey-box)");
  app.add_option("--save", request.save, "Keep the images, labels and scores in this .safetensors or .npz");
  app.add_option("--threads", common.threads, "Threads (default: all cores)")->check(wholeNumberProblem<int>);
}

std::string attackHelp(Engine& engine, const std::vector<std::string>& arguments) {
  const std::string name = rawOption(arguments, "--attack");
  if (name.empty()) {
    std::string text = "Attacks (their parameters: add --attack NAME to --help):\n";
    for (const auto& attack : engine.attacks()) text += "  " + attack.spec.name + ": " + attack.spec.summary + "\n";
    return text;
  }
  const OperationSpec spec = findSpec(attackSpecs(engine), "attack", name);
  std::string presets;
  for (const auto& info : engine.attacks()) {
    if (info.spec.name != name) continue;
    for (const auto& [preset, values] : info.presets) {
      presets += "  " + preset + ":";
      for (const auto& [parameter, value] : values.values())
        presets += " " + optionName(parameter) + " " + toText(value);
      presets += "\n";
    }
  }
  return spec.title + ": " + spec.summary + "\n" + (spec.reference.empty() ? "" : spec.reference + "\n") +
         "\nParameters of " + spec.name + ":\n" + describeParameters(spec.parameters) +
         (presets.empty() ? "" : "\nPresets of " + spec.name + ":\n" + presets);
}

void addAttack(CLI::App& root, CommonOptions& common, std::vector<Command>& commands) {
  auto options = std::make_shared<AttackOptions>();
  CLI::App* app = root.add_subcommand("attack", "Attack a model on test images");
  addAttackOptions(*app, common, *options);
  commands.push_back({app,
                      [options](Session& session, std::vector<ExtraOption> extras) {
                        runAttack(session, *options, std::move(extras));
                      },
                      attackHelp, true});
}

void addDetect(CLI::App& root, CommonOptions& common, std::vector<Command>& commands) {
  auto options = std::make_shared<AttackOptions>();
  CLI::App* app = root.add_subcommand("detect", "Attack a model and see whether a detector notices");
  addAttackOptions(*app, common, *options);
  app->add_option("--detector", options->request.detector, "Detector by name (default fingerprint)");
  app->add_option("--fingerprints-from", options->request.fingerprintsFrom,
                  "Use another model's fingerprints: what does a network answer that wasn't trained for them?");
  app->add_option("--false-positive-rate", options->request.falsePositiveRate,
                  "Wanted share of rejected clean images; sets the threshold on training images (default 0.05)");
  commands.push_back({app,
                      [options](Session& session, std::vector<ExtraOption> extras) {
                        runDetect(session, *options, std::move(extras));
                      },
                      [](Engine& engine, const std::vector<std::string>& arguments) {
                        std::string name = rawOption(arguments, "--detector");
                        if (name.empty()) name = "fingerprint";
                        return attackHelp(engine, arguments) + "\nParameters of the detector " + name + ":\n" +
                               describeParameters(findSpec(engine.detectors(), "detector", name).parameters);
                      },
                      true});
}

}  // namespace

void addRunCommands(CLI::App& root, CommonOptions& common, std::vector<Command>& commands) {
  addTrain(root, common, commands);
  addAttack(root, common, commands);
  addDetect(root, common, commands);
}

}  // namespace whorl::cli
