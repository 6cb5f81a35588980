// SPDX-License-Identifier: GPL-3.0-or-later
// attack, detect, tune, attacks, detectors: attacks and detectors over a data set, and what there is of them.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <memory>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "app/cli/attack_tables.h"
#include "app/cli/commands.h"
#include "app/cli/detector_tables.h"
#include "app/cli/text.h"
#include "core/base/atomic_file.h"
#include "core/base/error.h"

namespace whorl::cli {
namespace {

// ---- attack and detect ---------------------------------------------------------------------------------------------

struct AttackOptions {
  AttackOptions() { request.attack.threatModel.clear(); }  // the preset's, or the attack's, unless given

  DetectRequest request;
  std::string preset;
  std::string indices;  ///< file
};

DetectorInfo findDetector(const Engine& engine, const std::string& name) {
  std::string known;
  for (auto& info : engine.detectors()) {
    if (info.spec.name == name) return std::move(info);
    known += (known.empty() ? "" : ", ") + info.spec.name;
  }
  throw Error(ErrorKind::Usage, name.empty() ? "no detector was named" : "there is no detector \"" + name + "\"",
              "--detector", "one of " + known);
}

AttackInfo findAttack(const Engine& engine, const std::string& name) {
  std::string known;
  for (auto& info : engine.attacks()) {
    if (info.spec.name == name) return std::move(info);
    known += (known.empty() ? "" : ", ") + info.spec.name;
  }
  throw Error(ErrorKind::Usage, name.empty() ? "no attack was named" : "there is no attack \"" + name + "\"",
              "--attack", "one of " + known);
}

/// Those of the attack, and of its adaptive form.
std::vector<ParameterSpec> allParameters(const AttackInfo& attack) {
  auto specs = attack.spec.parameters;
  specs.insert(specs.end(), attack.adaptiveParameters.begin(), attack.adaptiveParameters.end());
  return specs;
}

/// An attack of one norm has no parameter for it: naming that norm says nothing new, another one can't be had.
void takeOnlyNorm(const AttackInfo& attack, std::vector<ExtraOption>& extras) {
  const auto& specs = attack.spec.parameters;
  const auto isNorm = [](const auto& named) { return named.name == "norm"; };
  const auto given = std::find_if(extras.begin(), extras.end(), isNorm);
  if (given == extras.end() || std::any_of(specs.begin(), specs.end(), isNorm)) return;
  const std::string norm = attack.norms.empty() ? "" : attack.norms.front();
  if (given->value != norm) {
    throw Error(ErrorKind::Usage, "norm must be " + norm + ", not \"" + given->value.value_or("") + "\"",
                attack.spec.name, "this attack has no other; whorl-cli attacks list says which have");
  }
  extras.erase(given);
}

/// A preset's values and threat model first, then what was said by hand.
void takeAttack(AttackRunRequest& request, const AttackInfo& attack, const std::string& preset,
                std::vector<ExtraOption>& extras) {
  std::string threatModel = attack.threatModel == "black-box" ? "black-box" : "grey-box";
  if (!preset.empty()) {
    std::string known;
    const AttackPresetInfo* found = nullptr;
    for (const auto& info : attack.presets) {
      known += (known.empty() ? "" : ", ") + info.name;
      if (info.name == preset) found = &info;
    }
    if (!found) {
      throw Error(ErrorKind::Usage, attack.spec.name + " has no preset \"" + preset + "\"", "--preset",
                  known.empty() ? "it has none" : "one of " + known);
    }
    request.parameters = found->parameters;
    threatModel = found->threatModel;
  }
  if (request.threatModel.empty()) request.threatModel = threatModel;
  takeOnlyNorm(attack, extras);
  const Parameters given = takeParameters(attack.spec.name, allParameters(attack), extras);
  for (const auto& [name, value] : given.values()) request.parameters.set(name, value);
}

/// Places of test images, one a line.
std::vector<std::int64_t> readIndices(const std::string& path) {
  constexpr std::size_t kMostBytes = 64 << 20;
  const std::string text = readFile(path, kMostBytes);
  std::vector<std::int64_t> indices;
  const char* at = text.data();
  const char* const end = at + text.size();
  for (int line = 1; at < end; ++line) {
    const char* const stop = std::find(at, end, '\n');
    const char* last = stop;
    while (last > at && (last[-1] == '\r' || last[-1] == ' ')) --last;
    if (last > at) {
      std::int64_t index = 0;
      const auto [read, problem] = std::from_chars(at, last, index);
      if (problem != std::errc() || read != last || index < 0) {
        throw Error(ErrorKind::BadInput, "line " + std::to_string(line) + " is no place of an image", path,
                    "one whole number from 0 a line");
      }
      indices.push_back(index);
    }
    at = stop + (stop < end ? 1 : 0);
  }
  if (indices.empty()) throw Error(ErrorKind::BadInput, "no image is named", path, "one whole number from 0 a line");
  return indices;
}

void completeRequest(AttackRunRequest& request, const AttackOptions& options, Session& session) {
  if (!options.indices.empty()) request.indices = readIndices(options.indices);
  if (request.model.empty()) {
    throw Error(ErrorKind::Usage, "--model is missing", "attack", "whorl-cli models list shows what there is");
  }
  if (request.dataset.empty()) request.dataset = datasetOf(session.engine(), request.model);
  request.seed = session.options().seed;
  request.device = session.options().device;
  request.threads = session.options().threads;
}

std::string attackText(const AttackRunResult& result) {
  std::string text = format("attacked       %lld correctly classified test images (clean accuracy %s)\n",
                            static_cast<long long>(result.attacked), percent(result.cleanAccuracy).c_str()) +
                     "success        " + percent(result.successRate) + "\n" + "mean L2        " +
                     figure(result.meanL2) + " (over successes)\n" + "mean Linf      " + figure(result.meanLinf) +
                     "\n" + "gradients      " + figure(result.backwardsPerImage) + " an image\n" +
                     format("time           %.1f s, %.0f images/s\n", result.seconds, result.imagesPerSecond);
  if (result.savedImages > 0) {
    text += format("8-bit images   %lld of %lld still fool the model\n",
                   static_cast<long long>(result.savedStillAdversarial), static_cast<long long>(result.savedImages));
  }
  return text;
}

void runAttack(Session& session, const AttackOptions& options, std::vector<ExtraOption> extras) {
  Engine& engine = session.engine();
  AttackRunRequest request = options.request.attack;
  const AttackInfo attack = findAttack(engine, request.attack);
  takeAttack(request, attack, options.preset, extras);
  refuseLeftOvers("attack", extras, allParameters(attack));
  completeRequest(request, options, session);
  AttackRunResult result;
  session.run(Lane::Batch, "attack", [&](JobContext& context) { result = engine.attack(request, context); });
  session.print(attackText(result));
  session.writeJson(result.json);
}

void runDetect(Session& session, const AttackOptions& options, std::vector<ExtraOption> extras) {
  Engine& engine = session.engine();
  DetectRequest request = options.request;
  const AttackInfo attack = findAttack(engine, request.attack.attack);
  const OperationSpec detector = findDetector(engine, request.detector).spec;
  takeAttack(request.attack, attack, options.preset, extras);
  request.detectorParameters = takeParameters(detector.name, detector.parameters, extras);
  auto specs = allParameters(attack);
  specs.insert(specs.end(), detector.parameters.begin(), detector.parameters.end());
  refuseLeftOvers("detect", extras, specs);
  completeRequest(request.attack, options, session);
  DetectResult result;
  session.run(Lane::Batch, "detect", [&](JobContext& context) { result = engine.detect(request, context); });
  const auto auc = [](double area) { return std::isfinite(area) ? format("%.4f %%", 100 * area) : "none"; };
  session.print(attackText(result.attack) + "AUC            " + auc(result.aucSuccessful) + " (successful attacks), " +
                auc(result.aucAll) + " (all)\n" + "precision      " + auc(result.averagePrecision) +
                " (average, successful attacks), detection accuracy " + percent(result.detectionAccuracy) + "\n" +
                "threshold      " + figure(result.threshold) + ": rejects " + percent(result.falsePositiveRate) +
                " of clean images, " + percent(result.truePositiveRate) + " of successful attacks\n");
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
  app.add_option("--indices", options.indices,
                 "Attack these test images, where they are classified correctly: a file with one place a line");
  app.add_option("--batch-size", request.batchSize,
                 "Images a batch (default: what tune found, else 100; fewer where memory is short)")
      ->check(wholeNumberProblem<std::int64_t>);
  app.add_option("--workers", request.workers,
                 "Batches at once, which share the threads (default: what tune found, else 1)")
      ->check(wholeNumberProblem<int>);
  app.add_option("--precision", request.precision,
                 "float32 or bfloat16 (default float32): of the search; its finds are always judged in float32");
  app.add_option(
      "--threat-model", request.threatModel,
      "What the attacker may see: black-box, grey-box, adaptive-white-box (default: the preset's, else grey-box, "
      "or black-box for attacks that need no more)");
  app.add_option(
      "--layout", request.layout,
      "channels_last, with BatchNorm folded into the layers beside it, or contiguous, which gives PyTorch's own "
      "numbers (default: what tune found, else the first on a processor)");
  app.add_option("--save", request.save, "Keep the images, labels and scores in this .safetensors or .npz");
  app.add_option("--save-images", request.saveImages,
                 "Write successful images as 8-bit PNG into this folder, rounded so that they stay adversarial");
  app.add_option("--threads", common.threads, "Threads (default: all cores)")->check(wholeNumberProblem<int>);
}

std::string attackHelp(Engine& engine, const std::vector<std::string>& arguments) {
  const std::string name = rawOption(arguments, "--attack");
  if (name.empty()) {
    std::string text = "Attacks (their parameters: add --attack NAME to --help):\n";
    for (const auto& attack : engine.attacks()) text += "  " + attack.spec.name + ": " + attack.spec.summary + "\n";
    return text;
  }
  const AttackInfo attack = findAttack(engine, name);
  std::string text = attack.spec.title + ": " + attack.spec.summary + "\n" + attack.spec.reference +
                     "\nNeeds: " + attack.threatModel + ". Norms: " + joined(attack.norms) + ".\n\nParameters of " +
                     name + ":\n" + describeParameters(attack.spec.parameters);
  if (!attack.adaptiveParameters.empty()) {
    text += "\nWith --threat-model adaptive-white-box also:\n" + describeParameters(attack.adaptiveParameters);
  }
  if (attack.presets.empty()) return text;
  text += "\nPresets of " + name + ":\n";
  for (const auto& preset : attack.presets) {
    text += "  " + preset.name + ":";
    for (const auto& [parameter, value] : preset.parameters.values()) {
      text += " " + optionName(parameter) + " " + toText(value);
    }
    if (preset.threatModel == "adaptive-white-box") text += " --threat-model adaptive-white-box";
    text += "\n" + (preset.summary.empty() ? "" : "      " + preset.summary + "\n");
  }
  return text;
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
  app->add_option("--companion", options->request.companions, "Another model of an ensemble; may be repeated")
      ->allow_extra_args(false);
  app->add_option("--fit-attack", options->request.fitAttack,
                  "Attack that a detector learns from, on training images (default fgsm, as published; \"tested\": the "
                  "tested one)");
  app->add_option("--fit-preset", options->request.fitPreset,
                  "Its preset (default: the one named like the data set, else the attack's defaults)");
  app->add_option("--fit-count", options->request.fitCount, "Training images that are attacked for it (default 1000)")
      ->check(wholeNumberProblem<std::int64_t>);
  app->add_option("--fit-images", options->request.fitTrainImages,
                  "Labelled training images that a detector learns from (default: all that are left)")
      ->check(wholeNumberProblem<std::int64_t>);
  app->add_option("--save-detector", options->request.saveDetector,
                  "Keep what was fitted in this .safetensors, for --fitted-detector");
  app->add_option("--fitted-detector", options->request.fittedDetector,
                  "Use a detector that --save-detector kept, instead of fitting one; it brings its parameters with it");
  commands.push_back({app,
                      [options](Session& session, std::vector<ExtraOption> extras) {
                        runDetect(session, *options, std::move(extras));
                      },
                      [](Engine& engine, const std::vector<std::string>& arguments) {
                        std::string name = rawOption(arguments, "--detector");
                        if (name.empty()) name = "fingerprint";
                        return attackHelp(engine, arguments) + "\nParameters of the detector " + name + ":\n" +
                               describeParameters(findDetector(engine, name).spec.parameters);
                      },
                      true});
}

// ---- tune ----------------------------------------------------------------------------------------------------------

void runTune(Session& session, TuneRequest request) {
  if (request.model.empty()) {
    throw Error(ErrorKind::Usage, "--model is missing", "tune", "whorl-cli models list shows what there is");
  }
  request.device = session.options().device;
  request.threads = session.options().threads;
  TuneResult result;
  session.run(
      Lane::Batch, "tune", [&](JobContext& context) { result = session.engine().tune(request, context); }, "plans");
  std::string text = "precision  layout         workers  threads each  batch  gradients/s\n";
  for (const auto& plan : result.measurements) {
    text += format("%-9s  %-13s  %7d  %12d  %5lld  %11.0f\n", plan.precision.c_str(), plan.layout.c_str(), plan.workers,
                   plan.threadsPerWorker, static_cast<long long>(plan.batchSize), plan.gradientsPerSecond);
  }
  text +=
      format("kept for attacks on this model: %d x %d threads, batches of %lld, %s\n", result.best.workers,
             result.best.threadsPerWorker, static_cast<long long>(result.best.batchSize), result.best.layout.c_str());
  if (result.bfloat16) {
    text += format("--precision bfloat16 would give %.2f times as many gradients a second\n",
                   result.bfloat16->gradientsPerSecond / result.best.gradientsPerSecond);
  }
  session.print(text);
  session.writeJson(result.json);
}

void addTune(CLI::App& root, CommonOptions& common, std::vector<Command>& commands) {
  auto request = std::make_shared<TuneRequest>();
  CLI::App* app = root.add_subcommand("tune", "Measure how attacks on a model are computed fastest here");
  addCommonOptions(*app, common);
  app->add_option("--model", request->model, "Model: a shipped name, one of yours, or a file");
  app->add_option("--threads", common.threads, "Threads to share out (default: all cores)")
      ->check(wholeNumberProblem<int>);
  commands.push_back({app, [request](Session& session, const std::vector<ExtraOption>&) { runTune(session, *request); },
                      nullptr, false});
}

// ---- attacks, detectors --------------------------------------------------------------------------------------------

void listDetectors(Session& session) {
  const auto list = session.engine().detectors();
  session.print(detectorList(list));
  session.writeJson(jsonText({{"detectors", detectorDocuments(list)}}));
}

void listAttacks(Session& session) {
  const auto list = session.engine().attacks();
  session.print(attackList(list));
  session.writeJson(jsonText({{"attacks", attackDocuments(list)}}));
}

void addLists(CLI::App& root, CommonOptions& common, std::vector<Command>& commands) {
  const auto add = [&](CLI::App& app, void (*run)(Session&)) {
    addCommonOptions(app, common);
    commands.push_back(
        {&app, [run](Session& session, const std::vector<ExtraOption>&) { run(session); }, nullptr, false});
  };
  CLI::App* app = root.add_subcommand("attacks", "List attacks: threat model, norms, whether targeted, reference");
  app->require_subcommand(0, 1);
  add(*app, listAttacks);
  add(*app->add_subcommand("list", "The same; --json gives parameters and presets"), listAttacks);
  add(*app->add_subcommand("table", "The tables of docs/attacks.md, as Markdown"),
      [](Session& session) { session.print(attackMarkdown(session.engine().attacks())); });
  app = root.add_subcommand("detectors", "List detectors: what they need, reference");
  app->require_subcommand(0, 1);
  add(*app, listDetectors);
  add(*app->add_subcommand("list", "The same; --json gives parameters"), listDetectors);
  add(*app->add_subcommand("table", "The tables of docs/detectors.md, as Markdown"),
      [](Session& session) { session.print(detectorMarkdown(session.engine().detectors())); });
}

}  // namespace

std::string datasetOf(Engine& engine, const std::string& model) {
  const auto past = nlohmann::json::parse(engine.model(model).pastJson, nullptr, false);
  if (past.is_object() && past.contains("data") && past["data"].is_object()) {
    const auto name = past["data"].find("name");
    if (name != past["data"].end() && name->is_string()) return name->get<std::string>();
  }
  throw Error(ErrorKind::Usage, "--data is missing, and the model doesn't say what it was trained on", model,
              "name a data set");
}

void addAttackCommands(CLI::App& root, CommonOptions& common, std::vector<Command>& commands) {
  addAttack(root, common, commands);
  addDetect(root, common, commands);
  addTune(root, common, commands);
  addLists(root, common, commands);
}

}  // namespace whorl::cli
