// SPDX-License-Identifier: GPL-3.0-or-later
// Lossy image files: encoded and decoded again.
#include <opencv2/imgcodecs.hpp>

#include "core/base/error.h"
#include "core/image/convert.h"
#include "core/image/perturbations/families.h"

namespace whorl {

namespace {

Image recoded(const Image& image, const std::string& name, const std::string& title, int largestSide, int option,
              int quality) {
  if (image.shape.width > largestSide || image.shape.height > largestSide) {
    throw Error(ErrorKind::BadInput,
                title + " can't hold a side of more than " + std::to_string(largestSide) + " pixels", name,
                "shrink the image first");
  }
  std::vector<std::uint8_t> bytes;
  if (!cv::imencode("." + name, toMat8(image), bytes, {option, quality})) {
    throw Error(ErrorKind::Failed, "the image could not be encoded", name);
  }
  // WebP has no grey images: what was grey is read as grey again.
  const int mode = image.shape.channels == 1 ? cv::IMREAD_GRAYSCALE : cv::IMREAD_COLOR;
  return fromMat(cv::imdecode(bytes, mode), name);
}

/// libjpeg through OpenCV; colour is subsampled 4:2:0, grey stays grey.
Image jpeg(const Image& image, const Parameters& parameters, Random&) {
  constexpr int kLargestSide = 65500;  // libjpeg's limit
  return recoded(image, "jpeg", "JPEG", kLargestSide, cv::IMWRITE_JPEG_QUALITY,
                 static_cast<int>(parameters.integer("quality")));
}

Image webp(const Image& image, const Parameters& parameters, Random&) {
  constexpr int kLargestSide = 16383;  // the format's limit
  return recoded(image, "webp", "WebP", kLargestSide, cv::IMWRITE_WEBP_QUALITY,
                 static_cast<int>(parameters.integer("quality")));
}

Parameters qualityLevel(int severity, double) {
  return {{"quality", atLevel<std::int64_t>(severity, {100, 80, 65, 58, 50, 40})}};
}

}  // namespace

std::vector<const Perturbation*> compressionPerturbations() {
  static const Perturbation jpegFile(
      {PerturbationFamily::Compression,
       {"jpeg",
        "JPEG compression",
        "Encodes the image as JPEG and decodes it again.",
        std::string(kStabilityReference) + "; levels: " + kCorruptionsReference,
        {ParameterSpec::integer("quality", 50, 1, 100, "", "JPEG quality; 100 is nearly lossless")}},
       jpeg,
       qualityLevel});
  static const Perturbation webpFile(
      {PerturbationFamily::Compression,
       {"webp",
        "WebP compression",
        "Encodes the image as lossy WebP and decodes it again.",
        "WebP (RFC 9649), section 2.5; levels as those of JPEG",
        {ParameterSpec::integer("quality", 50, 1, 100, "", "WebP quality; 100 is nearly lossless")}},
       webp,
       qualityLevel});
  return {&jpegFile, &webpFile};
}

}  // namespace whorl
