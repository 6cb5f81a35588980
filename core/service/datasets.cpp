// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/service/datasets.h"

#include <algorithm>

namespace whorl {
namespace {

/// Generated sets are data sets like any other: one fixed content, whatever the seed of a run.
constexpr std::uint64_t kGeneratedSeed = 0;

}  // namespace

DatasetPtr DatasetStore::get(const std::string& nameOrFolder, const JobContext& context) {
  std::shared_ptr<Entry> entry;
  {
    const std::lock_guard lock(m_mutex);
    auto& slot = m_entries[nameOrFolder];
    if (!slot) slot = std::make_shared<Entry>();
    slot->lastUse = ++m_uses;
    entry = slot;
    while (m_entries.size() > kKept) {
      const auto oldest = std::min_element(m_entries.begin(), m_entries.end(), [](const auto& a, const auto& b) {
        return a.second->lastUse < b.second->lastUse;
      });
      m_entries.erase(oldest);
    }
  }
  const std::lock_guard lock(entry->loading);
  context.throwIfStopped();
  if (!entry->dataset) entry->dataset = m_catalogue.load(nameOrFolder, m_search, kGeneratedSeed, context);
  return entry->dataset;
}

void DatasetStore::forget(const std::string& name) {
  const std::lock_guard lock(m_mutex);
  m_entries.erase(name);
}

}  // namespace whorl
