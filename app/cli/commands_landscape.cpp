// SPDX-License-Identifier: GPL-3.0-or-later
// landscape: values on a line or a plane through an image.
#include <algorithm>
#include <memory>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "app/cli/commands.h"
#include "app/cli/text.h"
#include "core/base/error.h"

namespace whorl::cli {
namespace {

struct LandscapeOptions {
  LandscapeRequest request;
  std::vector<std::string> directions;
  std::string attack;
  std::string threatModel;
  std::string detector;
  std::optional<int> label;
  std::string space = "image";
  WeightLandscape weights;
  BallLandscape ball;
  std::string mask;
  std::optional<double> range;
  std::optional<int> resolution;
  bool list = false;
};

/// "NAME" or "NAME:parameter=value,…", of one of `specs`.
StepRequest namedStep(const std::string& text, const std::vector<OperationSpec>& specs, const std::string& kind,
                      const std::string& option) {
  StepText step = parseStep(text);
  std::string known;
  for (const OperationSpec& spec : specs) {
    known += (known.empty() ? "" : ", ") + spec.name;
    if (spec.name != step.operation) continue;
    StepRequest request;
    request.operation = spec.name;
    request.parameters = takeParameters(spec.name, spec.parameters, step.options);
    refuseLeftOvers("landscape", step.options, spec.parameters);
    return request;
  }
  throw Error(ErrorKind::Usage, "there is no " + kind + " \"" + step.operation + "\"", option, "one of " + known);
}

std::vector<OperationSpec> attackSpecs(const Engine& engine) {
  std::vector<OperationSpec> specs;
  for (AttackInfo& info : engine.attacks()) {
    info.spec.parameters.insert(info.spec.parameters.end(), info.adaptiveParameters.begin(),
                                info.adaptiveParameters.end());
    specs.push_back(std::move(info.spec));
  }
  return specs;
}

std::vector<OperationSpec> detectorSpecs(const Engine& engine) {
  std::vector<OperationSpec> specs;
  for (DetectorInfo& info : engine.detectors()) specs.push_back(std::move(info.spec));
  return specs;
}

std::vector<OperationSpec> directionSpecs(const Engine& engine) {
  std::vector<OperationSpec> specs;
  for (LandscapeDirectionInfo& info : engine.landscapeDirections()) specs.push_back(std::move(info.spec));
  return specs;
}

std::vector<OperationSpec> weightDirectionSpecs(const Engine& engine) {
  std::vector<OperationSpec> specs;
  for (WeightDirectionInfo& info : engine.weightDirections()) specs.push_back(std::move(info.spec));
  return specs;
}

std::vector<OperationSpec> specsOf(std::vector<LandscapeValueInfo> values) {
  std::vector<OperationSpec> specs;
  for (LandscapeValueInfo& info : values) specs.push_back(std::move(info.spec));
  return specs;
}

/// Error(Usage) where an option was given that means nothing in the chosen space.
void refuseStrangers(const LandscapeOptions& options, const CLI::App& app) {
  const std::vector<std::string> ofImages = {"--index", "--label", "--threshold", "--detector", "--clip"};
  const std::vector<std::string> ofPlanes = {"--attack", "--threat-model", "--scale", "--mask"};
  const std::vector<std::string> ofWeights = {"--models", "--split", "--count", "--batch-norm", "--save-bend"};
  const std::vector<std::string> ofBalls = {"--norm", "--rays"};
  const auto refuse = [&](const std::vector<std::string>& names) {
    for (const std::string& name : names) {
      if (app.count(name) == 0) continue;
      throw Error(ErrorKind::Usage, "the option says nothing of the space " + options.space, name,
                  "leave it out, or choose another --space");
    }
  };
  if (options.space == "weights") refuse(ofImages);
  if (options.space != "image") refuse(ofPlanes);
  if (options.space != "weights") refuse(ofWeights);
  if (options.space != "ball") refuse(ofBalls);
  if (options.space == "ball") refuse({"--directions"});
}

void takeWeights(const LandscapeOptions& options, const Engine& engine, LandscapeRequest& request) {
  request.weights = options.weights;
  if (options.directions.size() > 1) {
    throw Error(ErrorKind::Usage, "networks are spread in one way", "--directions", "name one, with dimensions=2");
  }
  if (!options.directions.empty()) {
    request.weights->direction =
        namedStep(options.directions[0], weightDirectionSpecs(engine), "direction", "--directions");
  }
  for (const WeightDirectionInfo& info : engine.weightDirections()) {
    if (info.spec.name == request.weights->direction.operation) request.range = options.range.value_or(info.usualRange);
  }
  request.resolution = options.resolution.value_or(25);
}

void takeImages(const LandscapeOptions& options, Session& session, LandscapeRequest& request) {
  const Engine& engine = session.engine();
  if (!options.directions.empty()) {
    request.directions.clear();
    for (const std::string& text : options.directions) {
      request.directions.push_back(namedStep(text, directionSpecs(engine), "direction", "--directions"));
    }
  }
  if (!options.attack.empty()) {
    request.attack = namedStep(options.attack, attackSpecs(engine), "attack", "--attack");
    request.attack->threatModel = options.threatModel;
  } else if (!options.threatModel.empty()) {
    throw Error(ErrorKind::Usage, "a threat model is given, but no attack", "--threat-model", "name one with --attack");
  }
  if (!options.detector.empty()) {
    StepRequest detector = namedStep(options.detector, detectorSpecs(engine), "detector", "--detector");
    request.detector = detector.operation;
    request.detectorParameters = std::move(detector.parameters);
  }
  if (!options.mask.empty()) {
    const bool used = std::any_of(request.directions.begin(), request.directions.end(),
                                  [](const StepRequest& direction) { return direction.operation == "mask"; });
    if (!used)
      throw Error(ErrorKind::Usage, "a mask is given, but no direction goes along it", "--mask", "--directions mask");
    request.mask = session.engine().readImage(options.mask);
  }
  if (options.space == "ball") request.ball = options.ball;
  request.label = options.label;
  request.range = options.range.value_or(options.space == "ball" && options.ball.norm == "l2" ? 5 : 0.5);
  request.resolution = options.resolution.value_or(51);
}

LandscapeRequest requestOf(const LandscapeOptions& options, Session& session) {
  LandscapeRequest request = options.request;
  for (const auto& [value, option] : {std::pair{&request.model, "--model"}, {&request.dataset, "--data"}}) {
    if (value->empty()) throw Error(ErrorKind::Usage, std::string(option) + " is missing", "landscape");
  }
  if (options.space == "weights") {
    takeWeights(options, session.engine(), request);
  } else {
    takeImages(options, session, request);
  }
  request.seed = session.options().seed;
  request.device = session.options().device;
  request.threads = session.options().threads;
  return request;
}

std::string surfaceText(const LandscapeResult& result) {
  std::string text;
  for (const SurfaceLayer& layer : result.surface.layers) {
    const auto [least, largest] = std::minmax_element(layer.values.begin(), layer.values.end());
    text += padded(layer.name, 24) + figure(*least) + " to " + figure(*largest) + "\n";
  }
  if (result.attackSucceeded) {
    const LandscapePlace& end = result.path.back();
    text += padded("attack", 24) + (*result.attackSucceeded ? "succeeded" : "failed") + ", ends at (" + figure(end.x) +
            ", " + figure(end.y) + "), L2 " + figure(end.distance) + " from the landscape\n";
  }
  if (result.surface.images > 0) {
    text += padded("judged by", 24) + std::to_string(result.surface.images) + " images; BatchNorm's statistics " +
            (result.batchNorm == "measure" ? "measured at each point" : "kept") + "\n";
  }
  const auto points = static_cast<double>(result.surface.pointCount());
  return text + padded("time", 24) +
         format("%.2f s, %.0f points/s; first picture after %.3f s\n", result.seconds, points / result.seconds,
                result.firstPictureSeconds);
}

std::string listText(const Engine& engine) {
  std::string text = "Directions:\n";
  for (const OperationSpec& spec : directionSpecs(engine)) {
    text += "  " + padded(spec.name, 14) + spec.summary + "\n" + describeParameters(spec.parameters);
  }
  text += "\nValues:\n";
  for (const auto& spec : specsOf(engine.landscapeValues())) text += "  " + padded(spec.name, 22) + spec.summary + "\n";
  text += "\nDirections of --space weights:\n";
  for (const OperationSpec& spec : weightDirectionSpecs(engine)) {
    text += "  " + padded(spec.name, 14) + spec.summary + "\n" + describeParameters(spec.parameters);
  }
  text += "\nValues of --space weights:\n";
  for (const auto& spec : specsOf(engine.weightValues())) text += "  " + padded(spec.name, 22) + spec.summary + "\n";
  return text;
}

void listChoices(Session& session) {
  const Engine& engine = session.engine();
  const auto list = [](const std::vector<OperationSpec>& specs) {
    nlohmann::json array = nlohmann::json::array();
    for (const OperationSpec& spec : specs) array.push_back(toJson(spec));
    return array;
  };
  const nlohmann::json document = {{"directions", list(directionSpecs(engine))},
                                   {"values", list(specsOf(engine.landscapeValues()))},
                                   {"weight_directions", list(weightDirectionSpecs(engine))},
                                   {"weight_values", list(specsOf(engine.weightValues()))}};
  session.print(listText(engine));
  session.writeJson(jsonText(document));
}

void runLandscape(Session& session, const LandscapeOptions& options, const CLI::App& app) {
  if (options.list) return listChoices(session);
  refuseStrangers(options, app);
  Engine& engine = session.engine();
  const LandscapeRequest request = requestOf(options, session);
  LandscapeResult result;
  session.run(
      Lane::Batch, "landscape", [&](JobContext& context) { result = engine.landscape(request, context); },
      request.weights ? "images" : "points");
  session.print(surfaceText(result));
  session.writeJson(result.json);
}

}  // namespace

void addLandscapeCommands(CLI::App& root, CommonOptions& common, std::vector<Command>& commands) {
  auto options = std::make_shared<LandscapeOptions>();
  LandscapeRequest& request = options->request;
  CLI::App* app =
      root.add_subcommand("landscape", "Loss, fingerprint and more on a line or a plane through an image or a network");
  addCommonOptions(*app, common);
  app->add_option("--space", options->space, "image, ball (around an image) or weights (default image)")
      ->check(CLI::IsMember({"image", "ball", "weights"}));
  app->add_option("--model", request.model, "Model: a shipped name, one of yours, or a file");
  app->add_option("--data", request.dataset, "Data set by name, or a folder of images");
  app->add_option("--index", request.index, "Which of its test images is in the middle (default 0)")
      ->check(wholeNumberProblem<std::int64_t>);
  app->add_option("--label", options->label, "Its true class (default: the data set's)")
      ->check(wholeNumberProblem<int>);
  app->add_option("--directions", options->directions,
                  "One or two of NAME or NAME:parameter=value,… (default gradient-sign rademacher; of weights one, "
                  "default random)")
      ->expected(1, 2);
  app->add_option("--attack", options->attack, "NAME or NAME:parameter=value,…: its path is located, or followed");
  app->add_option("--threat-model", options->threatModel, "What the attack may see (default grey-box)");
  app->add_option("--values", request.values, "Comma-separated (default cross_entropy)")->delimiter(',');
  app->add_option("--range", options->range, "How far to either side (default 0.5; of weights 1, trajectory 1.2)");
  app->add_option("--resolution", options->resolution, "Points an axis, 2 to 513 (default 51; of weights 25)")
      ->check(wholeNumberProblem<int>);
  app->add_option("--scale", request.scale, "What 1 means along a direction: linf or l2 (default linf)");
  app->add_flag("--clip", request.clip, "Bring points into the pixel box [0,1]");
  app->add_option("--threshold", request.threshold, "Of the accept region (default: the model's)");
  app->add_option("--detector", options->detector, "NAME or NAME:parameter=value,… for the value detector_score");
  app->add_option("--mask", options->mask, "Image file of the direction mask: black stays, white changes most");
  app->add_option("--norm", options->ball.norm, "Of a ball's radius: l2 or linf (default l2)");
  app->add_option("--rays", options->ball.directions, "Of a ball, random directions (default 64)")
      ->check(wholeNumberProblem<std::int64_t>);
  app->add_option("--models", options->weights.models, "Of weights: other models of the same architecture, in order");
  app->add_option("--split", options->weights.split, "Of weights: images of train or test (default test)");
  app->add_option("--count", options->weights.count, "Of weights: so many of them (default 1000)")
      ->check(wholeNumberProblem<std::int64_t>);
  app->add_option("--batch-norm", options->weights.batchNorm,
                  "Of weights: keep statistics, measure them anew, or auto (keep along random directions)");
  app->add_option("--save-bend", options->weights.saveBend, "Write the bend's trained control point as a model");
  app->add_option("--save", request.save, "Write it here: .csv, .npy, .npz, .vtk, or a picture: .png, .svg, .pdf");
  app->add_flag("--list", options->list, "List directions and values");
  app->add_option("--threads", common.threads, "Threads to share out (default: all cores)")
      ->check(wholeNumberProblem<int>);
  commands.push_back(
      {app,
       [options, app](Session& session, const std::vector<ExtraOption>&) { runLandscape(session, *options, *app); },
       [](Engine& engine, const std::vector<std::string>&) { return listText(engine); }, false});
}

}  // namespace whorl::cli
