// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/image/perturbation.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "core/base/error.h"
#include "core/base/random.h"
#include "core/image/convert.h"

namespace whorl {

namespace {

Image clamped(Image image) {
  for (float& value : image.pixels) value = std::clamp(value, 0.0f, 1.0f);
  return image;
}

/// Encodes as JPEG and decodes again (libjpeg through OpenCV; colour is subsampled 4:2:0, grey stays grey).
class Jpeg final : public Perturbation {
 public:
  const OperationSpec& spec() const override {
    static const OperationSpec spec{
        "jpeg",
        "JPEG compression",
        "Encodes the image as JPEG and decodes it again.",
        "Zheng, Song, Leung, Goodfellow 2016 (Stability Training), section 5",
        {ParameterSpec::integer("quality", 50, 1, 100, "", "JPEG quality; 100 is nearly lossless")}};
    return spec;
  }
  Image apply(const Image& image, const Parameters& parameters, std::uint64_t) const override {
    return withOpenCv(ErrorKind::Failed, "jpeg", [&] {
      constexpr int kLargestSide = 65500;  // libjpeg's limit
      if (image.shape.width > kLargestSide || image.shape.height > kLargestSide) {
        throw Error(ErrorKind::BadInput, "JPEG can't hold a side of more than 65,500 pixels", "jpeg");
      }
      const std::vector<int> options{cv::IMWRITE_JPEG_QUALITY, static_cast<int>(parameters.integer("quality"))};
      std::vector<std::uint8_t> bytes;
      if (!cv::imencode(".jpg", toMat8(image), bytes, options)) {
        throw Error(ErrorKind::Failed, "the image could not be encoded", "jpeg");
      }
      return fromMat(cv::imdecode(bytes, cv::IMREAD_UNCHANGED), "jpeg");
    });
  }
};

/// Cuts a margin off all four sides and stretches what is left to the old size.
class Crop final : public Perturbation {
 public:
  const OperationSpec& spec() const override {
    static const OperationSpec spec{
        "crop",
        "Crop",
        "Cuts a margin off every side and resizes the rest to the old size.",
        "Zheng, Song, Leung, Goodfellow 2016 (Stability Training), section 5",
        {ParameterSpec::integer("offset", 2, 0, 4096, "px", "pixels cut off on each side")}};
    return spec;
  }
  Image apply(const Image& image, const Parameters& parameters, std::uint64_t) const override {
    const auto offset = static_cast<int>(parameters.integer("offset"));
    const int smaller = std::min(image.shape.height, image.shape.width);
    if (2 * offset >= smaller) {
      throw Error(ErrorKind::Usage,
                  "an offset of " + std::to_string(offset) + " px leaves nothing of an image of " + toText(image.shape),
                  "crop", "use at most " + std::to_string((smaller - 1) / 2));
    }
    if (offset == 0) return image;
    return withOpenCv(ErrorKind::Failed, "crop", [&] {
      const cv::Mat mat = toMat(image);
      const cv::Rect kept(offset, offset, mat.cols - 2 * offset, mat.rows - 2 * offset);
      cv::Mat result;
      cv::resize(mat(kept), result, mat.size(), 0, 0, cv::INTER_LINEAR);
      return clamped(fromMat(result, "crop"));
    });
  }
};

/// A thumbnail blown up again: what is finer than `factor` pixels is lost.
class Rescale final : public Perturbation {
 public:
  const OperationSpec& spec() const override {
    static const OperationSpec spec{
        "rescale",
        "Rescale",
        "Shrinks the image (area) and grows it back (bilinear).",
        "Zheng, Song, Leung, Goodfellow 2016 (Stability Training), section 5, thumbnails",
        {ParameterSpec::real("factor", 2, 1, 64, "", "how many times smaller in between; 1 changes nothing")}};
    return spec;
  }
  Image apply(const Image& image, const Parameters& parameters, std::uint64_t) const override {
    const double factor = parameters.real("factor");
    if (factor == 1) return image;
    return withOpenCv(ErrorKind::Failed, "rescale", [&] {
      const cv::Mat mat = toMat(image);
      const cv::Size small(std::max(1, static_cast<int>(std::lround(mat.cols / factor))),
                           std::max(1, static_cast<int>(std::lround(mat.rows / factor))));
      cv::Mat shrunk;
      cv::resize(mat, shrunk, small, 0, 0, cv::INTER_AREA);
      cv::Mat result;
      cv::resize(shrunk, result, mat.size(), 0, 0, cv::INTER_LINEAR);
      return clamped(fromMat(result, "rescale"));
    });
  }
};

/// Independent normal noise on every value, clipped to [0,1].
class GaussianNoise final : public Perturbation {
 public:
  const OperationSpec& spec() const override {
    static const OperationSpec spec{
        "gaussian-noise",
        "Gaussian noise",
        "Adds independent normal noise to every value and clips to [0,1].",
        "Zheng, Song, Leung, Goodfellow 2016 (Stability Training), section 3.2",
        {ParameterSpec::real("sigma", 0.04, 0, 1, "[0,1]", "standard deviation of the noise")}};
    return spec;
  }
  Image apply(const Image& image, const Parameters& parameters, std::uint64_t seed) const override {
    checkImage(image);
    const double sigma = parameters.real("sigma");
    if (sigma == 0) return image;
    Random random(mixSeed(seed, "gaussian-noise"));
    Image result = image;
    for (float& value : result.pixels) value += static_cast<float>(sigma * random.normal());
    return clamped(std::move(result));
  }
};

}  // namespace

const std::vector<const Perturbation*>& perturbations() {
  static const Jpeg jpeg;
  static const Crop crop;
  static const Rescale rescale;
  static const GaussianNoise gaussianNoise;
  static const std::vector<const Perturbation*> table{&jpeg, &crop, &rescale, &gaussianNoise};
  return table;
}

const Perturbation& findPerturbation(const std::string& name) {
  std::string known;
  for (const Perturbation* perturbation : perturbations()) {
    if (perturbation->spec().name == name) return *perturbation;
    known += (known.empty() ? "" : ", ") + perturbation->spec().name;
  }
  throw Error(ErrorKind::Usage, "there is no perturbation \"" + name + "\"", {}, "known are " + known);
}

}  // namespace whorl
