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

/// A person's own images, as docs/datasets.md describes them.
/// FOLDER/train/CLASS/* and FOLDER/val|test/CLASS/*; or FOLDER/CLASS/* alone, of which every fifth image of a class (in
/// the order of names) becomes the test split. All images get the shape of the first one, its longer side capped at
/// 224.
Dataset readUserFolder(const std::filesystem::path& folder, const JobContext& context);

/// The same layout (TOP/train/CLASS/*, TOP/val|test/CLASS/*, TOP/classes.tsv with folder and title) from an archive or
/// an unpacked folder. `classNames` are titles in the alphabetical order of class folders, used where there is no
/// classes.tsv.
Dataset readImageArchive(const std::filesystem::path& archiveOrFolder, const std::vector<std::string>& classNames,
                         const ImageShape& shape, const JobContext& context);

/// An image folder: ROOT/CLASS/*; classes in alphabetical order unless given. All images are fitted to `shape` (crop).
/// A file that is no image is Error(BadInput) with its name.
DataSplit readImageFolder(const std::filesystem::path& root, const std::vector<std::string>& classFolders,
                          const ImageShape& shape, const JobContext& context);

}  // namespace whorl
