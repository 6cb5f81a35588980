// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/service/result_file.h"

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

}  // namespace whorl
