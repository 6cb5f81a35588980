// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/service/image_metrics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace whorl {
namespace {

constexpr int kWindow = 7;
constexpr double kC1 = 0.01 * 0.01;
constexpr double kC2 = 0.03 * 0.03;

/// Sums over all rectangles from the origin, so that a window's sum is four look-ups.
class SummedArea {
 public:
  template <class Value>
  SummedArea(int height, int width, Value value) : m_width(width + 1), m_sums(std::size_t(height + 1) * (width + 1)) {
    for (int y = 0; y < height; ++y) {
      double line = 0;
      for (int x = 0; x < width; ++x) {
        line += value(y, x);
        m_sums[std::size_t(y + 1) * m_width + x + 1] = m_sums[std::size_t(y) * m_width + x + 1] + line;
      }
    }
  }
  double mean(int y, int x, int window) const {
    return (at(y + window, x + window) - at(y, x + window) - at(y + window, x) + at(y, x)) / (window * window);
  }

 private:
  double at(int y, int x) const { return m_sums[std::size_t(y) * m_width + x]; }
  int m_width;
  std::vector<double> m_sums;
};

double channelSsim(const Image& a, const Image& b, int channel) {
  const int height = a.shape.height;
  const int width = a.shape.width;
  int window = std::min({kWindow, height, width});
  if (window % 2 == 0) --window;
  const auto sums = [&](auto value) { return SummedArea(height, width, value); };
  const auto first = [&](int y, int x) { return double{a.at(channel, y, x)}; };
  const auto second = [&](int y, int x) { return double{b.at(channel, y, x)}; };
  const auto sumA = sums(first);
  const auto sumB = sums(second);
  const auto sumAA = sums([&](int y, int x) { return first(y, x) * first(y, x); });
  const auto sumBB = sums([&](int y, int x) { return second(y, x) * second(y, x); });
  const auto sumAB = sums([&](int y, int x) { return first(y, x) * second(y, x); });
  double total = 0;
  std::int64_t places = 0;
  for (int y = 0; y + window <= height; ++y) {
    for (int x = 0; x + window <= width; ++x, ++places) {
      const double meanA = sumA.mean(y, x, window);
      const double meanB = sumB.mean(y, x, window);
      const double varianceA = sumAA.mean(y, x, window) - meanA * meanA;
      const double varianceB = sumBB.mean(y, x, window) - meanB * meanB;
      const double covariance = sumAB.mean(y, x, window) - meanA * meanB;
      total += (2 * meanA * meanB + kC1) * (2 * covariance + kC2) /
               ((meanA * meanA + meanB * meanB + kC1) * (varianceA + varianceB + kC2));
    }
  }
  return total / static_cast<double>(places);
}

}  // namespace

ImageNorms imageNorms(const Image& a, const Image& b) {
  if (a.shape != b.shape || a.shape.size() == 0) {
    throw Error(ErrorKind::Internal, "norms of images of " + toText(a.shape) + " and " + toText(b.shape));
  }
  ImageNorms norms;
  const std::int64_t places = std::int64_t{a.shape.height} * a.shape.width;
  double squares = 0;
  for (std::int64_t place = 0; place < places; ++place) {
    bool differs = false;
    for (int c = 0; c < a.shape.channels; ++c) {
      const std::size_t i = c * places + place;
      const double difference = std::abs(double{a.pixels[i]} - b.pixels[i]);
      differs = differs || difference > 0;
      norms.l1 += difference;
      squares += difference * difference;
      norms.linf = std::max(norms.linf, difference);
    }
    norms.l0 += differs;
  }
  norms.l2 = std::sqrt(squares);
  norms.psnr = squares > 0 ? 10 * std::log10(static_cast<double>(a.shape.size()) / squares)
                           : std::numeric_limits<double>::infinity();
  if (squares > 0) {
    for (int c = 0; c < a.shape.channels; ++c) norms.ssim += channelSsim(a, b, c) / a.shape.channels;
  } else {
    norms.ssim = 1;
  }
  return norms;
}

}  // namespace whorl
