// SPDX-License-Identifier: GPL-3.0-or-later
// What moves pixels: cut, resized, turned, shifted, sheared, seen from the side, mirrored.
#include <cmath>
#include <numbers>
#include <opencv2/imgproc.hpp>

#include "core/base/error.h"
#include "core/image/convert.h"
#include "core/image/perturbations/families.h"
#include "core/image/perturbations/resample.h"

namespace whorl {

namespace {

const std::string kOwnLevels = "levels: Whorl's own";

ParameterSpec borderParameter() {
  return ParameterSpec::choice("border", "reflect", {"reflect", "edge", "black"}, "what is seen beyond the border");
}

int borderOf(const Parameters& parameters) {
  const std::string& border = parameters.text("border");
  return border == "reflect" ? cv::BORDER_REFLECT_101 : border == "edge" ? cv::BORDER_REPLICATE : cv::BORDER_CONSTANT;
}

int interpolation(const std::string& name) {
  return name == "area" ? cv::INTER_AREA : name == "nearest" ? cv::INTER_NEAREST : cv::INTER_LINEAR;
}

/// Where the window of a crop begins.
cv::Point cropStart(const Parameters& parameters, int offset, Random& random) {
  const std::string& place = parameters.text("place");
  if (place == "random") {
    const auto room = 2 * static_cast<std::uint64_t>(offset) + 1;
    const auto x = static_cast<int>(random.below(room));
    return {x, static_cast<int>(random.below(room))};
  }
  if (place == "centre") return {offset, offset};
  const auto x = static_cast<int>(parameters.integer("x"));
  const auto y = static_cast<int>(parameters.integer("y"));
  if (x > 2 * offset || y > 2 * offset) {
    throw Error(ErrorKind::Usage,
                "a window that begins at " + std::to_string(x) + ", " + std::to_string(y) + " leaves the image",
                "crop: x, y", "use at most " + std::to_string(2 * offset) + ", twice the offset");
  }
  return {x, y};
}

Image crop(const Image& image, const Parameters& parameters, Random& random) {
  const auto offset = static_cast<int>(parameters.integer("offset"));
  const int smaller = std::min(image.shape.height, image.shape.width);
  if (2 * offset >= smaller) {
    throw Error(ErrorKind::Usage,
                "an offset of " + std::to_string(offset) + " px leaves nothing of an image of " + toText(image.shape),
                "crop", "use at most " + std::to_string((smaller - 1) / 2));
  }
  if (offset == 0) return image;
  const cv::Mat mat = toMat(image);
  const cv::Rect kept(cropStart(parameters, offset, random), mat.size() - cv::Size(2 * offset, 2 * offset));
  cv::Mat result;
  cv::resize(mat(kept), result, mat.size(), 0, 0, cv::INTER_LINEAR);
  return fromMat(result, "crop");
}

/// At most what leaves a pixel.
Parameters cropLevel(int severity, double scale) {
  const auto largest = static_cast<std::int64_t>(std::max(0.0, std::ceil(32 * scale / 2) - 1));
  const auto offset = static_cast<std::int64_t>(std::lround(scale * atLevel<double>(severity, {0, 1, 2, 3, 4, 6})));
  return {{"offset", std::min(offset, largest)}};
}

Image shrunkAndGrown(const Image& image, cv::Size small, int down, int up) {
  const cv::Mat mat = toMat(image);
  if (small == mat.size()) return image;
  cv::Mat shrunk;
  cv::resize(mat, shrunk, small, 0, 0, down);
  cv::Mat result;
  cv::resize(shrunk, result, mat.size(), 0, 0, up);
  return fromMat(result, "rescale");
}

/// What is finer than `factor` pixels is lost.
Image rescale(const Image& image, const Parameters& parameters, Random&) {
  const double factor = parameters.real("factor");
  if (factor == 1) return image;
  const cv::Size small(std::max(1, static_cast<int>(std::lround(image.shape.width / factor))),
                       std::max(1, static_cast<int>(std::lround(image.shape.height / factor))));
  return shrunkAndGrown(image, small, interpolation(parameters.text("down")), interpolation(parameters.text("up")));
}

Parameters rescaleLevel(int severity, double) {
  return {{"factor", atLevel<double>(severity, {1, 1.25, 1.5, 2, 3, 4})}};
}

/// As web services do it: to a given area in pixels, whatever the image's proportions, and back.
Image thumbnail(const Image& image, const Parameters& parameters, Random&) {
  const double ratio =
      std::sqrt(static_cast<double>(parameters.integer("area")) / (double(image.shape.height) * image.shape.width));
  if (ratio >= 1) return image;  // small enough as it is
  const cv::Size small(std::max(1, static_cast<int>(std::lround(image.shape.width * ratio))),
                       std::max(1, static_cast<int>(std::lround(image.shape.height * ratio))));
  return shrunkAndGrown(image, small, cv::INTER_AREA, cv::INTER_LINEAR);
}

Parameters thumbnailLevel(int severity, double scale) {
  const double side = 32 * scale * atLevel<double>(severity, {2, .9, .75, .625, .5, .375});
  return {{"area", static_cast<std::int64_t>(std::lround(side * side))}};
}

/// Reads the image through an affine map about its middle: (x, y) comes from m (x, y) there.
Image aboutMiddle(const Image& image, const Parameters& parameters, const cv::Matx22d& m) {
  const double x0 = (image.shape.width - 1) / 2.0;
  const double y0 = (image.shape.height - 1) / 2.0;
  return resampled(image, borderOf(parameters), [&](int x, int y) {
    return std::pair(x0 + m(0, 0) * (x - x0) + m(0, 1) * (y - y0), y0 + m(1, 0) * (x - x0) + m(1, 1) * (y - y0));
  });
}

Image rotate(const Image& image, const Parameters& parameters, Random&) {
  const double angle = parameters.real("angle") * std::numbers::pi / 180;
  if (angle == 0) return image;
  return aboutMiddle(image, parameters, {std::cos(angle), -std::sin(angle), std::sin(angle), std::cos(angle)});
}

Parameters rotateLevel(int severity, double) { return {{"angle", atLevel<double>(severity, {0, 5, 10, 15, 20, 30})}}; }

Image shift(const Image& image, const Parameters& parameters, Random&) {
  const double dx = parameters.real("x");
  const double dy = parameters.real("y");
  return resampled(image, borderOf(parameters), [&](int x, int y) { return std::pair(x - dx, y - dy); });
}

Parameters shiftLevel(int severity, double scale) {
  const double pixels = scale * atLevel<double>(severity, {0, .5, 1, 2, 3, 4});
  return {{"x", pixels}, {"y", pixels}};
}

Image shear(const Image& image, const Parameters& parameters, Random&) {
  return aboutMiddle(image, parameters, {1, parameters.real("x"), parameters.real("y"), 1});
}

Parameters shearLevel(int severity, double) {
  return {{"x", atLevel<double>(severity, {0, .05, .1, .15, .2, .3})}, {"y", 0.0}};
}

/// Each corner goes inwards by a random part of the sides, as if the picture were photographed askew.
Image perspective(const Image& image, const Parameters& parameters, Random& random) {
  const double strength = parameters.real("strength");
  const auto [channels, height, width] = image.shape;
  if (strength == 0 || height < 2 || width < 2) return image;
  const float right = static_cast<float>(width - 1);
  const float bottom = static_cast<float>(height - 1);
  const cv::Point2f corners[4] = {{0, 0}, {right, 0}, {right, bottom}, {0, bottom}};
  cv::Point2f seen[4];
  for (int i = 0; i < 4; ++i) {
    const auto inwards = [&](float at, float far) {
      const auto by = static_cast<float>(random.uniform(0, strength) * far);
      return at == 0 ? by : far - by;
    };
    const float x = inwards(corners[i].x, right);
    seen[i] = {x, inwards(corners[i].y, bottom)};
  }
  const cv::Matx33d m = cv::getPerspectiveTransform(corners, seen);
  return resampled(image, borderOf(parameters), [&](int x, int y) {
    const cv::Vec3d at = m * cv::Vec3d(x, y, 1);
    return std::pair(at[0] / at[2], at[1] / at[2]);
  });
}

Parameters perspectiveLevel(int severity, double) {
  return {{"strength", atLevel<double>(severity, {0, .03, .06, .1, .15, .22})}};
}

Image flip(const Image& image, const Parameters& parameters, Random&) {
  const std::string& axis = parameters.text("axis");
  cv::Mat result;
  cv::flip(toMat(image), result, axis == "horizontal" ? 1 : axis == "vertical" ? 0 : -1);
  return fromMat(result, "flip");
}

}  // namespace

std::vector<const Perturbation*> geometryPerturbations() {
  static const Perturbation cropped(
      {PerturbationFamily::Geometry,
       {"crop",
        "Crop",
        "Cuts a margin off and resizes the rest to the old size.",
        kStabilityReference + ("; " + kOwnLevels),
        {ParameterSpec::integer("offset", 2, 0, 4096, "px", "pixels cut off on each side; in all twice as many"),
         ParameterSpec::choice("place", "centre", {"centre", "random", "offset"},
                               "where the window lies: in the middle, anywhere, or at x, y"),
         ParameterSpec::integer("x", 0, 0, 8192, "px", "left edge of the window; for place offset"),
         ParameterSpec::integer("y", 0, 0, 8192, "px", "upper edge of the window; for place offset")}},
       crop,
       cropLevel});
  static const Perturbation rescaled(
      {PerturbationFamily::Geometry,
       {"rescale",
        "Rescale",
        "Shrinks the image and grows it back.",
        kStabilityReference + (", thumbnails; " + kOwnLevels),
        {ParameterSpec::real("factor", 2, 1, 64, "", "how many times smaller in between; 1 changes nothing"),
         ParameterSpec::choice("down", "area", {"area", "bilinear", "nearest"}, "how it is shrunk"),
         ParameterSpec::choice("up", "bilinear", {"bilinear", "nearest"}, "how it is grown back")}},
       rescale,
       rescaleLevel});
  static const Perturbation thumbnails(
      {PerturbationFamily::Geometry,
       {"thumbnail",
        "Thumbnail",
        "Shrinks the image to so many pixels (area) and grows it back (bilinear).",
        kStabilityReference + (", thumbnails; " + kOwnLevels),
        {ParameterSpec::integer("area", 400, 1, 1 << 28, "px²",
                                "pixels in between; images that have no more stay as they are")}},
       thumbnail,
       thumbnailLevel});
  static const Perturbation rotated(
      {PerturbationFamily::Geometry,
       {"rotate",
        "Rotate",
        "Turns the image about its middle.",
        "bilinear, in full precision; " + kOwnLevels,
        {ParameterSpec::real("angle", 15, -180, 180, "°", "counter-clockwise"), borderParameter()}},
       rotate,
       rotateLevel});
  static const Perturbation shifted({PerturbationFamily::Geometry,
                                     {"shift",
                                      "Shift",
                                      "Moves the image.",
                                      "bilinear, in full precision; " + kOwnLevels,
                                      {ParameterSpec::real("x", 2, -4096, 4096, "px", "to the right"),
                                       ParameterSpec::real("y", 2, -4096, 4096, "px", "down"), borderParameter()}},
                                     shift,
                                     shiftLevel});
  static const Perturbation sheared(
      {PerturbationFamily::Geometry,
       {"shear",
        "Shear",
        "Slants the image about its middle.",
        "bilinear, in full precision; " + kOwnLevels,
        {ParameterSpec::real("x", 0.15, -1, 1, "", "columns that a row is read further right, per row down"),
         ParameterSpec::real("y", 0, -1, 1, "", "rows that a column is read further down, per column"),
         borderParameter()}},
       shear,
       shearLevel});
  static const Perturbation askew(
      {PerturbationFamily::Geometry,
       {"perspective",
        "Perspective",
        "Stretches a random quadrangle to the whole image, as if it were photographed askew.",
        "bilinear, in full precision; " + kOwnLevels,
        {ParameterSpec::real("strength", 0.1, 0, 0.4, "", "how far a corner may lie inside, as a part of the sides"),
         borderParameter()}},
       perspective,
       perspectiveLevel});
  static const Perturbation mirrored(
      {PerturbationFamily::Geometry,
       {"flip",
        "Flip",
        "Mirrors the image.",
        "",
        {ParameterSpec::choice("axis", "horizontal", {"horizontal", "vertical", "both"},
                               "left and right, top and bottom, or both change places")}},
       flip,
       nullptr});
  return {&cropped, &rescaled, &thumbnails, &rotated, &shifted, &sheared, &askew, &mirrored};
}

}  // namespace whorl
