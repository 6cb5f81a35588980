// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/theory/experiment.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "core/base/error.h"
#include "core/theory/toys.h"

namespace whorl {
namespace {

constexpr std::chrono::milliseconds kBetweenFrames{100};
constexpr int kLiveResolution = 49;
/// Inside its bands a line model's distance is 0, outside at least 1/2.
constexpr double kLineThreshold = 0.25;

std::vector<ParameterSpec> lineParameters() {
  ParameterSpec c =
      ParameterSpec::real("c", 1, 1e-3, 1e3, "", "C: what a point on the wrong side costs beside the margin");
  c.logarithmic = true;
  return {c};
}

std::vector<ParameterSpec> trainingParameters(std::int64_t epochs) {
  ParameterSpec rate = ParameterSpec::real("learning_rate", 0.005, 1e-4, 1, "", "Length of the optimiser's steps");
  rate.logarithmic = true;
  return {ParameterSpec::integer("epochs", epochs, 1, 5000, "", "Passes over the data"),
          ParameterSpec::integer("batch_size", 64, 1, 5000, "points", "Points a step"), rate,
          ParameterSpec::choice("optimizer", "adam", {"adam", "sgd"}, "Adam, or plain gradient descent"),
          ParameterSpec::real("fingerprint_weight", 1, 0, 100, "",
                              "How much the fingerprint term counts beside the class")};
}

std::vector<OperationSpec> makeModels() {
  std::vector<ParameterSpec> network = {
      ParameterSpec::integer("hidden", 48, 2, 256, "units", "Units of each hidden layer"),
      ParameterSpec::integer("layers", 2, 1, 4, "", "Hidden layers"),
      ParameterSpec::choice("activation", "relu", {"relu", "tanh"}, "What each hidden unit does")};
  for (const ParameterSpec& spec : trainingParameters(150)) network.push_back(spec);
  return {{"network", "Small network", "A multilayer perceptron, trained by gradient descent", "", std::move(network)},
          {"svm", "Linear SVM", "The widest margin, found exactly; four fingerprints are chosen",
           "Cortes and Vapnik 1995", lineParameters()},
          {"logistic", "Logistic regression", "The most likely line, found exactly; four fingerprints are chosen",
           "Cox 1958", lineParameters()},
          {"linear-outputs", "Linear outputs", "One linear output a class, trained by gradient descent", "",
           trainingParameters(150)}};
}

const OperationSpec& findModel(const std::string& name) {
  std::string known;
  for (const OperationSpec& spec : theoryModels()) {
    if (spec.name == name) return spec;
    known += (known.empty() ? "" : ", ") + spec.name;
  }
  throw Error(ErrorKind::Usage, "there is no toy model \"" + name + "\"", "model", "one of " + known);
}

/// The request, checked and resolved.
struct Plan {
  PlanarData data;
  int classes = 0;
  Parameters model;
  Parameters fingerprints;
  PlanarBox box;
};

Plan planOf(const TheoryRequest& request) {
  Plan plan;
  plan.model = resolve(request.model, findModel(request.model).parameters, request.modelParameters);
  plan.fingerprints = resolve("fingerprints", planarFingerprintParameters(), request.fingerprintParameters);
  if (!(request.share > 0 && request.share <= 1)) {
    throw Error(ErrorKind::Usage, "the share must be above 0 and at most 1", "share", "0.95 is usual");
  }
  if (request.threshold && !(*request.threshold >= 0)) {
    throw Error(ErrorKind::Usage, "a threshold must be 0 or more", "threshold");
  }
  if (request.resolution < 2 || request.resolution > 513) {
    throw Error(ErrorKind::Usage, std::to_string(request.resolution) + " is no resolution", "resolution",
                "2 to 513 points an axis");
  }
  plan.data = theoryData(request);
  plan.classes = checkedClassCount(plan.data);
  plan.box = boxAround(plan.data);
  return plan;
}

PlanarTraining trainingOf(const Parameters& parameters) {
  return {parameters.integer("batch_size"), parameters.real("learning_rate"), parameters.text("optimizer"),
          parameters.real("fingerprint_weight")};
}

PlanarNetwork freshNetwork(const TheoryRequest& request, const Plan& plan) {
  if (request.model == "linear-outputs") return PlanarNetwork({}, plan.classes, "relu", request.seed);
  const std::vector<int> hidden(static_cast<std::size_t>(plan.model.integer("layers")),
                                static_cast<int>(plan.model.integer("hidden")));
  return PlanarNetwork(hidden, plan.classes, plan.model.text("activation"), request.seed);
}

/// Tells of both sides while they learn, but not too often.
class Audience {
 public:
  Audience(const TheoryHooks& hooks, const TheoryRequest& request, const Plan& plan, const PlanarFingerprints& arrows)
      : m_hooks(hooks), m_resolution(std::min(kLiveResolution, request.resolution)), m_plan(plan), m_arrows(arrows) {}

  void tell(std::int64_t epoch, std::int64_t epochs, const TheorySide& plain, const TheorySide& fingerprinted,
            const JobContext& context) {
    const auto now = std::chrono::steady_clock::now();
    if (!m_hooks.onFrame || (epoch > 1 && now < m_next)) return;
    TheoryFrame frame;
    frame.epoch = epoch;
    frame.epochs = epochs;
    frame.plainLoss = plain.losses.back();
    frame.loss = fingerprinted.losses.back();
    frame.plain = sampleField(plain.network, m_arrows, m_plan.box, m_resolution, context);
    frame.fingerprinted = sampleField(fingerprinted.network, m_arrows, m_plan.box, m_resolution, context);
    m_hooks.onFrame(frame);
    m_next = std::chrono::steady_clock::now() + kBetweenFrames;
  }

 private:
  const TheoryHooks& m_hooks;
  int m_resolution;
  const Plan& m_plan;
  const PlanarFingerprints& m_arrows;
  std::chrono::steady_clock::time_point m_next;
};

void train(const TheoryRequest& request, const Plan& plan, TheoryResult& result, const JobContext& context,
           const TheoryHooks& hooks) {
  result.fingerprints = drawPlanarFingerprints(plan.fingerprints, plan.classes, request.seed);
  const PlanarTraining training = trainingOf(plan.model);
  const PlanarNetwork start = freshNetwork(request, plan);
  PlanarTrainer plain(start, plan.data, {}, training, request.seed);
  PlanarTrainer fingerprinted(start, plan.data, result.fingerprints, training, request.seed);
  Audience audience(hooks, request, plan, result.fingerprints);
  const std::int64_t epochs = plan.model.integer("epochs");
  for (std::int64_t epoch = 1; epoch <= epochs; ++epoch) {
    result.plain.losses.push_back(plain.epoch(context));
    result.fingerprinted.losses.push_back(fingerprinted.epoch(context));
    result.plain.network = plain.network();
    result.fingerprinted.network = fingerprinted.network();
    const PlanarLoss& loss = result.fingerprinted.losses.back();
    context.report(
        {epoch, epochs, "training", {{"cross_entropy", loss.crossEntropy}, {"fingerprint_loss", loss.fingerprint}}});
    audience.tell(epoch, epochs, result.plain, result.fingerprinted, context);
  }
}

void findLine(const TheoryRequest& request, const Plan& plan, TheoryResult& result, const JobContext& context) {
  const double c = plan.model.real("c");
  result.line =
      request.model == "svm" ? trainSvm(plan.data, c, 1e-9, context).model : trainLogistic(plan.data, c, context);
  result.bands = tightestBands(*result.line, plan.data, request.share);
  result.fingerprints = asResponses(bandFingerprints(*result.line, result.bands));
  result.plain.network = result.fingerprinted.network = PlanarNetwork::of(*result.line);
}

}  // namespace

const std::vector<OperationSpec>& theoryModels() {
  static const std::vector<OperationSpec> table = makeModels();
  return table;
}

bool isLineModel(const std::string& model) { return model == "svm" || model == "logistic"; }

PlanarData theoryData(const TheoryRequest& request) {
  if (request.toy != "painted") return makeToy(request.toy, request.toyParameters, request.seed);
  if (!request.toyParameters.values().empty()) {
    throw Error(ErrorKind::Usage, "painted points have no parameters", "painted");
  }
  checkedClassCount(request.points);
  return request.points;
}

TheoryResult runTheory(const TheoryRequest& request, const JobContext& context, const TheoryHooks& hooks) {
  Plan plan = planOf(request);
  TheoryResult result;
  result.classes = plan.classes;
  if (isLineModel(request.model)) {
    findLine(request, plan, result, context);
  } else {
    train(request, plan, result, context, hooks);
  }
  const std::vector<PlanarPoint> points = pointsOf(plan.data);
  for (const bool with : {true, false}) {
    TheorySide& side = with ? result.fingerprinted : result.plain;
    const PlanarFingerprints arrows = result.fingerprintsOf(with);
    side.scores = fingerprintScores(side.network, arrows, points);
    side.classes = side.network.predicted(points);
    side.field = sampleField(side.network, arrows, plan.box, request.resolution, context);
    side.ownThreshold = thresholdFor(plan.data, side.scores, side.classes, request.share);
    if (with) {
      result.threshold = request.threshold.value_or(isLineModel(request.model) ? kLineThreshold : side.ownThreshold);
    }
    side.shares = acceptedShares(result.threshold, plan.data, side.scores, side.classes, side.field);
    side.ownArea = acceptedShares(side.ownThreshold, plan.data, side.scores, side.classes, side.field).acceptedArea;
  }
  result.data = std::move(plan.data);
  return result;
}

}  // namespace whorl
