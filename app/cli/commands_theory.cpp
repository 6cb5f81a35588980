// SPDX-License-Identifier: GPL-3.0-or-later
// theory: the figures of docs/theory.md, made again.
#include <memory>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "app/cli/commands.h"
#include "app/cli/text.h"
#include "core/base/error.h"

namespace whorl::cli {
namespace {

struct TheoryOptions {
  TheoryFigureRequest request;
  bool list = false;
  CLI::Option* seed = nullptr;  ///< whether it was given: a figure has a seed of its own
};

std::string listText(const Engine& engine) {
  std::string text = "Figures:\n";
  for (const TheoryFigureInfo& figure : engine.theoryLists().figures) {
    text += "  " + padded(figure.name, 12) + figure.summary + "\n";
  }
  return text;
}

void listFigures(Session& session) {
  nlohmann::json document = {{"figures", nlohmann::json::array()}};
  for (const TheoryFigureInfo& figure : session.engine().theoryLists().figures) {
    document["figures"].push_back({{"name", figure.name}, {"title", figure.title}, {"summary", figure.summary}});
  }
  session.print(listText(session.engine()));
  session.writeJson(jsonText(document));
}

std::string sideText(const std::string& name, const TheorySide& side) {
  return padded(name, 16) + padded(percent(side.shares.accuracy), 10) +
         padded(percent(side.shares.acceptedCorrect), 18) + padded(percent(side.shares.acceptedWrong), 16) +
         padded(percent(side.shares.acceptedArea), 18) + percent(side.ownArea) + "\n";
}

std::string resultText(const TheoryResult& result) {
  return "threshold " + figure(result.threshold) + ", " + std::to_string(result.fingerprints.count()) +
         (result.fingerprints.count() == 1 ? " fingerprint, " : " fingerprints, ") +
         std::to_string(result.data.size()) + " points\n" + padded("", 16) + padded("accuracy", 10) +
         padded("accepted correct", 18) + padded("accepted wrong", 16) + padded("accepted of square", 18) +
         "at its own threshold\n" + sideText("plain", result.plain) + sideText("fingerprinted", result.fingerprinted);
}

void runTheoryCommand(Session& session, const TheoryOptions& options) {
  if (options.list) return listFigures(session);
  TheoryFigureRequest request = options.request;
  if (request.figure.empty()) {
    throw Error(ErrorKind::Usage, "--figure is missing", "theory", "whorl-cli theory --list names the figures");
  }
  if (options.seed->count() > 0) request.seed = session.options().seed;
  Engine& engine = session.engine();
  TheoryFigureResult result;
  session.run(
      Lane::Batch, "theory", [&](JobContext& context) { result = engine.theoryFigure(request, context); }, "epochs");
  session.print(resultText(result.result));
  session.writeJson(result.json);
}

}  // namespace

void addTheoryCommands(CLI::App& root, CommonOptions& common, std::vector<Command>& commands) {
  auto options = std::make_shared<TheoryOptions>();
  CLI::App* app = root.add_subcommand("theory", "Figures of why fingerprints work, on toy problems in the plane");
  addCommonOptions(*app, common);
  options->seed = app->get_option("--seed");
  app->add_option("--figure", options->request.figure, "Which one (--list names them)");
  app->add_option("--output", options->request.output, "Draw it into this PNG file");
  app->add_flag("--list", options->list, "List the figures");
  commands.push_back(
      {app, [options](Session& session, const std::vector<ExtraOption>&) { runTheoryCommand(session, *options); },
       [](Engine& engine, const std::vector<std::string>&) { return listText(engine); }, false});
}

}  // namespace whorl::cli
