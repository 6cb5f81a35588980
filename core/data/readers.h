// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/base/job.h"
#include "core/data/dataset.h"

namespace whorl {

/// IDX (LeCun): magic 0x00000803 / 0x00000801, big-endian sizes. Sizes are checked against the bytes that are there
/// before anything is allocated. `imageBytes` and `labelBytes` are unpacked. Error(BadInput) with `where`.
DataSplit readIdx(const std::string& imageBytes, const std::string& labelBytes, int classes, const std::string& where);

/// CIFAR-10 binary version: records of 1 label byte and 3072 pixel bytes. Appends to `split`.
void appendCifarBatch(const std::string& bytes, int classes, const std::string& where, DataSplit& split);

/// An image folder: ROOT/CLASS/*; classes in alphabetical order unless given. All images are fitted to `shape` (crop).
/// A file that is no image is Error(BadInput) with its name.
DataSplit readImageFolder(const std::filesystem::path& root, const std::vector<std::string>& classFolders,
                          const ImageShape& shape, const JobContext& context);

}  // namespace whorl
