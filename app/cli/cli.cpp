// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/cli.h"

#include <algorithm>
#include <cstdio>
#include <exception>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "app/cli/arguments.h"
#include "app/cli/commands.h"
#include "app/cli/places.h"
#include "core/base/error.h"

namespace whorl::cli {
namespace {

constexpr const char* kProgram = "whorl-cli";

/// The command among the arguments, down to the leaf ("models list"); null where none is named.
CLI::App* leafOf(CLI::App& root, const std::vector<std::string>& arguments) {
  CLI::App* app = &root;
  for (const auto& argument : arguments) {
    if (argument.starts_with('-')) break;
    CLI::App* next = nullptr;
    for (CLI::App* sub : app->get_subcommands([](CLI::App*) { return true; })) {
      if (sub->get_name() == argument) next = sub;
    }
    if (!next) break;
    app = next;
  }
  return app == &root ? nullptr : app;
}

Command* commandOf(std::vector<Command>& commands, const CLI::App* app) {
  const auto found = std::find_if(commands.begin(), commands.end(), [&](const Command& c) { return c.app == app; });
  return found == commands.end() ? nullptr : &*found;
}

KnownOption knownOption(const CLI::App& app, const std::string& name) {
  const CLI::Option* option = app.get_option_no_throw(name);
  if (!option) return KnownOption::No;
  return option->get_items_expected_max() > 0 ? KnownOption::WithValue : KnownOption::Flag;
}

/// "models list"
std::string commandName(const CLI::App& leaf) {
  const CLI::App* parent = leaf.get_parent();
  return parent && parent->get_parent() ? commandName(*parent) + " " + leaf.get_name() : leaf.get_name();
}

/// The parser's complaint in our words: what, where, and what to do.
Error translated(const CLI::ParseError& error, const CLI::App& root, const CLI::App* leaf,
                 const std::vector<std::string>& arguments) {
  const std::string where = leaf ? commandName(*leaf) : "";
  const std::string hint =
      leaf ? "whorl-cli " + where + " --help lists what it takes" : "whorl-cli --help, or whorl-cli COMMAND --help";
  const std::string what = error.what();
  if (dynamic_cast<const CLI::ExtrasError*>(&error)) {
    std::string names;
    const auto left = root.remaining(true);
    for (const auto& argument : left) names += (names.empty() ? "" : " ") + argument;
    return {ErrorKind::Usage, (left.size() > 1 ? "unexpected arguments " : "unexpected argument ") + names, where,
            hint};
  }
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&error) && leaf) {
    const auto once = [&](const std::string& name) {
      return leaf->get_option(name)->get_multi_option_policy() == CLI::MultiOptionPolicy::Throw;
    };
    const auto known = [&](const std::string& name) { return knownOption(*leaf, name); };
    if (const std::string name = repeatedOption(arguments, known, once); !name.empty()) {
      return {ErrorKind::Usage, name + " is given twice", where, "give it once"};
    }
    if (what.ends_with(" missing")) {
      return {ErrorKind::Usage, what.substr(0, what.find(':')) + " needs a value", where, hint};
    }
  }
  return {ErrorKind::Usage, what, where, hint};
}

void printHelp(const Command* command, CLI::App& app, const CommonOptions& common,
               const std::vector<std::string>& arguments) {
  std::string text = app.help();
  if (command && command->help) {
    Session session(common);
    text += "\n" + command->help(session.engine(), arguments);
  }
  std::fputs(text.c_str(), stdout);
}

int report(const Error& error, const std::string& jsonTarget) {
  const int code = exitCode(error.kind());
  std::fprintf(stderr, "%s: %s\n", kProgram, error.what());
  if (!jsonTarget.empty()) {
    const nlohmann::json document = {{"error",
                                      {{"kind", errorKindName(error.kind())},
                                       {"message", error.message()},
                                       {"where", error.where()},
                                       {"hint", error.hint()},
                                       {"exit_code", code}}}};
    try {
      writeJsonText(jsonTarget, jsonText(document));
    } catch (const std::exception&) {
      // The place for JSON can't be written, which is what the first error says, or worse trouble; stderr has the line.
    }
  }
  return code;
}

/// `jsonTarget`: where an error goes as JSON; emptied while that place may be somebody's model.
void runArguments(std::vector<std::string> arguments, std::string& jsonTarget) {
  CommonOptions common;
  CLI::App root("Whorl: see how an image classifier breaks, and what gives the attack away", kProgram);
  root.set_version_flag("--version", std::string(kProgram) + " " + versionText());
  root.set_help_flag("--help,-h", "Print this help and exit");
  root.require_subcommand(1);
  root.get_formatter()->column_width(34);
  std::vector<Command> commands;
  addRunCommands(root, common, commands);
  addAttackCommands(root, common, commands);
  addImageCommands(root, common, commands);
  addPerturbCommands(root, common, commands);
  addLandscapeCommands(root, common, commands);
  addTheoryCommands(root, common, commands);
  addSimilarCommands(root, common, commands);
  addRecipeCommands(root, common, commands);
  addListCommands(root, common, commands);
  root.footer("Exit codes: 0 done, 2 usage, 3 bad input, 4 failed run, 130 cancelled. More in docs/cli.md.");

  CLI::App* leaf = leafOf(root, arguments);
  if (!leaf && !arguments.empty() && !arguments.front().starts_with('-')) {
    throw Error(ErrorKind::Usage, "there is no command \"" + arguments.front() + "\"", {},
                "whorl-cli --help lists them");
  }
  Command* command = commandOf(commands, leaf);
  const std::vector<std::string> raw = arguments;
  std::vector<ExtraOption> extras;
  if (command && command->takesParameters) {
    extras = takeExtraOptions(arguments, [&](const std::string& name) { return knownOption(*leaf, name); });
  }
  const std::vector<std::string> known = arguments;
  try {
    std::reverse(arguments.begin(), arguments.end());
    root.parse(arguments);
  } catch (const CLI::CallForHelp&) {
    printHelp(command, leaf ? *leaf : root, common, raw);
    return;
  } catch (const CLI::CallForVersion& version) {
    std::printf("%s\n", version.what());
    return;
  } catch (const CLI::ParseError& error) {
    throw translated(error, root, leaf, known);
  }
  if (!command) throw Error(ErrorKind::Usage, "no command was given", {}, "whorl-cli --help lists them");
  const std::string target = std::exchange(jsonTarget, {});
  checkPlaces(*command->app);
  jsonTarget = target;
  Session session(common);
  command->run(session, std::move(extras));
}

}  // namespace

void addCommonOptions(CLI::App& command, CommonOptions& common) {
  command.set_help_flag("--help,-h", "Print this help and exit");
  command.add_option("--seed", common.seed, "Seed of all randomness (default 0)")
      ->check(wholeNumberProblem<std::uint64_t>);
  command.add_option("--device", common.device, "auto, cpu, cuda or cuda:N (default auto)");
  command.add_option("--json", common.json, "Write the result as one JSON object to this file, or to stdout with -");
  command.add_option("--data-dir", common.dataFolder, "Look for data sets here first");
  command.add_flag("--quiet,-q", common.quiet, "No progress and no text, errors aside");
}

int runCli(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + std::min(argc, 1), argv + argc);
  std::string jsonTarget = rawOption(arguments, "--json");
  try {
    runArguments(arguments, jsonTarget);
    if (std::fflush(stdout) != 0) throw Error(ErrorKind::Failed, "standard output can't be written");
    return 0;
  } catch (const Error& error) {
    return report(error, jsonTarget);
  } catch (const std::exception& error) {
    return report(Error(ErrorKind::Internal, error.what(), {}, "please report this"), jsonTarget);
  }
}

}  // namespace whorl::cli
