// SPDX-License-Identifier: GPL-3.0-or-later
// What mixes neighbouring pixels.
#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "core/image/convert.h"
#include "core/image/perturbations/families.h"
#include "core/image/perturbations/resample.h"

namespace whorl {

namespace {

const std::string kLevels = std::string("formula and levels: ") + kCorruptionsReference;
constexpr double kTruncate = 4;  // standard deviations at which the published blurs cut their kernels off

Image gaussianBlur(const Image& image, const Parameters& parameters, Random&) {
  return gaussianBlurred(image, parameters.real("sigma"), kTruncate, cv::BORDER_REPLICATE);
}

Parameters gaussianLevel(int severity, double scale) {
  return {{"sigma", scale * atLevel<double>(severity, {0, .4, .6, .7, .8, 1})}};
}

/// A disc, softened by a small normal kernel; only as large as what isn't zero.
cv::Mat discKernel(double radius, double softness) {
  constexpr double kSmall = 8;  // px: published discs up to this size are softened by 3x3, larger ones by 5x5
  const int margin = radius <= kSmall ? 1 : 2;
  const int reach = static_cast<int>(radius) + margin;
  const int side = 2 * reach + 1;
  cv::Mat disc(side, side, CV_64F);
  for (int y = 0; y < side; ++y) {
    for (int x = 0; x < side; ++x) {
      disc.at<double>(y, x) = (x - reach) * (x - reach) + (y - reach) * (y - reach) <= radius * radius ? 1 : 0;
    }
  }
  disc /= cv::sum(disc)[0];
  if (softness > 0) {
    cv::GaussianBlur(disc, disc, {2 * margin + 1, 2 * margin + 1}, softness, softness, cv::BORDER_CONSTANT);
  }
  return disc;
}

Image defocusBlur(const Image& image, const Parameters& parameters, Random&) {
  cv::Mat result;
  const cv::Mat kernel = discKernel(parameters.real("radius"), parameters.real("softness"));
  cv::filter2D(toMat(image), result, -1, kernel, {-1, -1}, 0, cv::BORDER_REFLECT_101);
  return fromMat(result, "defocus-blur");
}

Parameters defocusLevel(int severity, double scale) {
  return {{"radius", scale * atLevel<double>(severity, {0, .3, .4, .5, 1, 1.5})},
          {"softness", scale * atLevel<double>(severity, {0, .4, .5, .6, .2, .1})}};
}

Image motionBlur(const Image& image, const Parameters& parameters, Random& random) {
  const double spread = parameters.real("spread");
  const double angle = parameters.real("angle") + random.uniform(-spread, spread);
  return motionBlurred(image, parameters.real("radius"), parameters.real("sigma"), angle);
}

Parameters motionLevel(int severity, double scale) {
  return {{"radius", scale * atLevel<double>(severity, {0, 6, 6, 6, 8, 9})},
          {"sigma", scale * atLevel<double>(severity, {0, 1, 1.5, 2, 2, 2.5})},
          {"angle", 0.0},
          {"spread", 45.0}};
}

/// The mean of the image and of what a lens sees while it zooms in.
Image zoomBlur(const Image& image, const Parameters& parameters, Random&) {
  const double factor = parameters.real("factor");
  const double step = parameters.real("step");
  const int steps = static_cast<int>((factor - 1) / step + 1e-6) + 1;
  Image sum = image;
  for (int i = 0; i < steps; ++i) addZoomed(image, 1 + i * step, sum);
  return mapped(std::move(sum), [steps](float value) { return value / static_cast<float>(steps + 1); });
}

Parameters zoomLevel(int severity, double) {
  return {{"factor", atLevel<double>(severity, {1, 1.06, 1.11, 1.15, 1.2, 1.25})}, {"step", 0.01}};
}

/// Pixels take the colours of near ones, from the last to the first, so that a colour can wander on.
void shuffleNear(Image& image, int reach, bool exchange, Random& random) {
  const auto [channels, height, width] = image.shape;
  const std::size_t plane = std::size_t(height) * width;
  for (int y = height - reach; y > reach; --y) {
    for (int x = width - reach; x > reach; --x) {
      const auto count = 2 * static_cast<std::uint64_t>(reach);
      const int dx = static_cast<int>(random.below(count)) - reach;
      const int dy = static_cast<int>(random.below(count)) - reach;
      float* here = image.pixels.data() + std::size_t(y) * width + x;
      float* there = image.pixels.data() + std::size_t(y + dy) * width + (x + dx);
      for (int c = 0; c < channels; ++c, here += plane, there += plane) {
        if (exchange) {
          std::swap(*here, *there);
        } else {
          *here = *there;
        }
      }
    }
  }
}

Image glassBlur(const Image& image, const Parameters& parameters, Random& random) {
  const double sigma = parameters.real("sigma");
  Image result = gaussianBlurred(image, sigma, kTruncate, cv::BORDER_REPLICATE);
  for (std::int64_t i = 0; i < parameters.integer("iterations"); ++i) {
    shuffleNear(result, static_cast<int>(parameters.integer("reach")), parameters.boolean("exchange"), random);
  }
  return gaussianBlurred(result, sigma, kTruncate, cv::BORDER_REPLICATE);
}

Parameters glassLevel(int severity, double scale) {
  return {{"sigma", scale * atLevel<double>(severity, {0, .05, .25, .4, .25, .4})},
          {"reach", std::max<std::int64_t>(1, std::lround(scale))},
          {"iterations", atLevel<std::int64_t>(severity, {0, 1, 1, 1, 2, 2})}};
}

}  // namespace

std::vector<const Perturbation*> blurPerturbations() {
  static const Perturbation gaussian(
      {PerturbationFamily::Blur,
       {"gaussian-blur",
        "Gaussian blur",
        "Averages over neighbours with normal weights.",
        kLevels,
        {ParameterSpec::real("sigma", 0.7, 0, 64, "px", "standard deviation; the kernel ends at four of them")}},
       gaussianBlur,
       gaussianLevel});
  static const Perturbation defocus(
      {PerturbationFamily::Blur,
       {"defocus-blur",
        "Defocus blur",
        "Averages over a disc with a soft edge, as a lens out of focus does.",
        kLevels,
        {ParameterSpec::real("radius", 1, 0, 64, "px", "of the disc"),
         ParameterSpec::real("softness", 0.2, 0, 16, "px", "standard deviation of the kernel that softens its edge")}},
       defocusBlur,
       defocusLevel});
  static const Perturbation motion(
      {PerturbationFamily::Blur,
       {"motion-blur",
        "Motion blur",
        "Trails each pixel along a direction.",
        kLevels + "; kernel as ImageMagick's",
        {ParameterSpec::real("radius", 6, 0, 256, "px", "how far the trail may reach: twice as many pixels"),
         ParameterSpec::real("sigma", 2, 0, 128, "px", "standard deviation of the half normal kernel"),
         ParameterSpec::real("angle", 0, -180, 180, "°", "of the direction, clockwise from the right"),
         ParameterSpec::real("spread", 45, 0, 180, "°", "how far a random angle may be from that")}},
       motionBlur,
       motionLevel});
  static const Perturbation zoom(
      {PerturbationFamily::Blur,
       {"zoom-blur",
        "Zoom blur",
        "Averages the image with enlargements of itself.",
        kLevels,
        {ParameterSpec::real("factor", 1.15, 1, 4, "", "the largest enlargement"),
         ParameterSpec::real("step", 0.01, 0.01, 1, "", "from one enlargement to the next")}},
       zoomBlur,
       zoomLevel});
  static const Perturbation glass(
      {PerturbationFamily::Blur,
       {"glass-blur",
        "Glass blur",
        "Blurs, lets pixels take the colours of near ones at random, and blurs again.",
        kLevels,
        {ParameterSpec::real("sigma", 0.4, 0, 64, "px", "standard deviation of the two blurs"),
         ParameterSpec::integer("reach", 1, 1, 64, "px", "how far a colour may come from"),
         ParameterSpec::integer("iterations", 1, 0, 16, "", "how often the image is gone through"),
         ParameterSpec::boolean("exchange", false,
                                "pixels exchange their colours, instead of copying as the published code does")}},
       glassBlur,
       glassLevel});
  return {&gaussian, &defocus, &motion, &zoom, &glass};
}

}  // namespace whorl
