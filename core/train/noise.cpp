// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/train/noise.h"

#include <sstream>

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/ops/empty_like.h>

#include "core/base/error.h"
#include "core/train/natural_noise.h"

namespace whorl {
namespace {

constexpr const char* kGaussian = "gaussian";

/// "jpeg+crop" → jpeg, crop.
std::vector<std::string> namesOf(const std::string& text) {
  std::vector<std::string> names;
  std::istringstream stream(text);
  for (std::string name; std::getline(stream, name, '+');) {
    if (name.empty()) break;
    names.push_back(name);
  }
  if (names.empty() || text.back() == '+') {
    throw Error(ErrorKind::Usage, "\"" + text + "\" names no noise", "noise",
                "use gaussian, a perturbation's name, or several such as jpeg+crop");
  }
  return names;
}

}  // namespace

const std::vector<ParameterSpec>& noiseParameters() {
  static const std::vector<ParameterSpec> specs = {
      ParameterSpec::text(
          "noise", kGaussian,
          "gaussian, or a natural perturbation such as jpeg; of jpeg+crop+gaussian each image draws one"),
      ParameterSpec::real("noise_sigma", 0.04, 0, 10, "[0,1]", "gaussian: standard deviation of each pixel's noise"),
      ParameterSpec::integer("noise_severity", 5, 0, 5, "",
                             "natural: each image draws a severity of 1 up to this one; 0: noise_parameters alone"),
      ParameterSpec::text("noise_parameters", "",
                          "natural: values, or ranges to draw from, instead of a severity, as in quality=10:90"),
  };
  return specs;
}

Noise::Noise(const Parameters& parameters) : m_sigma(parameters.real("noise_sigma")) {
  NaturalNoise::Request request;
  request.names = namesOf(parameters.text("noise"));
  request.sigma = m_sigma;
  request.severity = parameters.integer("noise_severity");
  request.parameters = parameters.text("noise_parameters");
  if (request.names.size() > 1 || request.names.front() != kGaussian) {
    m_natural = makeNaturalNoise(request);
  } else if (!request.parameters.empty()) {
    throw Error(ErrorKind::Usage, "gaussian noise has none", "noise_parameters", "use noise_sigma");
  }
}

Noise::~Noise() = default;

torch::Tensor Noise::apply(const torch::Tensor& images, std::uint64_t seed) const {
  if (m_natural) return m_natural->apply(images.to(torch::kCPU).contiguous(), seed).to(images.device());
  // Drawn on the host, so that every device sees the same noise.
  at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(seed);
  const torch::Tensor noise = torch::empty(images.sizes(), torch::kFloat32).normal_(0, m_sigma, generator);
  return images + noise.to(images.device(), images.scalar_type());
}

}  // namespace whorl
