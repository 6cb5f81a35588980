// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <algorithm>
#include <cmath>
#include <string>

#include "core/base/error.h"
#include "core/image/perturbation.h"

namespace whorl::test {

/// A smooth picture with values from 0.1 to 0.9, its channels out of step.
inline Image waves(const ImageShape& shape) {
  Image image{shape, {}};
  for (int c = 0; c < shape.channels; ++c) {
    for (int y = 0; y < shape.height; ++y) {
      for (int x = 0; x < shape.width; ++x) image.pixels.push_back(0.5f + 0.4f * std::sin(0.9f * x + 0.4f * y + c));
    }
  }
  return image;
}

inline Image plain(const ImageShape& shape, float value) {
  return {shape, std::vector<float>(static_cast<std::size_t>(shape.size()), value)};
}

/// One pixel of 1 in the dark.
inline Image dot(int height, int width, int y, int x) {
  Image image = plain({1, height, width}, 0);
  image.pixels[std::size_t(y) * width + x] = 1;
  return image;
}

inline Image perturbed(const std::string& name, const Image& image, const Parameters& given, std::uint64_t seed = 1) {
  const Perturbation& perturbation = findPerturbation(name);
  return perturbation.apply(image, resolve(name, perturbation.spec().parameters, given), seed);
}

inline double meanSquare(const Image& a, const Image& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.pixels.size(); ++i) sum += std::pow(double(a.pixels[i]) - b.pixels[i], 2);
  return sum / static_cast<double>(a.pixels.size());
}

inline double largestDifference(const Image& a, const Image& b) {
  double largest = 0;
  for (std::size_t i = 0; i < a.pixels.size(); ++i) {
    largest = std::max(largest, std::abs(double(a.pixels[i]) - b.pixels[i]));
  }
  return largest;
}

inline double mean(const Image& image) {
  double sum = 0;
  for (const float value : image.pixels) sum += value;
  return sum / static_cast<double>(image.pixels.size());
}

/// "kind: message (hint)" of the Error that the work ends in; "" for none.
template <class Work>
std::string refusal(Work work) {
  try {
    work();
  } catch (const Error& error) {
    return (error.kind() == ErrorKind::Usage ? "usage: " : "other: ") + error.message() + " (" + error.hint() + ")";
  }
  return {};
}

}  // namespace whorl::test
