// SPDX-License-Identifier: GPL-3.0-or-later
#include <torch/types.h>

#include "core/base/error.h"
#include "core/base/random.h"
#include "core/fingerprint/fingerprint.h"

namespace whorl {
namespace {

Parameters preset(std::int64_t count, double epsilon, const char* dxLaw, const char* dySign, double alpha, double beta,
                  double scale) {
  return Parameters{{"fingerprints", count},
                    {"fingerprint_epsilon", epsilon},
                    {"dx_law", std::string(dxLaw)},
                    {"dy_sign", std::string(dySign)},
                    {"alpha", alpha},
                    {"beta", beta},
                    {"dy_scale", scale}};
}

torch::Tensor sampleDx(const Parameters& parameters, const ImageShape& shape, std::uint64_t seed) {
  const std::int64_t count = parameters.integer("fingerprints");
  const double epsilon = parameters.real("fingerprint_epsilon");
  const std::string& law = parameters.text("dx_law");
  torch::Tensor dx = torch::empty({count, shape.channels, shape.height, shape.width}, torch::kFloat32);
  float* values = dx.data_ptr<float>();
  const std::int64_t size = dx.numel() / count;
  const std::uint64_t purpose = mixSeed(seed, "fingerprint.dx");
  for (std::int64_t i = 0; i < count; ++i) {
    Random random(mixSeed(purpose, static_cast<std::uint64_t>(i)));
    for (std::int64_t k = 0; k < size; ++k) {
      const double value = law == "uniform_positive" ? random.uniform(0, epsilon)
                           : law == "uniform"        ? random.uniform(-epsilon, epsilon)
                                                     : epsilon * random.normal();
      *values++ = static_cast<float>(value);
    }
  }
  return dx;
}

/// dy_{i,j} = σ_i · scale · v_j, v_j = +β at j and −α elsewhere.
torch::Tensor sampleDy(const Parameters& parameters, int classes, std::uint64_t seed) {
  const std::int64_t count = parameters.integer("fingerprints");
  const double scale = parameters.real("dy_scale");
  const double alpha = parameters.real("alpha");
  const double beta = parameters.real("beta");
  const std::string& sign = parameters.text("dy_sign");
  torch::Tensor dy = torch::empty({count, classes, classes}, torch::kFloat32);
  float* values = dy.data_ptr<float>();
  const std::uint64_t purpose = mixSeed(seed, "fingerprint.dy");
  for (std::int64_t i = 0; i < count; ++i) {
    Random random(mixSeed(purpose, static_cast<std::uint64_t>(i)));
    const bool positive = sign == "plus" || (sign == "random" && random.bernoulli(0.5));
    const double factor = positive ? scale : -scale;
    for (int j = 0; j < classes; ++j) {
      for (int k = 0; k < classes; ++k) *values++ = static_cast<float>(factor * (j == k ? beta : -alpha));
    }
  }
  return dy;
}

}  // namespace

const std::vector<ParameterSpec>& fingerprintParameters() {
  static const std::vector<ParameterSpec> specs = {
      ParameterSpec::integer("fingerprints", 10, 1, 1000, "", "N, the number of secret input directions"),
      ParameterSpec::real("fingerprint_epsilon", 0.1, 1e-6, 100, "[0,1]",
                          "Size of the input directions: bound of the uniform laws, deviation of the Gaussian"),
      ParameterSpec::choice("dx_law", "uniform_positive", {"uniform_positive", "uniform", "gaussian"},
                            "Law of each pixel: 0 to epsilon, -epsilon to epsilon, or normal"),
      ParameterSpec::choice("dy_sign", "minus", {"minus", "plus", "random"},
                            "Sign of the wanted change: one for all fingerprints, or drawn for each"),
      ParameterSpec::real("alpha", 0.25, 0, 2, "", "Wanted change of the normalised logits of the other classes"),
      ParameterSpec::real("beta", 0.75, 0, 2, "", "Wanted change of the normalised logit of the class itself"),
      ParameterSpec::real("dy_scale", 1, 0.01, 10, "", "Factor on alpha and beta"),
  };
  return specs;
}

const std::vector<std::pair<std::string, Parameters>>& fingerprintPresets() {
  static const std::vector<std::pair<std::string, Parameters>> presets = {
      {"mnist", preset(10, 0.1, "uniform_positive", "minus", 0.25, 0.75, 1)},
      {"mnist-code", preset(10, 0.1, "uniform_positive", "minus", 0.2357, 0.70, 1)},
      {"cifar10", preset(30, 0.006, "uniform", "minus", 0.254, 0.70, 1.5)},
      {"cifar10-before-2018-12", preset(30, 0.003, "uniform", "plus", 0.254, 0.60, 1.5)},
      {"miniimagenet20", preset(20, 0.03, "uniform", "plus", 0.254, 0.60, 1)},
      {"paper", preset(10, 0.1, "uniform", "plus", 0.25, 0.75, 1)},
      {"slides", preset(10, 0.1, "gaussian", "random", 0.25, 0.75, 1)},
  };
  return presets;
}

Fingerprints sampleFingerprints(const Parameters& parameters, const ImageShape& shape, int classes,
                                std::uint64_t seed) {
  if (shape.channels < 1 || shape.height < 1 || shape.width < 1) {
    throw Error(ErrorKind::Usage, "an image shape without pixels has no fingerprints", "fingerprint");
  }
  if (classes < 2) {
    throw Error(ErrorKind::Usage, "fingerprints need at least two classes, not " + std::to_string(classes),
                "fingerprint");
  }
  return {sampleDx(parameters, shape, seed), sampleDy(parameters, classes, seed)};
}

}  // namespace whorl
