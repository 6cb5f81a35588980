// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/service/impl/attack_run.h"

#include <algorithm>
#include <numeric>
#include <span>

#include "core/base/error.h"
#include "core/base/random.h"
#include "core/nn/batch_workers.h"
#include "core/service/impl/inference.h"
#include "core/service/stopwatch.h"

namespace whorl {
namespace {

constexpr std::int64_t kSelectionBatch = 200;

std::span<const std::int64_t> slice(const std::vector<std::int64_t>& values, std::int64_t first, std::int64_t count) {
  const auto size = static_cast<std::int64_t>(values.size());
  return std::span(values).subspan(first, std::min(count, size - first));
}

void checkOrder(const std::vector<std::int64_t>& order, std::int64_t count) {
  std::vector<std::int64_t> sorted = order;
  std::sort(sorted.begin(), sorted.end());
  if (const auto twice = std::adjacent_find(sorted.begin(), sorted.end()); twice != sorted.end()) {
    throw Error(ErrorKind::Usage, "image " + std::to_string(*twice) + " is named twice", "indices",
                "each counts once, or the figures' intervals would be too narrow");
  }
  for (const std::int64_t index : order) {
    if (index < 0 || index >= count) {
      throw Error(ErrorKind::Usage, "there is no test image " + std::to_string(index), "indices",
                  "they count from 0 to " + std::to_string(count - 1));
    }
  }
}

/// What the model itself says of a search's finds.
struct Judged {
  torch::Tensor predictions;
  torch::Tensor success;
};

Judged judged(const Classifier& classifier, const torch::Tensor& images, const AttackRequest& request) {
  const torch::NoGradGuard noGradients;
  const torch::Tensor logits = classifier.logits(images);
  const torch::Tensor predictions = logits.argmax(1);
  const torch::Tensor wanted =
      request.targets.defined() ? predictions == request.targets : predictions != request.labels;
  return {predictions, wanted & logits.isfinite().all(1)};
}

AttackRequest requestAt(const AttackRequest& request, const torch::Tensor& rows) {
  AttackRequest part = request;
  part.images = request.images.index_select(0, rows);
  part.labels = request.labels.index_select(0, rows);
  if (request.targets.defined()) part.targets = request.targets.index_select(0, rows);
  part.indices.clear();
  const torch::Tensor places = rows.to(torch::kCPU);
  for (std::int64_t k = 0; k < places.size(0); ++k) {
    part.indices.push_back(request.indices[static_cast<std::size_t>(places.const_data_ptr<std::int64_t>()[k])]);
  }
  return part;
}

/// A search by another way of computing: finds that don't fool the float32 network are searched for again with it.
AttackOutcome attackOtherwise(const AttackSetup& setup, const Model& model, const Classifier& other,
                              const AttackRequest& request, const JobContext& context) {
  AttackOutcome outcome = runAttack(setup, other, request, context);
  Judged check = judged(*model.classifier, outcome.adversarial, request);
  outcome.forwards += request.images.size(0);
  const torch::Tensor lost = (outcome.success & check.success.logical_not()).nonzero().squeeze(1);
  if (lost.size(0) > 0) {
    const AttackOutcome again = runAttack(setup, *model.classifier, requestAt(request, lost), context);
    outcome.adversarial.index_copy_(0, lost, again.adversarial);
    check.predictions.index_copy_(0, lost, again.predictions);
    check.success.index_copy_(0, lost, again.success);
    outcome.forwards += again.forwards;
    outcome.backwards += again.backwards;
  }
  outcome.predictions = check.predictions;
  outcome.success = check.success;
  return outcome;
}

AttackedBatch onHost(const AttackRequest& request, AttackOutcome outcome) {
  const auto host = [](const torch::Tensor& values) {
    return values.defined() ? values.to(torch::kCPU).contiguous() : values;
  };
  AttackedBatch batch;
  batch.indices = torch::tensor(request.indices, torch::kInt64);
  batch.original = host(request.images);
  batch.adversarial = host(outcome.adversarial);
  batch.labels = host(request.labels);
  batch.targets = host(request.targets);
  batch.predictions = host(outcome.predictions);
  batch.success = host(outcome.success);
  batch.nonfinite = host(outcome.nonfinite);
  batch.vanished = host(outcome.vanished);
  batch.steps = host(outcome.steps);
  batch.notes = std::move(outcome.notes);
  batch.forwards = outcome.forwards;
  batch.backwards = outcome.backwards;
  return batch;
}

}  // namespace

std::vector<std::int64_t> selectionOrder(std::int64_t count, std::uint64_t seed) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(count));
  std::iota(order.begin(), order.end(), 0);
  Random(mixSeed(seed, "selection")).shuffle(order);
  return order;
}

Selection selectCorrect(const Model& model, const DataSplit& split, const AttackSetup& setup, std::int64_t count,
                        const std::vector<std::int64_t>& order, std::uint64_t seed, const JobContext& context) {
  const torch::NoGradGuard noGradients;
  checkOrder(order, split.count());
  const auto all = order.empty() ? selectionOrder(split.count(), seed) : order;
  const auto device = model.classifier->device();
  const auto total = static_cast<std::int64_t>(all.size());
  Selection selection;
  std::int64_t correct = 0;
  for (std::int64_t first = 0; first < total && std::ssize(selection.indices) < count; first += kSelectionBatch) {
    context.step();
    const auto batch = slice(all, first, kSelectionBatch);
    const auto images = imagesAt(split, batch, device).to(model.classifier->dtype());
    const torch::Tensor logits = model.classifier->logits(images);
    // A logit that is no number answers nothing, whatever class argmax makes of it.
    const auto predictions = at::where(logits.isfinite().all(1), logits.argmax(1), -1).to(torch::kCPU);
    const auto* predicted = predictions.const_data_ptr<std::int64_t>();
    for (std::size_t i = 0; i < batch.size() && std::ssize(selection.indices) < count; ++i) {
      ++selection.examined;
      const std::int64_t label = split.labels[batch[i]];
      if (predicted[i] != label) continue;
      ++correct;
      // An image of the target class is there already.
      if (!setup.targeted || setup.target != label) selection.indices.push_back(batch[i]);
    }
    context.report({std::ssize(selection.indices), std::min(count, total), "choosing correctly classified images", {}});
  }
  selection.cleanAccuracy = selection.examined ? static_cast<double>(correct) / selection.examined : 0;
  return selection;
}

double attackInBatches(const Model& model, const DataSplit& split, const AttackSetup& setup, const Selection& selection,
                       const AttackPlan& plan, std::uint64_t seed, const JobContext& context,
                       const std::function<void(AttackedBatch&&)>& deliver) {
  const auto device = model.classifier->device();
  const auto count = std::ssize(selection.indices);
  const auto batches = (count + plan.batchSize - 1) / plan.batchSize;
  const auto classifier = classifierFor(plan, model);
  std::int64_t done = 0;
  std::int64_t successes = 0;
  const Stopwatch watch;
  context.report({0, count, "attacking", {}});
  BatchWorkers<AttackedBatch> workers(batches, plan.workers, plan.threadsPerWorker);
  workers.run(
      [&](std::int64_t number) {
        context.step();
        const auto batch = slice(selection.indices, number * plan.batchSize, plan.batchSize);
        const auto request = attackRequest(setup, model, imagesAt(split, batch, device).to(model.classifier->dtype()),
                                           labelsAt(split, batch, device), {batch.begin(), batch.end()}, seed);
        if (classifier == model.classifier) return onHost(request, runAttack(setup, *classifier, request, context));
        return onHost(request, attackOtherwise(setup, model, *classifier, request, context));
      },
      [&](std::int64_t, AttackedBatch&& batch) {
        done += batch.labels.size(0);
        successes += batch.success.sum().item<std::int64_t>();
        deliver(std::move(batch));
        context.report({done,
                        count,
                        "attacking",
                        {{"success_rate", static_cast<double>(successes) / static_cast<double>(done)},
                         {"images_per_second", static_cast<double>(done) / std::max(watch.seconds(), 1e-9)}}});
      });
  return watch.seconds();
}

}  // namespace whorl
