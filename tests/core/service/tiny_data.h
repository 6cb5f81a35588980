// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <algorithm>
#include <filesystem>
#include <string>

#include "core/base/random.h"
#include "core/image/image.h"
#include "core/image/image_file.h"

namespace whorl::test {

constexpr int kTinySide = 16;

/// A grey picture that is bright on the left (class 0) or on the right (class 1), with noise.
inline Image tinyImage(int label, std::uint64_t seed, int side = kTinySide) {
  Random random(seed);
  Image image{{1, side, side}, std::vector<float>(std::size_t(side) * side)};
  for (int y = 0; y < side; ++y) {
    for (int x = 0; x < side; ++x) {
      const bool bright = (x >= side / 2) == (label == 1);
      image.pixels[std::size_t(y) * side + x] =
          static_cast<float>(std::clamp((bright ? 0.7 : 0.3) + random.uniform(-0.2, 0.2), 0.0, 1.0));
    }
  }
  return image;
}

/// FOLDER/{train,test}/{left,right}/*.png: a data set that any network learns in seconds.
inline std::string writeTinyDataset(const std::filesystem::path& folder, int trainPerClass = 60,
                                    int testPerClass = 20) {
  std::uint64_t seed = 0;
  for (const auto& [split, count] : {std::pair{"train", trainPerClass}, {"test", testPerClass}}) {
    for (int label = 0; label < 2; ++label) {
      const auto target = folder / split / (label ? "right" : "left");
      std::filesystem::create_directories(target);
      for (int i = 0; i < count; ++i) writeImage(tinyImage(label, ++seed), target / (std::to_string(i) + ".png"));
    }
  }
  return folder.string();
}

}  // namespace whorl::test
