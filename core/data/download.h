// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "core/base/job.h"

namespace whorl {

struct DownloadRequest {
  std::vector<std::string> urls;  ///< mirrors, tried in turn
  std::filesystem::path target;
  std::uint64_t sizeLimit = std::uint64_t{4} << 30;
  /// Looks at the finished temporary file before it is moved into place: returns "" or what is wrong with it.
  std::function<std::string(const std::filesystem::path&)> verify;
  int connectTimeoutSeconds = 15;
  int stallTimeoutSeconds = 30;  ///< less than 1 byte a second for so long ends the attempt
};

/// Downloads to TARGET.part (resumed if it is there), verifies, renames. Cancelling keeps the .part file; a file that
/// doesn't verify is removed. Error(Failed) names every mirror with its reason; nothing else touches `target`.
void download(const DownloadRequest& request, const JobContext& context);

}  // namespace whorl
