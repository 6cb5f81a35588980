// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/service/landscape_cache.h"

#include <algorithm>
#include <utility>

#include "core/base/sha256.h"

namespace whorl {
namespace {

std::size_t bytesOf(const LandscapeCache::Entry& entry) {
  const Surface& surface = entry.result.surface;
  std::size_t numbers = surface.x.size() + surface.y.size();
  for (const SurfaceLayer& layer : surface.layers) numbers += layer.values.size();
  std::size_t pixels = entry.result.images.middle.pixels.size();
  for (const auto& axis : entry.result.images.axes) pixels += axis.size();
  constexpr std::size_t kRest = 8192;  // the document, verdict and names
  return numbers * sizeof(double) + pixels * sizeof(float) + entry.result.path.size() * sizeof(LandscapePlace) + kRest;
}

}  // namespace

std::string LandscapeCache::keyOf(const nlohmann::json& all) {
  const std::string text = all.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return sha256Hex(text.data(), text.size());
}

std::optional<LandscapeCache::Entry> LandscapeCache::find(const std::string& key) {
  const std::lock_guard lock(m_mutex);
  const auto found = std::find_if(m_kept.begin(), m_kept.end(), [&](const Kept& kept) { return kept.key == key; });
  if (found == m_kept.end()) return std::nullopt;
  m_kept.splice(m_kept.begin(), m_kept, found);
  return m_kept.front().entry;
}

void LandscapeCache::keep(const std::string& key, Entry entry) {
  entry.result.json.clear();
  const std::size_t bytes = bytesOf(entry);
  if (bytes > m_mostBytes / 2) return;
  const std::lock_guard lock(m_mutex);
  m_kept.remove_if([&](const Kept& kept) {
    if (kept.key == key) m_bytes -= kept.bytes;
    return kept.key == key;
  });
  m_kept.push_front({key, std::move(entry), bytes});
  m_bytes += bytes;
  while (m_bytes > m_mostBytes) {
    m_bytes -= m_kept.back().bytes;
    m_kept.pop_back();
  }
}

std::size_t LandscapeCache::bytes() const {
  const std::lock_guard lock(m_mutex);
  return m_bytes;
}

}  // namespace whorl
