// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/service/attack_plan.h"

#include <algorithm>
#include <fstream>

#include "core/attack/objective.h"
#include "core/base/atomic_file.h"
#include "core/nn/batch_workers.h"
#include "core/nn/device.h"
#include "core/nn/fused_classifier.h"
#include "core/nn/model.h"
#include "core/service/documents.h"
#include "core/service/engine_impl.h"
#include "core/service/impl/inference.h"
#include "core/service/stopwatch.h"

namespace whorl {
namespace {

constexpr std::size_t kMostPlanBytes = 1 << 20;
/// Long enough that one interruption of a busy machine doesn't decide.
constexpr double kSecondsEach = 0.4;
constexpr std::int64_t kBatches[] = {25, 50, 100, 200};

std::string processorName() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.rfind("model name", 0) == 0 && line.find(": ") != std::string::npos)
      return line.substr(line.find(": ") + 2);
  }
  return "processor";
}

nlohmann::json readPlans(const std::filesystem::path& file) {
  try {
    auto plans = nlohmann::json::parse(readFile(file, kMostPlanBytes), nullptr, false);
    if (plans.is_object()) return plans;
  } catch (const Error&) {
    // There is none yet.
  }
  return nlohmann::json::object();
}

std::string keyOf(const Model& model, int threads) { return model.sha256 + " on " + machineText(model, threads); }

/// Images a second through a forward and a backward to the input.
double gradientsPerSecond(const Classifier& classifier, const Model& model, const PlanMeasurement& plan,
                          const JobContext& context) {
  const ImageShape& shape = model.input;
  const auto options = torch::TensorOptions().device(classifier.device()).dtype(classifier.dtype());
  const auto images = torch::full({plan.batchSize, shape.channels, shape.height, shape.width}, 0.5, options);
  const AttackAims aims{torch::zeros({plan.batchSize}, options.dtype(torch::kInt64)), {}, {}};
  const AttackObjective objective = makeObjective("cross_entropy");
  const auto once = [&] { lossGradient(objective, classifier, images, aims); };
  // Each worker's first pass warms its caches and thread pool, and isn't counted.
  BatchWorkers<double> workers(plan.workers, plan.workers, plan.threadsPerWorker);
  double rate = 0;
  workers.run(
      [&](std::int64_t) {
        once();
        synchronise(classifier.device());
        const Stopwatch own;
        std::int64_t count = 0;
        while (own.seconds() < kSecondsEach) {
          context.throwIfStopped();
          once();
          count += plan.batchSize;
          synchronise(classifier.device());
        }
        return static_cast<double>(count) / own.seconds();
      },
      [&](std::int64_t, double&& own) { rate += own; });
  return rate;
}

bool reducedPrecisionPays(const Model& model) {
  return model.network() && (!model.classifier->device().is_cpu() || hasBfloat16());
}

}  // namespace

void checkPlan(const std::string& precision, const std::string& layout, const Model& model) {
  if (precision != "float32" && precision != "bfloat16") {
    throw Error(ErrorKind::Usage, "there is no precision \"" + precision + "\"", "precision",
                "known: float32, bfloat16");
  }
  if (!layout.empty() && layout != "contiguous" && layout != "channels_last") {
    throw Error(ErrorKind::Usage, "there is no layout \"" + layout + "\"", "layout",
                "known: contiguous, channels_last");
  }
  if ((precision != "float32" || layout == "channels_last") && !model.network()) {
    throw Error(ErrorKind::Usage, "an imported module computes in its own way", model.name,
                "use float32 and contiguous");
  }
}

std::shared_ptr<const Classifier> classifierFor(const AttackPlan& plan, const Model& model) {
  checkPlan(plan.precision, plan.layout, model);
  const bool reduced = plan.precision == "bfloat16";
  const bool channelsLast = plan.layout == "channels_last";
  const bool onCpu = model.classifier->device().is_cpu();
  if (!reduced && (!model.network() || channelsLast == onCpu)) return model.classifier;  // classifierOf's own choice
  Network network = channelsLast ? fusedForInference(*model.network()) : model.network()->clone();
  if (channelsLast) network.toChannelsLast();
  const auto classifier = std::make_shared<NetworkClassifier>(std::move(network), model.mean, model.scale);
  return reduced ? classifier->inBfloat16() : classifier;
}

std::string machineText(const Model& model, int threads) {
  const auto device = model.classifier->device();
  return processorName() + ", " + std::to_string(threads) + " threads, torch " + torchVersionText() + ", " +
         (device.is_cpu() ? device.str() : describeDevice(device));
}

std::optional<AttackPlan> PlanStore::find(const Model& model, int threads) const {
  const auto plans = readPlans(m_file);
  const auto found = plans.find(keyOf(model, threads));
  if (found == plans.end() || !found->is_object()) return std::nullopt;
  AttackPlan plan;
  plan.measured = true;
  try {
    plan.workers = found->at("workers").get<int>();
    plan.threadsPerWorker = found->at("threads_per_worker").get<int>();
    plan.batchSize = found->at("batch_size").get<std::int64_t>();
    plan.layout = found->at("layout").get<std::string>();
  } catch (const nlohmann::json::exception&) {
    return std::nullopt;
  }
  const bool sensible = plan.workers >= 1 && plan.threadsPerWorker >= 1 && plan.workers <= threads &&
                        plan.threadsPerWorker <= threads && plan.batchSize >= 1 && plan.batchSize <= kBatches[3] &&
                        (plan.layout == "contiguous" || (plan.layout == "channels_last" && model.network()));
  return sensible ? std::optional(plan) : std::nullopt;
}

void PlanStore::keep(const Model& model, int threads, const AttackPlan& plan) const {
  auto plans = readPlans(m_file);
  plans[keyOf(model, threads)] = {{"workers", plan.workers},
                                  {"threads_per_worker", plan.threadsPerWorker},
                                  {"batch_size", plan.batchSize},
                                  {"layout", plan.layout}};
  AtomicFile file(m_file);
  file.write(plans.dump(2));
  file.commit();
}

AttackPlan choosePlan(const PlanStore& plans, const Model& model, int threads) {
  if (const auto measured = plans.find(model, threads)) return *measured;
  AttackPlan plan;
  if (model.network() && model.classifier->device().is_cpu()) plan.layout = "channels_last";
  (model.classifier->device().is_cpu() ? plan.workers : plan.threadsPerWorker) = threads;
  return plan;
}

void fitBatches(AttackPlan& plan, const Model& model, std::int64_t copies) {
  const std::int64_t together = fittingBatch(model, plan.workers * plan.batchSize, copies, true);
  plan.batchSize = std::max<std::int64_t>(1, together / plan.workers);
}

void shareOut(AttackPlan& plan, std::int64_t images) {
  const std::int64_t share = (images + plan.workers - 1) / plan.workers;
  plan.batchSize = std::min(plan.batchSize, std::max<std::int64_t>(1, share));
}

std::vector<PlanMeasurement> measurePlans(const Model& model, int threads, const JobContext& context) {
  std::vector<PlanMeasurement> measurements;
  std::vector<std::pair<int, int>> shares = {{1, threads}};
  // A GPU has its own parallelism; on the CPU, threads inside an operator or beside each other.
  if (model.classifier->device().is_cpu() && threads > 1) shares.emplace_back(threads, 1);
  std::vector<std::string> precisions = {"float32"};
  if (reducedPrecisionPays(model)) precisions.emplace_back("bfloat16");
  std::vector<std::string> layouts = {"contiguous"};
  if (model.network()) layouts.emplace_back("channels_last");
  for (const auto& precision : precisions) {
    for (const auto& layout : layouts) {
      for (const auto& [workers, each] : shares) {
        for (const std::int64_t batch : kBatches) measurements.push_back({workers, each, batch, layout, precision, 0});
      }
    }
  }
  std::int64_t done = 0;
  for (auto& plan : measurements) {
    context.step();
    context.report({done++, static_cast<std::int64_t>(measurements.size()), "measuring", {}});
    plan.gradientsPerSecond = gradientsPerSecond(
        *classifierFor({plan.workers, plan.threadsPerWorker, plan.batchSize, plan.layout, plan.precision, false},
                       model),
        model, plan, context);
  }
  return measurements;
}

TuneResult EngineImpl::tune(const TuneRequest& request, const JobContext& context) {
  return translated("tune", [&] {
    const auto model = m_models.load(request.model, parseDevice(request.device).str());
    if (!model->classifier->differentiable()) {
      throw Error(ErrorKind::BadInput, "the model gives no gradients, which is what is measured", model->name);
    }
    const int threads = threadsFor(request.threads);
    TuneResult result;
    result.measurements = measurePlans(*model, threads, context);
    nlohmann::json all = nlohmann::json::array();
    for (const auto& plan : result.measurements) {
      if (plan.precision == "float32") {
        if (plan.gradientsPerSecond > result.best.gradientsPerSecond) result.best = plan;
      } else if (!result.bfloat16 || plan.gradientsPerSecond > result.bfloat16->gradientsPerSecond) {
        result.bfloat16 = plan;
      }
      all.push_back({{"workers", plan.workers},
                     {"threads_per_worker", plan.threadsPerWorker},
                     {"batch_size", plan.batchSize},
                     {"layout", plan.layout},
                     {"precision", plan.precision},
                     {"gradients_per_second", plan.gradientsPerSecond}});
    }
    m_plans.keep(*model, threads,
                 {result.best.workers, result.best.threadsPerWorker, result.best.batchSize, result.best.layout,
                  "float32", true});
    auto document = documentHead("tune", 0, model->classifier->device().str(), threads, result.best.batchSize,
                                 result.best.precision);
    document["model"] = model->path.string();
    document["model_sha256"] = model->sha256;
    document["machine"] = machineText(*model, threads);
    document["measurements"] = std::move(all);
    document["best"] = {{"workers", result.best.workers},
                        {"threads_per_worker", result.best.threadsPerWorker},
                        {"batch_size", result.best.batchSize},
                        {"layout", result.best.layout},
                        {"gradients_per_second", result.best.gradientsPerSecond}};
    result.json = jsonText(document);
    return result;
  });
}

}  // namespace whorl
