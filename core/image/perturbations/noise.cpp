// SPDX-License-Identifier: GPL-3.0-or-later
// What changes each value, or each pixel, by chance and for itself.
#include <cmath>
#include <utility>

#include "core/image/perturbations/families.h"

namespace whorl {

namespace {

const std::string kLevels = std::string("formula and levels: ") + kCorruptionsReference;

/// By multiplying uniform numbers (Knuth) where few are expected, else by transformed rejection (Hörmann 1993, PTRS).
double poisson(double mean, Random& random) {
  if (mean <= 0) return 0;
  if (mean < 10) {
    const double limit = std::exp(-mean);
    int count = 0;
    for (double product = random.uniform(); product > limit; product *= random.uniform()) ++count;
    return count;
  }
  const double b = 0.931 + 2.53 * std::sqrt(mean);
  const double a = -0.059 + 0.02483 * b;
  const double inverseAlpha = 1.1239 + 1.1328 / (b - 3.4);
  const double accepted = 0.9277 - 3.6224 / (b - 2);
  for (;;) {
    const double u = random.uniform() - 0.5;
    const double v = 1 - random.uniform();  // (0, 1]
    const double us = 0.5 - std::abs(u);
    const double count = std::floor((2 * a / us + b) * u + mean + 0.43);
    if (us >= 0.07 && v <= accepted) return count;
    if (count < 0 || (us < 0.013 && v > us)) continue;
    const double bound = count * std::log(mean) - mean - std::lgamma(count + 1);
    if (std::log(v * inverseAlpha / (a / (us * us) + b)) <= bound) return count;
  }
}

Image gaussianNoise(const Image& image, const Parameters& parameters, Random& random) {
  const double sigma = parameters.real("sigma");
  if (sigma == 0) return image;
  Image result = image;
  for (float& value : result.pixels) value += static_cast<float>(sigma * random.normal());
  return result;
}

Parameters gaussianLevel(int severity, double) {
  return {{"sigma", atLevel<double>(severity, {0, .04, .06, .08, .09, .1})}};
}

/// Light comes in photons.
Image shotNoise(const Image& image, const Parameters& parameters, Random& random) {
  const double photons = parameters.real("photons");
  return mapped(image, [&](float value) { return poisson(value * photons, random) / photons; });
}

Parameters shotLevel(int severity, double) {
  return {{"photons", atLevel<double>(severity, {20'000, 500, 250, 100, 75, 50})}};
}

Image impulseNoise(const Image& image, const Parameters& parameters, Random& random) {
  const double amount = parameters.real("amount");
  return mapped(image, [&](float value) {
    if (!random.bernoulli(amount)) return value;
    return random.bernoulli(0.5) ? 1.0f : 0.0f;
  });
}

Parameters impulseLevel(int severity, double) {
  return {{"amount", atLevel<double>(severity, {0, .01, .02, .03, .05, .07})}};
}

Image saltAndPepper(const Image& image, const Parameters& parameters, Random& random) {
  const double amount = parameters.real("amount");
  const double salt = parameters.real("salt");
  Image result = image;
  const std::size_t plane = std::size_t(image.shape.height) * image.shape.width;
  for (std::size_t i = 0; i < plane; ++i) {
    if (!random.bernoulli(amount)) continue;
    const float value = random.bernoulli(salt) ? 1.0f : 0.0f;
    for (std::size_t at = i; at < result.pixels.size(); at += plane) result.pixels[at] = value;
  }
  return result;
}

Image speckleNoise(const Image& image, const Parameters& parameters, Random& random) {
  const double sigma = parameters.real("sigma");
  return mapped(image, [&](float value) { return value + value * sigma * random.normal(); });
}

Parameters speckleLevel(int severity, double) {
  return {{"sigma", atLevel<double>(severity, {0, .06, .1, .12, .16, .2})}};
}

Image uniformNoise(const Image& image, const Parameters& parameters, Random& random) {
  const double reach = parameters.real("reach");
  return mapped(image, [&](float value) { return value + random.uniform(-reach, reach); });
}

/// The standard deviations of the levels of normal noise.
Parameters uniformLevel(int severity, double) {
  return {{"reach", std::sqrt(3.0) * atLevel<double>(severity, {0, .04, .06, .08, .09, .1})}};
}

}  // namespace

std::vector<const Perturbation*> noisePerturbations() {
  static const Perturbation normal(
      {PerturbationFamily::Noise,
       {"gaussian-noise",
        "Gaussian noise",
        "Adds independent normal noise to every value and clips to [0,1].",
        std::string("Zheng, Song, Leung, Goodfellow 2016 (Stability Training), section 3.2; levels: ") +
            kCorruptionsReference,
        {ParameterSpec::real("sigma", 0.04, 0, 1, "[0,1]", "standard deviation of the noise")}},
       gaussianNoise,
       gaussianLevel});
  static const Perturbation shot(
      {PerturbationFamily::Noise,
       {"shot-noise",
        "Shot noise",
        "Counts photons: a Poisson number with the value as its mean, in units of 1/photons.",
        kLevels,
        {ParameterSpec::real("photons", 100, 1, 100'000, "", "that white stands for: fewer make more noise")}},
       shotNoise,
       shotLevel});
  static const Perturbation impulse(
      {PerturbationFamily::Noise,
       {"impulse-noise",
        "Impulse noise",
        "Sets random values, channel by channel, to 0 or 1.",
        kLevels,
        {ParameterSpec::real("amount", 0.03, 0, 1, "", "share of the values that are hit")}},
       impulseNoise,
       impulseLevel});
  static const Perturbation saltPepper(
      {PerturbationFamily::Noise,
       {"salt-and-pepper",
        "Salt and pepper",
        "Makes random pixels white or black, all channels at once.",
        "levels as those of impulse noise",
        {ParameterSpec::real("amount", 0.03, 0, 1, "", "share of the pixels that are hit"),
         ParameterSpec::real("salt", 0.5, 0, 1, "", "share of those that turn white")}},
       saltAndPepper,
       impulseLevel});
  static const Perturbation speckle(
      {PerturbationFamily::Noise,
       {"speckle-noise",
        "Speckle noise",
        "Adds normal noise in proportion to each value.",
        kLevels,
        {ParameterSpec::real("sigma", 0.12, 0, 4, "", "standard deviation, as a part of the value")}},
       speckleNoise,
       speckleLevel});
  static const Perturbation uniform({PerturbationFamily::Noise,
                                     {"uniform-noise",
                                      "Uniform noise",
                                      "Adds independent, uniformly distributed noise to every value.",
                                      "levels: the standard deviations of those of Gaussian noise",
                                      {ParameterSpec::real("reach", 0.1, 0, 1, "[0,1]", "largest change")}},
                                     uniformNoise,
                                     uniformLevel});
  return {&normal, &shot, &impulse, &saltPepper, &speckle, &uniform};
}

}  // namespace whorl
