// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/service/report_samples.h"

#include <algorithm>
#include <cmath>

#include "core/image/image_file.h"
#include "core/service/attacked_images.h"

namespace whorl {

namespace {

constexpr std::size_t kSamples = 6;
/// Among so many of the first attacked images successes are looked for.
constexpr std::int64_t kLookedAt = 60;

/// Adversarial minus original; 0.5 where they are equal.
Image stretchedDifference(const AttackedImage& image) {
  float largest = 0;
  for (std::size_t i = 0; i < image.original.pixels.size(); ++i) {
    largest = std::max(largest, std::abs(image.adversarial.pixels[i] - image.original.pixels[i]));
  }
  Image difference = image.original;
  for (std::size_t i = 0; i < difference.pixels.size(); ++i) {
    const float change = image.adversarial.pixels[i] - image.original.pixels[i];
    difference.pixels[i] = largest > 0 ? 0.5F + 0.5F * change / largest : 0.5F;
  }
  return difference;
}

ReportSample sampleOf(const std::string& attack, const AttackedImage& image) {
  return {attack, "no. " + std::to_string(image.index) + ", class " + std::to_string(image.label),
          encodePng(image.original), encodePng(image.adversarial), encodePng(stretchedDifference(image))};
}

}  // namespace

std::vector<ReportSample> reportSamples(const RecipeResult& result) {
  std::vector<ReportSample> samples;
  for (const std::string& attack : result.attacks) {
    const auto cell = std::find_if(result.cells.begin(), result.cells.end(), [&](const RecipeCell& one) {
      return one.attack == attack && !one.attackedImages.empty();
    });
    if (cell == result.cells.end()) continue;
    try {
      std::size_t count = 0;
      for (const AttackedImage& image : readAttackedImages(cell->attackedImages, 0, kLookedAt).images) {
        if (!image.success || count == kSamples) continue;
        samples.push_back(sampleOf(attack, image));
        ++count;
      }
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::BadInput) throw;
    }
  }
  return samples;
}

}  // namespace whorl
