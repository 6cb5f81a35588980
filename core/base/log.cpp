// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/base/log.h"

#include <string>

#ifdef WHORL_MINIMAL
#include <atomic>
#include <cstdio>
#include <fstream>
#include <mutex>
#else
#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#endif

namespace whorl::log {

#ifdef WHORL_MINIMAL

namespace {

std::atomic<Level> g_level{Level::Warning};
std::mutex g_mutex;
std::ofstream g_file;

void write(Level level, const char* name, std::string_view message) {
  if (level < g_level.load()) return;
  const std::string line = "whorl: " + std::string(name) + ": " + std::string(message) + "\n";
  const std::lock_guard lock(g_mutex);
  std::fwrite(line.data(), 1, line.size(), stderr);
  if (g_file.is_open()) g_file << line << std::flush;
}

}  // namespace

void setLevel(Level level) { g_level = level; }

void setFile(const std::filesystem::path& path) {
  std::error_code ignored;
  std::filesystem::create_directories(path.parent_path(), ignored);
  bool opened = false;
  {
    const std::lock_guard lock(g_mutex);
    g_file.open(path, std::ios::app);
    opened = g_file.is_open();
  }
  if (!opened) warning("no log file: " + path.string() + " can't be written");
}

void debug(std::string_view message) { write(Level::Debug, "debug", message); }
void info(std::string_view message) { write(Level::Info, "info", message); }
void warning(std::string_view message) { write(Level::Warning, "warning", message); }
void error(std::string_view message) { write(Level::Error, "error", message); }

#else

namespace {

constexpr std::size_t kFileBytes = 1024 * 1024;
constexpr std::size_t kOldFiles = 2;  // the current one and these make three

spdlog::logger& logger() {
  // Never destroyed: work that ends late, during exit, may still log.
  static spdlog::logger* instance = [] {
    auto sink = std::make_shared<spdlog::sinks::stderr_color_sink_mt>();
    sink->set_pattern("whorl: %^%l%$: %v");
    auto* made = new spdlog::logger("whorl", sink);
    made->set_level(spdlog::level::warn);
    made->flush_on(spdlog::level::info);
    return made;
  }();
  return *instance;
}

spdlog::level::level_enum spdlogLevel(Level level) {
  switch (level) {
    case Level::Debug:
      return spdlog::level::debug;
    case Level::Info:
      return spdlog::level::info;
    case Level::Warning:
      return spdlog::level::warn;
    case Level::Error:
      return spdlog::level::err;
  }
  return spdlog::level::warn;
}

// Messages are arguments, never format strings: braces in them are only braces.
void write(Level level, std::string_view message) { logger().log(spdlogLevel(level), "{}", message); }

}  // namespace

void setLevel(Level level) { logger().set_level(spdlogLevel(level)); }

void setFile(const std::filesystem::path& path) {
  try {
    auto sink = std::make_shared<spdlog::sinks::rotating_file_sink_mt>(path.string(), kFileBytes, kOldFiles);
    sink->set_pattern("%Y-%m-%d %H:%M:%S.%e %t %l: %v");
    logger().sinks().push_back(std::move(sink));
  } catch (const spdlog::spdlog_ex& e) {
    warning("no log file: " + path.string() + ": " + e.what());
  }
}

void debug(std::string_view message) { write(Level::Debug, message); }
void info(std::string_view message) { write(Level::Info, message); }
void warning(std::string_view message) { write(Level::Warning, message); }
void error(std::string_view message) { write(Level::Error, message); }

#endif

}  // namespace whorl::log
