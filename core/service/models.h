// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/service/types.h"

namespace whorl {

struct Model;

/// Model files: those that come with the program, and the user's. Any thread.
class ModelStore {
 public:
  ModelStore(std::filesystem::path shippedFolder, std::filesystem::path userFolder);

  /// Shipped ones by name, then the user's, newest first; broken files with their problem.
  std::vector<ModelInfo> list() const;

  /// A shipped name, the name (stem) of a file in the user's folder, or a path. Error(BadInput) lists what there is.
  std::filesystem::path resolve(const std::string& id) const;
  ModelInfo info(const std::string& id) const;

  /// The loaded model; a TorchScript module only if its file is trusted, without its archive. Kept while the file
  /// doesn't change and it is among the kKept used last. `device` is a text of c10::Device ("cpu", "cuda:0").
  std::shared_ptr<const Model> load(const std::string& id, const std::string& device);

  /// Lets a TorchScript model file of that SHA-256 run code from now on: its import was asked for. A list in the user's
  /// folder (trusted-modules.json); where that is damaged, nothing is trusted.
  void trust(const std::string& sha256, const std::string& name);
  bool trusts(const std::string& sha256) const;

  /// A path in the user's folder that isn't taken: STEM.safetensors, STEM-2.safetensors, …
  std::filesystem::path freshPath(const std::string& stem) const;

  std::string trash(const std::string& id);
  void restore(const std::string& trashedPath);

 private:
  static constexpr std::size_t kKept = 8;

  /// What tells one state of a file from another.
  struct Stamp {
    std::filesystem::file_time_type modified;
    std::uintmax_t bytes = 0;
    bool operator==(const Stamp&) const = default;
  };
  struct Loaded {
    std::string key;
    Stamp stamp;
    std::shared_ptr<const Model> model;
  };

  static Stamp stampOf(const std::filesystem::path& path);
  ModelInfo describe(const std::filesystem::path& path, bool shipped) const;
  /// From the header, or from what it said last time; into `info`, as far as it comes.
  void readInfo(const std::filesystem::path& path, ModelInfo& info) const;

  std::filesystem::path m_shipped;
  std::filesystem::path m_user;
  std::filesystem::path m_trash;
  std::filesystem::path m_trusted;
  mutable std::mutex m_mutex;
  std::list<Loaded> m_loaded;  ///< used last first
  mutable std::map<std::string, std::pair<Stamp, ModelInfo>> m_described;
};

}  // namespace whorl
