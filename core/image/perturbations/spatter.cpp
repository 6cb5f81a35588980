// SPDX-License-Identifier: GPL-3.0-or-later
// Drops of water, or mud, on the lens.
#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "core/image/convert.h"
#include "core/image/perturbations/families.h"
#include "core/image/perturbations/plasma.h"
#include "core/image/perturbations/resample.h"

namespace whorl {

namespace {

constexpr float kWater[] = {175 / 255.0f, 238 / 255.0f, 238 / 255.0f};  // pale turquoise
constexpr float kMud[] = {63 / 255.0f, 42 / 255.0f, 20 / 255.0f};
constexpr double kTruncate = 4;  // standard deviations

/// A colour's channel, or its brightness on grey images.
float channelOf(const float (&colour)[3], int channels, std::size_t channel) {
  return channels == 3 ? colour[channel] : 0.299f * colour[0] + 0.587f * colour[1] + 0.114f * colour[2];
}

/// Where the liquid is [H,W]: smooth noise, 0 below the threshold.
Image liquid(const ImageShape& shape, const Parameters& parameters, Random& random) {
  Image noise{{1, shape.height, shape.width}, {}};
  noise.pixels.resize(static_cast<std::size_t>(noise.shape.size()));
  for (float& value : noise.pixels) {
    value = static_cast<float>(parameters.real("mean") + parameters.real("sigma") * random.normal());
  }
  const auto threshold = static_cast<float>(parameters.real("threshold"));
  return mapped(gaussianBlurred(noise, parameters.real("smoothness"), kTruncate, cv::BORDER_REPLICATE),
                [threshold](float value) { return value < threshold ? 0.0f : value; });
}

/// How bright drops are [H,W], 0 to 1: with light edges, as if lit from one side.
Image drops(const Image& layer) {
  cv::Mat bytes = toMat8(layer);
  cv::Mat edges;
  cv::Canny(bytes, edges, 50, 150);
  cv::Mat distance;
  cv::distanceTransform(255 - edges, distance, cv::DIST_L2, 5);
  cv::threshold(distance, distance, 20, 20, cv::THRESH_TRUNC);
  cv::blur(distance, distance, {3, 3});
  cv::Mat relief;
  distance.convertTo(relief, CV_8U, 1, -0.4999);  // cuts off, as published
  cv::equalizeHist(relief, relief);
  const cv::Mat light = (cv::Mat_<float>(3, 3) << -2, -1, 0, -1, 1, 1, 0, 1, 2);
  cv::filter2D(relief, relief, CV_8U, light);
  cv::blur(relief, relief, {3, 3});
  cv::Mat shine;
  bytes.convertTo(bytes, CV_32F);
  relief.convertTo(relief, CV_32F);
  cv::multiply(bytes, relief, shine);
  double brightest = 0;
  cv::minMaxLoc(shine, nullptr, &brightest);
  if (brightest > 0) shine /= brightest;
  return fromMat(shine, "spatter");
}

Image splashed(const Image& image, const Image& layer, double strength) {
  const Image shine = drops(layer);
  const std::size_t plane = shine.pixels.size();
  Image result = image;
  for (std::size_t i = 0; i < result.pixels.size(); ++i) {
    const float colour = channelOf(kWater, image.shape.channels, i / plane);
    result.pixels[i] += static_cast<float>(strength) * shine.pixels[i % plane] * colour;
  }
  return result;
}

Image muddied(const Image& image, const Image& layer, double threshold, double smoothness) {
  constexpr float kThin = 0.8f;  // what is less covered isn't covered
  const Image mud = gaussianBlurred(mapped(layer, [threshold](float value) { return value > threshold ? 1.0f : 0.0f; }),
                                    smoothness, kTruncate, cv::BORDER_REPLICATE);
  const std::size_t plane = mud.pixels.size();
  Image result = image;
  for (std::size_t i = 0; i < result.pixels.size(); ++i) {
    const float covered = mud.pixels[i % plane] < kThin ? 0.0f : mud.pixels[i % plane];
    const float colour = channelOf(kMud, image.shape.channels, i / plane);
    result.pixels[i] = result.pixels[i] * (1 - covered) + covered * colour;
  }
  return result;
}

Image spatter(const Image& image, const Parameters& parameters, Random& random) {
  const Image layer = liquid(image.shape, parameters, random);
  if (parameters.text("liquid") == "water") return splashed(image, layer, parameters.real("strength"));
  return muddied(image, layer, parameters.real("threshold"), parameters.real("edge"));
}

Parameters spatterLevel(int severity, double scale) {
  return {{"liquid", atLevel<std::string>(severity, {"water", "water", "water", "water", "mud", "mud"})},
          {"mean", atLevel<double>(severity, {0, .62, .65, .65, .65, .65})},
          {"sigma", atLevel<double>(severity, {0, .1, .1, .3, .1, .1})},
          {"smoothness", scale * atLevel<double>(severity, {.7, .7, .8, 1, .7, .5})},
          {"threshold", atLevel<double>(severity, {1, .7, .7, .69, .69, .68})},
          {"strength", 0.5},
          {"edge", scale * 0.6}};
}

}  // namespace

PerturbationDeclaration spatterDeclaration() {
  return {PerturbationFamily::Weather,
          {"spatter",
           "Spatter",
           "Puts drops of water or mud on the lens.",
           std::string("formula and levels: ") + kCorruptionsReference,
           {ParameterSpec::choice("liquid", "water", {"water", "mud"}, "clear and shining, or brown and opaque"),
            ParameterSpec::real("mean", 0.65, 0, 1, "", "of the noise that drops are made of"),
            ParameterSpec::real("sigma", 0.3, 0, 1, "", "standard deviation of that noise"),
            ParameterSpec::real("smoothness", 1, 0, 64, "px", "standard deviation of the kernel that smooths it"),
            ParameterSpec::real("threshold", 0.69, 0, 1, "", "above which there is liquid"),
            ParameterSpec::real("strength", 0.5, 0, 4, "", "of water: how much light the brightest drop adds"),
            ParameterSpec::real("edge", 0.6, 0, 64, "px", "of mud: standard deviation of its edges' blur")}},
          spatter,
          spatterLevel};
}

}  // namespace whorl
