// SPDX-License-Identifier: GPL-3.0-or-later
// whorl-bench-weights MODEL [POINTS_AXIS [IMAGES [REPEATS [WORKERS]]]]: what a plane of networks costs beside raw
// batched inference of as many images (of N + 1 times as many where fingerprints are judged) through the model itself,
// computed in the same way, and when its first picture is there. Repeats take turns and are compared pair by pair, so
// that a busy machine slows both; on one, processor time says more than the clock on the wall.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <functional>
#include <string>
#include <vector>

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randint.h>

#include "benchmarks/landscape/turns.h"
#include "core/landscape/weight_sample.h"
#include "core/nn/device.h"
#include "core/nn/model.h"

namespace {

using namespace whorl;

struct Options {
  std::string model;
  int resolution = 11;
  std::int64_t images = 500;
  int repeats = 5;
  int workers = hardwareThreads();
};

void measure(const Model& model, const Options& options, const std::vector<std::string>& values) {
  at::Generator generator = at::detail::createCPUGenerator(1);
  const auto& shape = model.input;
  WeightSample sample;
  sample.images = at::rand({options.images, shape.channels, shape.height, shape.width}, generator);
  sample.labels = at::randint(model.classifier->classCount(), {options.images}, generator, torch::kInt64);
  sample.mean = model.mean;
  sample.scale = model.scale;
  std::int64_t copies = 1;
  if (model.fingerprintDx) sample.fingerprints = Fingerprints{*model.fingerprintDx, *model.fingerprintDy};
  for (const std::string& value : values) {
    if (findWeightValue(value).fingerprints) copies = sample.fingerprints->count() + 1;
  }
  const torch::Tensor ready = at::rand({sample.batchSize, shape.channels, shape.height, shape.width}, generator);
  const WeightPlane plane = WeightPlane::around(*model.network(), 2, 1);
  const Grid grid(2, 0.1, options.resolution);
  bench::Turns turns;
  turns.run(
      options.repeats,
      [&] { bench::infer(*model.classifier, ready, grid.pointCount() * options.images * copies, options.workers, 1); },
      [&](const std::function<void()>& pictured) {
        sampleWeights(plane, grid, values, sample, options.workers, 1, JobContext{},
                      [&](const Surface&) { pictured(); });
      });
  turns.print(bench::joined(values), "networks");
}

int measured(const Options& options) {
  tuneAllocator();
  const Model model = readModel(options.model, torch::kCPU);
  std::printf("%s, %d x %d networks, %lld images, %d workers of one thread\n", model.name.c_str(), options.resolution,
              options.resolution, static_cast<long long>(options.images), options.workers);
  measure(model, options, {"cross_entropy", "accuracy"});
  if (model.fingerprintDx) measure(model, options, {"fingerprint_loss", "cross_entropy"});
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: %s MODEL [POINTS_AXIS [IMAGES [REPEATS [WORKERS]]]]\n", argv[0]);
    return 2;
  }
  Options options;
  options.model = argv[1];
  if (argc > 2) options.resolution = std::atoi(argv[2]);
  if (argc > 3) options.images = std::max(1, std::atoi(argv[3]));
  if (argc > 4) options.repeats = std::max(1, std::atoi(argv[4]));
  if (argc > 5) options.workers = std::max(1, std::atoi(argv[5]));
  try {
    return measured(options);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
