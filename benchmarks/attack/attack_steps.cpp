// SPDX-License-Identifier: GPL-3.0-or-later
// What one step of an attack costs, beside what the machine could do at most: the rate of a plain matrix product and of
// the network's largest convolution. Images a second are "items_per_second". docs/performance.md has the figures.
//
//   whorl-bench-attacks --benchmark_filter=Gradient
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include <ATen/Parallel.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/rand.h>

#include "core/attack/attack.h"
#include "core/attack/objective.h"
#include "core/attack/projection.h"
#include "core/nn/classifier.h"
#include "core/nn/device.h"

namespace whorl {
namespace {

const NetworkClassifier& network(const char* name) {
  const Architecture& architecture = findArchitecture(name);
  static std::map<std::string, std::unique_ptr<NetworkClassifier>> made;
  auto& entry = made[name];
  if (!entry) {
    entry = std::make_unique<NetworkClassifier>(Network(architecture, architecture.input, architecture.classes, 1),
                                                std::vector<double>(), std::vector<double>());
  }
  return *entry;
}

torch::Tensor imagesFor(const Classifier& classifier, std::int64_t count) {
  const ImageShape shape = classifier.inputShape();
  return at::rand({count, shape.channels, shape.height, shape.width});
}

/// The peak that a float32 matrix product reaches: GFLOP/s.
void matrixProduct(benchmark::State& state) {
  const std::int64_t size = state.range(0);
  const torch::NoGradGuard noGradients;
  const auto a = at::rand({size, size});
  const auto b = at::rand({size, size});
  for (auto _ : state) benchmark::DoNotOptimize(at::matmul(a, b));
  state.counters["FLOP"] =
      benchmark::Counter(2.0 * static_cast<double>(size * size * size), benchmark::Counter::kIsIterationInvariantRate);
}
BENCHMARK(matrixProduct)->Arg(1024)->UseRealTime();

/// The reference CNN's second convolution, which is most of its work.
void convolution(benchmark::State& state) {
  const std::int64_t batch = state.range(0);
  const torch::NoGradGuard noGradients;
  const auto x = at::rand({batch, 32, 12, 12});
  const auto w = at::rand({64, 32, 5, 5});
  for (auto _ : state) benchmark::DoNotOptimize(at::conv2d(x, w));
  state.counters["FLOP"] = benchmark::Counter(2.0 * static_cast<double>(batch) * 64 * 8 * 8 * 32 * 25,
                                              benchmark::Counter::kIsIterationInvariantRate);
  state.SetItemsProcessed(state.iterations() * batch);
}
BENCHMARK(convolution)->Arg(100)->UseRealTime();

void forward(benchmark::State& state, const char* name) {
  const auto& classifier = network(name);
  const torch::NoGradGuard noGradients;
  const auto x = imagesFor(classifier, state.range(0));
  for (auto _ : state) benchmark::DoNotOptimize(classifier.logits(x));
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK_CAPTURE(forward, reference, "reference-cnn")->Arg(10)->Arg(100)->UseRealTime();

void gradient(benchmark::State& state, const char* name, bool reduced) {
  const auto& exact = network(name);
  const auto classifier = reduced ? exact.inBfloat16() : std::shared_ptr<const Classifier>(&exact, [](auto*) {});
  const auto x = imagesFor(*classifier, state.range(0));
  const AttackAims aims = {torch::zeros({state.range(0)}, torch::kInt64), {}, {}};
  const AttackObjective objective = makeObjective("cross_entropy");
  for (auto _ : state) benchmark::DoNotOptimize(lossGradient(objective, *classifier, x, aims).gradient);
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK_CAPTURE(gradient, reference, "reference-cnn", false)->Arg(10)->Arg(50)->Arg(100)->Arg(200)->UseRealTime();
BENCHMARK_CAPTURE(gradient, reference_bfloat16, "reference-cnn", true)->Arg(100)->UseRealTime();
BENCHMARK_CAPTURE(gradient, nfp_mnist, "nfp-mnist", false)->Arg(100)->UseRealTime();

void projection(benchmark::State& state, Norm norm) {
  const auto x = imagesFor(network("reference-cnn"), 100);
  const torch::NoGradGuard noGradients;
  const Ball ball(norm, x, norm == Norm::Linf ? 0.3 : norm == Norm::L2 ? 2 : 12);
  const auto moved = x + at::rand_like(x) - 0.5;
  for (auto _ : state) benchmark::DoNotOptimize(ball.project(moved));
  state.SetItemsProcessed(state.iterations() * 100);
}
BENCHMARK_CAPTURE(projection, linf, Norm::Linf)->UseRealTime();
BENCHMARK_CAPTURE(projection, l2, Norm::L2)->UseRealTime();
BENCHMARK_CAPTURE(projection, l1, Norm::L1)->UseRealTime();

}  // namespace
}  // namespace whorl

int main(int argc, char** argv) {
  whorl::tuneAllocator();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
