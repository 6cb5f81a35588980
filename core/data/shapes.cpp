// SPDX-License-Identifier: GPL-3.0-or-later
#include <array>
#include <cmath>
#include <numbers>
#include <opencv2/imgproc.hpp>
#include <vector>

#include "core/data/drawing.h"

namespace whorl {

namespace {

constexpr int kSide = 32;
constexpr int kOversampling = 3;
constexpr int kCanvas = kSide * kOversampling;
using Outline = std::vector<cv::Point2d>;

/// Where and how large: maps outlines of unit radius to the canvas.
struct Pose {
  double radius;
  double angle;
  double stretch;
  cv::Point2d centre;

  cv::Point2d map(cv::Point2d p) const {
    p = {p.x * stretch, p.y / stretch};
    return centre + radius * cv::Point2d(std::cos(angle) * p.x - std::sin(angle) * p.y,
                                         std::sin(angle) * p.x + std::cos(angle) * p.y);
  }
};

Outline circle(double radius = 1, cv::Point2d centre = {}) {
  constexpr int kPoints = 48;
  Outline outline;
  for (int i = 0; i < kPoints; ++i) {
    const double t = 2 * std::numbers::pi * i / kPoints;
    outline.push_back(centre + radius * cv::Point2d(std::cos(t), std::sin(t)));
  }
  return outline;
}

/// A regular polygon, or a star where every second point lies at `inner`.
Outline polygon(int corners, double inner = 1) {
  Outline outline;
  for (int i = 0; i < corners; ++i) {
    const double t = 2 * std::numbers::pi * i / corners - std::numbers::pi / 2;
    outline.push_back((i % 2 == 1 ? inner : 1) * cv::Point2d(std::cos(t), std::sin(t)));
  }
  return outline;
}

Outline heart() {
  Outline outline;
  constexpr int kPoints = 48;
  for (int i = 0; i < kPoints; ++i) {
    const double t = 2 * std::numbers::pi * i / kPoints;
    const double x = 16 * std::pow(std::sin(t), 3);
    const double y = 13 * std::cos(t) - 5 * std::cos(2 * t) - 2 * std::cos(3 * t) - std::cos(4 * t);
    outline.push_back({x / 16.5, -(y + 2.5) / 15});
  }
  return outline;
}

Outline cross(double arm) {
  const double a = arm;
  return {{-a, -1}, {a, -1}, {a, -a}, {1, -a}, {1, a}, {a, a}, {a, 1}, {-a, 1}, {-a, a}, {-1, a}, {-1, -a}, {-a, -a}};
}

Outline arrow() { return {{-1, -0.28}, {0.1, -0.28}, {0.1, -0.8}, {1.05, 0}, {0.1, 0.8}, {0.1, 0.28}, {-1, 0.28}}; }

void fill(cv::Mat& mask, const Outline& outline, const Pose& pose, int value) {
  constexpr int kShift = 4;
  std::vector<cv::Point> points;
  for (const auto& point : outline) {
    const cv::Point2d p = pose.map(point) * (1 << kShift);
    points.emplace_back(cvRound(p.x), cvRound(p.y));
  }
  cv::fillPoly(mask, std::vector<std::vector<cv::Point>>{points}, cv::Scalar(value), cv::LINE_AA, kShift);
}

/// Coverage of the shape, 0 to 255, oversampled. The order is that of datasets/shapes.json.
cv::Mat drawMask(int shape, const Pose& pose, Random& random) {
  cv::Mat mask = cv::Mat::zeros(kCanvas, kCanvas, CV_8U);
  switch (shape) {
    case 0:
      fill(mask, circle(), pose, 255);
      break;
    case 1:
      fill(mask, {{-0.85, -0.85}, {0.85, -0.85}, {0.85, 0.85}, {-0.85, 0.85}}, pose, 255);
      break;
    case 2:
      fill(mask, polygon(3), pose, 255);
      break;
    case 3:
      fill(mask, polygon(10, random.uniform(0.38, 0.48)), pose, 255);
      break;
    case 4:
      fill(mask, cross(random.uniform(0.24, 0.36)), pose, 255);
      break;
    case 5:
      fill(mask, circle(), pose, 255);
      fill(mask, circle(random.uniform(0.5, 0.68)), pose, 0);
      break;
    case 6:
      fill(mask, polygon(5), pose, 255);
      break;
    case 7:
      fill(mask, heart(), pose, 255);
      break;
    case 8:
      fill(mask, arrow(), pose, 255);
      break;
    default:
      fill(mask, circle(), pose, 255);
      fill(mask, circle(random.uniform(0.82, 0.95), {random.uniform(0.4, 0.52), 0}), pose, 0);
      break;
  }
  return mask;
}

cv::Vec3d randomColour(Random& random) {
  return {random.uniform(0, 255), random.uniform(0, 255), random.uniform(0, 255)};
}

/// A colour that stands out from `other`.
cv::Vec3d contrasting(const cv::Vec3d& other, Random& random) {
  while (true) {
    const cv::Vec3d colour = randomColour(random);
    if (cv::norm(colour - other) > 110) return colour;
  }
}

/// Soft blotches around `base`, sometimes with stripes.
cv::Mat drawBackground(const cv::Vec3d& base, Random& random) {
  const int cells = 2 + static_cast<int>(random.below(6));
  const double spread = random.uniform(8, 45);
  cv::Mat coarse(cells, cells, CV_8UC3);
  for (int i = 0; i < cells * cells; ++i) {
    auto& pixel = coarse.at<cv::Vec3b>(i / cells, i % cells);
    for (int c = 0; c < 3; ++c) pixel[c] = cv::saturate_cast<std::uint8_t>(base[c] + random.uniform(-spread, spread));
  }
  cv::Mat image;
  cv::resize(coarse, image, {kSide, kSide}, 0, 0, cv::INTER_CUBIC);
  if (!random.bernoulli(0.35)) return image;
  const double angle = random.uniform(0, std::numbers::pi);
  const double frequency = random.uniform(0.5, 1.6);
  const double height = random.uniform(8, 22);
  const cv::Vec2d along(std::cos(angle) * frequency, std::sin(angle) * frequency);
  for (int y = 0; y < kSide; ++y) {
    for (int x = 0; x < kSide; ++x) {
      const double wave = height * std::sin(along[0] * x + along[1] * y);
      for (auto& value : image.at<cv::Vec3b>(y, x).val) value = cv::saturate_cast<std::uint8_t>(value + wave);
    }
  }
  return image;
}

Pose randomPose(Random& random) {
  const double radius = random.uniform(7.5, 13);
  const double room = kSide / 2.0 - radius * 0.95;
  const cv::Point2d centre(kSide / 2.0 + random.uniform(-room, room), kSide / 2.0 + random.uniform(-room, room));
  return {radius * kOversampling, random.uniform(0, 2 * std::numbers::pi), random.uniform(0.9, 1.1),
          centre * kOversampling};
}

}  // namespace

cv::Mat drawShape(int shape, Random& random) {
  const cv::Vec3d base = randomColour(random);
  cv::Mat image = drawBackground(base, random);
  cv::Mat coverage;
  cv::resize(drawMask(shape, randomPose(random), random), coverage, {kSide, kSide}, 0, 0, cv::INTER_AREA);
  const cv::Vec3d colour = contrasting(base, random);
  // Light falls across the shape from a random side.
  const cv::Vec2d light(random.uniform(-1.2, 1.2), random.uniform(-1.2, 1.2));
  constexpr int kCentre = kSide / 2;
  for (int y = 0; y < kSide; ++y) {
    for (int x = 0; x < kSide; ++x) {
      const double opacity = coverage.at<std::uint8_t>(y, x) / 255.0;
      if (opacity == 0) continue;
      const double shade = light[0] * (x - kCentre) + light[1] * (y - kCentre);
      auto& pixel = image.at<cv::Vec3b>(y, x);
      for (int c = 0; c < 3; ++c) {
        pixel[c] = cv::saturate_cast<std::uint8_t>(pixel[c] * (1 - opacity) + (colour[c] + shade) * opacity);
      }
    }
  }
  if (random.bernoulli(0.4)) cv::GaussianBlur(image, image, {3, 3}, random.uniform(0.3, 0.8));
  addNoise(image, random.uniform(0, 16), random);
  return image;
}

}  // namespace whorl
