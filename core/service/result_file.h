// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "core/nn/safetensors.h"

namespace whorl {

/// Error(Usage) unless the name ends in .safetensors or .npz and the folder can be written: asked before hours of work.
void checkResultFile(const std::filesystem::path& path);

/// Writes tensors as .safetensors (with the metadata) or as .npz (what numpy.load reads; without), by the name's
/// ending.
void writeResultFile(const TensorFile& file, const std::filesystem::path& path);

/// Rows of tensors that arrive batch by batch. They lie in hidden files, which are removed with this object, and come
/// back memory-mapped: images never fill the memory, however many there are. One thread at a time.
class ResultRows {
 public:
  /// In the folder of `path`, where the result will be written; "" for the system's temporary folder.
  explicit ResultRows(const std::filesystem::path& path);
  ~ResultRows();
  ResultRows(const ResultRows&) = delete;
  ResultRows& operator=(const ResultRows&) = delete;

  /// rows [B,…] on the host. All rows of a name have one shape and type. Error(Failed) if the disk refuses.
  void append(const std::string& name, const torch::Tensor& rows);
  /// [n,…] all rows so far. Nothing can be appended to that name afterwards.
  torch::Tensor rows(const std::string& name);
  /// All names, mapped.
  std::map<std::string, torch::Tensor> all();

 private:
  struct Column {
    std::filesystem::path path;
    std::ofstream stream;
    std::vector<std::int64_t> shape;  ///< of all rows
    torch::Dtype type = torch::kFloat32;
    torch::Tensor mapped;
  };
  std::string m_prefix;
  std::map<std::string, Column> m_columns;
};

}  // namespace whorl
