// SPDX-License-Identifier: GPL-3.0-or-later
// Fog, frost, snow and spatter: generated, no pictures needed.
#include <algorithm>
#include <cmath>
#include <numbers>
#include <opencv2/imgproc.hpp>

#include "core/image/convert.h"
#include "core/image/perturbations/families.h"
#include "core/image/perturbations/plasma.h"
#include "core/image/perturbations/resample.h"

namespace whorl {

namespace {

const std::string kLevels = std::string("formula and levels: ") + kCorruptionsReference;

Image layerOf(const ImageShape& shape) {
  Image layer{{1, shape.height, shape.width}, {}};
  layer.pixels.resize(static_cast<std::size_t>(layer.shape.size()));
  return layer;
}

/// Adds a pattern and scales back so that what was brightest stays below 1.
Image fog(const Image& image, const Parameters& parameters, Random& random) {
  const double density = parameters.real("density");
  const double brightest = *std::max_element(image.pixels.begin(), image.pixels.end());
  if (density == 0 || brightest == 0) return image;  // in the dark no fog is seen: as published
  const Image clouds = plasma(image.shape.height, image.shape.width, parameters.real("decay"), random);
  Image result = image;
  for (std::size_t i = 0; i < result.pixels.size(); ++i) {
    const double foggy = result.pixels[i] + density * clouds.pixels[i % clouds.pixels.size()];
    result.pixels[i] = static_cast<float>(foggy * brightest / (brightest + density));
  }
  return result;
}

Parameters fogLevel(int severity, double) {
  return {{"density", atLevel<double>(severity, {0, .2, .5, .75, 1, 1.5})},
          {"decay", atLevel<double>(severity, {3, 3, 3, 2.5, 2, 1.75})}};
}

/// One feathered needle: a bright line with side branches at 60 degrees.
void drawNeedle(cv::Mat& layer, double length, Random& random) {
  constexpr int kFraction = 4;  // bits of a coordinate behind the point
  const auto fixed = [](double x, double y) {
    return cv::Point(static_cast<int>(std::lround(x * (1 << kFraction))),
                     static_cast<int>(std::lround(y * (1 << kFraction))));
  };
  const double x = random.uniform(0, layer.cols);
  const double y = random.uniform(0, layer.rows);
  const double angle = random.uniform(0, 2 * std::numbers::pi);
  const double brightness = random.uniform(0.5, 1);
  const auto line = [&](double fromX, double fromY, double direction, double reach, double light) {
    cv::line(layer, fixed(fromX, fromY),
             fixed(fromX + reach * std::cos(direction), fromY + reach * std::sin(direction)), cv::Scalar(light * 255),
             1, cv::LINE_AA, kFraction);
  };
  line(x, y, angle, length, brightness);
  for (const double at : {0.25, 0.5, 0.75}) {
    const double branchX = x + at * length * std::cos(angle);
    const double branchY = y + at * length * std::sin(angle);
    for (const double turn : {-std::numbers::pi / 3, std::numbers::pi / 3}) {
      line(branchX, branchY, angle + turn, length * (1 - at) / 2, brightness * 0.8);
    }
  }
}

/// Ice on a pane, [H,W]: uneven rime with needles in it.
Image ice(const ImageShape& shape, double grain, Random& random) {
  constexpr double kNeedleLength = 0.4;    // of `grain`
  constexpr double kNeedlesPerGrain = 12;  // on an area of grain x grain
  constexpr int kMostNeedles = 4000;
  cv::Mat needles = cv::Mat::zeros(shape.height, shape.width, CV_8U);
  const double wanted = kNeedlesPerGrain * (double(shape.height) / grain) * (double(shape.width) / grain);
  const int count = std::clamp(static_cast<int>(std::lround(wanted)), 1, kMostNeedles);
  for (int i = 0; i < count; ++i) drawNeedle(needles, grain * kNeedleLength * random.uniform(0.5, 1.5), random);
  const Image crystals = gaussianBlurred(fromMat(needles, "frost"), grain / 64, 4, cv::BORDER_REPLICATE);
  const Image rime = plasma(shape.height, shape.width, 2, random);
  Image layer = layerOf(shape);
  for (std::size_t i = 0; i < layer.pixels.size(); ++i) {
    layer.pixels[i] = std::min(1.0f, 0.2f + 0.6f * rime.pixels[i] + 0.6f * crystals.pixels[i]);
  }
  return layer;
}

Image frost(const Image& image, const Parameters& parameters, Random& random) {
  const auto clear = static_cast<float>(parameters.real("clear"));
  const auto frosted = static_cast<float>(parameters.real("frost"));
  if (frosted == 0 && clear == 1) return image;
  const double grain = parameters.real("grain") > 0 ? parameters.real("grain")
                                                    : std::max(8, std::min(image.shape.height, image.shape.width));
  const Image layer = ice(image.shape, grain, random);
  constexpr float kTint[] = {0.88f, 0.95f, 1.0f};  // ice is bluish
  Image result = image;
  const std::size_t plane = layer.pixels.size();
  for (std::size_t i = 0; i < result.pixels.size(); ++i) {
    const float tint = image.shape.channels == 3 ? kTint[i / plane] : 1.0f;
    result.pixels[i] = clear * result.pixels[i] + frosted * tint * layer.pixels[i % plane];
  }
  return result;
}

Parameters frostLevel(int severity, double) {
  return {{"clear", atLevel<double>(severity, {1, 1, 1, .9, .85, .75})},
          {"frost", atLevel<double>(severity, {0, .2, .3, .4, .4, .45})}};
}

/// Flakes [H,W]: what is bright in zoomed noise, trailed along a direction that points down.
Image flakes(const ImageShape& shape, const Parameters& parameters, Random& random) {
  Image noise = layerOf(shape);
  for (float& value : noise.pixels) {
    value = static_cast<float>(parameters.real("mean") + parameters.real("sigma") * random.normal());
  }
  Image zoomed = layerOf(shape);
  addZoomed(noise, parameters.real("size"), zoomed);
  const auto threshold = static_cast<float>(parameters.real("threshold"));
  const Image bright =
      mapped(zoomed, [threshold](float value) { return value < threshold ? 0.0f : std::clamp(value, 0.0f, 1.0f); });
  return motionBlurred(bright, parameters.real("radius"), parameters.real("blur"), random.uniform(-135, -45));
}

Image snow(const Image& image, const Parameters& parameters, Random& random) {
  const Image layer = flakes(image.shape, parameters, random);
  const auto clear = static_cast<float>(parameters.real("clear"));
  const std::size_t plane = layer.pixels.size();
  const bool colour = image.shape.channels == 3;
  Image result = image;
  for (std::size_t i = 0; i < result.pixels.size(); ++i) {
    const std::size_t at = i % plane;
    const float grey =
        colour ? 0.299f * image.pixels[at] + 0.587f * image.pixels[at + plane] + 0.114f * image.pixels[at + 2 * plane]
               : image.pixels[at];
    const float whitened = std::max(image.pixels[i], 1.5f * grey + 0.5f);
    // The flakes, and the same turned by half a turn.
    const float falling = layer.pixels[at] + layer.pixels[plane - 1 - at];
    result.pixels[i] = clear * image.pixels[i] + (1 - clear) * whitened + falling;
  }
  return result;
}

Parameters snowLevel(int severity, double scale) {
  return {{"mean", atLevel<double>(severity, {-1, .1, .1, .15, .25, .3})},
          {"sigma", atLevel<double>(severity, {0, .2, .2, .3, .3, .3})},
          {"size", atLevel<double>(severity, {1, 1, 1, 1.75, 2.25, 1.25})},
          {"threshold", atLevel<double>(severity, {1, .6, .5, .55, .6, .65})},
          {"radius", scale * atLevel<double>(severity, {0, 8, 10, 10, 12, 14})},
          {"blur", scale * atLevel<double>(severity, {0, 3, 4, 4, 6, 12})},
          {"clear", atLevel<double>(severity, {1, .95, .9, .9, .85, .8})}};
}

}  // namespace

std::vector<const Perturbation*> weatherPerturbations() {
  static const Perturbation foggy(
      {PerturbationFamily::Weather,
       {"fog",
        "Fog",
        "Adds a cloudy pattern (diamond-square) and scales the brightness back.",
        kLevels,
        {ParameterSpec::real("density", 0.75, 0, 10, "", "weight of the pattern"),
         ParameterSpec::real("decay", 2.5, 1.05, 10, "", "by which finer clouds are weaker: small is rough")}},
       fog,
       fogLevel});
  static const Perturbation frosted(
      {PerturbationFamily::Weather,
       {"frost",
        "Frost",
        "Lays generated ice, rime with needles, over the image.",
        std::string("weights and levels: ") + kCorruptionsReference + ", which lays photographs over it",
        {ParameterSpec::real("clear", 0.9, 0, 1, "", "weight of the image"),
         ParameterSpec::real("frost", 0.4, 0, 1, "", "weight of the ice"),
         ParameterSpec::real("grain", 0, 0, 8192, "px", "size of its pattern; 0: the image's smaller side")}},
       frost,
       frostLevel});
  static const Perturbation snowy(
      {PerturbationFamily::Weather,
       {"snow",
        "Snow",
        "Adds trailed flakes and whitens the image.",
        kLevels,
        {ParameterSpec::real("mean", 0.15, -1, 1, "", "of the noise that flakes are made of"),
         ParameterSpec::real("sigma", 0.3, 0, 1, "", "standard deviation of that noise"),
         ParameterSpec::real("size", 1.75, 1, 64, "", "by which the noise is enlarged"),
         ParameterSpec::real("threshold", 0.55, 0, 1, "", "above which noise is a flake"),
         ParameterSpec::real("radius", 10, 0, 256, "px", "how far a trail may reach: twice as many pixels"),
         ParameterSpec::real("blur", 4, 0, 128, "px", "standard deviation of the trail"),
         ParameterSpec::real("clear", 0.9, 0, 1, "", "1 doesn't whiten the image")}},
       snow,
       snowLevel});
  static const Perturbation spattered(spatterDeclaration());
  return {&foggy, &frosted, &snowy, &spattered};
}

}  // namespace whorl
