// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/theory/fingerprints.h"

#include <algorithm>
#include <limits>

#include "core/base/random.h"

namespace whorl {
namespace {

constexpr double kLeastNorm = 1e-12;
/// Copies of points that are computed at once.
constexpr std::size_t kCopiesAtOnce = 2048;

double norm(std::span<const double> values) {
  double sum = 0;
  for (const double value : values) sum += value * value;
  return std::max(std::sqrt(sum), kLeastNorm);
}

/// The points and then, fingerprint by fingerprint, their shifted copies.
std::vector<PlanarPoint> withCopies(std::span<const PlanarPoint> points, const PlanarFingerprints& fingerprints) {
  std::vector<PlanarPoint> copies(points.begin(), points.end());
  for (const PlanarPoint& dx : fingerprints.dx) {
    for (const PlanarPoint& point : points) copies.push_back(point + dx);
  }
  return copies;
}

/// ‖φ(x + Δxᵢ) − φ(x) − Δyᵢⱼ‖ of normalised rows.
double deviation(const double* shifted, const double* here, const double* response, int classes) {
  double sum = 0;
  for (int k = 0; k < classes; ++k) {
    const double off = shifted[k] - here[k] - response[k];
    sum += off * off;
  }
  return std::sqrt(sum);
}

}  // namespace

const std::vector<ParameterSpec>& planarFingerprintParameters() {
  static const std::vector<ParameterSpec> specs = {
      ParameterSpec::integer("count", 5, 1, 30, "",
                             "How many fingerprints: directions in which the response is watched"),
      ParameterSpec::real("epsilon", 5, 0.05, 20, "",
                          "Largest shift a coordinate: of the order of the classes' distance"),
      ParameterSpec::choice("law", "symmetric", {"positive", "symmetric"},
                            "Shifts uniform in [0, epsilon] or in [-epsilon, epsilon]"),
      ParameterSpec::real("alpha", 0.25, 0, 2, "", "By how much the other classes' normalised outputs should change"),
      ParameterSpec::real("beta", 0.75, 0, 2, "", "By how much the own class's normalised output should change"),
      ParameterSpec::choice("sign", "minus", {"minus", "plus"},
                            "Whether the own class's output should fall (which can be met exactly) or rise"),
  };
  return specs;
}

PlanarFingerprints drawPlanarFingerprints(const Parameters& parameters, int classes, std::uint64_t seed) {
  PlanarFingerprints result;
  result.classes = classes;
  const double epsilon = parameters.real("epsilon");
  const double low = parameters.text("law") == "positive" ? 0 : -epsilon;
  const double sign = parameters.text("sign") == "minus" ? -1 : 1;
  Random random(mixSeed(seed, "fingerprint"));
  for (std::int64_t i = 0; i < parameters.integer("count"); ++i) {
    const double x = random.uniform(low, epsilon);
    const double y = random.uniform(low, epsilon);
    result.dx.push_back({x, y});
    for (int label = 0; label < classes; ++label) {
      for (int k = 0; k < classes; ++k) {
        result.dy.push_back(sign * (k == label ? parameters.real("beta") : -parameters.real("alpha")));
      }
    }
  }
  return result;
}

void normaliseRows(std::vector<double>& logits, int classes) {
  const auto width = static_cast<std::size_t>(classes);
  for (std::size_t at = 0; at + width <= logits.size(); at += width) {
    const double size = norm(std::span(logits).subspan(at, width));
    for (std::size_t k = 0; k < width; ++k) logits[at + k] /= size;
  }
}

std::vector<double> fingerprintDistances(const PlanarNetwork& network, const PlanarFingerprints& fingerprints,
                                         std::span<const PlanarPoint> points) {
  const int classes = network.classCount();
  const auto width = static_cast<std::size_t>(classes);
  std::vector<double> result(points.size() * width, 0.0);
  const std::size_t arrows = fingerprints.count();
  if (arrows == 0) return result;
  const std::size_t atOnce = std::max<std::size_t>(1, kCopiesAtOnce / (arrows + 1));
  for (std::size_t first = 0; first < points.size(); first += atOnce) {
    const std::size_t count = std::min(atOnce, points.size() - first);
    std::vector<double> phi = network.logits(withCopies(points.subspan(first, count), fingerprints));
    normaliseRows(phi, classes);
    for (std::size_t row = 0; row < count; ++row) {
      for (int label = 0; label < classes; ++label) {
        double sum = 0;
        for (std::size_t i = 0; i < arrows; ++i) {
          sum += deviation(phi.data() + ((i + 1) * count + row) * width, phi.data() + row * width,
                           fingerprints.response(i, label), classes);
        }
        result[(first + row) * width + static_cast<std::size_t>(label)] = sum / static_cast<double>(arrows);
      }
    }
  }
  return result;
}

std::vector<double> fingerprintScores(const PlanarNetwork& network, const PlanarFingerprints& fingerprints,
                                      std::span<const PlanarPoint> points) {
  const std::vector<double> distances = fingerprintDistances(network, fingerprints, points);
  const auto width = static_cast<std::ptrdiff_t>(network.classCount());
  std::vector<double> scores;
  scores.reserve(points.size());
  for (auto row = distances.begin(); row != distances.end(); row += width) {
    scores.push_back(*std::min_element(row, row + width));
  }
  return scores;
}

void throughNormalisation(std::span<const double> logits, std::span<const double> gradient, double* logitGradient) {
  const double size = norm(logits);
  double along = 0;
  for (std::size_t k = 0; k < logits.size(); ++k) along += gradient[k] * logits[k] / size;
  for (std::size_t k = 0; k < logits.size(); ++k) logitGradient[k] = (gradient[k] - along * logits[k] / size) / size;
}

ScoreGradient scoreGradient(const PlanarNetwork& network, const PlanarFingerprints& fingerprints,
                            const PlanarPoint& point) {
  const std::size_t arrows = fingerprints.count();
  if (arrows == 0) return {};
  const int classes = network.classCount();
  const auto width = static_cast<std::size_t>(classes);
  PlanarPass pass;
  network.forward(withCopies(std::span(&point, 1), fingerprints), pass);
  std::vector<double> phi = pass.logits();
  normaliseRows(phi, classes);
  int best = 0;
  double score = std::numeric_limits<double>::infinity();
  for (int label = 0; label < classes; ++label) {
    double sum = 0;
    for (std::size_t i = 0; i < arrows; ++i) {
      sum += deviation(phi.data() + (i + 1) * width, phi.data(), fingerprints.response(i, label), classes);
    }
    if (sum < score) score = sum, best = label;
  }
  std::vector<double> gradient(phi.size(), 0.0);  // with respect to φ of the point and of its copies
  for (std::size_t i = 0; i < arrows; ++i) {
    const double* response = fingerprints.response(i, best);
    const double* shifted = phi.data() + (i + 1) * width;
    const double off = std::max(deviation(shifted, phi.data(), response, classes), kLeastNorm);
    for (std::size_t k = 0; k < width; ++k) {
      const double part = (shifted[k] - phi[k] - response[k]) / off / static_cast<double>(arrows);
      gradient[(i + 1) * width + k] = part;
      gradient[k] -= part;
    }
  }
  std::vector<double> logitGradient(phi.size());
  for (std::size_t row = 0; row <= arrows; ++row) {
    throughNormalisation(std::span(pass.logits()).subspan(row * width, width),
                         std::span(gradient).subspan(row * width, width), logitGradient.data() + row * width);
  }
  std::vector<PlanarPoint> parts;
  network.backward(pass, logitGradient, nullptr, &parts);
  ScoreGradient result{score / static_cast<double>(arrows), {}};
  for (const PlanarPoint& part : parts) result.gradient = result.gradient + part;
  return result;
}

}  // namespace whorl
