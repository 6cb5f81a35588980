// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/service/robustness_measures.h"

#include <algorithm>
#include <cmath>

#include "core/service/image_metrics.h"

namespace whorl {
namespace {

/// Σ of `term` over the values' differences.
template <class Term>
double sumOver(const std::vector<float>& a, const std::vector<float>& b, Term term) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += term(double(a[i]) - b[i]);
  return sum;
}

double squares(const Image& a, const Image& b) {
  return sumOver(a.pixels, b.pixels, [](double x) { return x * x; });
}

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

template <class Entry>
std::vector<std::string> namesOf(const std::vector<Entry>& table) {
  std::vector<std::string> names;
  for (const Entry& entry : table) names.push_back(entry.name);
  return names;
}

}  // namespace

const std::vector<ImageDistance>& imageDistances() {
  static const std::vector<ImageDistance> table = {
      {"linf",
       [](const Image& a, const Image& b) {
         double largest = 0;
         for (std::size_t i = 0; i < a.pixels.size(); ++i) {
           largest = std::max(largest, std::abs(double(a.pixels[i]) - b.pixels[i]));
         }
         return largest;
       }},
      {"l2", [](const Image& a, const Image& b) { return std::sqrt(squares(a, b)); }},
      {"l1", [](const Image& a,
                const Image& b) { return sumOver(a.pixels, b.pixels, [](double x) { return std::abs(x); }); }},
      {"rms",
       [](const Image& a, const Image& b) { return std::sqrt(squares(a, b) / static_cast<double>(a.pixels.size())); }},
      {"ssim", [](const Image& a, const Image& b) { return 1 - imageNorms(a, b).ssim; }}};
  return table;
}

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

std::vector<ParameterSpec> robustnessParameterSpecs() {
  return {ParameterSpec::choice("distance", "rms", namesOf(imageDistances()),
                                "d, between images; rms: l2 by the root of the number of values; ssim: 1 - SSIM"),
          ParameterSpec::real("delta", 0.05, 0, 1e6, "", "δ: how far x' may be from x"),
          ParameterSpec::choice("divergence", "l2", namesOf(outputDivergences()),
                                "D, between answers: of probabilities, from f(x) to f(x'); logits_l2 of logits"),
          ParameterSpec::real("epsilon", 0.5, 0, 1e6, "", "ε: what D has to stay below"),
          ParameterSpec::integer("trials", 64, 1, 100'000, "", "x' that are tried for each image")};
}

}  // namespace whorl
