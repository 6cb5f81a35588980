// SPDX-License-Identifier: GPL-3.0-or-later
// whorl-bench-landscape MODEL [POINTS_AXIS [REPEATS [BATCH [WORKERS [THREADS_EACH]]]]]: what a plane through an image
// costs beside raw batched inference of as many images (of N + 1 times as many where fingerprint distances are shown),
// computed in the same way, and when its first picture, of 9 x 9 points, is there. Repeats take turns and are compared
// pair by pair, so that a busy machine slows both; on one, processor time says more than the clock on the wall. BATCH
// counts images through the network, copies included.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <functional>
#include <string>
#include <vector>

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/ops/rand.h>

#include "benchmarks/landscape/turns.h"
#include "core/landscape/direction.h"
#include "core/landscape/sample.h"
#include "core/nn/device.h"
#include "core/nn/model.h"

namespace {

using namespace whorl;

struct Options {
  std::string model;
  int resolution = 51;
  int repeats = 9;
  std::int64_t batch = 512;
  int workers = hardwareThreads();
  int threads = 1;
};

void measure(const Model& model, const Options& options, const std::vector<std::string>& names) {
  at::Generator generator = at::detail::createCPUGenerator(1);
  const auto& shape = model.input;
  const torch::Tensor images =
      at::rand({options.batch, shape.channels, shape.height, shape.width}, generator).to(model.classifier->dtype());
  DirectionSource source;
  source.classifier = model.classifier.get();
  source.image = images.narrow(0, 0, 1);
  ValueSources sources;
  sources.classifier = model.classifier.get();
  sources.image = source.image;
  if (model.fingerprintDx) {
    sources.fingerprints = std::make_shared<FingerprintScore>(Fingerprints{*model.fingerprintDx, *model.fingerprintDy});
    sources.threshold = 1;
  }
  const PointValues values(sources, names);
  const Grid grid(2, 0.5, options.resolution);
  const SamplingPlan plan{std::max<std::int64_t>(1, options.batch / values.copies()), options.workers, options.threads};
  bench::Turns turns;
  turns.run(
      options.repeats,
      [&] {
        bench::infer(*model.classifier, images, grid.pointCount() * values.copies(), options.workers, options.threads);
      },
      [&](const std::function<void()>& pictured) {
        const Plane plane(source.image,
                          {makeDirection("gradient-sign", {}, source, 0), makeDirection("rademacher", {}, source, 1)},
                          PlaneScale::Linf, false);
        sampleSurface(plane, grid, values, plan, JobContext{}, [&](const Surface&) { pictured(); });
      });
  turns.print(bench::joined(names), "plane");
}

int measured(const Options& options) {
  tuneAllocator();
  const Model model = readModel(options.model, torch::kCPU);
  std::printf("%s, %d x %d points, %lld images a batch, %d workers of %d threads\n", model.name.c_str(),
              options.resolution, options.resolution, static_cast<long long>(options.batch), options.workers,
              options.threads);
  measure(model, options, {"cross_entropy"});
  measure(model, options, {"cross_entropy", "margin", "confidence", "predicted"});
  if (model.fingerprintDx) measure(model, options, {"cross_entropy", "fingerprint_distance", "accepted"});
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: %s MODEL [POINTS_AXIS [REPEATS [BATCH [WORKERS [THREADS_EACH]]]]]\n", argv[0]);
    return 2;
  }
  Options options;
  options.model = argv[1];
  if (argc > 2) options.resolution = std::atoi(argv[2]);
  if (argc > 3) options.repeats = std::max(1, std::atoi(argv[3]));
  if (argc > 4) options.batch = std::max(1, std::atoi(argv[4]));
  if (argc > 5) options.workers = std::max(1, std::atoi(argv[5]));
  if (argc > 6) options.threads = std::max(1, std::atoi(argv[6]));
  try {
    return measured(options);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
