// SPDX-License-Identifier: GPL-3.0-or-later
// What happens to images inside machines: larger pixels, stretched paper, fewer levels.
#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "core/image/convert.h"
#include "core/image/perturbations/families.h"
#include "core/image/perturbations/resample.h"

namespace whorl {

namespace {

const std::string kLevels = std::string("formula and levels: ") + kCorruptionsReference;

/// Which pixels a resized one is the mean of: [first, last) each.
struct Box {
  int first = 0;
  int last = 0;
};

/// As Pillow's BOX filter: whole pixels, those whose middle is inside.
std::vector<Box> boxes(int from, int to) {
  const double scale = double(from) / to;
  const double width = std::max(scale, 1.0);
  std::vector<Box> result;
  for (int i = 0; i < to; ++i) {
    const double middle = (i + 0.5) * scale;
    Box box{from, 0};
    const int begin = std::max(0, static_cast<int>(std::lround(middle - width / 2)));
    const int end = std::min(from, static_cast<int>(std::lround(middle + width / 2)));
    for (int at = begin; at < end; ++at) {
      const double distance = (at - middle + 0.5) / width;
      if (distance <= -0.5 || distance > 0.5) continue;
      box = {std::min(box.first, at), at + 1};
    }
    result.push_back(box);
  }
  return result;
}

Image boxResized(const Image& image, int height, int width) {
  const std::vector<Box> columns = boxes(image.shape.width, width);
  const std::vector<Box> rows = boxes(image.shape.height, height);
  Image result{{image.shape.channels, height, width}, {}};
  result.pixels.reserve(static_cast<std::size_t>(result.shape.size()));
  for (int c = 0; c < image.shape.channels; ++c) {
    for (const Box& row : rows) {
      for (const Box& column : columns) {
        double sum = 0;
        for (int y = row.first; y < row.last; ++y) {
          for (int x = column.first; x < column.last; ++x) sum += image.at(c, y, x);
        }
        result.pixels.push_back(static_cast<float>(sum / ((row.last - row.first) * (column.last - column.first))));
      }
    }
  }
  return result;
}

Image pixelate(const Image& image, const Parameters& parameters, Random&) {
  const double share = parameters.real("share");
  const auto [channels, height, width] = image.shape;
  const Image small =
      boxResized(image, std::max(1, static_cast<int>(height * share)), std::max(1, static_cast<int>(width * share)));
  return boxResized(small, height, width);
}

Parameters pixelateLevel(int severity, double) {
  return {{"share", atLevel<double>(severity, {1, .95, .9, .85, .75, .65})}};
}

/// A triangle about the middle goes to a near place, and the image with it.
Image affinelyMoved(const Image& image, double reach, Random& random) {
  const auto [channels, height, width] = image.shape;
  // Whole pixels, and as published, whose points take rows for columns: on square images the same.
  const int third = std::min(height, width) / 3, halfWidth = width / 2, halfHeight = height / 2;
  if (third < 1 || reach == 0) return image;
  const auto size = static_cast<float>(third);
  const auto x = static_cast<float>(halfWidth);
  const auto y = static_cast<float>(halfHeight);
  const cv::Point2f from[3] = {{x + size, y + size}, {x + size, y - size}, {x - size, y - size}};
  cv::Point2f to[3];
  for (int i = 0; i < 3; ++i) {
    const auto moved = [&](float at) { return at + static_cast<float>(random.uniform(-reach, reach)); };
    const float movedX = moved(from[i].x);
    to[i] = {movedX, moved(from[i].y)};
  }
  const cv::Matx23d m = cv::getAffineTransform(to, from);
  return resampled(image, cv::BORDER_REFLECT_101, [&](int column, int row) {
    return std::pair(m(0, 0) * column + m(0, 1) * row + m(0, 2), m(1, 0) * column + m(1, 1) * row + m(1, 2));
  });
}

/// Smooth displacements of one coordinate, in pixels: [H,W].
Image displacements(const Image& image, double amplitude, double smoothness, Random& random) {
  constexpr double kTruncate = 3;  // standard deviations, as published
  Image noise{{1, image.shape.height, image.shape.width}, {}};
  noise.pixels.resize(static_cast<std::size_t>(noise.shape.size()));
  for (float& value : noise.pixels) value = static_cast<float>(random.uniform(-1, 1));
  const Image smooth = gaussianBlurred(noise, smoothness, kTruncate, cv::BORDER_REFLECT);
  return mapped(smooth, [amplitude](float value) { return value * amplitude; });
}

Image elastic(const Image& image, const Parameters& parameters, Random& random) {
  const Image moved = affinelyMoved(image, parameters.real("affine"), random);
  const double amplitude = parameters.real("amplitude");
  if (amplitude == 0) return moved;
  const Image dx = displacements(image, amplitude, parameters.real("smoothness"), random);
  const Image dy = displacements(image, amplitude, parameters.real("smoothness"), random);
  return resampled(moved, cv::BORDER_REFLECT,
                   [&](int x, int y) { return std::pair(x + double(dx.at(0, y, x)), y + double(dy.at(0, y, x))); });
}

Parameters elasticLevel(int severity, double scale) {
  const double side = 32 * scale;
  return {{"amplitude", side * atLevel<double>(severity, {0, 0, .05, .08, .1, .1})},
          {"smoothness", side * atLevel<double>(severity, {0, 0, .2, .06, .04, .03})},
          {"affine", side * atLevel<double>(severity, {0, .08, .07, .06, .05, .03})}};
}

/// Pillow's posterize: the upper bits of 8.
Image posterise(const Image& image, const Parameters& parameters, Random&) {
  const int mask = 256 - (256 >> parameters.integer("bits"));
  return mapped(image, [mask](float value) { return (static_cast<int>(std::lround(value * 255)) & mask) / 255.0; });
}

Parameters posteriseLevel(int severity, double) {
  return {{"bits", atLevel<std::int64_t>(severity, {8, 6, 5, 4, 3, 2})}};
}

Image quantise(const Image& image, const Parameters& parameters, Random&) {
  const auto steps = static_cast<double>(parameters.integer("levels") - 1);
  return mapped(image, [steps](float value) { return std::round(value * steps) / steps; });
}

Parameters quantiseLevel(int severity, double) {
  return {{"levels", atLevel<std::int64_t>(severity, {256, 32, 16, 8, 4, 2})}};
}

}  // namespace

std::vector<const Perturbation*> digitalPerturbations() {
  static const Perturbation pixelated(
      {PerturbationFamily::Digital,
       {"pixelate",
        "Pixelate",
        "Shrinks the image by averaging whole pixels and grows it back by repeating them.",
        kLevels + "; resampling as Pillow's BOX",
        {ParameterSpec::real("share", 0.75, 0.01, 1, "", "of the sides that is left in between")}},
       pixelate,
       pixelateLevel});
  static const Perturbation stretched(
      {PerturbationFamily::Digital,
       {"elastic",
        "Elastic",
        "Moves the image by a random affine map and then each pixel by smooth random displacements.",
        kLevels + "; after Simard et al. 2003",
        {ParameterSpec::real("amplitude", 2.5, 0, 4096, "px", "of the displacements, before they are smoothed"),
         ParameterSpec::real("smoothness", 2, 0, 1024, "px", "standard deviation of the kernel that smooths them"),
         ParameterSpec::real("affine", 1.5, 0, 512, "px", "how far the affine map moves three points")}},
       elastic,
       elasticLevel});
  static const Perturbation posterised(
      {PerturbationFamily::Digital,
       {"posterise",
        "Posterise",
        "Keeps the upper bits of 8-bit values; what is below is cut off.",
        "Pillow's posterize; levels: Whorl's own",
        {ParameterSpec::integer("bits", 4, 1, 8, "", "that are kept; 8 rounds to 8 bits")}},
       posterise,
       posteriseLevel});
  static const Perturbation quantised({PerturbationFamily::Digital,
                                       {"quantise",
                                        "Quantise",
                                        "Rounds each value to the nearest of so many levels from 0 to 1.",
                                        "levels: Whorl's own",
                                        {ParameterSpec::integer("levels", 8, 2, 65536, "", "that there are")}},
                                       quantise,
                                       quantiseLevel});
  return {&pixelated, &stretched, &posterised, &quantised};
}

}  // namespace whorl
