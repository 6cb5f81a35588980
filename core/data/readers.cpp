// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/data/readers.h"

#include "core/base/error.h"

namespace whorl {

namespace {

constexpr std::uint32_t kImageMagic = 0x00000803;
constexpr std::uint32_t kLabelMagic = 0x00000801;
constexpr std::uint32_t kLargestSide = 4096;

[[noreturn]] void bad(const std::string& message, const std::string& where) {
  throw Error(ErrorKind::BadInput, message, where, "get the file again: whorl-cli datasets fetch");
}

std::uint32_t bigEndian(const std::string& bytes, std::size_t offset) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<std::uint8_t>(bytes[offset + i]);
  return value;
}

std::string byteText(std::uint64_t bytes) { return std::to_string(bytes) + " bytes"; }

void checkHeader(const std::string& bytes, std::size_t header, std::uint32_t magic, const char* what,
                 const std::string& where) {
  if (bytes.size() < header) {
    bad(std::string("the ") + what + " file is cut off: " + byteText(bytes.size()) + " don't hold its header", where);
  }
  if (bigEndian(bytes, 0) != magic)
    bad(std::string("this is no IDX file of ") + what + "s (wrong magic number)", where);
}

void checkBody(const std::string& bytes, std::size_t header, std::uint64_t expected, const char* what,
               const std::string& where) {
  const std::uint64_t there = bytes.size() - header;
  if (there == expected) return;
  bad(std::string("the ") + what + " file's header announces " + byteText(expected) + " of data, but there are " +
          byteText(there),
      where);
}

std::int32_t checkedLabel(char byte, int classes, std::uint64_t index, const std::string& where) {
  const int label = static_cast<std::uint8_t>(byte);
  if (label >= classes) {
    bad("image " + std::to_string(index) + " has label " + std::to_string(label) + ", but there are " +
            std::to_string(classes) + " classes",
        where);
  }
  return label;
}

}  // namespace

DataSplit readIdx(const std::string& imageBytes, const std::string& labelBytes, int classes, const std::string& where) {
  constexpr std::size_t kImageHeader = 16;
  constexpr std::size_t kLabelHeader = 8;
  checkHeader(imageBytes, kImageHeader, kImageMagic, "image", where);
  checkHeader(labelBytes, kLabelHeader, kLabelMagic, "label", where);
  const std::uint64_t count = bigEndian(imageBytes, 4);
  const std::uint32_t rows = bigEndian(imageBytes, 8);
  const std::uint32_t columns = bigEndian(imageBytes, 12);
  if (rows < 1 || columns < 1 || rows > kLargestSide || columns > kLargestSide) {
    bad("the image file says that its images have " + std::to_string(columns) + " x " + std::to_string(rows) +
            " pixels",
        where);
  }
  checkBody(imageBytes, kImageHeader, count * rows * columns, "image", where);  // < 2^56: no overflow
  const std::uint64_t labels = bigEndian(labelBytes, 4);
  checkBody(labelBytes, kLabelHeader, labels, "label", where);
  if (labels != count) {
    bad("there are " + std::to_string(count) + " images, but " + std::to_string(labels) + " labels", where);
  }
  if (count == 0) bad("the file holds no images", where);

  DataSplit split;
  split.shape = {1, static_cast<int>(rows), static_cast<int>(columns)};
  split.labels.reserve(count);
  for (std::uint64_t i = 0; i < count; ++i) {
    split.labels.push_back(checkedLabel(labelBytes[kLabelHeader + i], classes, i, where));
  }
  const auto* first = reinterpret_cast<const std::uint8_t*>(imageBytes.data()) + kImageHeader;
  split.pixels.assign(first, first + (imageBytes.size() - kImageHeader));
  return split;
}

void appendCifarBatch(const std::string& bytes, int classes, const std::string& where, DataSplit& split) {
  const ImageShape shape{3, 32, 32};
  const auto pixels = static_cast<std::size_t>(shape.size());
  const std::size_t record = 1 + pixels;
  if (bytes.empty() || bytes.size() % record != 0) {
    bad("a CIFAR batch consists of records of " + byteText(record) + ", but there are " + byteText(bytes.size()),
        where);
  }
  const std::size_t count = bytes.size() / record;
  for (std::size_t i = 0; i < count; ++i) checkedLabel(bytes[i * record], classes, i, where);

  split.shape = shape;
  split.labels.reserve(split.labels.size() + count);
  split.pixels.reserve(split.pixels.size() + count * pixels);
  for (std::size_t i = 0; i < count; ++i) {
    const auto* first = reinterpret_cast<const std::uint8_t*>(bytes.data()) + i * record;
    split.labels.push_back(first[0]);
    split.pixels.insert(split.pixels.end(), first + 1, first + record);
  }
}

}  // namespace whorl
