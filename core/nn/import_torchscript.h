// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/nn/classifier.h"

namespace whorl {

struct TensorFileHeader;

/// The one tensor of a model file that holds a module: its archive, uint8 [bytes].
inline constexpr const char* kModuleTensor = "torchscript.module";

/// Error(BadInput) unless that is a file's one tensor, of a size that is read at all (2 GiB).
void checkModuleTensor(const TensorFileHeader& header, const std::filesystem::path& path);

/// A module's archive, as torch.jit.save wrote it or as it lies in a model file. Nothing of it is run.
std::string readModuleArchive(const std::filesystem::path& path);
/// The same from the bytes of a model file.
std::string moduleArchiveOf(std::string modelFile, const std::filesystem::path& path);

/// The most bytes that a file with a module may have.
inline constexpr std::size_t kModuleFileLimit = (std::size_t{2} << 30) + (128 << 20);

/// Loads a TorchScript module and tries it with two grey images: [2,C,H,W] must give finite logits [2,K], K ≥ 2, in
/// float32; else Error(BadInput) with the shapes. Loading can run code and can't be cancelled: the caller has asked the
/// user, and probeTorchScript() before. `path` is for messages; the archive may go afterwards.
std::shared_ptr<const Classifier> loadTorchScript(std::string_view archive, const std::filesystem::path& path,
                                                  const ImageShape& input, const std::vector<double>& mean,
                                                  const std::vector<double>& scale, torch::Device device);

}  // namespace whorl
