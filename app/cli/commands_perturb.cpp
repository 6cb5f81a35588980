// SPDX-License-Identifier: GPL-3.0-or-later
// perturb: one image file, a model over a suite of corruptions, or the robustness of its answers. And their list.
#include <algorithm>
#include <memory>
#include <optional>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "app/cli/commands.h"
#include "app/cli/perturbation_tables.h"
#include "app/cli/text.h"
#include "core/base/error.h"

namespace whorl::cli {
namespace {

struct PerturbOptions {
  std::string image;
  std::string output;
  std::vector<std::string> perturbations;
  std::string suite;
  std::string model;
  std::string baseline;
  std::string data;
  std::vector<int> severities;
  std::optional<std::int64_t> count;
  std::int64_t batchSize = 0;
  bool robustness = false;
  bool list = false;
};

PerturbationInfo findPerturbation(const Engine& engine, const std::string& name) {
  std::string known;
  for (const auto& each : engine.perturbations()) {
    if (each.spec.name == name) return each;
    known += (known.empty() ? "" : ", ") + each.spec.name;
  }
  throw Error(ErrorKind::Usage,
              name.empty() ? "no perturbation was named" : "there is no perturbation \"" + name + "\"",
              "--perturbation", known.empty() ? "this build has none" : "one of " + known);
}

void listPerturbations(Session& session) {
  const Engine& engine = session.engine();
  session.print(perturbationList(engine.perturbations(), engine.corruptionSuites()));
  session.writeJson(jsonText(perturbationDocument(engine.perturbations(), engine.corruptionSuites())));
}

/// Error(Usage) for an option that this use of the command doesn't take.
void refuseGiven(bool given, const std::string& option, const std::string& needs) {
  if (given) throw Error(ErrorKind::Usage, option + " is given without " + needs, "perturb", "add " + needs);
}

void perturbFile(Session& session, const PerturbOptions& options, std::vector<ExtraOption> extras) {
  refuseGiven(!options.model.empty(), "--model", "--suite or --robustness");
  refuseGiven(!options.data.empty(), "--data", "--suite or --robustness");
  refuseGiven(options.count.has_value(), "--count", "--suite or --robustness");
  PerturbRequest request;
  request.input = options.image;
  request.output = options.output;
  if (options.perturbations.size() > 1) {
    throw Error(ErrorKind::Usage, "several perturbations of one file", "--perturbation",
                "name one; explore --step … --step … makes a stack");
  }
  if (!options.perturbations.empty()) request.perturbation = options.perturbations.front();
  const OperationSpec spec = findPerturbation(session.engine(), request.perturbation).spec;
  request.parameters = takeParameters(spec.name, spec.parameters, extras);
  refuseLeftOvers("perturb", extras, spec.parameters);
  if (request.input.empty()) throw Error(ErrorKind::Usage, "no image was given", "perturb");
  if (request.output.empty()) throw Error(ErrorKind::Usage, "--output is missing", "perturb");
  request.seed = session.options().seed;
  std::string document;
  session.run(Lane::Batch, "perturb",
              [&](JobContext& context) { document = session.engine().perturb(request, context); });
  session.print("written to " + oneLine(request.output) + "\n");
  session.writeJson(document);
}

/// What both ways to test a model need.
void checkTested(const PerturbOptions& options) {
  if (options.model.empty()) {
    throw Error(ErrorKind::Usage, "--model is missing", "perturb", "whorl-cli models list shows what there is");
  }
  if (!options.image.empty()) {
    throw Error(ErrorKind::Usage, "an image file is given, but a data set is looked at", oneLine(options.image),
                "leave it out, or name the folder with --data");
  }
}

void runSuite(Session& session, const PerturbOptions& options, const std::vector<ExtraOption>& extras) {
  checkTested(options);
  refuseLeftOvers("perturb", extras, {});
  refuseGiven(!options.output.empty(), "--output", "a file or --robustness");
  CorruptionRequest request;
  request.model = options.model;
  request.baseline = options.baseline;
  request.dataset = options.data.empty() ? datasetOf(session.engine(), options.model) : options.data;
  request.suite = options.suite;
  request.perturbations = options.perturbations;
  request.severities = options.severities;
  request.count = options.count.value_or(0);
  request.batchSize = options.batchSize;
  request.seed = session.options().seed;
  request.device = session.options().device;
  request.threads = session.options().threads;
  CorruptionResult result;
  session.run(Lane::Batch, "corruptions",
              [&](JobContext& context) { result = session.engine().corruptions(request, context); });
  session.print(corruptionText(result));
  session.writeJson(result.json);
}

void runRobustness(Session& session, const PerturbOptions& options, std::vector<ExtraOption> extras) {
  checkTested(options);
  const auto specs = session.engine().robustnessParameters();
  RobustnessRequest request;
  request.model = options.model;
  request.dataset = options.data.empty() ? datasetOf(session.engine(), options.model) : options.data;
  request.perturbations = options.perturbations;
  request.parameters = takeParameters("robustness", specs, extras);
  refuseLeftOvers("perturb", extras, specs);
  request.count = options.count.value_or(request.count);
  request.output = options.output;
  request.seed = session.options().seed;
  request.device = session.options().device;
  request.threads = session.options().threads;
  RobustnessResult result;
  session.run(Lane::Batch, "robustness",
              [&](JobContext& context) { result = session.engine().robustness(request, context); });
  session.print(robustnessText(result, request));
  session.writeJson(result.json);
}

void runPerturb(Session& session, const PerturbOptions& options, std::vector<ExtraOption> extras) {
  if (options.list) {
    refuseLeftOvers("perturb", extras, {});
    return listPerturbations(session);
  }
  if (!options.suite.empty() && options.robustness) {
    throw Error(ErrorKind::Usage, "--suite and --robustness are given", "perturb", "one after the other");
  }
  if (options.suite.empty()) {
    refuseGiven(!options.baseline.empty(), "--baseline", "--suite");
    refuseGiven(!options.severities.empty(), "--severities", "--suite");
    refuseGiven(options.batchSize != 0, "--batch-size", "--suite");
  }
  if (!options.suite.empty()) return runSuite(session, options, extras);
  if (options.robustness) return runRobustness(session, options, std::move(extras));
  perturbFile(session, options, std::move(extras));
}

/// Parameters of what is named among the raw arguments, or of all.
std::string parameterHelp(Engine& engine, const std::vector<std::string>& arguments) {
  if (std::find(arguments.begin(), arguments.end(), "--robustness") != arguments.end()) {
    return "Parameters of --robustness:\n" + describeParameters(engine.robustnessParameters());
  }
  const std::string name = rawOption(arguments, "--perturbation");
  if (name.empty()) return "Perturbations:\n" + perturbationList(engine.perturbations(), engine.corruptionSuites());
  const OperationSpec spec = findPerturbation(engine, name).spec;
  return "Perturbations:\n" + spec.name + ": " + spec.summary + "\n" + describeParameters(spec.parameters);
}

void addList(CLI::App& root, CommonOptions& common, std::vector<Command>& commands) {
  const auto add = [&](CLI::App& app, void (*run)(Session&)) {
    addCommonOptions(app, common);
    commands.push_back(
        {&app, [run](Session& session, const std::vector<ExtraOption>&) { run(session); }, nullptr, false});
  };
  CLI::App* app = root.add_subcommand("perturbations", "List natural perturbations, and suites of them");
  app->require_subcommand(0, 1);
  add(*app, listPerturbations);
  add(*app->add_subcommand("table", "The tables of docs/perturbations.md, as Markdown"), [](Session& session) {
    session.print(perturbationMarkdown(session.engine().perturbations(), session.engine().corruptionSuites()));
  });
}

}  // namespace

void addPerturbCommands(CLI::App& root, CommonOptions& common, std::vector<Command>& commands) {
  auto options = std::make_shared<PerturbOptions>();
  CLI::App* app = root.add_subcommand("perturb", "Perturb an image file naturally, or test a model so");
  addCommonOptions(*app, common);
  app->add_option("image", options->image, "Image file");
  app->add_option("--output", options->output, "Image file to write (PNG, JPEG, WebP, BMP, TIFF)");
  app->add_option("--perturbation", options->perturbations,
                  "Perturbation by name; comma-separated for --suite, and with families for --robustness")
      ->delimiter(',')
      ->allow_extra_args(false);
  app->add_flag("--list", options->list, "List the perturbations and their parameters");
  app->add_option("--suite", options->suite, "A model's accuracy over a suite: corruptions, corruptions-extra");
  app->add_flag("--robustness", options->robustness, "Search for perturbations that move a model's answer most");
  app->add_option("--model", options->model, "Model: a shipped name, one of yours, or a file");
  app->add_option("--baseline", options->baseline, "Model whose errors a suite's are divided by");
  app->add_option("--data", options->data, "Data set (default: the one that the model was trained on)");
  app->add_option("--count", options->count, "Test images (default: all for --suite, 100 for --robustness)")
      ->check(wholeNumberProblem<std::int64_t>);
  app->add_option("--severities", options->severities, "Of a suite, comma-separated (default 1,2,3,4,5)")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(wholeNumberProblem<int>);
  app->add_option("--batch-size", options->batchSize, "Images at once (default: chosen)")
      ->check(wholeNumberProblem<std::int64_t>);
  app->add_option("--threads", common.threads, "Threads (default: all cores)")->check(wholeNumberProblem<int>);
  commands.push_back({app,
                      [options](Session& session, std::vector<ExtraOption> extras) {
                        runPerturb(session, *options, std::move(extras));
                      },
                      parameterHelp, true});
  addList(root, common, commands);
}

}  // namespace whorl::cli
