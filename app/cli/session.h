// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "app/cli/terminal.h"
#include "core/service/engine.h"

namespace whorl::cli {

/// Options that every command takes.
struct CommonOptions {
  std::uint64_t seed = 0;
  std::string device = "auto";
  std::string json;  ///< file, "-" for stdout, "" for none
  bool quiet = false;
  std::string dataFolder;
  int threads = 0;
};

/// One command's run: the engine (loaded when it is first asked for) and what it prints.
class Session {
 public:
  explicit Session(CommonOptions options);

  const CommonOptions& options() const { return m_options; }
  Engine& engine();

  void run(Lane lane, const std::string& title, std::function<void(JobContext&)> work, std::string unit = "images",
           std::function<std::optional<double>()> secondsLeft = nullptr);

  /// Text for people on stdout, unless quiet or JSON goes there.
  void print(const std::string& text) const;
  /// A line on stderr, unless quiet.
  void note(const std::string& text) const;
  /// The command's one JSON object, to where --json says (files atomically); nothing without --json.
  void writeJson(const std::string& document) const;

 private:
  CommonOptions m_options;
  std::shared_ptr<Engine> m_engine;
};

/// A document as text. File names are bytes; what in them is no UTF-8 becomes U+FFFD. With `indent` on several lines.
std::string jsonText(const nlohmann::json& document, int indent = -1);

/// Writes a JSON text to stdout ("-") or, atomically, to a file.
void writeJsonText(const std::string& target, const std::string& document);

}  // namespace whorl::cli
