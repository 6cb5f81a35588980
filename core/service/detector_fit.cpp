// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/service/detector_fit.h"

#include <algorithm>
#include <numeric>

#include "core/attack/attack.h"
#include "core/base/error.h"
#include "core/base/random.h"
#include "core/detect/noise_twins.h"
#include "core/service/attack_setup.h"
#include "core/service/impl/attack_run.h"
#include "core/service/impl/inference.h"

namespace whorl {
namespace {

constexpr std::int64_t kThresholdImages = 2000;
constexpr std::int64_t kMostFitImages = 10'000'000;
constexpr std::int64_t kFewestSuccesses = 10;

/// All places of a split but those marked, in an order drawn from `seed`.
std::vector<std::int64_t> othersInOrder(const std::vector<bool>& taken, std::uint64_t seed) {
  std::vector<std::int64_t> order;
  for (std::size_t i = 0; i < taken.size(); ++i) {
    if (!taken[i]) order.push_back(static_cast<std::int64_t>(i));
  }
  Random(seed).shuffle(order);
  return order;
}

void mark(std::vector<bool>& taken, const std::vector<std::int64_t>& places) {
  for (const std::int64_t place : places) taken[static_cast<std::size_t>(place)] = true;
}

void checkCounts(const DetectRequest& request) {
  const auto check = [](std::int64_t count, std::int64_t least, const char* name) {
    if (count >= least && count <= kMostFitImages) return;
    throw Error(ErrorKind::Usage, std::to_string(count) + " images", name,
                "give " + std::to_string(least) + " to " + std::to_string(kMostFitImages));
  };
  check(request.fitCount, kFewestSuccesses, "fit_count");
  check(request.fitTrainImages, 0, "fit_train_images");
}

/// With its parameters.
AttackRunRequest fitAttackOf(const DetectRequest& request, const std::string& dataset) {
  AttackRunRequest fit = request.attack;
  if (request.fitAttack == "tested") {
    if (!request.fitPreset.empty()) {
      throw Error(ErrorKind::Usage, "the tested attack has its parameters already", "fit_preset", "leave it out");
    }
    return fit;
  }
  const Attack& attack = findAttack(request.fitAttack.empty() ? "fgsm" : request.fitAttack);
  const std::string wanted = request.fitPreset.empty() ? dataset : request.fitPreset;
  std::string known;
  const AttackPreset* found = nullptr;
  for (const AttackPreset& preset : attack.presets()) {
    if (preset.name == wanted) found = &preset;
    known += (known.empty() ? "" : ", ") + preset.name;
  }
  if (!found && !request.fitPreset.empty()) {
    throw Error(ErrorKind::Usage, attack.spec().name + " has no preset \"" + wanted + "\"", "fit_preset",
                known.empty() ? "it has none" : "one of " + known);
  }
  if (found && found->threatModel == ThreatModel::AdaptiveWhiteBox) {
    throw Error(ErrorKind::Usage, "an adaptive preset can't be fitted to", "fit_preset",
                "fit to \"tested\" for the tested attack itself");
  }
  fit.attack = attack.spec().name;
  fit.parameters = found ? found->parameters : Parameters{};
  fit.threatModel = threatModelName(attack.threatModel());
  return fit;
}

/// Twins of the attacked images, those that were fooled.
struct Attacked {
  std::vector<torch::Tensor> clean;
  std::vector<torch::Tensor> adversarial;
  std::vector<std::int64_t> indices;
};

void keepSuccesses(Attacked& all, const AttackedBatch& batch) {
  const torch::Tensor rows = batch.success.nonzero().squeeze(1);
  all.clean.push_back(batch.original.index_select(0, rows));
  all.adversarial.push_back(batch.adversarial.index_select(0, rows));
  const torch::Tensor places = batch.indices.index_select(0, rows).contiguous();
  all.indices.insert(all.indices.end(), places.const_data_ptr<std::int64_t>(),
                     places.const_data_ptr<std::int64_t>() + places.numel());
}

}  // namespace

FitAttack prepareFitAttack(const Model& model, const Dataset& data, const DetectRequest& request,
                           const PlanStore& plans, int threads) {
  checkCounts(request);
  FitAttack fit;
  fit.request = fitAttackOf(request, data.name);
  fit.setup = prepareAttack(fit.request.attack, fit.request.parameters, fit.request.threatModel, model);
  fit.plan = choosePlan(plans, model, threads);
  if (request.attack.batchSize > 0) fit.plan.batchSize = request.attack.batchSize;
  fitBatches(fit.plan, model, fit.setup.detectorScore ? copiesOf(model) : 1);
  return fit;
}

TrainingRoles dealTrainingImages(const Model& model, const Dataset& data, const DetectRequest& request,
                                 const DetectorNeeds& needs, const FitAttack& attack, const JobContext& context) {
  const bool fits = needs.trainingImages || needs.attackedImages;
  const std::int64_t third = std::max<std::int64_t>(1, data.train.count() / 3);
  const std::uint64_t seed = request.attack.seed;
  TrainingRoles roles;
  roles.threshold =
      selectCorrect(model, data.train, AttackSetup{}, fits ? std::min(kThresholdImages, third) : kThresholdImages, {},
                    mixSeed(seed, "threshold"), context)
          .indices;
  if (roles.threshold.empty()) {
    throw Error(ErrorKind::BadInput, "no training image is classified correctly: the threshold can't be set",
                model.name + " on " + data.name);
  }
  std::vector<bool> taken(static_cast<std::size_t>(data.train.count()));
  mark(taken, roles.threshold);
  if (needs.attackedImages) {
    const auto order = othersInOrder(taken, mixSeed(seed, "fit"));
    // An empty order would stand for all places.
    if (!order.empty()) {
      const std::int64_t count = std::min(request.fitCount, third);
      roles.attacked = selectCorrect(model, data.train, attack.setup, count, order, seed, context).indices;
    }
    mark(taken, roles.attacked);
  }
  if (needs.trainingImages) {
    roles.training = othersInOrder(taken, mixSeed(seed, "fit training"));
    if (request.fitTrainImages > 0 && request.fitTrainImages < std::ssize(roles.training)) {
      roles.training.resize(static_cast<std::size_t>(request.fitTrainImages));
    }
  }
  return roles;
}

torch::Tensor noisyTwins(const std::string& attack, const torch::Tensor& clean, const torch::Tensor& adversarial,
                         const std::vector<std::int64_t>& indices, std::uint64_t seed, nlohmann::json& document) {
  const auto& norms = findAttack(attack).norms();
  if (!norms.empty() && norms.front() == "l0") {
    document["noise"] = "saturated";
    return saturatedTwins(clean, adversarial, seed, indices);
  }
  const GaussianTwins twins = gaussianTwins(clean, adversarial, seed, indices);
  document["noise"] = "gaussian";
  document["noise_sigma"] = twins.sigma;
  return twins.images;
}

PreparedFit prepareFit(const Model& model, const Dataset& data, const DetectRequest& request,
                       const DetectorNeeds& needs, const TrainingRoles& roles, const FitAttack& attack,
                       const JobContext& context) {
  PreparedFit fit;
  fit.data.seed = mixSeed(request.attack.seed, "detector");
  fit.document = {{"training_images", std::ssize(roles.training)}, {"attack", nullptr}};
  if (needs.trainingImages) {
    fit.data.trainImages = bytesAt(data.train, roles.training);
    fit.data.trainLabels = labelsAt(data.train, roles.training, torch::kCPU);
  }
  if (needs.attackedImages) {
    Attacked attacked;
    attackInBatches(model, data.train, attack.setup, {roles.attacked, 0, 0}, attack.plan,
                    mixSeed(request.attack.seed, "fit attack"), context,
                    [&](AttackedBatch&& batch) { keepSuccesses(attacked, batch); });
    if (std::ssize(attacked.indices) < kFewestSuccesses) {
      throw Error(ErrorKind::BadInput,
                  "only " + std::to_string(attacked.indices.size()) + " of " + std::to_string(roles.attacked.size()) +
                      " attacks on training images succeeded: the detector has nothing to learn from",
                  attack.request.attack, "choose a stronger attack for the fit, or more images");
    }
    fit.data.clean = torch::cat(attacked.clean);
    fit.data.adversarial = torch::cat(attacked.adversarial);
    fit.document.update({{"attack", attack.request.attack},
                         {"parameters", toJson(attack.setup.parameters)},
                         {"threat_model", attack.request.threatModel},
                         {"attacked", std::ssize(roles.attacked)},
                         {"successes", std::ssize(attacked.indices)}});
    fit.data.noisy = noisyTwins(attack.request.attack, fit.data.clean, fit.data.adversarial, attacked.indices,
                                fit.data.seed, fit.document);
  }
  return fit;
}

}  // namespace whorl
