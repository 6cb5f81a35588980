// SPDX-License-Identifier: GPL-3.0-or-later
// Reading what attacks wrote, a few images at a time: the files may be larger than what anybody wants to look at.
#include <algorithm>
#include <bit>
#include <cstring>
#include <fstream>

#include "core/nn/safetensors.h"
#include "core/service/attacked_images.h"
#include "core/service/engine_impl.h"

namespace whorl {

namespace {

static_assert(std::endian::native == std::endian::little, "safetensors files are little-endian");

/// Rows of tensors of one file.
class RowReader {
 public:
  explicit RowReader(const std::filesystem::path& path)
      : m_path(path), m_header(readSafetensorsHeader(path)), m_file(path, std::ios::binary) {
    std::uint64_t length = 0;
    m_file.read(reinterpret_cast<char*>(&length), sizeof length);
    m_data = sizeof length + length;
    if (!m_file) fail("it can't be read");
  }

  /// Error(BadInput) unless the file has this tensor with this type and that many dimensions.
  const TensorInfo& tensor(const std::string& name, torch::Dtype type, std::size_t dimensions) const {
    const auto found = m_header.tensors.find(name);
    if (found == m_header.tensors.end()) fail("it has no tensor \"" + name + "\"");
    if (found->second.dtype != type || found->second.shape.size() != dimensions) {
      fail("its tensor \"" + name + "\" has another type or shape than an attack writes");
    }
    return found->second;
  }

  template <class Value>
  std::vector<Value> rows(const TensorInfo& info, std::int64_t first, std::int64_t count) {
    std::int64_t row = 1;
    for (std::size_t i = 1; i < info.shape.size(); ++i) row *= info.shape[i];
    std::vector<Value> values(static_cast<std::size_t>(row * count));
    m_file.seekg(
        static_cast<std::streamoff>(m_data + info.begin + static_cast<std::uint64_t>(row * first) * sizeof(Value)));
    m_file.read(reinterpret_cast<char*>(values.data()), static_cast<std::streamsize>(values.size() * sizeof(Value)));
    if (!m_file) fail("it ends early");
    return values;
  }

  [[noreturn]] void fail(const std::string& why) const {
    throw Error(ErrorKind::BadInput, "this is no file of attacked images: " + why, m_path.string(),
                "choose a .safetensors file that an attack or a recipe wrote");
  }

 private:
  std::filesystem::path m_path;
  TensorFileHeader m_header;
  std::ifstream m_file;
  std::uint64_t m_data = 0;
};

Image imageAt(const std::vector<float>& pixels, std::int64_t place, const ImageShape& shape) {
  const auto begin = pixels.begin() + place * shape.size();
  return {shape, std::vector<float>(begin, begin + shape.size())};
}

}  // namespace

AttackedImages readAttackedImages(const std::filesystem::path& path, std::int64_t first, std::int64_t count) {
  RowReader reader(path);
  const TensorInfo& original = reader.tensor("original", torch::kFloat32, 4);
  const TensorInfo& adversarial = reader.tensor("adversarial", torch::kFloat32, 4);
  const TensorInfo& label = reader.tensor("label", torch::kInt64, 1);
  const TensorInfo& success = reader.tensor("success", torch::kBool, 1);
  const TensorInfo& index = reader.tensor("index", torch::kInt64, 1);
  AttackedImages result;
  result.total = label.shape[0];
  if (original.shape != adversarial.shape || original.shape[0] != result.total || success.shape != label.shape ||
      index.shape != label.shape) {
    reader.fail("its tensors are of different lengths");
  }
  first = std::clamp<std::int64_t>(first, 0, result.total);
  count = std::clamp<std::int64_t>(count, 0, result.total - first);
  const ImageShape shape{static_cast<int>(original.shape[1]), static_cast<int>(original.shape[2]),
                         static_cast<int>(original.shape[3])};
  const auto before = reader.rows<float>(original, first, count);
  const auto after = reader.rows<float>(adversarial, first, count);
  const auto labels = reader.rows<std::int64_t>(label, first, count);
  const auto successes = reader.rows<std::uint8_t>(success, first, count);
  const auto indices = reader.rows<std::int64_t>(index, first, count);
  for (std::int64_t i = 0; i < count; ++i) {
    const auto at = static_cast<std::size_t>(i);
    result.images.push_back({imageAt(before, i, shape), imageAt(after, i, shape), static_cast<int>(labels[at]),
                             successes[at] != 0, indices[at]});
  }
  return result;
}

AttackedImages EngineImpl::attackedImages(const std::string& path, std::int64_t first, std::int64_t count,
                                          const JobContext& context) {
  context.throwIfStopped();
  return readAttackedImages(path, first, count);
}

}  // namespace whorl
