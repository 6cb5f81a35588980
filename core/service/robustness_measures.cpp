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
