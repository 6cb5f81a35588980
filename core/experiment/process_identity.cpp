// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/experiment/process_identity.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <vector>

namespace whorl {
namespace {

std::string textOf(const std::string& path) {
  std::ifstream stream(path);
  std::string text{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

/// The start of a process in clock ticks since boot, and not ended: field 22 of its stat file; "" if there is none.
std::string startOf(const std::string& pid) {
  const std::string stat = textOf("/proc/" + pid + "/stat");
  // The second field, the program's name, is in parentheses and may hold anything.
  const auto end = stat.rfind(')');
  if (end == std::string::npos) return {};
  std::istringstream fields(stat.substr(end + 1));
  const std::vector<std::string> values{std::istream_iterator<std::string>(fields), {}};
  constexpr std::size_t kState = 0;
  constexpr std::size_t kStart = 19;
  if (values.size() <= kStart || values[kState] == "Z" || values[kState] == "X") return {};
  return values[kStart];
}

/// Where process numbers mean the same.
std::string here() {
  std::error_code ignored;
  const auto space = std::filesystem::read_symlink("/proc/self/ns/pid", ignored).string();
  return textOf("/proc/sys/kernel/random/boot_id") + " " + space;
}

}  // namespace

std::string processIdentity() {
  const std::string pid = std::to_string(::getpid());
  return here() + " " + pid + " " + startOf(pid);
}

ProcessState processState(const std::string& identity) {
  std::istringstream stream(identity);
  const std::vector<std::string> parts{std::istream_iterator<std::string>(stream), {}};
  if (parts.size() != 4 || parts[0] + " " + parts[1] != here()) return ProcessState::Unknown;
  const bool number = std::all_of(parts[2].begin(), parts[2].end(), [](char c) { return c >= '0' && c <= '9'; });
  if (!number) return ProcessState::Unknown;
  return startOf(parts[2]) == parts[3] ? ProcessState::Alive : ProcessState::Dead;
}

}  // namespace whorl
