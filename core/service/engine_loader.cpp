// SPDX-License-Identifier: GPL-3.0-or-later
#include <dlfcn.h>

#include <cstdlib>
#include <filesystem>

#include "core/service/engine.h"
#include "core/service/engine_entry.h"

namespace whorl {
namespace {

std::vector<std::filesystem::path> candidates() {
  // Who names an engine means that one: another in its place would be a surprise.
  const char* given = std::getenv("WHORL_ENGINE");
  if (given && *given) return {given};
  std::vector<std::filesystem::path> paths;
  std::error_code ignored;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path();
  const char* name = "libwhorl-engine.so";
  for (const char* folder : {"", "../lib", "../lib/whorl", "../lib/x86_64-linux-gnu/whorl", "../lib64/whorl"}) {
    paths.push_back(program / folder / name);
  }
  return paths;
}

}  // namespace

std::shared_ptr<Engine> loadEngine(const EngineOptions& options) {
  std::filesystem::path found;
  for (const auto& path : candidates()) {
    std::error_code ignored;
    if (std::filesystem::is_regular_file(path, ignored)) {
      found = path;
      break;
    }
  }
  const char* given = std::getenv("WHORL_ENGINE");
  if (found.empty() && given && *given) {
    throw Error(ErrorKind::Failed, "WHORL_ENGINE names no file", given, "unset it, or name libwhorl-engine.so");
  }
  if (found.empty()) {
    throw Error(ErrorKind::Failed, "the engine library libwhorl-engine.so was not found", {},
                "reinstall Whorl, or name the file in WHORL_ENGINE");
  }
  // Never unloaded: torch keeps threads and registries that outlive any engine.
  void* library = dlopen(found.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library) throw Error(ErrorKind::Failed, std::string("the engine can't be loaded: ") + dlerror(), found.string());
  auto* create = reinterpret_cast<EngineEntry>(dlsym(library, kEngineEntryName));
  if (!create) throw Error(ErrorKind::Failed, "the file is not Whorl's engine", found.string());
  return std::shared_ptr<Engine>(create(options));
}

std::string versionText() { return WHORL_VERSION; }

}  // namespace whorl
