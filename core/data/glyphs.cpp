// SPDX-License-Identifier: GPL-3.0-or-later
#include <array>
#include <cmath>
#include <opencv2/imgproc.hpp>
#include <string>

#include "core/data/drawing.h"

namespace whorl {

namespace {

constexpr int kSide = 28;
constexpr int kOversampling = 3;
constexpr int kCanvas = kSide * kOversampling;

constexpr std::array<int, 8> kFonts{cv::FONT_HERSHEY_SIMPLEX,        cv::FONT_HERSHEY_PLAIN,
                                    cv::FONT_HERSHEY_DUPLEX,         cv::FONT_HERSHEY_COMPLEX,
                                    cv::FONT_HERSHEY_TRIPLEX,        cv::FONT_HERSHEY_COMPLEX_SMALL,
                                    cv::FONT_HERSHEY_SCRIPT_SIMPLEX, cv::FONT_HERSHEY_SCRIPT_COMPLEX};

/// The digit upright in the middle of a canvas, about 0.62 of its height.
cv::Mat drawUpright(int digit, Random& random) {
  const int font = kFonts[random.below(kFonts.size())] | (random.bernoulli(0.25) ? cv::FONT_ITALIC : 0);
  const int thickness = 2 + static_cast<int>(random.below(7));
  const std::string text = std::to_string(digit);
  int baseline = 0;
  const cv::Size unit = cv::getTextSize(text, font, 1, 1, &baseline);
  const double scale = 0.62 * kCanvas / unit.height;
  const cv::Size size = cv::getTextSize(text, font, scale, thickness, &baseline);
  cv::Mat canvas = cv::Mat::zeros(kCanvas, kCanvas, CV_8U);
  cv::putText(canvas, text, {(kCanvas - size.width) / 2, (kCanvas + static_cast<int>(scale * unit.height)) / 2}, font,
              scale, cv::Scalar(255), thickness, cv::LINE_AA);
  return canvas;
}

/// Rotation up to 20°, shear, unequal scales and a shift, about the canvas's middle.
cv::Mat randomAffine(Random& random) {
  const double angle = random.uniform(-0.35, 0.35);
  const double shear = random.uniform(-0.3, 0.3);
  const double scaleX = random.uniform(0.75, 1.2);
  const double scaleY = random.uniform(0.75, 1.15);
  const double a = std::cos(angle) * scaleX;
  const double b = (std::cos(angle) * shear - std::sin(angle)) * scaleY;
  const double c = std::sin(angle) * scaleX;
  const double d = (std::sin(angle) * shear + std::cos(angle)) * scaleY;
  const double middle = kCanvas / 2.0;
  const double reach = 3.0 * kOversampling;
  return (cv::Mat_<double>(2, 3) << a, b, middle - a * middle - b * middle + random.uniform(-reach, reach), c, d,
          middle - c * middle - d * middle + random.uniform(-reach, reach));
}

}  // namespace

cv::Mat drawGlyph(int digit, Random& random) {
  cv::Mat turned;
  cv::warpAffine(drawUpright(digit, random), turned, randomAffine(random), {kCanvas, kCanvas}, cv::INTER_LINEAR);
  cv::Mat image;
  cv::resize(turned, image, {kSide, kSide}, 0, 0, cv::INTER_AREA);
  if (random.bernoulli(0.7)) cv::GaussianBlur(image, image, {3, 3}, random.uniform(0.3, 0.9));
  const double paper = random.uniform(0, 40);
  const double ink = random.uniform(150, 255);
  image.convertTo(image, CV_8U, (ink - paper) / 255, paper);
  addNoise(image, random.uniform(0, 22), random);
  return image;
}

}  // namespace whorl
