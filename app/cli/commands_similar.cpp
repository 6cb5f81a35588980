// SPDX-License-Identifier: GPL-3.0-or-later
// similar: an index of features, the nearest images in it, and how well near-duplicates are found.
#include <algorithm>
#include <memory>

#include <CLI/CLI.hpp>

#include "app/cli/commands.h"
#include "app/cli/similar_tables.h"
#include "app/cli/text.h"
#include "core/base/error.h"

namespace whorl::cli {
namespace {

InputFit parseFit(const std::string& text) {
  if (text == "fit") return InputFit::Fit;
  if (text == "crop") return InputFit::Crop;
  if (text == "stretch") return InputFit::Stretch;
  throw Error(ErrorKind::Usage, "\"" + text + "\" is no way to fit an image", "--fit", "one of fit, crop, stretch");
}

void requireModel(bool given, const std::string& command) {
  if (given) return;
  throw Error(ErrorKind::Usage, "--model is missing", command, "whorl-cli models list shows what there is");
}

/// "jpeg:quality=50" as a step; natural perturbations only.
StepRequest naturalStep(const Engine& engine, const std::string& text, const std::string& option) {
  StepText step = parseStep(text);
  std::string known;
  for (const PerturbationInfo& each : engine.perturbations()) {
    known += (known.empty() ? "" : ", ") + each.spec.name;
    if (each.spec.name != step.operation) continue;
    const Parameters given = takeParameters(each.spec.name, each.spec.parameters, step.options);
    refuseLeftOvers("similar", step.options, each.spec.parameters);
    resolve(each.spec.name, each.spec.parameters, given);
    return {each.spec.name, given, true};
  }
  throw Error(ErrorKind::Usage, "there is no perturbation \"" + step.operation + "\"", option, "one of " + known);
}

/// "crop:offset=2+jpeg:quality=50": a stack.
std::vector<StepRequest> distortionOf(const Engine& engine, const std::string& text) {
  std::vector<StepRequest> steps;
  for (std::size_t first = 0; first <= text.size();) {
    const std::size_t end = std::min(text.find('+', first), text.size());
    steps.push_back(naturalStep(engine, text.substr(first, end - first), "--distortion"));
    first = end + 1;
  }
  return steps;
}

void addThreads(CLI::App& app, CommonOptions& common) {
  app.add_option("--threads", common.threads, "Threads (default: all cores)")->check(wholeNumberProblem<int>);
}

void addLayer(CLI::App& app, std::string& layer, bool& raw) {
  app.add_option("--layer", layer, "Layer that the features are taken from (default features, the last hidden one)");
  app.add_flag("--raw", raw, "Features as they are, not divided by their length");
}

// ---- index ---------------------------------------------------------------------------------------------------------

struct IndexOptions {
  SimilarIndexRequest request;
  std::string fit = "fit";
  bool raw = false;
};

void runIndex(Session& session, const IndexOptions& options) {
  SimilarIndexRequest request = options.request;
  requireModel(!request.model.empty(), "similar index");
  if (request.folder.empty() == request.dataset.empty()) {
    throw Error(ErrorKind::Usage, "--folder or --data must be given", "similar index", "one of the two");
  }
  request.normalise = !options.raw;
  request.fit = parseFit(options.fit);
  request.device = session.options().device;
  request.threads = session.options().threads;
  SimilarIndexResult result;
  session.run(Lane::Batch, "similar index",
              [&](JobContext& context) { result = session.engine().similarIndex(request, context); });
  session.print(similarIndexText(result));
  session.writeJson(result.json);
}

/// The layers of the model that is named among the raw arguments.
std::string layerHelp(Engine& engine, const std::vector<std::string>& arguments) {
  const std::string model = rawOption(arguments, "--model");
  if (model.empty()) return "Layers: --model MODEL --help lists a model's.\n";
  return "Layers of " + oneLine(model) + ": " + joined(engine.featureLayers(model)) + "\n";
}

void addIndex(CLI::App& group, CommonOptions& common, std::vector<Command>& commands) {
  auto options = std::make_shared<IndexOptions>();
  SimilarIndexRequest& request = options->request;
  CLI::App* app = group.add_subcommand("index", "Index a folder's or data set's images; go on with an index");
  addCommonOptions(*app, common);
  app->add_option("--model", request.model, "Model: a shipped name, one of yours, or a file");
  addLayer(*app, request.layer, options->raw);
  app->add_option("--folder", request.folder, "Folder of image files, with all folders in it");
  app->add_option("--data", request.dataset, "Data set");
  app->add_option("--split", request.split, "Of the data set: test or train (default test)");
  app->add_option("--count", request.count, "Images of the data set, the first so many (default all)")
      ->check(wholeNumberProblem<std::int64_t>);
  app->add_option("--fit", options->fit, "How images of other sizes are fitted: fit, crop, stretch (default fit)");
  app->add_option("--index", request.index, "File of the index (default: one in your folder that goes with the rest)");
  app->add_option("--batch-size", request.batchSize, "Images at once (default: chosen)")
      ->check(wholeNumberProblem<std::int64_t>);
  addThreads(*app, common);
  commands.push_back({app,
                      [options](Session& session, const std::vector<ExtraOption>&) { runIndex(session, *options); },
                      layerHelp, false});
}

// ---- query ---------------------------------------------------------------------------------------------------------

struct QueryOptions {
  SimilarQueryRequest request;
  std::vector<std::string> steps;
};

void runQuery(Session& session, const QueryOptions& options) {
  SimilarQueryRequest request = options.request;
  if (request.index.empty()) {
    throw Error(ErrorKind::Usage, "--index is missing", "similar query", "whorl-cli similar index makes one");
  }
  if (request.files.empty() == request.dataset.empty()) {
    throw Error(ErrorKind::Usage, "image files or --data must be given", "similar query", "one of the two");
  }
  for (const std::string& text : options.steps) request.steps.push_back(naturalStep(session.engine(), text, "--step"));
  request.seed = session.options().seed;
  request.device = session.options().device;
  request.threads = session.options().threads;
  SimilarQueryResult result;
  session.run(Lane::Batch, "similar query",
              [&](JobContext& context) { result = session.engine().similarQuery(request, context); });
  session.print(similarQueryText(result));
  session.writeJson(result.json);
}

void addQuery(CLI::App& group, CommonOptions& common, std::vector<Command>& commands) {
  auto options = std::make_shared<QueryOptions>();
  SimilarQueryRequest& request = options->request;
  CLI::App* app = group.add_subcommand("query", "Find the nearest images of an index");
  addCommonOptions(*app, common);
  app->add_option("images", request.files, "Image files");
  app->add_option("--index", request.index, "File of the index");
  app->add_option("--model", request.model, "The index's model, where its file has moved");
  app->add_option("--data", request.dataset, "Data set, whose test images are looked for");
  app->add_option("--first", request.first, "First test image (default 0)")->check(wholeNumberProblem<std::int64_t>);
  app->add_option("--count", request.count, "Test images (default 1)")->check(wholeNumberProblem<std::int64_t>);
  app->add_option("--step", options->steps, "Perturb first: NAME or NAME:parameter=value,…; may be given again")
      ->allow_extra_args(false);
  app->add_option("--measure", request.measure, "Distance of features: l2 (squared) or cosine (default l2)");
  app->add_option("--top", request.top, "Neighbours (default 10)")->check(wholeNumberProblem<std::int64_t>);
  addThreads(*app, common);
  commands.push_back({app,
                      [options](Session& session, const std::vector<ExtraOption>&) { runQuery(session, *options); },
                      nullptr, false});
}

// ---- benchmark -----------------------------------------------------------------------------------------------------

struct BenchmarkOptions {
  SimilarBenchmarkRequest request;
  std::vector<std::string> distortions;
  bool raw = false;
};

void runBenchmark(Session& session, const BenchmarkOptions& options) {
  SimilarBenchmarkRequest request = options.request;
  requireModel(!request.models.empty(), "similar benchmark");
  if (request.dataset.empty()) request.dataset = datasetOf(session.engine(), request.models.front());
  for (const std::string& text : options.distortions) {
    request.distortions.push_back(distortionOf(session.engine(), text));
  }
  request.normalise = !options.raw;
  request.seed = session.options().seed;
  request.device = session.options().device;
  request.threads = session.options().threads;
  SimilarBenchmarkResult result;
  session.run(Lane::Batch, "similar benchmark",
              [&](JobContext& context) { result = session.engine().similarBenchmark(request, context); });
  session.print(similarBenchmarkText(result, request));
  session.writeJson(result.json);
}

void addBenchmark(CLI::App& group, CommonOptions& common, std::vector<Command>& commands) {
  auto options = std::make_shared<BenchmarkOptions>();
  SimilarBenchmarkRequest& request = options->request;
  CLI::App* app = group.add_subcommand("benchmark", "Tell distorted copies from other images: precision and recall");
  addCommonOptions(*app, common);
  app->add_option("--model", request.models, "Model; several, comma-separated, are compared with the first")
      ->delimiter(',')
      ->allow_extra_args(false);
  addLayer(*app, request.layer, options->raw);
  app->add_option("--data", request.dataset, "Data set (default: the one that the first model was trained on)");
  app->add_option("--split", request.split, "Of the data set: test or train (default test)");
  app->add_option("--count", request.count, "Images (default 1000; 0 for all)")
      ->check(wholeNumberProblem<std::int64_t>);
  app->add_option("--negatives", request.negatives, "Other images for each image (default 10)")
      ->check(wholeNumberProblem<std::int64_t>);
  app->add_option("--distortion", options->distortions,
                  "Perturbation, or several joined by +, as in crop:offset=2+jpeg:quality=50; may be given again "
                  "(default: JPEG, thumbnails, crops, noise and combinations)")
      ->allow_extra_args(false);
  app->add_option("--measure", request.measure, "Distance of features: l2 (squared) or cosine (default l2)");
  app->add_option("--draws", request.draws, "Draws of the bootstrap (default 1000)")
      ->check(wholeNumberProblem<std::int64_t>);
  app->add_option("--batch-size", request.batchSize, "Images at once (default: chosen)")
      ->check(wholeNumberProblem<std::int64_t>);
  addThreads(*app, common);
  commands.push_back({app,
                      [options](Session& session, const std::vector<ExtraOption>&) { runBenchmark(session, *options); },
                      layerHelp, false});
}

}  // namespace

void addSimilarCommands(CLI::App& root, CommonOptions& common, std::vector<Command>& commands) {
  CLI::App* group = root.add_subcommand("similar", "Near-duplicates: index images, find the nearest, measure it");
  group->require_subcommand(1);
  addIndex(*group, common, commands);
  addQuery(*group, common, commands);
  addBenchmark(*group, common, commands);
}

}  // namespace whorl::cli
