// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/service/output_divergence.h"

#include <algorithm>
#include <cmath>

#include "core/base/error.h"

namespace whorl {
namespace {

std::vector<double> logSoftmax(const std::vector<double>& logits) {
  const double largest = *std::max_element(logits.begin(), logits.end());
  double sum = 0;
  for (const double value : logits) sum += std::exp(value - largest);
  std::vector<double> result = logits;
  for (double& value : result) value -= largest + std::log(sum);
  return result;
}

/// Σ of `term` over the classes' log probabilities.
template <class Term>
double overClasses(const std::vector<double>& original, const std::vector<double>& perturbed, Term term) {
  const std::vector<double> p = logSoftmax(original);
  const std::vector<double> q = logSoftmax(perturbed);
  double sum = 0;
  for (std::size_t k = 0; k < p.size(); ++k) sum += term(p[k], q[k]);
  return sum;
}

double squaredL2(const std::vector<double>& original, const std::vector<double>& perturbed) {
  return overClasses(original, perturbed, [](double p, double q) { return std::pow(std::exp(p) - std::exp(q), 2); });
}

double jensenShannon(double p, double q) {
  const double middle = std::log((std::exp(p) + std::exp(q)) / 2);
  const auto part = [middle](double x) { return std::isfinite(middle) ? std::exp(x) * (x - middle) / 2 : 0; };
  return part(p) + part(q);
}

}  // namespace

const std::vector<OutputDivergence>& outputDivergences() {
  using Logits = std::vector<double>;
  static const std::vector<OutputDivergence> table = {
      {"l2", [](const Logits& original, const Logits& perturbed) { return std::sqrt(squaredL2(original, perturbed)); }},
      {"squared_l2", squaredL2},
      {"total_variation",
       [](const Logits& original, const Logits& perturbed) {
         return overClasses(original, perturbed,
                            [](double p, double q) { return std::abs(std::exp(p) - std::exp(q)) / 2; });
       }},
      {"kl",
       [](const Logits& original, const Logits& perturbed) {
         return overClasses(original, perturbed, [](double p, double q) { return std::exp(p) * (p - q); });
       }},
      {"cross_entropy",
       [](const Logits& original, const Logits& perturbed) {
         return overClasses(original, perturbed, [](double p, double q) { return -std::exp(p) * q; });
       }},
      {"jensen_shannon",
       [](const Logits& original, const Logits& perturbed) { return overClasses(original, perturbed, jensenShannon); }},
      {"logits_l2", [](const Logits& original, const Logits& perturbed) {
         double sum = 0;
         for (std::size_t k = 0; k < original.size(); ++k) sum += std::pow(original[k] - perturbed[k], 2);
         return std::sqrt(sum);
       }}};
  return table;
}

const OutputDivergence& findOutputDivergence(const std::string& name) {
  std::string known;
  for (const OutputDivergence& entry : outputDivergences()) {
    if (entry.name == name) return entry;
    known += (known.empty() ? "" : ", ") + entry.name;
  }
  throw Error(ErrorKind::Usage, "there is no divergence \"" + name + "\"", "divergence", "known: " + known);
}

}  // namespace whorl
