// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <ATen/Parallel.h>

#include "core/nn/device.h"

namespace whorl {

/// The calling thread's intra-operator threads for the length of one operation.
class ThreadScope {
 public:
  explicit ThreadScope(int threads) : m_before(at::get_num_threads()) { setIntraOpThreads(threads); }
  ~ThreadScope() { setIntraOpThreads(m_before); }
  ThreadScope(const ThreadScope&) = delete;
  ThreadScope& operator=(const ThreadScope&) = delete;

 private:
  int m_before;
};

}  // namespace whorl
