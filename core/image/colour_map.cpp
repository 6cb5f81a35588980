// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/image/colour_map.h"

#include <opencv2/imgproc.hpp>

#include "core/image/convert.h"

namespace whorl {
namespace {

std::array<std::array<float, 3>, 256> makeViridis() {
  std::array<std::array<float, 3>, 256> colours{};
  withOpenCv(ErrorKind::Failed, "colour map", [&] {
    cv::Mat values(1, 256, CV_8UC1);
    for (int i = 0; i < 256; ++i) values.at<unsigned char>(0, i) = static_cast<unsigned char>(i);
    cv::Mat bgr;
    cv::applyColorMap(values, bgr, cv::COLORMAP_VIRIDIS);
    for (int i = 0; i < 256; ++i) {
      const auto& pixel = bgr.at<cv::Vec3b>(0, i);
      for (int c = 0; c < 3; ++c) colours[i][c] = static_cast<float>(pixel[2 - c]) / 255;
    }
  });
  return colours;
}

}  // namespace

const std::array<std::array<float, 3>, 256>& viridis() {
  static const std::array<std::array<float, 3>, 256> colours = makeViridis();
  return colours;
}

}  // namespace whorl
