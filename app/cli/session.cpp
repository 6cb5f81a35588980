// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/session.h"

#include <cstdio>

#include <nlohmann/json.hpp>

#include "app/cli/arguments.h"
#include "core/base/atomic_file.h"

namespace whorl::cli {

Session::Session(CommonOptions options) : m_options(std::move(options)) {
  // A place that can't be written is refused before the work, not after it.
  if (!m_options.json.empty() && m_options.json != "-") AtomicFile probe(m_options.json);
}

Engine& Session::engine() {
  if (!m_engine) {
    holdSignals();
    EngineOptions options;
    options.dataFolder = m_options.dataFolder;
    m_engine = loadEngine(options);
  }
  return *m_engine;
}

void Session::run(Lane lane, const std::string& title, std::function<void(JobContext&)> work, std::string unit,
                  std::function<std::optional<double>()> secondsLeft) {
  runJob(engine(), lane, title, std::move(work), {m_options.quiet, std::move(unit), std::move(secondsLeft)});
}

void Session::print(const std::string& text) const {
  if (!m_options.quiet && m_options.json != "-") std::fputs(text.c_str(), stdout);
}

void Session::note(const std::string& text) const {
  if (!m_options.quiet) printAboveBar(oneLine(text));
}

void Session::writeJson(const std::string& document) const {
  if (!m_options.json.empty()) writeJsonText(m_options.json, document);
}

std::string jsonText(const nlohmann::json& document, int indent) {
  return document.dump(indent, ' ', false, nlohmann::json::error_handler_t::replace);
}

void writeJsonText(const std::string& target, const std::string& document) {
  const std::string text = nlohmann::json::parse(document).dump(2) + "\n";
  if (target == "-") {
    if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0) {
      throw Error(ErrorKind::Failed, "standard output can't be written");
    }
    return;
  }
  AtomicFile file(target);
  file.write(text);
  file.commit();
}

}  // namespace whorl::cli
