// SPDX-License-Identifier: GPL-3.0-or-later
// whorl-bench-search [ROWS [DIMENSION [QUERIES [TOP [THREADS [REPEATS]]]]]]: milliseconds of one batch of queries
// against rows of length 1 in memory, beside one matrix product and topk over all rows, as one writes it with LibTorch.
// Both take turns, so that a busy machine slows both; the answers must be the same rows, but for distances that float32
// can't tell apart. One line of JSON, with processor time (of all threads) beside the clock's: on a busy machine it
// says more.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <exception>
#include <functional>
#include <vector>

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/topk.h>

#include "core/nn/device.h"
#include "core/retrieval/neighbour_search.h"

namespace {

using namespace whorl;
using torch::Tensor;

constexpr double kFloatNoise = 1e-5;

struct Options {
  long rows = 100'000;
  long dimension = 256;
  long queries = 32;
  long top = 10;
  long threads = hardwareThreads();
  long repeats = 15;
};

/// Milliseconds of each repeat.
struct Costs {
  std::vector<double> wall;
  std::vector<double> processor;

  void measure(const std::function<void()>& work) {
    const auto start = std::chrono::steady_clock::now();
    const std::clock_t before = std::clock();
    work();
    wall.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
    processor.push_back(1000.0 * static_cast<double>(std::clock() - before) / CLOCKS_PER_SEC);
  }
};

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

Tensor unitRows(long count, long dimension, std::uint64_t seed) {
  auto generator = at::make_generator<at::CPUGeneratorImpl>(seed);
  const Tensor rows = at::randn({count, dimension}, generator, torch::kFloat32);
  return rows / at::linalg_vector_norm(rows, 2, {1}, true);
}

/// 2 − 2⟨q,row⟩ for all, and the smallest of them.
Tensor plainly(const Tensor& rows, const Tensor& queries, long top) {
  const Tensor distances = at::mm(queries, rows.t()).mul_(-2).add_(2);
  return std::get<0>(at::topk(distances, top, 1, /*largest=*/false, /*sorted=*/true));
}

int measure(const Options& options) {
  at::set_num_threads(static_cast<int>(options.threads));
  const Tensor rows = unitRows(options.rows, options.dimension, 1);
  const Tensor queries = unitRows(options.queries, options.dimension, 2);
  const NeighbourSearch search(rows);
  Costs ours;
  Costs plain;
  std::vector<std::vector<Neighbour>> found;
  Tensor expected;
  for (long i = 0; i < options.repeats; ++i) {
    ours.measure([&] { found = search.nearest(queries, options.top, FeatureDistance::SquaredL2); });
    plain.measure([&] { expected = plainly(rows, queries, options.top); });
  }
  double furthest = 0;
  for (long q = 0; q < options.queries; ++q) {
    for (long i = 0; i < options.top; ++i) {
      furthest = std::max(furthest, std::abs(found[static_cast<std::size_t>(q)][static_cast<std::size_t>(i)].distance -
                                             expected[q][i].item<double>()));
    }
  }
  std::printf("{\"rows\": %ld, \"dimension\": %ld, \"queries\": %ld, \"top\": %ld, \"threads\": %ld, ", options.rows,
              options.dimension, options.queries, options.top, options.threads);
  std::printf("\"milliseconds\": %.1f, \"processor_milliseconds\": %.1f, ", median(ours.wall), median(ours.processor));
  std::printf("\"plain_milliseconds\": %.1f, \"plain_processor_milliseconds\": %.1f, \"largest_difference\": %.2g}\n",
              median(plain.wall), median(plain.processor), furthest);
  return furthest < kFloatNoise ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  long* const values[] = {&options.rows, &options.dimension, &options.queries,
                          &options.top,  &options.threads,   &options.repeats};
  for (int i = 1; i < argc && i <= 6; ++i) {
    *values[i - 1] = std::atol(argv[i]);
    if (*values[i - 1] > 0) continue;
    std::fprintf(stderr, "%s is no whole number above 0\n", argv[i]);
    return 2;
  }
  try {
    return measure(options);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
