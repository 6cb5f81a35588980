// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

namespace whorl {

/// Where a training keeps the networks of its epochs: beside its model, MODEL.epochs.
std::filesystem::path epochsFolder(const std::filesystem::path& model);

/// The file of one epoch in that folder; 0 is the start.
std::filesystem::path epochFile(const std::filesystem::path& folder, std::int64_t epoch);

/// The files of all epochs in that folder, in their order; none where there is no such folder.
std::vector<std::filesystem::path> epochFiles(const std::filesystem::path& folder);

}  // namespace whorl
