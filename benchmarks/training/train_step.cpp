// SPDX-License-Identifier: GPL-3.0-or-later
// Measures training steps as whorl-cli runs them: one JSON object on stdout. See benchmarks/training/README.md.
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <string>

#include <nlohmann/json.hpp>

#include "core/base/random.h"
#include "core/data/catalogue.h"
#include "core/nn/device.h"
#include "core/train/trainer.h"
#include "core/train/training_loss.h"

namespace {

using namespace whorl;

/// Random images: how fast a step is doesn't depend on what is in them.
DatasetPtr randomImages(std::int64_t count) {
  auto dataset = std::make_shared<Dataset>();
  dataset->name = "random";
  for (int i = 0; i < 10; ++i) dataset->classNames.push_back(std::to_string(i));
  Random random(1);
  for (DataSplit* split : {&dataset->train, &dataset->test}) {
    const std::int64_t images = split == &dataset->train ? count : 10;
    split->shape = {1, 28, 28};
    for (std::int64_t i = 0; i < images; ++i) {
      split->labels.push_back(static_cast<std::int32_t>(random.below(10)));
      for (std::int64_t k = 0; k < split->shape.size(); ++k) {
        split->pixels.push_back(static_cast<std::uint8_t>(random.below(256)));
      }
    }
  }
  return dataset;
}

/// NAME=VALUE arguments: data, device, threads, images, checkpoint, objective, or a training parameter.
int measure(int argc, char** argv) {
  TrainingPlan plan;
  plan.architecture = "nfp-mnist";
  plan.objective = "fingerprint";
  std::int64_t images = 4096;
  std::string data;
  std::string device = "cpu";
  std::map<std::string, std::string> given;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    const std::size_t equals = argument.find('=');
    if (equals == std::string::npos) throw Error(ErrorKind::Usage, "arguments are NAME=VALUE, not " + argument);
    given[argument.substr(0, equals)] = argument.substr(equals + 1);
  }
  const auto take = [&](const char* name, std::string& target) {
    if (const auto found = given.find(name); found != given.end()) {
      target = found->second;
      given.erase(found);
    }
  };
  std::string count = std::to_string(images);
  std::string threads = "0";
  std::string seed = "0";
  take("data", data);
  take("device", device);
  take("images", count);
  take("threads", threads);
  take("seed", seed);
  take("objective", plan.objective);
  images = std::atoll(count.c_str());
  plan.threads = std::atoi(threads.c_str());
  plan.seed = static_cast<std::uint64_t>(std::atoll(seed.c_str()));
  plan.parameters.set("epochs", std::int64_t{1});
  std::vector<ParameterSpec> specs = trainerParameters();
  for (const ParameterSpec& spec : objectiveParameters(plan.objective)) specs.push_back(spec);
  for (const auto& [name, value] : given) {
    bool known = false;
    for (const ParameterSpec& spec : specs) {
      if (spec.name != name) continue;
      plan.parameters.set(name, parseParameter("train_step", spec, value));
      known = true;
    }
    if (!known) throw Error(ErrorKind::Usage, "unknown argument " + name);
  }

  tuneAllocator();
  plan.device = parseDevice(device);
  const JobContext context;
  plan.dataset = data.empty() ? randomImages(images) : Catalogue().load(data, DataSearch{}, plan.seed, context);
  if (!data.empty()) plan.limitTrain = images;
  const TrainingOutcome outcome = train(plan, context, [](const TrainingEvent& event) {
    if (!event.epochEnd) return;
    for (const Metric& metric : event.metrics) std::fprintf(stderr, "%s %.5g  ", metric.name.c_str(), metric.value);
    std::fprintf(stderr, "\n");
  });
  const nlohmann::json result = {{"program", "whorl"},
                                 {"precision", outcome.model.past["plan"]["precision"]},
                                 {"device", outcome.model.past["plan"]["device"]},
                                 {"copies_per_second", outcome.copiesPerSecond},
                                 {"images_per_second", outcome.imagesPerSecond},
                                 {"seconds", outcome.seconds},
                                 {"test_accuracy", outcome.testAccuracy}};
  std::printf("%s\n", result.dump().c_str());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return measure(argc, argv);
  } catch (const whorl::Error& error) {
    std::fprintf(stderr, "train_step: %s\n", error.what());
    return whorl::exitCode(error.kind());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "train_step: %s\n", error.what());
    return 1;
  }
}
