// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/service/result_file.h"

#include <unistd.h>

#include <atomic>
#include <cstring>

#include <ATen/ops/from_file.h>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#ifndef WHORL_MINIMAL
#include "core/data/npz.h"
#endif

namespace whorl {
namespace {

#ifndef WHORL_MINIMAL
std::string numpyType(torch::Dtype dtype, const std::string& name) {
  switch (dtype) {
    case torch::kFloat32:
      return "<f4";
    case torch::kFloat64:
      return "<f8";
    case torch::kInt64:
      return "<i8";
    case torch::kBool:
      return "|b1";
    default:
      throw Error(ErrorKind::Internal, "no NumPy type for the tensor", name);
  }
}

void writeTensorsAsNpz(const TensorFile& file, const std::filesystem::path& path) {
  std::vector<torch::Tensor> kept;  // the arrays point into them
  std::vector<NpyArray> arrays;
  for (const auto& [name, tensor] : file.tensors) {
    kept.push_back(tensor.to(torch::kCPU).contiguous());
    const auto& host = kept.back();
    arrays.push_back({name, numpyType(host.scalar_type(), name), host.sizes().vec(), host.const_data_ptr(),
                      static_cast<std::size_t>(host.nbytes())});
  }
  writeNpz(arrays, path);
}
#endif

}  // namespace

void checkResultFile(const std::filesystem::path& path) {
  const std::string ending = path.extension().string();
  if (ending != ".safetensors" && ending != ".npz") {
    throw Error(ErrorKind::Usage, "results are saved as .safetensors or .npz", path.string(),
                "change the name's ending");
  }
#ifdef WHORL_MINIMAL
  if (ending == ".npz") {
    throw Error(ErrorKind::Usage, "this build (WHORL_MINIMAL) writes no .npz", path.string(), "use .safetensors");
  }
#endif
  AtomicFile probe(path);
}

void writeResultFile(const TensorFile& file, const std::filesystem::path& path) {
#ifndef WHORL_MINIMAL
  if (path.extension() == ".npz") return writeTensorsAsNpz(file, path);
#endif
  writeSafetensors(file, path);
}

ResultRows::ResultRows(const std::filesystem::path& path) {
  static std::atomic<int> number{0};
  const std::filesystem::path folder = path.empty() ? std::filesystem::temp_directory_path() : path.parent_path();
  const std::string name = ".whorl-rows-" + std::to_string(::getpid()) + "-" + std::to_string(number++) + "-";
  m_prefix = (folder / name).string();
}

ResultRows::~ResultRows() {
  for (auto& [name, column] : m_columns) {
    column.stream.close();
    std::error_code ignored;
    std::filesystem::remove(column.path, ignored);
  }
}

void ResultRows::append(const std::string& name, const torch::Tensor& rows) {
  const torch::Tensor host = rows.contiguous();
  Column& column = m_columns[name];
  if (column.shape.empty()) {
    column.path = m_prefix + name;
    column.stream.open(column.path, std::ios::binary);
    column.shape = host.sizes().vec();
    column.shape[0] = 0;
    column.type = host.scalar_type();
  }
  const bool fits =
      host.scalar_type() == column.type && host.sizes().slice(1) == at::IntArrayRef(column.shape).slice(1);
  if (!fits || column.mapped.defined()) throw Error(ErrorKind::Internal, "rows that don't fit", name);
  column.stream.write(static_cast<const char*>(host.const_data_ptr()), static_cast<std::streamsize>(host.nbytes()));
  if (!column.stream) {
    throw Error(ErrorKind::Failed, std::string("results can't be kept: ") + std::strerror(errno), column.path.string(),
                "free some space, or save to another disk");
  }
  column.shape[0] += host.size(0);
}

torch::Tensor ResultRows::rows(const std::string& name) {
  Column& column = m_columns.at(name);
  if (column.mapped.defined()) return column.mapped;
  column.stream.close();
  if (!column.stream) throw Error(ErrorKind::Failed, "results can't be kept", column.path.string(), "free some space");
  std::int64_t count = 1;
  for (const std::int64_t size : column.shape) count *= size;
  const auto options = torch::TensorOptions().dtype(column.type);
  column.mapped = count == 0 ? torch::empty(column.shape, options)
                             : at::from_file(column.path.string(), false, count, options).view(column.shape);
  return column.mapped;
}

std::map<std::string, torch::Tensor> ResultRows::all() {
  std::map<std::string, torch::Tensor> tensors;
  for (auto& [name, column] : m_columns) tensors[name] = rows(name);
  return tensors;
}

}  // namespace whorl
