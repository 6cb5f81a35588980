// SPDX-License-Identifier: GPL-3.0-or-later
// What changes colours where they are.
#include <algorithm>
#include <cmath>

#include "core/image/perturbations/families.h"

namespace whorl {

namespace {

const std::string kLevels = std::string("formula and levels: ") + kCorruptionsReference;

/// Hue in sixths of a turn [0,6), saturation and value in [0,1].
struct Hsv {
  float hue = 0;
  float saturation = 0;
  float value = 0;
};

Hsv toHsv(float red, float green, float blue) {
  const float value = std::max({red, green, blue});
  const float chroma = value - std::min({red, green, blue});
  if (chroma <= 0) return {0, 0, value};
  float hue = value == red     ? (green - blue) / chroma
              : value == green ? 2 + (blue - red) / chroma
                               : 4 + (red - green) / chroma;
  if (hue < 0) hue += 6;
  return {hue, chroma / value, value};
}

/// Channel n of 5 (red), 3 (green), 1 (blue).
float channelOf(const Hsv& colour, float n) {
  const float k = std::fmod(n + colour.hue, 6.0f);
  return colour.value * (1 - colour.saturation * std::clamp(std::min(k, 4 - k), 0.0f, 1.0f));
}

/// Changes hue, saturation and value of each pixel of an RGB image.
template <class Function>
Image mappedHsv(Image image, Function function) {
  const std::size_t plane = image.pixels.size() / 3;
  float* red = image.pixels.data();
  float* green = red + plane;
  float* blue = green + plane;
  for (std::size_t i = 0; i < plane; ++i) {
    const Hsv colour = function(toHsv(red[i], green[i], blue[i]));
    red[i] = channelOf(colour, 5);
    green[i] = channelOf(colour, 3);
    blue[i] = channelOf(colour, 1);
  }
  return image;
}

/// On the value of HSV, so that hue and saturation stay; on grey as it is.
Image brightness(const Image& image, const Parameters& parameters, Random&) {
  const auto delta = static_cast<float>(parameters.real("delta"));
  const auto brighter = [delta](float value) { return std::clamp(value + delta, 0.0f, 1.0f); };
  if (image.shape.channels == 1) return mapped(image, brighter);
  return mappedHsv(image, [&](Hsv colour) {
    colour.value = brighter(colour.value);
    return colour;
  });
}

Parameters brightnessLevel(int severity, double) {
  return {{"delta", atLevel<double>(severity, {0, .05, .1, .15, .2, .3})}};
}

/// About each channel's own mean.
Image contrast(const Image& image, const Parameters& parameters, Random&) {
  const double factor = parameters.real("factor");
  Image result = image;
  const std::size_t plane = std::size_t(image.shape.height) * image.shape.width;
  for (auto at = result.pixels.begin(); at != result.pixels.end(); at += static_cast<std::ptrdiff_t>(plane)) {
    const auto end = at + static_cast<std::ptrdiff_t>(plane);
    double mean = 0;
    for (auto value = at; value != end; ++value) mean += *value;
    mean /= static_cast<double>(plane);
    for (auto value = at; value != end; ++value) *value = static_cast<float>((*value - mean) * factor + mean);
  }
  return result;
}

Parameters contrastLevel(int severity, double) {
  return {{"factor", atLevel<double>(severity, {1, .75, .5, .4, .3, .15})}};
}

Image gamma(const Image& image, const Parameters& parameters, Random&) {
  const double exponent = parameters.real("exponent");
  if (exponent == 1) return image;
  return mapped(image, [exponent](float value) { return std::pow(double(value), exponent); });
}

Parameters gammaLevel(int severity, double) {
  return {{"exponent", atLevel<double>(severity, {1, 1.2, 1.5, 1.8, 2.2, 3})}};
}

Image saturation(const Image& image, const Parameters& parameters, Random&) {
  if (image.shape.channels == 1) return image;  // grey has none to change
  const auto factor = static_cast<float>(parameters.real("factor"));
  const auto offset = static_cast<float>(parameters.real("offset"));
  return mappedHsv(image, [&](Hsv colour) {
    colour.saturation = std::clamp(colour.saturation * factor + offset, 0.0f, 1.0f);
    return colour;
  });
}

Parameters saturationLevel(int severity, double) {
  return {{"factor", atLevel<double>(severity, {1, .3, .1, 1.5, 2, 2.5})},
          {"offset", atLevel<double>(severity, {0, 0, 0, 0, .1, .2})}};
}

Image hue(const Image& image, const Parameters& parameters, Random&) {
  if (image.shape.channels == 1) return image;  // grey has none to change
  const auto turn = static_cast<float>(parameters.real("angle") / 60);
  return mappedHsv(image, [turn](Hsv colour) {
    colour.hue += turn < 0 ? turn + 6 : turn;
    return colour;
  });
}

Parameters hueLevel(int severity, double) { return {{"angle", atLevel<double>(severity, {0, 10, 20, 40, 80, 160})}}; }

}  // namespace

std::vector<const Perturbation*> colourPerturbations() {
  static const Perturbation brighter({PerturbationFamily::Colour,
                                      {"brightness",
                                       "Brightness",
                                       "Adds to the value of HSV; hue and saturation stay.",
                                       kLevels,
                                       {ParameterSpec::real("delta", 0.15, -1, 1, "[0,1]", "what is added")}},
                                      brightness,
                                      brightnessLevel});
  static const Perturbation flatter(
      {PerturbationFamily::Colour,
       {"contrast",
        "Contrast",
        "Multiplies the distance from each channel's mean.",
        kLevels,
        {ParameterSpec::real("factor", 0.4, 0, 8, "", "below 1 flatter, above 1 harder")}},
       contrast,
       contrastLevel});
  static const Perturbation bent(
      {PerturbationFamily::Colour,
       {"gamma",
        "Gamma",
        "Raises each value to a power.",
        "value^exponent; levels: Whorl's own",
        {ParameterSpec::real("exponent", 1.8, 0.1, 10, "", "above 1 darker, below 1 brighter")}},
       gamma,
       gammaLevel});
  static const Perturbation saturated(
      {PerturbationFamily::Colour,
       {"saturation",
        "Saturation",
        "Changes the saturation of HSV; grey images stay as they are.",
        kLevels + " (the first two are paler, the others more colourful)",
        {ParameterSpec::real("factor", 2, 0, 8, "", "0 is grey"),
         ParameterSpec::real("offset", 0, -1, 1, "", "added afterwards; grey pixels then turn reddish")}},
       saturation,
       saturationLevel});
  static const Perturbation turned(
      {PerturbationFamily::Colour,
       {"hue",
        "Hue",
        "Turns the hue of HSV; grey images stay as they are.",
        "levels: Whorl's own",
        {ParameterSpec::real("angle", 40, -180, 180, "°", "on the circle of colours: 120 makes red green")}},
       hue,
       hueLevel});
  return {&brighter, &flatter, &bent, &saturated, &turned};
}

}  // namespace whorl
