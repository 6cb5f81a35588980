// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "core/base/job.h"

namespace whorl {

/// The bytes of a file, unpacked if it is gzip (told by its first bytes). More than `limit` unpacked bytes are refused
/// (a bomb), as is a stream that ends early. Error(BadInput) with the file's name.
std::string readMaybeGzip(const std::filesystem::path& path, std::uint64_t limit);

/// Calls `visit` for each regular file of an archive (tar, tar.gz, tar.xz, zip) with its path inside and its bytes.
/// Absolute paths, "..", links and entries over `entryLimit` bytes are refused. Error(BadInput).
void visitArchive(const std::filesystem::path& path, std::uint64_t entryLimit, const JobContext& context,
                  const std::function<void(const std::string& name, std::string bytes)>& visit);

}  // namespace whorl
