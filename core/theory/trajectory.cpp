// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/theory/trajectory.h"

#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "core/base/random.h"

namespace whorl {
namespace {

std::vector<ParameterSpec> ballParameters() {
  return {ParameterSpec::real("epsilon", 3, 0, 20, "", "How far from the start it may go"),
          ParameterSpec::choice("norm", "l2", {"linf", "l2"}, "How that distance is measured")};
}

std::vector<ParameterSpec> stepParameters() {
  std::vector<ParameterSpec> specs = ballParameters();
  specs.push_back(ParameterSpec::integer("steps", 40, 1, 500, "", "Steps of the gradient"));
  specs.push_back(ParameterSpec::real("step_size", 0.2, 0.001, 5, "", "Length of a step"));
  specs.push_back(ParameterSpec::boolean("random_start", false, "Begin at a random place of the ball"));
  return specs;
}

std::vector<OperationSpec> makeAttacks() {
  std::vector<ParameterSpec> adaptive = stepParameters();
  adaptive.push_back(
      ParameterSpec::real("detector_weight", 3, 0, 100, "", "How much a low fingerprint loss counts beside the class"));
  return {{"fgsm", "FGSM", "One step along the gradient", "Goodfellow, Shlens and Szegedy 2015", ballParameters()},
          {"pgd", "PGD", "Many steps along the gradient, brought back into the ball", "Madry et al. 2018",
           stepParameters()},
          {"adaptive-pgd", "Adaptive PGD", "PGD that lowers the fingerprint loss, too", "Carlini and Wagner 2017",
           std::move(adaptive)}};
}

const OperationSpec& findAttack(const std::string& name) {
  for (const OperationSpec& spec : planarAttacks()) {
    if (spec.name == name) return spec;
  }
  throw Error(ErrorKind::Usage, "there is no attack \"" + name + "\" in the plane", "attack",
              "one of fgsm, pgd, adaptive-pgd");
}

/// Cross-entropy of a class and its gradient with respect to the point.
struct LossGradient {
  double loss = 0;
  PlanarPoint gradient;
};

LossGradient lossGradient(const PlanarNetwork& network, const PlanarPoint& point, int label) {
  PlanarPass pass;
  network.forward(std::span(&point, 1), pass);
  std::vector<double> values = pass.logits();
  const double largest = *std::max_element(values.begin(), values.end());
  double sum = 0;
  for (const double value : values) sum += std::exp(value - largest);
  const double loss = std::log(sum) + largest - values[static_cast<std::size_t>(label)];
  for (double& value : values) value = std::exp(value - largest) / sum;
  values[static_cast<std::size_t>(label)] -= 1;
  std::vector<PlanarPoint> gradient;
  network.backward(pass, values, nullptr, &gradient);
  return {loss, gradient.front()};
}

double sign(double value) { return value > 0 ? 1 : value < 0 ? -1 : 0; }

/// The step of length 1 in that norm along which a linear function of that gradient grows most.
PlanarPoint steepest(const PlanarPoint& gradient, bool linf) {
  if (linf) return {sign(gradient.x), sign(gradient.y)};
  // The scale first: gradients of saturated networks are so small that their squares vanish.
  const double scale = std::max(std::abs(gradient.x), std::abs(gradient.y));
  if (scale == 0) return {};
  const PlanarPoint scaled = gradient * (1 / scale);
  return scaled * (1 / length(scaled));
}

PlanarPoint projected(const PlanarPoint& shift, double epsilon, bool linf) {
  if (linf) return {std::clamp(shift.x, -epsilon, epsilon), std::clamp(shift.y, -epsilon, epsilon)};
  const double size = length(shift);
  return size > epsilon ? shift * (epsilon / size) : shift;
}

PlanarPoint randomShift(double epsilon, bool linf, std::uint64_t seed) {
  Random random(mixSeed(seed, "random-start"));
  if (linf) {
    const double x = random.uniform(-epsilon, epsilon);
    return {x, random.uniform(-epsilon, epsilon)};
  }
  const double angle = random.uniform(0, 2 * 3.14159265358979323846);
  const double radius = epsilon * std::sqrt(random.uniform());
  return {radius * std::cos(angle), radius * std::sin(angle)};
}

/// What the walk looks at.
struct Walk {
  const PlanarNetwork& network;
  const PlanarFingerprints& fingerprints;
  int label;
  double weight;  ///< of the fingerprint loss; 0 for attacks that don't know of it

  PlanarPoint climb(const PlanarPoint& at) const {
    PlanarPoint gradient = lossGradient(network, at, label).gradient;
    if (weight > 0) gradient = gradient - scoreGradient(network, fingerprints, at).gradient * weight;
    return gradient;
  }
  PlanarStep judged(const PlanarPoint& at) const {
    return {at, lossGradient(network, at, label).loss,
            fingerprintScores(network, fingerprints, std::span(&at, 1)).front(),
            network.predicted(std::span(&at, 1)).front()};
  }
};

void chooseBest(PlanarTrajectory& path, int label, double threshold, bool adaptive) {
  path.best = path.steps.size() - 1;
  int rank = 0;
  for (std::size_t i = 1; i < path.steps.size(); ++i) {
    const bool fooled = path.steps[i].predicted != label;
    const int reached = !fooled ? 0 : adaptive && path.steps[i].score < threshold ? 2 : 1;
    if (reached > 0 && reached >= rank) rank = reached, path.best = i;
  }
  path.fooled = path.steps[path.best].predicted != label;
  path.accepted = path.steps[path.best].score < threshold;
}

}  // namespace

const std::vector<OperationSpec>& planarAttacks() {
  static const std::vector<OperationSpec> table = makeAttacks();
  return table;
}

PlanarTrajectory planarAttack(const PlanarNetwork& network, const PlanarFingerprints& fingerprints, double threshold,
                              const std::string& attack, const Parameters& parameters, const PlanarPoint& start,
                              int label, std::uint64_t seed) {
  const Parameters values = resolve(attack, findAttack(attack).parameters, parameters);
  if (label < 0 || label >= network.classCount()) {
    throw Error(ErrorKind::Usage, "the model has no class " + std::to_string(label), attack);
  }
  if (!std::isfinite(start.x) || !std::isfinite(start.y)) {
    throw Error(ErrorKind::BadInput, "the start is no point of the plane", attack);
  }
  const bool adaptive = attack == "adaptive-pgd";
  if (adaptive && fingerprints.count() == 0) {
    throw Error(ErrorKind::Usage, "there are no fingerprints to adapt to", attack, "take pgd");
  }
  const bool linf = values.text("norm") == "linf";
  const double epsilon = values.real("epsilon");
  const Walk walk{network, fingerprints, label, adaptive ? values.real("detector_weight") : 0};
  const std::int64_t steps = attack == "fgsm" ? 1 : values.integer("steps");
  const double stepSize = attack == "fgsm" ? epsilon : values.real("step_size");
  PlanarTrajectory path;
  path.steps.push_back(walk.judged(start));
  PlanarPoint shift;
  if (attack != "fgsm" && values.boolean("random_start")) {
    shift = randomShift(epsilon, linf, seed);
    path.steps.push_back(walk.judged(start + shift));
  }
  for (std::int64_t i = 0; i < steps; ++i) {
    const PlanarPoint gradient = walk.climb(start + shift);
    shift = projected(shift + steepest(gradient, linf) * stepSize, epsilon, linf);
    path.steps.push_back(walk.judged(start + shift));
  }
  chooseBest(path, label, threshold, adaptive);
  return path;
}

}  // namespace whorl
