// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QImage>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <mutex>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "core/base/random.h"
#include "core/service/types.h"

namespace whorl::test {

/// The world that a FakeEngine lives in: ten blobs of light at ten places, and what can be said of them.
class FakeWorld {
 public:
  static constexpr int kClasses = 10;

  static ModelInfo blobModel(const std::string& name, ImageShape input, std::int64_t fingerprints) {
    ModelInfo info;
    info.id = info.name = name;
    info.path = "/nowhere/" + name + ".safetensors";
    info.architecture = input.channels == 1 ? "nfp-mnist" : "nfp-cifar";
    info.input = input;
    for (int k = 0; k < kClasses; ++k) info.classNames.push_back(std::to_string(k));
    info.parameters = 313386;
    info.fingerprints = fingerprints;
    if (fingerprints > 0) info.threshold = 0.5;
    info.shipped = true;
    info.sha256 = std::string(64, 'a');
    info.pastJson = std::string(R"({"data":{"name":")") + (input.channels == 1 ? "glyphs" : "shapes") +
                    R"("},"epochs":2,"test_accuracy":0.995})";
    return info;
  }

  /// A bright blob at the class's place over a little noise.
  static Image blobImage(ImageShape shape, int label, std::uint64_t seed) {
    Image image{shape, std::vector<float>(static_cast<std::size_t>(shape.size()))};
    Random random(mixSeed(seed, 7));
    for (int c = 0; c < shape.channels; ++c) {
      for (int y = 0; y < shape.height; ++y) {
        for (int x = 0; x < shape.width; ++x) {
          const double value = 0.9 * blob(shape, label, y, x) + 0.05 * random.uniform();
          image.pixels[(std::size_t(c) * shape.height + y) * shape.width + x] =
              static_cast<float>(std::min(value, 1.0));
        }
      }
    }
    return image;
  }

  static DatasetInfo dataset(const std::string& name, const std::string& title, ImageShape shape, bool here) {
    DatasetInfo info;
    info.name = name;
    info.title = title;
    info.shape = shape;
    for (int k = 0; k < kClasses; ++k) info.classNames.push_back(std::to_string(k));
    info.trainCount = 1000;
    info.testCount = 200;
    info.generated = here;
    info.location = here ? "generated" : "";
    info.downloadBytes = here ? 0 : 11594722;
    info.licence = "CC0";
    return info;
  }

  static double blob(const ImageShape& shape, int label, int y, int x) {
    const double angle = 2 * 3.14159265358979 * label / kClasses;
    const double dy = y - shape.height * (0.5 + 0.32 * std::sin(angle));
    const double dx = x - shape.width * (0.5 + 0.32 * std::cos(angle));
    return std::exp(-(dx * dx + dy * dy) / (0.012 * shape.height * shape.width));
  }

  /// blob() of all pixels of all classes, row by row: an exponential each is what takes time.
  static const std::vector<double>& blobs(const ImageShape& shape) {
    static std::mutex mutex;
    static std::map<std::pair<int, int>, std::vector<double>> known;
    const std::lock_guard lock(mutex);
    std::vector<double>& table = known[{shape.height, shape.width}];
    for (int k = 0; k < kClasses && table.size() < std::size_t(kClasses) * shape.height * shape.width; ++k) {
      for (int y = 0; y < shape.height; ++y) {
        for (int x = 0; x < shape.width; ++x) table.push_back(blob(shape, k, y, x));
      }
    }
    return table;
  }

  static Verdict verdictOf(const Image& image, const ModelInfo& info) {
    Verdict verdict;
    std::array<double, kClasses> light{};
    auto each = blobs(image.shape).begin();
    for (int k = 0; k < kClasses; ++k) {
      double sum = 0, weight = 0;
      for (int y = 0; y < image.shape.height; ++y) {
        for (int x = 0; x < image.shape.width; ++x) {
          const double b = *each++;
          for (int c = 0; c < image.shape.channels; ++c) sum += b * image.at(c, y, x);
          weight += b * image.shape.channels;
        }
      }
      light[k] = sum / weight;
      verdict.logits.push_back(12 * light[k]);
    }
    const double top = *std::max_element(verdict.logits.begin(), verdict.logits.end());
    double total = 0;
    for (double logit : verdict.logits) total += std::exp(logit - top);
    for (double logit : verdict.logits) verdict.probabilities.push_back(std::exp(logit - top) / total);
    verdict.predicted =
        static_cast<int>(std::max_element(verdict.logits.begin(), verdict.logits.end()) - verdict.logits.begin());
    if (info.fingerprints > 0) {
      // A clean picture is dark but for its blob; what attacks add elsewhere shows here.
      const double all = std::accumulate(light.begin(), light.end(), 0.0);
      for (int k = 0; k < kClasses; ++k) {
        verdict.fingerprintDistances.push_back(1.2 *
                                               std::min(1.0, std::abs(all - light[k]) + std::abs(0.5 - light[k])));
      }
      verdict.score = *std::min_element(verdict.fingerprintDistances.begin(), verdict.fingerprintDistances.end());
      verdict.threshold = info.threshold;
      verdict.accepted = verdict.score < *info.threshold;
    }
    return verdict;
  }

  template <class Delta>
  static void move(Image& image, Delta delta) {
    for (int c = 0; c < image.shape.channels; ++c) {
      for (int y = 0; y < image.shape.height; ++y) {
        for (int x = 0; x < image.shape.width; ++x) {
          float& pixel = image.pixels[(std::size_t(c) * image.shape.height + y) * image.shape.width + x];
          pixel = static_cast<float>(std::clamp(pixel + delta(y, x, pixel), 0.0, 1.0));
        }
      }
    }
  }

  static ImageNorms norms(const Image& a, const Image& b) {
    ImageNorms norms;
    const std::size_t places = std::size_t(a.shape.height) * a.shape.width;
    std::vector<bool> moved(places, false);
    double squares = 0;
    for (std::size_t i = 0; i < a.pixels.size(); ++i) {
      const double d = std::abs(double(b.pixels[i]) - a.pixels[i]);
      if (d > 0) moved[i % places] = true;
      norms.l1 += d;
      squares += d * d;
      norms.linf = std::max(norms.linf, d);
    }
    norms.l0 = std::count(moved.begin(), moved.end(), true);
    norms.l2 = std::sqrt(squares);
    norms.psnr =
        squares == 0 ? std::numeric_limits<double>::infinity() : -10 * std::log10(squares / double(a.pixels.size()));
    norms.ssim = squares == 0 ? 1 : 1 / (1 + squares / double(places));
    return norms;
  }

  /// Nearest neighbour; colour becomes grey by its mean.
  static Image fit(const Image& image, const ImageShape& shape) {
    if (image.shape == shape) return image;
    if (image.pixels.empty()) throw Error(ErrorKind::BadInput, "the image is empty");
    Image out{shape, std::vector<float>(static_cast<std::size_t>(shape.size()))};
    for (int c = 0; c < shape.channels; ++c) {
      for (int y = 0; y < shape.height; ++y) {
        for (int x = 0; x < shape.width; ++x) {
          const int sy = y * image.shape.height / shape.height, sx = x * image.shape.width / shape.width;
          float value = image.at(std::min(c, image.shape.channels - 1), sy, sx);
          if (shape.channels == 1 && image.shape.channels == 3) {
            value = (image.at(0, sy, sx) + image.at(1, sy, sx) + image.at(2, sy, sx)) / 3;
          }
          out.pixels[(std::size_t(c) * shape.height + y) * shape.width + x] = value;
        }
      }
    }
    return out;
  }

  static Image convert(const QImage& source, const std::string& name) {
    if (source.isNull()) {
      throw Error(ErrorKind::BadInput, "this is not an image that can be read", name, "use PNG, JPEG or WebP");
    }
    const bool grey = source.isGrayscale();
    Image image{{grey ? 1 : 3, source.height(), source.width()}, {}};
    for (int c = 0; c < image.shape.channels; ++c) {
      for (int y = 0; y < source.height(); ++y) {
        for (int x = 0; x < source.width(); ++x) {
          const QRgb rgb = source.pixel(x, y);
          image.pixels.push_back((c == 0 ? qRed(rgb) : c == 1 ? qGreen(rgb) : qBlue(rgb)) / 255.0F);
        }
      }
    }
    return image;
  }
};

}  // namespace whorl::test
