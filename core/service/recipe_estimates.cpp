// SPDX-License-Identifier: GPL-3.0-or-later
// How long steps of recipes may take, from their parameters and one quick measurement a network.
#include <algorithm>
#include <chrono>

#include "core/attack/objective.h"
#include "core/attack/support.h"
#include "core/nn/architecture.h"
#include "core/nn/fused_classifier.h"
#include "core/nn/thread_scope.h"
#include "core/service/impl/inference.h"
#include "core/service/recipe_workbench.h"
#include "core/service/stopwatch.h"

namespace whorl {
namespace {

constexpr std::int64_t kProbeBatch = 64;
constexpr double kProbeSeconds = 0.5;

double valueOr(const Parameters& parameters, const std::string& name, double missing) {
  const auto found = parameters.values().find(name);
  if (found == parameters.values().end()) return missing;
  if (const auto* whole = std::get_if<std::int64_t>(&found->second)) return static_cast<double>(*whole);
  if (const auto* number = std::get_if<double>(&found->second)) return *number;
  return missing;
}

}  // namespace

std::optional<double> gradientsPerImage(const AttackTask& task, const ImageShape& shape, std::int64_t fingerprints) {
  const Parameters& values = task.parameters;
  const double steps = valueOr(values, "steps", 1) * std::max(1.0, valueOr(values, "restarts", 1));
  const bool adaptive = task.threatModel == "adaptive-white-box";
  double weights = adaptive ? std::max(1.0, valueOr(values, "detector_weight_search", 0)) : 1;
  double gradients = 0;
  if (task.attack == "fgsm" || task.attack == "bim" || task.attack == "mifgsm" || task.attack == "pgd" ||
      task.attack == "ddn" || task.attack == "fmn") {
    gradients = steps;
  } else if (task.attack == "cw") {
    // Later weights keep the constants that the first one's search found.
    gradients = steps * (valueOr(values, "search_steps", 1) + weights - 1);
    weights = 1;
  } else if (task.attack == "spsa") {
    // Forwards alone: a third of a gradient each.
    gradients = steps * 2 * valueOr(values, "pairs", 1) / 3;
  } else if (task.attack == "jsma") {
    gradients = 2 * valueOr(values, "gamma", 0.1) * static_cast<double>(shape.size()) / 2;
  } else {
    return std::nullopt;
  }
  if (!adaptive) return gradients;
  return gradients * weights * static_cast<double>(fingerprints + 1) *
         std::max(1.0, valueOr(values, "target_candidates", 0));
}

std::optional<double> RecipeWorkbench::gradientSeconds(const std::string& architecture, const ImageShape& shape,
                                                       int classes, const JobContext& context) {
  const auto known = m_gradientSeconds.find(architecture);
  if (known != m_gradientSeconds.end()) return known->second;
  return translated("measuring", [&]() -> std::optional<double> {
    const ThreadScope threads(m_parts.threads);
    const auto& table = architectures();
    const auto found =
        std::find_if(table.begin(), table.end(), [&](const Architecture& each) { return each.name == architecture; });
    if (found == table.end()) return std::nullopt;
    Network network(*found, shape, classes, 0);
    network.to(torch::Device(m_parts.device));
    const auto channels = static_cast<std::size_t>(shape.channels);
    const auto model = classifierOf(std::move(network), std::vector<double>(channels, 0.5),
                                    std::vector<double>(channels, 1.0));  // as attacks will compute it
    const NetworkClassifier& classifier = *model;
    const auto options = torch::TensorOptions().device(classifier.device()).dtype(classifier.dtype());
    const auto images = torch::full({kProbeBatch, shape.channels, shape.height, shape.width}, 0.5, options);
    const AttackAims aims{torch::zeros({kProbeBatch}, options.dtype(torch::kInt64)), {}, {}};
    const AttackObjective objective = makeObjective("cross_entropy");
    lossGradient(objective, classifier, images, aims);  // warms up
    synchronise(classifier.device());
    const Stopwatch watch;
    std::int64_t count = 0;
    while (watch.seconds() < kProbeSeconds) {
      context.throwIfStopped();
      lossGradient(objective, classifier, images, aims);
      synchronise(classifier.device());
      count += kProbeBatch;
    }
    return m_gradientSeconds[architecture] = watch.seconds() / static_cast<double>(count);
  });
}

std::optional<double> RecipeWorkbench::attackSeconds(const AttackTask& task, const std::optional<ModelFile>& file,
                                                     const TrainingTask* training, const JobContext& context) {
  ImageShape shape;
  int classes = 0;
  std::int64_t fingerprints = 0;
  std::string architecture;
  if (file) {
    const ModelInfo info = m_parts.models.info(file->path.string());
    shape = info.input;
    classes = static_cast<int>(info.classNames.size());
    fingerprints = info.fingerprints;
    architecture = info.architecture;
  } else if (const CatalogueEntry* entry = training ? listed(training->data) : nullptr) {
    shape = entry->shape;
    classes = static_cast<int>(entry->classNames.size());
    fingerprints = static_cast<std::int64_t>(valueOr(training->parameters, "fingerprints", 0));
    architecture = training->architecture;
  } else {
    return std::nullopt;
  }
  const auto gradients = gradientsPerImage(task, shape, fingerprints);
  const auto seconds = gradients ? gradientSeconds(architecture, shape, classes, context) : std::nullopt;
  if (!seconds) return std::nullopt;
  return *gradients * *seconds;
}

std::optional<double> RecipeWorkbench::trainSeconds(const TrainingTask& task, const JobContext& context) {
  const CatalogueEntry* entry = listed(task.data);
  if (!entry) return std::nullopt;
  const auto seconds =
      gradientSeconds(task.architecture, entry->shape, static_cast<int>(entry->classNames.size()), context);
  if (!seconds) return std::nullopt;
  std::int64_t images = entry->trainCount;
  if (task.limitTrain > 0) images = std::min(images, task.limitTrain);
  const double all = valueOr(task.parameters, "fingerprints", 0);
  const double perStep = valueOr(task.parameters, "fingerprints_per_step", 0);
  // Gradients of weights cost about as much as those of images.
  const double copies = 1 + (perStep > 0 ? perStep : all) + valueOr(task.parameters, "steps", 0);
  return valueOr(task.parameters, "epochs", 1) * static_cast<double>(images) * copies * *seconds;
}

}  // namespace whorl
