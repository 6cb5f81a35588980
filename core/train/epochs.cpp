// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/train/epochs.h"

#include <algorithm>
#include <cstdio>
#include <string>
#include <system_error>

namespace whorl {
namespace {

constexpr const char* kPrefix = "epoch-";
constexpr const char* kSuffix = ".safetensors";

}  // namespace

std::filesystem::path epochsFolder(const std::filesystem::path& model) { return model.string() + ".epochs"; }

std::filesystem::path epochFile(const std::filesystem::path& folder, std::int64_t epoch) {
  char number[24];
  std::snprintf(number, sizeof number, "%04lld", static_cast<long long>(epoch));
  return folder / (kPrefix + std::string(number) + kSuffix);
}

std::vector<std::filesystem::path> epochFiles(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  std::error_code failed;
  std::filesystem::directory_iterator entries(folder, failed);
  for (; !failed && entries != std::filesystem::directory_iterator(); entries.increment(failed)) {
    const std::string name = entries->path().filename().string();
    if (name.starts_with(kPrefix) && name.ends_with(kSuffix)) files.push_back(entries->path());
  }
  // Five digits come after four.
  std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) {
    const auto sizes = std::pair(a.native().size(), b.native().size());
    return sizes.first != sizes.second ? sizes.first < sizes.second : a < b;
  });
  return files;
}

}  // namespace whorl
