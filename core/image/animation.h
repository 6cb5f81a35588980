// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <opencv2/core.hpp>
#include <string>
#include <string_view>

namespace whorl {

/// What OpenCV's decoders can't read: the first frame of a GIF, and of an animated WebP. All return CV_8UC3 or CV_8UC4
/// of the canvas's size, transparent where the frame doesn't cover it. The caller has checked the header's size.

/// Through giflib. `frames` becomes 2 as soon as a second frame is seen. Error(BadInput) for damaged files, and where
/// this build has no giflib.
cv::Mat decodeGif(std::string_view bytes, const std::string& where, int& frames);

/// Takes the first ANMF chunk out of the container and decodes it as a file of its own. Error(BadInput).
cv::Mat decodeAnimatedWebp(std::string_view bytes, const std::string& where);

}  // namespace whorl
