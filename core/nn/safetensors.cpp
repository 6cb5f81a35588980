// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/nn/safetensors.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <functional>
#include <limits>
#include <set>
#include <system_error>
#include <utility>

#include <ATen/ops/empty.h>
#include <nlohmann/json.hpp>

#include "core/base/atomic_file.h"
#include "core/base/error.h"

namespace whorl {
namespace {

using nlohmann::json;

static_assert(std::endian::native == std::endian::little,
              "the format is little-endian, and bytes are copied as they are");

constexpr std::uint64_t kHeaderLimit = 100'000'000;  // that of the format's reference implementation
constexpr std::size_t kTensorLimit = 100'000;
constexpr std::size_t kDimensionLimit = 64;
constexpr int kDepthLimit = 3;

struct Dtype {
  const char* name;
  torch::Dtype type;
};

constexpr Dtype kDtypes[] = {
    {"F32", torch::kFloat32}, {"F64", torch::kFloat64}, {"F16", torch::kFloat16}, {"BF16", torch::kBFloat16},
    {"I64", torch::kInt64},   {"I32", torch::kInt32},   {"I16", torch::kInt16},   {"I8", torch::kInt8},
    {"U8", torch::kUInt8},    {"BOOL", torch::kBool},
};

[[noreturn]] void throwBad(const std::filesystem::path& path, const std::string& reason) {
  throw Error(ErrorKind::BadInput, reason, path.string(), "the file is damaged or is no .safetensors file");
}

std::string systemReason(int code) { return std::generic_category().message(code); }

// A file mapped for reading. A pipe or a device is refused: opening must not hang, and the size must be known.
class MappedFile {
 public:
  explicit MappedFile(const std::filesystem::path& path) {
    const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0) {
      const int code = errno;
      throw Error(ErrorKind::BadInput, "the file can't be opened: " + systemReason(code), path.string(),
                  "check the path and its permissions");
    }
    struct stat status {};
    if (fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) {
      close(descriptor);
      throwBad(path, "this is not a regular file");
    }
    m_size = static_cast<std::uint64_t>(status.st_size);
    void* address = m_size > 0 ? mmap(nullptr, m_size, PROT_READ, MAP_PRIVATE, descriptor, 0) : nullptr;
    const int code = errno;
    close(descriptor);
    if (address == MAP_FAILED) {
      throw Error(ErrorKind::Failed, "the file can't be mapped: " + systemReason(code), path.string());
    }
    m_bytes = static_cast<const char*>(address);
  }
  ~MappedFile() {
    if (m_bytes != nullptr) {
      munmap(const_cast<char*>(m_bytes), m_size);
    }
  }
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::string_view bytes() const { return {m_bytes, m_size}; }

 private:
  const char* m_bytes = nullptr;
  std::uint64_t m_size = 0;
};

// Watches the parser, so that a hostile header is refused before it has become a large tree, and a key that comes twice
// is not silently the last one.
class HeaderGuard {
 public:
  explicit HeaderGuard(const std::filesystem::path& path) : m_path(path) {}

  bool operator()(int depth, json::parse_event_t event, json& parsed) {
    switch (event) {
      case json::parse_event_t::object_start:
        m_keys.emplace_back();
        break;
      case json::parse_event_t::object_end:
        m_keys.pop_back();
        break;
      case json::parse_event_t::key:
        checkKey(parsed.get_ref<const std::string&>());
        break;
      case json::parse_event_t::array_start:
        m_elements = 0;
        break;
      case json::parse_event_t::value:
        if (++m_elements > kDimensionLimit) {
          throwBad(m_path, "the header has a list that is too long");
        }
        break;
      case json::parse_event_t::array_end:
        break;
    }
    if (depth > kDepthLimit) {
      throwBad(m_path, "the header is nested too deeply");
    }
    return true;
  }

 private:
  void checkKey(const std::string& key) {
    m_elements = 0;
    if (!m_keys.back().insert(key).second) {
      throwBad(m_path, "the header has the key '" + key + "' twice");
    }
    if (m_keys.back().size() > kTensorLimit) {
      throwBad(m_path, "the header has too many entries");
    }
  }

  const std::filesystem::path& m_path;
  std::vector<std::set<std::string>> m_keys;
  std::size_t m_elements = 0;
};

json parseHeader(std::string_view file, std::uint64_t& dataStart, const std::filesystem::path& path) {
  std::uint64_t length = 0;
  if (file.size() < sizeof(length)) {
    throwBad(path, "the file is too short for a header");
  }
  std::memcpy(&length, file.data(), sizeof(length));
  if (length > kHeaderLimit) {
    throwBad(path, "the header would be " + std::to_string(length) + " bytes long; at most 100 MB are allowed");
  }
  if (length > file.size() - sizeof(length)) {
    throwBad(path, "the header ends after the end of the file");
  }
  const char* begin = file.data() + sizeof(length);
  if (length == 0 || *begin != '{') {
    throwBad(path, "the header does not begin with '{'");
  }
  dataStart = sizeof(length) + length;
  try {
    HeaderGuard guard(path);
    json header = json::parse(begin, begin + length, std::ref(guard));
    if (!header.is_object()) {
      throwBad(path, "the header is not a JSON object");
    }
    return header;
  } catch (const json::exception&) {
    throwBad(path, "the header is not valid JSON in UTF-8");
  }
}

std::uint64_t unsignedNumber(const json& value, const std::string& what, const std::filesystem::path& path) {
  if (!value.is_number_unsigned()) {
    throwBad(path, what + " is not a whole number in range");
  }
  return value.get<std::uint64_t>();
}

TensorInfo tensorInfo(const std::string& name, const json& entry, const std::filesystem::path& path) {
  const std::string place = "tensor '" + name + "': ";
  if (!entry.is_object() || entry.size() != 3 || !entry.contains("dtype") || !entry.contains("shape") ||
      !entry.contains("data_offsets")) {
    throwBad(path, place + "the entry needs exactly dtype, shape and data_offsets");
  }
  const json& dtype = entry["dtype"];
  const json& shape = entry["shape"];
  const json& offsets = entry["data_offsets"];
  const auto* known = std::find_if(std::begin(kDtypes), std::end(kDtypes),
                                   [&dtype](const Dtype& candidate) { return dtype == candidate.name; });
  if (known == std::end(kDtypes)) {
    throwBad(path, place + "the dtype " + dtype.dump(-1, ' ', true, json::error_handler_t::replace) + " is not known");
  }
  if (!shape.is_array() || !offsets.is_array() || offsets.size() != 2) {
    throwBad(path, place + "shape and data_offsets must be lists");
  }
  TensorInfo info;
  info.dtype = known->type;
  std::uint64_t bytes = c10::elementSize(info.dtype);
  for (const json& dimension : shape) {
    const std::uint64_t size = unsignedNumber(dimension, place + "a dimension", path);
    // A zero must not hide an overflow of the dimensions before or after it, so it multiplies as one here.
    if (size > std::uint64_t(std::numeric_limits<std::int64_t>::max()) ||
        __builtin_mul_overflow(bytes, std::max<std::uint64_t>(size, 1), &bytes)) {
      throwBad(path, place + "the size overflows");
    }
    info.shape.push_back(static_cast<std::int64_t>(size));
  }
  if (std::find(info.shape.begin(), info.shape.end(), 0) != info.shape.end()) {
    bytes = 0;
  }
  info.begin = unsignedNumber(offsets[0], place + "an offset", path);
  info.end = unsignedNumber(offsets[1], place + "an offset", path);
  if (info.end < info.begin || info.end - info.begin != bytes) {
    throwBad(path, place + "the offsets do not span the " + std::to_string(bytes) + " bytes of the shape");
  }
  if (info.begin % c10::elementSize(info.dtype) != 0) {
    throwBad(path, place + "the data is not aligned");
  }
  return info;
}

// Tensors must cover the data section from its first to its last byte, each byte once.
void checkCoverage(const TensorFileHeader& header, std::uint64_t dataSize, const std::filesystem::path& path) {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> spans;
  for (const auto& [name, info] : header.tensors) {
    spans.emplace_back(info.begin, info.end);
  }
  std::sort(spans.begin(), spans.end());
  std::uint64_t position = 0;
  for (const auto& [begin, end] : spans) {
    if (begin != position) {
      throwBad(path, begin < position ? "tensors overlap" : "there is a gap between tensors");
    }
    position = end;
  }
  if (position != dataSize) {
    throwBad(path, position > dataSize ? "the data ends " + std::to_string(position - dataSize) + " bytes too early"
                                       : std::to_string(dataSize - position) + " bytes belong to no tensor");
  }
}

TensorFileHeader checkedHeader(std::string_view file, std::uint64_t& dataStart, const std::filesystem::path& path) {
  const json parsed = parseHeader(file, dataStart, path);
  TensorFileHeader header;
  for (const auto& [name, entry] : parsed.items()) {
    if (name != "__metadata__") {
      header.tensors.emplace(name, tensorInfo(name, entry, path));
      continue;
    }
    if (!entry.is_object()) {
      throwBad(path, "__metadata__ is not an object");
    }
    for (const auto& [key, value] : entry.items()) {
      if (!value.is_string()) {
        throwBad(path, "__metadata__ has a value that is not a text");
      }
      header.metadata.emplace(key, value.get<std::string>());
    }
  }
  checkCoverage(header, file.size() - dataStart, path);
  return header;
}

torch::Tensor copied(const TensorInfo& info, const char* data, const std::string& name,
                     const std::filesystem::path& path) {
  torch::Tensor tensor = at::empty(info.shape, info.dtype);
  const std::size_t size = info.end - info.begin;
  if (info.dtype == torch::kBool && std::any_of(data, data + size, [](char byte) { return byte != 0 && byte != 1; })) {
    throwBad(path, "tensor '" + name + "': a truth value is neither 0 nor 1");
  }
  if (size > 0) {
    std::memcpy(tensor.data_ptr(), data, size);
  }
  return tensor;
}

struct Output {
  const std::string* name;
  const char* dtype;
  torch::Tensor tensor;
};

std::vector<Output> outputs(const TensorFile& file, const std::filesystem::path& path) {
  std::vector<Output> list;
  for (const auto& [name, tensor] : file.tensors) {
    const auto* known =
        std::find_if(std::begin(kDtypes), std::end(kDtypes),
                     [type = tensor.scalar_type()](const Dtype& candidate) { return candidate.type == type; });
    if (known == std::end(kDtypes) || name == "__metadata__") {
      throw Error(ErrorKind::BadInput, "tensor '" + name + "' can't be stored in this format", path.string());
    }
    list.push_back({&name, known->name, tensor.detach().to(torch::kCPU).contiguous()});
  }
  std::stable_sort(list.begin(), list.end(),
                   [](const Output& a, const Output& b) { return a.tensor.element_size() > b.tensor.element_size(); });
  return list;
}

std::string headerText(const TensorFile& file, const std::vector<Output>& list, const std::filesystem::path& path) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!file.metadata.empty()) {
    header["__metadata__"] = file.metadata;
  }
  std::uint64_t offset = 0;
  for (const Output& output : list) {
    const std::uint64_t end = offset + output.tensor.nbytes();
    header[*output.name] = {
        {"dtype", output.dtype}, {"shape", output.tensor.sizes().vec()}, {"data_offsets", {offset, end}}};
    offset = end;
  }
  try {
    std::string text = header.dump();
    text.resize((text.size() + 7) / 8 * 8, ' ');
    return text;
  } catch (const json::exception&) {
    throw Error(ErrorKind::BadInput, "a name or a metadata text is not UTF-8", path.string());
  }
}

}  // namespace

TensorFile readSafetensors(const std::filesystem::path& path) {
  const MappedFile file(path);
  std::uint64_t dataStart = 0;
  TensorFileHeader header = checkedHeader(file.bytes(), dataStart, path);
  TensorFile result;
  result.metadata = std::move(header.metadata);
  for (const auto& [name, info] : header.tensors) {
    result.tensors.emplace(name, copied(info, file.bytes().data() + dataStart + info.begin, name, path));
  }
  return result;
}

TensorFileHeader readSafetensorsHeader(const std::filesystem::path& path) {
  return parseSafetensorsHeader(MappedFile(path).bytes(), path);
}

TensorFileHeader parseSafetensorsHeader(std::string_view bytes, const std::filesystem::path& path) {
  std::uint64_t dataStart = 0;
  return checkedHeader(bytes, dataStart, path);
}

void writeSafetensors(const TensorFile& file, const std::filesystem::path& path) {
  const std::vector<Output> list = outputs(file, path);
  const std::string header = headerText(file, list, path);
  const std::uint64_t length = header.size();
  AtomicFile out(path);
  out.write(&length, sizeof(length));
  out.write(header);
  for (const Output& output : list) {
    out.write(output.tensor.data_ptr(), output.tensor.nbytes());
  }
  out.commit();
}

}  // namespace whorl
