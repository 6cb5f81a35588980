// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <functional>
#include <string>
#include <vector>

#include <ATen/ops/narrow.h>

#include "core/nn/batch_workers.h"
#include "core/nn/classifier.h"

// What the benchmarks of landscapes share: inference and landscape in turns, and what is told of them.

namespace whorl::bench {

struct Cost {
  double wall = 0;       ///< seconds
  double processor = 0;  ///< seconds, of all threads
};

inline double secondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

inline Cost costOf(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  const std::clock_t before = std::clock();
  work();
  return {secondsSince(start), static_cast<double>(std::clock() - before) / CLOCKS_PER_SEC};
}

inline double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

/// Logits of `count` images that lie ready in memory (`images`, a batch of them), and nothing else.
inline void infer(const Classifier& classifier, const torch::Tensor& images, std::int64_t count, int workerCount,
                  int threadsEach) {
  const std::int64_t batches = (count + images.size(0) - 1) / images.size(0);
  BatchWorkers<torch::Tensor> workers(batches, workerCount, threadsEach);
  workers.run(
      [&](std::int64_t batch) {
        const torch::NoGradGuard noGradients;
        return classifier.logits(images.narrow(0, 0, count * (batch + 1) / batches - count * batch / batches));
      },
      [](std::int64_t, torch::Tensor&&) {});
}

/// Rounds of the two, one after the other.
class Turns {
 public:
  /// `landscape` calls what it is given when its first picture is there. One round more than `repeats`, to warm up.
  void run(int repeats, const std::function<void()>& inference,
           const std::function<void(const std::function<void()>&)>& landscape) {
    for (int repeat = -1; repeat < repeats; ++repeat) {
      double firstPicture = 0;
      const Cost raw = costOf(inference);
      const auto start = std::chrono::steady_clock::now();
      const Cost whole = costOf([&] {
        landscape([&] {
          if (firstPicture == 0) firstPicture = secondsSince(start);
        });
      });
      if (repeat < 0) continue;
      m_raw.push_back(raw.wall);
      m_whole.push_back(whole.wall);
      m_first.push_back(firstPicture);
      m_wall.push_back(whole.wall / raw.wall);
      m_processor.push_back(whole.processor / raw.processor);
    }
  }

  void print(const std::string& title, const char* what) const {
    const auto [least, most] = std::minmax_element(m_wall.begin(), m_wall.end());
    const auto [low, high] = std::minmax_element(m_processor.begin(), m_processor.end());
    std::printf(
        "%s\n  inference %.3f s, %s %.3f s: ratio %.3f (%.3f to %.3f), of processor time %.3f (%.3f to %.3f)\n"
        "  first picture after %.4f s (%.4f at best)\n",
        title.c_str(), median(m_raw), what, median(m_whole), median(m_wall), *least, *most, median(m_processor), *low,
        *high, median(m_first), *std::min_element(m_first.begin(), m_first.end()));
  }

 private:
  std::vector<double> m_raw, m_whole, m_first, m_wall, m_processor;
};

inline std::string joined(const std::vector<std::string>& names) {
  std::string title;
  for (const auto& name : names) title += (title.empty() ? "" : ",") + name;
  return title;
}

}  // namespace whorl::bench
