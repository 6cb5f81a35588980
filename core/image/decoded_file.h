// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <opencv2/core.hpp>
#include <string>

#include "core/image/image_file.h"

namespace whorl {

/// A file as OpenCV decoded it: 8 or 16 bits a channel, upright.
struct DecodedFile {
  cv::Mat mat;
  ImageFileInfo info;
};

/// What decodeImage() does before it converts. To be called inside withOpenCv(). Only .cpp files of core/image include
/// this header.
DecodedFile decodeFile(const void* data, std::size_t size, const std::string& name);

}  // namespace whorl
