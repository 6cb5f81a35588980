// SPDX-License-Identifier: GPL-3.0-or-later
// Detectors of recipes: fitting them, and what they say of attacked sets.
#include <algorithm>
#include <set>

#include <ATen/ops/cat.h>

#include "core/attack/attack.h"
#include "core/base/error.h"
#include "core/base/random.h"
#include "core/detect/detector.h"
#include "core/detect/noise_twins.h"
#include "core/nn/safetensors.h"
#include "core/nn/thread_scope.h"
#include "core/service/impl/attack_run.h"
#include "core/service/impl/inference.h"
#include "core/service/recipe_workbench.h"

namespace whorl {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kScoringBatch = 100;
constexpr std::int64_t kFewestSuccesses = 10;

template <class T>
std::vector<T> toVector(const torch::Tensor& values) {
  const torch::Tensor host = values.to(torch::kCPU).contiguous();
  const T* data = host.const_data_ptr<T>();
  return {data, data + host.numel()};
}

const torch::Tensor& column(const TensorFile& set, const char* name, const fs::path& path) {
  const auto found = set.tensors.find(name);
  if (found != set.tensors.end()) return found->second;
  throw Error(ErrorKind::BadInput, std::string("it has no tensor \"") + name + "\"", path.string(),
              "compute it again with --rerun");
}

/// Gaussian of the given `sigma`; where that is 0 as large as the attack's change: saturated pixels where it counts
/// them, else Gaussian.
torch::Tensor noiseLike(const TensorFile& set, const torch::Tensor& clean, const torch::Tensor& adversarial,
                        const std::vector<std::int64_t>& indices, double sigma, std::uint64_t seed) {
  if (sigma > 0) return gaussianTwins(clean, sigma, seed, indices);
  const auto metadata = set.metadata.find("whorl");
  const auto document = metadata == set.metadata.end()
                            ? nlohmann::json()
                            : nlohmann::json::parse(metadata->second, nullptr, /*allow_exceptions=*/false);
  const std::string name = document.is_object() ? document.value("attack", "") : "";
  if (!name.empty() && findAttack(name).norms().front() == "l0") {
    return saturatedTwins(clean, adversarial, seed, indices);
  }
  return gaussianTwins(clean, adversarial, seed, indices).images;
}

void addTrainingImages(DetectorFitData& data, const FitWork& work, const DataSplit& split) {
  const std::set<std::int64_t> without(work.without.begin(), work.without.end());
  std::vector<std::int64_t> places;
  for (const std::int64_t index : selectionOrder(split.count(), mixSeed(work.training.seed, "fit training"))) {
    if (std::ssize(places) == work.training.count) break;
    if (!without.contains(index)) places.push_back(index);
  }
  data.trainImages = bytesAt(split, places);
  data.trainLabels = labelsAt(split, places, torch::kCPU);
}

/// Those that were fooled, with their twins: an image that still is what it was is no example of an attack.
void addAttackedImages(DetectorFitData& data, const FitWork& work) {
  const TensorFile set = readSafetensors(work.attacked);
  const auto rows = column(set, "success", work.attacked).nonzero().squeeze(1);
  if (rows.size(0) < kFewestSuccesses) {
    throw Error(ErrorKind::BadInput,
                "only " + std::to_string(rows.size(0)) + " of the attacks to fit to succeed: too few to learn from",
                work.detector.detector, "fit to a stronger attack, or to more images");
  }
  data.clean = column(set, "original", work.attacked).index_select(0, rows);
  data.adversarial = column(set, "adversarial", work.attacked).index_select(0, rows);
  data.noisy = noiseLike(set, data.clean, data.adversarial,
                         toVector<std::int64_t>(column(set, "index", work.attacked).index_select(0, rows)),
                         work.noiseSigma, work.seed);
}

std::int64_t batchFor(const Model& model, const Detector& detector) {
  return fittingBatch(model, kScoringBatch, detector.copies(), false);
}

/// Predictions [n] of host images, in batches.
torch::Tensor predictionsOf(const Model& model, const torch::Tensor& images, const JobContext& context) {
  const torch::NoGradGuard noGradients;
  std::vector<torch::Tensor> predictions = {torch::empty({0}, torch::kInt64)};
  for (std::int64_t first = 0; first < images.size(0); first += kScoringBatch) {
    context.step();
    const auto batch = images.narrow(0, first, std::min(kScoringBatch, images.size(0) - first))
                           .to(model.classifier->device(), model.classifier->dtype());
    predictions.push_back(model.classifier->logits(batch).argmax(1).to(torch::kCPU));
  }
  return at::cat(predictions);
}

/// A set as the watched model sees it.
struct Watched {
  torch::Tensor original;
  torch::Tensor adversarial;
  torch::Tensor success;  ///< bool
  torch::Tensor right;    ///< bool
  torch::Tensor l2;
  torch::Tensor linf;
  std::vector<std::int64_t> indices;
};

/// The images that it gets right before the attack; for another model than the attacked one that is not all of them.
Watched watchedSet(const TensorFile& set, const Model& model, const fs::path& path, const JobContext& context) {
  const torch::Tensor& original = column(set, "original", path);
  const torch::Tensor& adversarial = column(set, "adversarial", path);
  const torch::Tensor& labels = column(set, "label", path);
  const torch::Tensor rows = (predictionsOf(model, original, context) == labels).nonzero().squeeze(1);
  Watched watched;
  watched.original = original.index_select(0, rows);
  watched.adversarial = adversarial.index_select(0, rows);
  const torch::Tensor wanted = labels.index_select(0, rows);
  const torch::Tensor predictions = predictionsOf(model, watched.adversarial, context);
  watched.right = predictions == wanted;
  // Misclassified is what a defender cares for: a targeted attack that ends in another wrong class counts, too.
  watched.success = predictions != wanted;
  watched.l2 = column(set, "l2", path).index_select(0, rows);
  watched.linf = column(set, "linf", path).index_select(0, rows);
  watched.indices = toVector<std::int64_t>(column(set, "index", path).index_select(0, rows));
  return watched;
}

std::vector<bool> flags(const torch::Tensor& values) {
  const auto host = toVector<std::uint8_t>(values.to(torch::kUInt8));
  return {host.begin(), host.end()};
}

}  // namespace

void RecipeWorkbench::check(const DetectorTask& task, const std::vector<fs::path>& paths, std::int64_t images) const {
  translated("planning " + task.detector, [&] {
    const auto models = loadAll(paths);
    checkEnough(*makeDetector(task.detector, models, task.parameters), images);
  });
}

void RecipeWorkbench::fit(const FitWork& work, const fs::path& output, const JobContext& context) {
  translated("fitting " + work.detector.detector, [&] {
    const ThreadScope threads(m_parts.threads);
    const auto models = loadAll(work.models);
    const auto detector = makeDetector(work.detector.detector, models, work.detector.parameters);
    DetectorFitData data;
    data.seed = work.seed;
    if (!work.attacked.empty()) addAttackedImages(data, work);
    if (work.training.count > 0) {
      addTrainingImages(data, work, m_parts.datasets.get(work.training.data, context)->train);
    }
    detector->fit(data, context);
    writeSafetensors(saveDetector(*detector, models.front()), output);
  });
}

ScoredSet RecipeWorkbench::score(const ScoreWork& work, const JobContext& context) {
  return translated("scoring", [&] {
    const ThreadScope threads(m_parts.threads);
    const auto models = loadAll(work.models);
    const Model& model = models.front();
    const TensorFile set = readSafetensors(work.attacked);
    const Watched watched = watchedSet(set, model, work.attacked, context);
    ScoredSet scored;
    scored.success = flags(watched.success);
    scored.right = flags(watched.right);
    scored.l2 = toVector<double>(watched.l2);
    scored.linf = toVector<double>(watched.linf);
    if (!work.detector) return scored;
    const auto detector = work.fitted.empty()
                              ? makeDetector(work.detector->detector, models, work.detector->parameters)
                              : loadDetector(readSafetensors(work.fitted), models, work.fitted.string());
    const std::int64_t batch = batchFor(model, *detector);
    const torch::Tensor twins = detector->needs().twins ? watched.original : torch::Tensor();
    const auto scores = [&](const torch::Tensor& images, const char* what) {
      return toVector<double>(scoreAll(*detector, *model.classifier, images, twins, batch, what, context));
    };
    scored.clean = scores(watched.original, "scoring clean images");
    scored.adversarial = scores(watched.adversarial, "scoring attacked images");
    if (work.noisyNegatives) {
      const torch::Tensor twinsWithNoise =
          noiseLike(set, watched.original, watched.adversarial, watched.indices, work.noiseSigma, work.seed);
      const auto noisy = scores(twinsWithNoise, "scoring noisy images");
      scored.clean.insert(scored.clean.end(), noisy.begin(), noisy.end());
    }
    return scored;
  });
}

}  // namespace whorl
