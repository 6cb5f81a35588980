// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace whorl {

/// Keeps a bounded number of the values of a run whose length nobody knows, evenly spread: every one, then every 2nd,
/// every 4th, …; always the first and, taken at the end, the last.
template <class Value>
class EvenTrace {
 public:
  /// `most` >= 2 values are kept.
  explicit EvenTrace(std::size_t most) : m_most(most) {}

  void add(Value value) {
    if (m_count++ % m_stride != 0) {
      setLast(std::move(value));
      return;
    }
    m_hasLast = false;
    m_kept.push_back(std::move(value));
    if (m_kept.size() < m_most) return;
    // One place is left for the last value.
    for (std::size_t i = 1; 2 * i < m_kept.size(); ++i) m_kept[i] = std::move(m_kept[2 * i]);
    if (m_kept.size() % 2 == 0) setLast(std::move(m_kept.back()));
    m_kept.erase(m_kept.begin() + static_cast<std::ptrdiff_t>((m_kept.size() + 1) / 2), m_kept.end());
    m_stride *= 2;
  }

  /// At most `most` values in their order. Empties this.
  std::vector<Value> take() {
    if (m_hasLast) m_kept.push_back(std::move(m_last));
    m_hasLast = false;
    m_count = 0;
    m_stride = 1;
    return std::exchange(m_kept, {});
  }

 private:
  void setLast(Value value) {
    m_last = std::move(value);
    m_hasLast = true;
  }

  std::size_t m_most;
  std::size_t m_count = 0;
  std::size_t m_stride = 1;
  std::vector<Value> m_kept;
  // Not std::optional: GCC 12 takes its value for uninitialised here.
  Value m_last{};  ///< the newest, where it is not kept
  bool m_hasLast = false;
};

}  // namespace whorl
