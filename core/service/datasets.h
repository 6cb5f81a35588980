// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "core/data/catalogue.h"

namespace whorl {

/// Loaded data sets by name. The same set that several jobs ask for is loaded once; a set that nobody uses is dropped
/// when kKept others were asked for since. Any thread.
class DatasetStore {
 public:
  DatasetStore(const Catalogue& catalogue, DataSearch search) : m_catalogue(catalogue), m_search(std::move(search)) {}

  /// Blocks while it loads (or downloads: the last place that is looked at).
  DatasetPtr get(const std::string& nameOrFolder, const JobContext& context);
  /// Forgets a set, after its files changed.
  void forget(const std::string& name);

  const DataSearch& search() const { return m_search; }

 private:
  static constexpr std::size_t kKept = 3;

  struct Entry {
    std::mutex loading;
    DatasetPtr dataset;
    std::uint64_t lastUse = 0;  ///< guarded by m_mutex
  };

  const Catalogue& m_catalogue;
  DataSearch m_search;
  std::mutex m_mutex;
  std::map<std::string, std::shared_ptr<Entry>> m_entries;
  std::uint64_t m_uses = 0;
};

}  // namespace whorl
