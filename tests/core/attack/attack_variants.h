// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <torch/types.h>

#include "core/attack/attack.h"
#include "tests/core/attack/linear_classifier.h"

namespace whorl::test {

/// An attack in one of its variants, small enough to run in a moment.
struct Variant {
  const Attack* attack = nullptr;
  std::string name;
  Parameters parameters;
  std::string norm;
  bool targeted = false;

  bool takesGradients() const { return attack->threatModel() != ThreatModel::BlackBox; }
};

inline bool has(const Attack& attack, const std::string& name) {
  for (const ParameterSpec& spec : attack.spec().parameters) {
    if (spec.name == name) return true;
  }
  return false;
}

/// Few steps, few probes, few changed pixels.
inline Parameters small(const Attack& attack, const ImageShape& shape) {
  Parameters parameters;
  const auto set = [&](const char* name, ParameterValue value) {
    if (has(attack, name)) parameters.set(name, std::move(value));
  };
  set("steps", std::int64_t{4});
  set("search_steps", std::int64_t{2});
  set("binary_search_steps", std::int64_t{2});
  set("pairs", std::int64_t{4});
  set("restarts", std::int64_t{2});
  set("gamma", std::min(1.0, 12.0 / static_cast<double>(shape.size())));
  if (has(attack, "random_start")) parameters.set("random_start", true);
  return parameters;
}

/// An attack with each of its norms, stop policies and both kinds of aim.
inline std::vector<Variant> variants(const ImageShape& shape) {
  std::vector<Variant> all;
  for (const Attack* attack : attacks()) {
    const std::vector<std::string> norms = has(*attack, "norm") ? attack->norms() : std::vector{attack->norms().at(0)};
    std::vector<std::string> stops = {""};
    if (has(*attack, "stop")) stops = {"best", "last", "first_success"};
    for (const std::string& norm : norms) {
      for (const std::string& stop : stops) {
        for (const bool targeted : {false, true}) {
          if (targeted && !has(*attack, "targeted")) continue;
          Variant variant{attack, attack->spec().name, small(*attack, shape), norm, targeted};
          if (has(*attack, "norm")) variant.parameters.set("norm", norm);
          if (has(*attack, "epsilon")) {
            const double side = std::sqrt(static_cast<double>(shape.size()));
            variant.parameters.set("epsilon", norm == "linf" ? 0.1 : norm == "l2" ? 0.05 * side : 0.5 * side);
          }
          if (!stop.empty()) variant.parameters.set("stop", stop);
          if (has(*attack, "targeted")) variant.parameters.set("targeted", targeted);
          variant.name += " " + norm + " " + stop + (targeted ? " targeted" : "");
          all.push_back(std::move(variant));
        }
      }
    }
  }
  return all;
}

/// Random images with some pixels exactly 0 and 1, an image of each alone, and one of both.
inline torch::Tensor hardImages(const ImageShape& shape) {
  const torch::Tensor images = randomImages(shape, 5, 8);
  images[1].zero_();
  images[2].fill_(1);
  images[3] = (images[3] > 0.5).to(torch::kFloat64);
  return images;
}

inline AttackRequest requestFor(const Variant& variant, const Classifier& net, const torch::Tensor& images) {
  AttackRequest request;
  request.images = images;
  request.labels = net.logits(images).argmax(1);
  if (variant.targeted) request.targets = (request.labels + 1) % net.classCount();
  for (std::int64_t k = 0; k < images.size(0); ++k) request.indices.push_back(100 + k);
  request.threatModel = variant.attack->threatModel();
  request.seed = 5;
  return request;
}

inline AttackRequest only(const AttackRequest& request, std::int64_t k) {
  AttackRequest one = request;
  one.images = request.images.narrow(0, k, 1);
  one.labels = request.labels.narrow(0, k, 1);
  if (request.targets.defined()) one.targets = request.targets.narrow(0, k, 1);
  one.indices = {request.indices[static_cast<std::size_t>(k)]};
  return one;
}

}  // namespace whorl::test
