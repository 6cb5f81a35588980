// SPDX-License-Identifier: GPL-3.0-or-later
// datasets, models, info, selftest: what there is, and looking after it.
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <memory>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "app/cli/commands.h"
#include "app/cli/detector_tables.h"
#include "app/cli/text.h"
#include "core/base/error.h"

namespace whorl::cli {
namespace {

using nlohmann::json;

std::string megabytes(std::uint64_t bytes) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f MB", static_cast<double>(bytes) / 1e6);
  return text;
}

json shapeJson(const ImageShape& shape) { return {shape.channels, shape.height, shape.width}; }

/// A command that takes no parameters of an operation.
CLI::App* addCommand(CLI::App& parent, const std::string& name, const std::string& help, CommonOptions& common,
                     std::vector<Command>& commands, std::function<void(Session&)> run) {
  CLI::App* app = parent.add_subcommand(name, help);
  addCommonOptions(*app, common);
  commands.push_back({app, [run = std::move(run)](Session& session, const std::vector<ExtraOption>&) { run(session); },
                      nullptr, false});
  return app;
}

// ---- datasets ------------------------------------------------------------------------------------------------------

json datasetJson(const DatasetInfo& info) {
  return {{"name", info.name},
          {"title", info.title},
          {"shape", shapeJson(info.shape)},
          {"classes", info.classNames},
          {"train_images", info.trainCount},
          {"test_images", info.testCount},
          {"generated", info.generated},
          {"location", info.location.empty() ? json(nullptr) : json(info.location)},
          {"download_bytes", info.downloadBytes},
          {"licence", info.licence},
          {"paper", info.paper}};
}

void listDatasets(Session& session) {
  json list = json::array();
  std::string text;
  for (const auto& info : session.engine().datasets()) {
    list.push_back(datasetJson(info));
    const std::string where = info.generated            ? "generated"
                              : !info.location.empty()  ? info.location
                              : info.downloadBytes == 0 ? "to be fetched"
                                                        : "to be fetched, " + megabytes(info.downloadBytes);
    text += padded(info.name, 16) + padded(toText(info.shape), 8) +
            padded(std::to_string(info.classNames.size()) + " classes", 10) +
            padded(std::to_string(info.trainCount) + " / " + std::to_string(info.testCount), 14) + where + "\n";
  }
  session.print(text);
  session.writeJson(jsonText(json{{"datasets", list}}));
}

void fetchDataset(Session& session, const std::string& name) {
  for (const auto& info : session.engine().datasets()) {
    if (info.name != name) continue;
    if (info.generated)
      session.note(name + " is generated: nothing to fetch");
    else if (!info.location.empty())
      session.note(name + " is there already: nothing to fetch");
    else
      session.note("fetching " + info.title + ", " + megabytes(info.downloadBytes));
  }
  session.run(
      Lane::Batch, "fetch " + name, [&](JobContext& context) { session.engine().fetchDataset(name, context); },
      "bytes");
  for (const auto& info : session.engine().datasets()) {
    if (info.name != name) continue;
    session.print(name + " lies in " + (info.location.empty() ? "memory" : oneLine(info.location)) + "\n");
    session.writeJson(jsonText(datasetJson(info)));
  }
}

void verifyDataset(Session& session, const std::string& name) {
  std::vector<FileVerification> files;
  session.run(
      Lane::Batch, "verify " + name,
      [&](JobContext& context) { files = session.engine().verifyDataset(name, context); }, "files");
  json list = json::array();
  std::string text;
  std::string bad;
  for (const auto& file : files) {
    list.push_back({{"file", file.file}, {"path", file.path}, {"ok", file.ok}, {"message", file.message}});
    text += std::string(file.ok ? "ok    " : "BAD   ") + file.file + ": " + file.message + "\n";
    if (!file.ok) bad += (bad.empty() ? "" : "; ") + file.file + ": " + file.message;
  }
  session.print(text);
  if (!bad.empty())
    throw Error(ErrorKind::BadInput, bad, name, "remove the bad files, then whorl-cli datasets fetch " + name);
  session.writeJson(jsonText(json{{"name", name}, {"ok", true}, {"files", list}}));
}

void addDatasets(CLI::App& root, CommonOptions& common, std::vector<Command>& commands) {
  CLI::App* app = root.add_subcommand("datasets", "List, fetch and verify data sets");
  app->require_subcommand(1);
  addCommand(*app, "list", "What there is, and where it lies", common, commands, listDatasets);
  const auto name = std::make_shared<std::string>();
  addCommand(*app, "fetch", "Download a data set", common, commands,
             [name](Session& session) { fetchDataset(session, *name); })
      ->add_option("name", *name, "Data set")
      ->required();
  addCommand(*app, "verify", "Check a data set's files against the catalogue", common, commands,
             [name](Session& session) { verifyDataset(session, *name); })
      ->add_option("name", *name, "Data set")
      ->required();
}

// ---- models --------------------------------------------------------------------------------------------------------

json modelJson(const ModelInfo& info) {
  return {{"id", info.id},
          {"name", info.name},
          {"path", info.path},
          {"architecture", info.architecture},
          {"input", shapeJson(info.input)},
          {"classes", info.classNames},
          {"parameters", info.parameters},
          {"fingerprints", info.fingerprints},
          {"threshold", info.threshold ? json(*info.threshold) : json(nullptr)},
          {"shipped", info.shipped},
          {"differentiable", info.differentiable},
          {"sha256", info.sha256},
          {"past", json::parse(info.pastJson.empty() ? "{}" : info.pastJson, nullptr, false)},
          {"problem", info.problem.empty() ? json(nullptr) : json(info.problem)}};
}

void listModels(Session& session) {
  json list = json::array();
  std::string text;
  for (const auto& info : session.engine().models()) {
    list.push_back(modelJson(info));
    text += padded(oneLine(info.name), 24);
    if (info.problem.empty()) {
      text += padded(oneLine(info.architecture), 18) + padded(toText(info.input), 8) +
              padded(info.fingerprints ? std::to_string(info.fingerprints) + " fingerprints" : "plain", 16);
      text += info.shipped ? "shipped: --model " + info.id + "\n" : oneLine(info.path) + "\n";
    } else {
      text += "can't be used: " + oneLine(info.problem) + "\n";
    }
  }
  session.print(text.empty() ? "no models yet: whorl-cli train --help\n" : text);
  session.writeJson(jsonText(json{{"models", list}}));
}

void showModel(Session& session, const ModelInfo& info) {
  const json document = modelJson(info);
  session.print(jsonText(document, 2) + "\n");
  session.writeJson(jsonText(document));
}

ImageShape parseShape(const std::string& text) {
  if (text.empty()) return {};
  ImageShape shape;
  const char* at = text.data();
  const char* const end = at + text.size();
  bool good = true;
  for (int* number : {&shape.channels, &shape.height, &shape.width}) {
    if (number != &shape.channels) good = good && at != end && *at++ == 'x';
    const auto read = std::from_chars(at, end, *number);  // what is too large for an int is refused, not cut down
    good = good && read.ec == std::errc() && *number > 0;
    at = read.ptr;
  }
  if (!good || at != end) {
    throw Error(ErrorKind::Usage, "\"" + text + "\" is no input shape", "--input",
                "CHANNELSxHEIGHTxWIDTH, such as 1x28x28");
  }
  return shape;
}

void addImport(CLI::App& parent, CommonOptions& common, std::vector<Command>& commands) {
  auto request = std::make_shared<ImportModelRequest>();
  auto shape = std::make_shared<std::string>();
  CLI::App* app = addCommand(parent, "import", "Make a Whorl model of weights from elsewhere", common, commands,
                             [request, shape](Session& session) {
                               request->input = parseShape(*shape);
                               if (request->allowTorchScript) {
                                 session.note("TorchScript files can run code: import only what you trust");
                               }
                               ModelInfo info;
                               session.run(Lane::Batch, "import", [&](JobContext& context) {
                                 info = session.engine().importModel(*request, context);
                               });
                               showModel(session, info);
                             });
  app->add_option("file", request->path, "safetensors, a PyTorch file of a plain dict, or TorchScript")->required();
  app->add_option("--arch", request->architecture, "Architecture (not for TorchScript)");
  app->add_option("--input", *shape, "Input as CHANNELSxHEIGHTxWIDTH (default: the architecture's)");
  app->add_option("--mean", request->mean, "Mean per channel that the network subtracts, in [0,1]")->delimiter(',');
  app->add_option("--scale", request->scale, "Scale per channel that it divides by")->delimiter(',');
  app->add_option("--classes", request->classNames, "Names of the classes, separated by commas")->delimiter(',');
  app->add_option("--output", request->output, "Model file (default: a new one in your folder)");
  app->add_flag("--allow-torchscript", request->allowTorchScript, "Accept TorchScript, which can run code");
}

void addModels(CLI::App& root, CommonOptions& common, std::vector<Command>& commands) {
  CLI::App* app = root.add_subcommand("models", "List, show, import, export and delete models");
  app->require_subcommand(1);
  addCommand(*app, "list", "Shipped models and yours", common, commands, listModels);
  const auto id = std::make_shared<std::string>();
  const auto takesId = [&](CLI::App* command) {
    command->add_option("model", *id, "A shipped name, one of yours, or a file")->required();
    return command;
  };
  takesId(addCommand(*app, "show", "All about one model, its past included", common, commands,
                     [id](Session& session) { showModel(session, session.engine().model(*id)); }));
  addImport(*app, common, commands);
  const auto format = std::make_shared<std::string>("safetensors");
  const auto output = std::make_shared<std::string>();
  CLI::App* exporter =
      takesId(addCommand(*app, "export", "Write a model for other programs", common, commands, [=](Session& session) {
        session.engine().exportModel(*id, *format, *output);
        session.print("written to " + oneLine(*output) + "\n");
        session.writeJson(jsonText(json{{"model", *id}, {"format", *format}, {"output", *output}}));
      }));
  exporter->add_option("--format", *format, "safetensors or pytorch (default safetensors)");
  exporter->add_option("--output", *output, "File to write")->required();
  takesId(addCommand(*app, "delete", "Move one of your models to the trash", common, commands, [id](Session& session) {
    const std::string trashed = session.engine().trashModel(*id);
    const std::string name = std::filesystem::path(trashed).stem().string();
    session.print("moved to " + oneLine(trashed) + "\n(whorl-cli models restore " + oneLine(name) +
                  " brings it back)\n");
    session.writeJson(jsonText(json{{"trashed", trashed}}));
  }));
  const auto trashed = std::make_shared<std::string>();
  addCommand(*app, "restore", "Bring a deleted model back", common, commands,
             [trashed](Session& session) {
               session.engine().restoreModel(*trashed);
               session.writeJson(jsonText(json{{"restored", *trashed}}));
             })
      ->add_option("file", *trashed, "Its name or its file in the trash, as delete said")
      ->required();
}

// ---- info, selftest ---------------------------------------------------------------------------------------

void showInfo(Session& session) {
  Engine& engine = session.engine();
  const EngineInfo info = engine.info();
  json document = {{"version", info.version},
                   {"torch_version", info.torchVersion},
                   {"opencv_version", info.opencvVersion.empty() ? json(nullptr) : json(info.opencvVersion)},
                   {"device", info.device},
                   {"devices", info.devices},
                   {"threads", info.threads},
                   {"bfloat16", info.bfloat16},
                   {"user_folder", info.userFolder},
                   {"resource_folder", info.resourceFolder}};
  json presets = json::array();
  for (const auto& preset : engine.trainPresets()) {
    presets.push_back({{"name", preset.name},
                       {"title", preset.title},
                       {"data", preset.dataset},
                       {"architecture", preset.architecture},
                       {"objective", preset.objective},
                       {"parameters", toJson(preset.parameters)}});
  }
  json architectures = json::array();
  for (const auto& architecture : engine.architectures()) {
    architectures.push_back({{"name", architecture.name},
                             {"title", architecture.title},
                             {"input", shapeJson(architecture.input)},
                             {"parameters", architecture.parameters},
                             {"layers", architecture.layers},
                             {"reference", architecture.reference}});
  }
  document["presets"] = presets;
  document["architectures"] = architectures;
  document["objectives"] = json::array();
  for (const auto& spec : engine.objectives()) document["objectives"].push_back(toJson(spec));
  document["detectors"] = detectorDocuments(engine.detectors());
  std::string devices;
  for (const auto& device : info.devices) devices += (devices.empty() ? "" : ", ") + device;
  session.print("whorl " + info.version + ", LibTorch " + info.torchVersion +
                (info.opencvVersion.empty() ? ", minimal build" : ", OpenCV " + info.opencvVersion) + "\n" +
                "device     " + info.device + "\ndevices    " + devices + "\nthreads    " +
                std::to_string(info.threads) + (info.bfloat16 ? ", bfloat16 in hardware" : "") + "\nyours      " +
                info.userFolder + "\nresources  " + info.resourceFolder + "\n");
  session.writeJson(jsonText(document));
}

void runSelftest(Session& session) {
  std::vector<std::string> lines;
  session.run(
      Lane::Batch, "selftest", [&](JobContext& context) { lines = session.engine().selftest(context); }, "checks");
  std::string text;
  for (const auto& line : lines) text += line + "\n";
  session.print(text);
  session.writeJson(jsonText(json{{"ok", true}, {"checks", lines}}));
}

}  // namespace

void addListCommands(CLI::App& root, CommonOptions& common, std::vector<Command>& commands) {
  addModels(root, common, commands);
  addDatasets(root, common, commands);
  addCommand(root, "info", "Versions, devices, threads, folders; --json lists presets and architectures", common,
             commands, showInfo);
  addCommand(root, "selftest", "Check this build against known answers", common, commands, runSelftest);
}

}  // namespace whorl::cli
