// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/data/generated.h"

#include <array>
#include <numeric>

#include "core/base/error.h"
#include "core/base/random.h"
#include "core/data/drawing.h"
#include "core/image/convert.h"

namespace whorl {

namespace {

constexpr int kClasses = 10;
using DrawOne = cv::Mat (*)(int label, Random& random);

/// Classes come in blocks of one image each, every block in its own random order: balanced, and known from the index.
std::int32_t labelOf(std::uint64_t splitSeed, std::int64_t index) {
  std::array<std::int32_t, kClasses> order{};
  std::iota(order.begin(), order.end(), 0);
  Random random(mixSeed(splitSeed, "labels") + static_cast<std::uint64_t>(index / kClasses));
  random.shuffle(order);
  return order[static_cast<std::size_t>(index % kClasses)];
}

/// Appends an 8-bit picture as planes, RGB order.
void appendPlanes(const cv::Mat& picture, std::vector<std::uint8_t>& pixels) {
  const int channels = picture.channels();
  for (int c = 0; c < channels; ++c) {
    for (int y = 0; y < picture.rows; ++y) {
      const std::uint8_t* row = picture.ptr(y) + (channels == 3 ? 2 - c : 0);
      for (int x = 0; x < picture.cols; ++x) pixels.push_back(row[x * channels]);
    }
  }
}

DataSplit drawSplit(const ImageShape& shape, DrawOne draw, std::uint64_t splitSeed, std::int64_t count,
                    const char* message, const JobContext& context) {
  constexpr std::int64_t kStep = 200;
  DataSplit split;
  split.shape = shape;
  split.pixels.reserve(static_cast<std::size_t>(count * shape.size()));
  for (std::int64_t i = 0; i < count; ++i) {
    if (i % kStep == 0) {
      context.step();
      context.report({i, count, message, {}});
    }
    const std::int32_t label = labelOf(splitSeed, i);
    Random random(mixSeed(splitSeed, static_cast<std::uint64_t>(i)));
    appendPlanes(draw(label, random), split.pixels);
    split.labels.push_back(label);
  }
  return split;
}

Dataset drawSet(const std::string& name, const std::string& title, std::vector<std::string> classNames,
                const ImageShape& shape, DrawOne draw, std::uint64_t seed, const JobContext& context,
                std::int64_t trainCount, std::int64_t testCount) {
  if (trainCount < 1 || testCount < 1) {
    throw Error(ErrorKind::Usage, "a generated data set needs at least one train and one test image", title);
  }
  return withOpenCv(ErrorKind::Internal, title, [&] {
    const std::uint64_t setSeed = mixSeed(seed, name);
    Dataset dataset;
    dataset.name = name;
    dataset.title = title;
    dataset.classNames = std::move(classNames);
    dataset.train = drawSplit(shape, draw, mixSeed(setSeed, "train"), trainCount, "drawing train images", context);
    dataset.test = drawSplit(shape, draw, mixSeed(setSeed, "test"), testCount, "drawing test images", context);
    dataset.checksum = datasetChecksum(dataset);
    return dataset;
  });
}

}  // namespace

void addNoise(cv::Mat& image, double sigma, Random& random) {
  if (sigma <= 0) return;
  // Four 16-bit parts of one draw; their sum has mean 2 and variance 4/12 in units of 65536.
  const double scale = sigma / 0.57735 / 65536;
  for (int y = 0; y < image.rows; ++y) {
    std::uint8_t* row = image.ptr(y);
    for (int x = 0; x < image.cols * image.channels(); ++x) {
      const std::uint64_t bits = random.next();
      const auto sum =
          static_cast<double>((bits & 0xFFFF) + (bits >> 16 & 0xFFFF) + (bits >> 32 & 0xFFFF) + (bits >> 48));
      row[x] = cv::saturate_cast<std::uint8_t>(row[x] + (sum - 131070) * scale);
    }
  }
}

Dataset generateGlyphs(std::uint64_t seed, const JobContext& context, std::int64_t trainCount, std::int64_t testCount) {
  return drawSet("glyphs", "Glyphs", {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}, {1, 28, 28}, drawGlyph, seed,
                 context, trainCount, testCount);
}

Dataset generateShapes(std::uint64_t seed, const JobContext& context, std::int64_t trainCount, std::int64_t testCount) {
  return drawSet("shapes", "Shapes",
                 {"circle", "square", "triangle", "star", "cross", "ring", "pentagon", "heart", "arrow", "crescent"},
                 {3, 32, 32}, drawShape, seed, context, trainCount, testCount);
}

}  // namespace whorl
