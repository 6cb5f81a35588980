// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "app/cli/arguments.h"
#include "app/cli/session.h"

namespace CLI {
class App;
}

namespace whorl::cli {

/// One command: its options are declared at once, its work runs after they were parsed.
struct Command {
  CLI::App* app = nullptr;
  /// Gets the options that only the chosen attack, objective, … declares; those it leaves there are refused by it.
  std::function<void(Session&, std::vector<ExtraOption>)> run;
  /// The parameters that --help adds once an operation is named among the raw arguments; null for commands without.
  std::function<std::string(Engine&, const std::vector<std::string>& arguments)> help;
  bool takesParameters = false;
};

/// Each declares commands under `root`, which take the common options.
void addRunCommands(CLI::App& root, CommonOptions& common, std::vector<Command>& commands);
void addAttackCommands(CLI::App& root, CommonOptions& common, std::vector<Command>& commands);
void addImageCommands(CLI::App& root, CommonOptions& common, std::vector<Command>& commands);
void addPerturbCommands(CLI::App& root, CommonOptions& common, std::vector<Command>& commands);
void addLandscapeCommands(CLI::App& root, CommonOptions& common, std::vector<Command>& commands);
void addTheoryCommands(CLI::App& root, CommonOptions& common, std::vector<Command>& commands);
void addSimilarCommands(CLI::App& root, CommonOptions& common, std::vector<Command>& commands);
void addRecipeCommands(CLI::App& root, CommonOptions& common, std::vector<Command>& commands);
void addListCommands(CLI::App& root, CommonOptions& common, std::vector<Command>& commands);

/// The data set that the model was trained on, as its past says. Error(Usage) where it doesn't.
std::string datasetOf(Engine& engine, const std::string& model);

/// --seed, --device, --json, --quiet, --data-dir.
void addCommonOptions(CLI::App& command, CommonOptions& common);

}  // namespace whorl::cli
