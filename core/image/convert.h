// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <opencv2/core.hpp>
#include <string>

#include "core/base/error.h"
#include "core/image/image.h"

/// The one place where OpenCV's images (BGR, rows of interleaved pixels) and ours (RGB planes, float32 in [0,1]) meet.
/// Only .cpp files of core/image, core/data and core/theory include this header.
namespace whorl {

/// Turns OpenCV's own thread pool and its messages on stderr off, once for the process. Called by withOpenCv().
void prepareOpenCv();

/// Runs `work` and turns cv::Exception into Error(`kind`), or Error(OutOfMemory), with `where`.
template <class Work>
auto withOpenCv(ErrorKind kind, const std::string& where, Work&& work) {
  prepareOpenCv();
  try {
    return work();
  } catch (const cv::Exception& e) {
    if (e.code == cv::Error::StsNoMem) throw Error(ErrorKind::OutOfMemory, "not enough memory for the image", where);
    throw Error(kind, "OpenCV could not process the image: " + e.err, where);
  }
}

/// 8-bit, 16-bit (divided by 255, 65535) or float32 ([0,1] as it is) with 1, 3 (BGR) or 4 (BGRA, composed over white)
/// channels; any row stride. Error(BadInput) for other depths and for an empty matrix.
Image fromMat(const cv::Mat& mat, const std::string& where);

/// CV_32FC1 or CV_32FC3 (BGR), a copy.
cv::Mat toMat(const Image& image);

/// CV_8UC1 or CV_8UC3 (BGR), rounded to nearest; values outside [0,1] saturate.
cv::Mat toMat8(const Image& image);

/// Turns a decoded picture upright: `orientation` is EXIF's tag 274 (1 to 8; anything else leaves it as it is).
cv::Mat upright(const cv::Mat& mat, int orientation);

/// Error(Internal) unless the shape is one or three channels of at least one pixel and `pixels` has that many values.
void checkImage(const Image& image);

}  // namespace whorl
