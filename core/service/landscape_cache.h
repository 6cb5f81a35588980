// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <list>
#include <mutex>
#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include "core/service/landscape_types.h"

namespace whorl {

/// Finished landscapes by what they were made of, in memory. The ones used last are kept, as many as fit into
/// `mostBytes`; one that is larger than half of that is not. Any thread.
class LandscapeCache {
 public:
  static constexpr std::size_t kMostBytes = 128U << 20;

  struct Entry {
    LandscapeResult result;   ///< without its json
    nlohmann::json document;  ///< without the surface, the file and the seconds of all
  };

  explicit LandscapeCache(std::size_t mostBytes = kMostBytes) : m_mostBytes(mostBytes) {}

  /// The SHA-256 of a text that holds all that decides the numbers.
  static std::string keyOf(const nlohmann::json& all);

  std::optional<Entry> find(const std::string& key);
  void keep(const std::string& key, Entry entry);
  std::size_t bytes() const;

 private:
  struct Kept {
    std::string key;
    Entry entry;
    std::size_t bytes = 0;
  };

  std::size_t m_mostBytes;
  mutable std::mutex m_mutex;
  std::list<Kept> m_kept;  ///< used last first
  std::size_t m_bytes = 0;
};

}  // namespace whorl
