// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/places.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>

#include "core/base/error.h"

namespace whorl::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 5> kOutputFiles = {"--json", "--save", "--output", "--checkpoint",
                                                          "--save-bend"};
/// Several things may go into one folder.
constexpr std::array<std::string_view, 3> kOutputFolders = {"--save-images", "--report", "--store"};

struct Place {
  std::string option;
  fs::path path;
  bool folder = false;
};

bool samePlace(const fs::path& one, const fs::path& other) {
  std::error_code none;
  if (fs::equivalent(one, other, none)) return true;
  const fs::path first = fs::weakly_canonical(one, none);
  return !first.empty() && first == fs::weakly_canonical(other, none);
}

template <std::size_t Count>
bool among(const std::array<std::string_view, Count>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

void checkPlaces(const CLI::App& command) {
  std::vector<Place> outputs;
  std::vector<Place> inputs;
  for (const CLI::Option* option : command.get_options()) {
    if (option->count() == 0 || option->get_items_expected_max() == 0) continue;
    const std::string name = option->get_name();
    for (const std::string& value : option->results()) {
      if (value.empty()) {
        throw Error(ErrorKind::Usage, name + " is empty", command.get_name(), "give it a value, or leave it out");
      }
      const bool folder = among(kOutputFolders, name);
      std::error_code none;
      if (folder || among(kOutputFiles, name)) {
        if (value != "-") outputs.push_back({name, value, folder});
      } else if (fs::is_regular_file(value, none)) {
        inputs.push_back({name, value, false});
      }
    }
  }
  for (auto output = outputs.begin(); output != outputs.end(); ++output) {
    for (const Place& input : inputs) {
      if (!samePlace(output->path, input.path)) continue;
      throw Error(ErrorKind::Usage, output->option + " would be written over " + input.option, output->path.string(),
                  "choose another file");
    }
    for (auto other = outputs.begin(); other != output; ++other) {
      if ((output->folder && other->folder) || !samePlace(output->path, other->path)) continue;
      throw Error(ErrorKind::Usage, output->option + " and " + other->option + " name the same place",
                  output->path.string(), "choose two files");
    }
  }
}

}  // namespace whorl::cli
