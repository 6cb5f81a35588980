// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/image/perturbations/plasma.h"

#include <algorithm>
#include <bit>

namespace whorl {

namespace {

/// Of a pattern, a power of two: 64 MB. Longer images repeat it, whose edges meet: an image of 40,000 pixels in a row
/// would need gigabytes otherwise.
constexpr int kLargestSide = 4096;

/// A square of numbers whose edges meet.
struct Torus {
  int size = 1;
  std::vector<float> values;

  float& at(int y, int x) {
    const int mask = size - 1;  // a power of two
    return values[std::size_t(y & mask) * size + (x & mask)];
  }
};

}  // namespace

Image plasma(int height, int width, double decay, Random& random) {
  Torus torus;
  const int side = std::clamp(std::max(height, width), 2, kLargestSide);
  torus.size = static_cast<int>(std::bit_ceil(static_cast<unsigned>(side)));
  torus.values.assign(std::size_t(torus.size) * torus.size, 0);
  double weight = 100;
  for (int step = torus.size; step >= 2; step /= 2, weight /= decay) {
    const int half = step / 2;
    const auto disturbed = [&](float sum) {
      return static_cast<float>(sum / 4 + weight * random.uniform(-weight, weight));
    };
    for (int y = 0; y < torus.size; y += step) {
      for (int x = 0; x < torus.size; x += step) {
        torus.at(y + half, x + half) =
            disturbed(torus.at(y, x) + torus.at(y, x + step) + torus.at(y + step, x) + torus.at(y + step, x + step));
      }
    }
    for (int y = 0; y < torus.size; y += step) {
      for (int x = 0; x < torus.size; x += step) {
        for (const auto& [row, column] : {std::pair(y, x + half), std::pair(y + half, x)}) {
          torus.at(row, column) = disturbed(torus.at(row - half, column) + torus.at(row + half, column) +
                                            torus.at(row, column - half) + torus.at(row, column + half));
        }
      }
    }
  }
  const auto [least, largest] = std::minmax_element(torus.values.begin(), torus.values.end());
  const float low = *least;
  const float range = std::max(*largest - low, 1e-20f);
  Image pattern{{1, height, width}, {}};
  pattern.pixels.reserve(std::size_t(height) * width);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) pattern.pixels.push_back((torus.at(y, x) - low) / range);
  }
  return pattern;
}

}  // namespace whorl
