// SPDX-License-Identifier: GPL-3.0-or-later
// Which comparisons there are.
#include <algorithm>
#include <filesystem>
#include <system_error>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/experiment/comparison.h"
#include "core/experiment/table_reader.h"
#include "core/experiment/toml_document.h"
#include "core/service/comparison_run.h"

namespace whorl {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSuffix = ".toml";

std::vector<fs::path> foldersOf(const Engine& engine) {
  const EngineInfo info = engine.info();
  return {fs::path(info.resourceFolder) / "comparisons", fs::path(info.userFolder) / "comparisons"};
}

}  // namespace

std::vector<ComparisonInfo> comparisons(const Engine& engine) {
  std::vector<ComparisonInfo> list;
  for (const fs::path& folder : foldersOf(engine)) {
    std::vector<fs::path> files;
    std::error_code ignored;  // a folder that isn't there yet holds none
    for (const auto& entry : fs::directory_iterator(folder, ignored)) {
      if (entry.path().extension() == kSuffix) files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    for (const fs::path& file : files) {
      ComparisonInfo info{file.stem().string(), file.stem().string(), "", file.string(), {}, ""};
      try {
        const Comparison read = readComparison(file, "");
        info.title = read.title;
        info.summary = read.summary;
        info.presets = read.presets;
      } catch (const Error& error) {
        info.problem = error.what();
      }
      list.push_back(std::move(info));
    }
  }
  return list;
}

std::optional<std::string> comparisonPath(const Engine& engine, const std::string& idOrPath) {
  std::error_code ignored;
  if (idOrPath.find('/') == std::string::npos && !idOrPath.ends_with(kSuffix)) {
    for (const fs::path& folder : foldersOf(engine)) {
      const fs::path file = folder / (idOrPath + kSuffix);
      if (fs::is_regular_file(file, ignored)) return file.string();
    }
  }
  if (!fs::is_regular_file(idOrPath, ignored)) return std::nullopt;
  try {
    const TomlNode file = parseToml(readFile(idOrPath, std::size_t{1} << 20), idOrPath);
    const bool says = TableReader(file, idOrPath, "the recipe").text("kind") == "comparison";
    return says ? std::optional(idOrPath) : std::nullopt;
  } catch (const Error&) {
    return std::nullopt;  // whoever reads recipes says what is wrong with it
  }
}

}  // namespace whorl
