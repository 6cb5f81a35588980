// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/train/evaluation.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/from_blob.h>

#include "core/attack/attack.h"
#include "core/base/error.h"
#include "core/detect/roc.h"
#include "core/train/trainer.h"

namespace whorl {
namespace {

constexpr std::int64_t kPlainBatch = 500;
constexpr std::int64_t kScoreBatch = 50;  // times N + 1 copies

template <class Visit>
void inBatches(const std::vector<std::int64_t>& indices, std::int64_t size, const JobContext& context, Visit visit) {
  for (std::size_t first = 0; first < indices.size(); first += static_cast<std::size_t>(size)) {
    context.step();
    const std::size_t end = std::min(indices.size(), first + static_cast<std::size_t>(size));
    visit(std::vector<std::int64_t>(indices.begin() + static_cast<std::ptrdiff_t>(first),
                                    indices.begin() + static_cast<std::ptrdiff_t>(end)));
  }
}

void append(std::vector<double>& values, const torch::Tensor& more) {
  const torch::Tensor host = more.to(torch::kCPU, torch::kFloat64).contiguous();
  values.insert(values.end(), host.data_ptr<double>(), host.data_ptr<double>() + host.numel());
}

}  // namespace

EvaluationBatch gather(const DataSplit& split, const std::vector<std::int64_t>& indices, const Classifier& classifier) {
  const auto count = static_cast<std::int64_t>(indices.size());
  const auto size = static_cast<std::size_t>(split.shape.size());
  torch::Tensor bytes =
      torch::empty({count, split.shape.channels, split.shape.height, split.shape.width}, torch::kUInt8);
  torch::Tensor labels = torch::empty({count}, torch::kInt64);
  auto* target = bytes.data_ptr<std::uint8_t>();
  auto* label = labels.data_ptr<std::int64_t>();
  for (const std::int64_t index : indices) {
    const std::uint8_t* source = split.pixels.data() + static_cast<std::size_t>(index) * size;
    target = std::copy(source, source + size, target);
    *label++ = split.labels[static_cast<std::size_t>(index)];
  }
  return {bytes.to(classifier.device()).to(classifier.dtype()).div_(255), labels.to(classifier.device())};
}

double accuracy(const Classifier& classifier, const DataSplit& split, const std::vector<std::int64_t>& indices,
                const JobContext& context) {
  if (indices.empty()) return std::numeric_limits<double>::quiet_NaN();
  const at::NoGradGuard noGrad;
  torch::Tensor correct = torch::zeros({}, torch::TensorOptions(torch::kInt64).device(classifier.device()));
  inBatches(indices, kPlainBatch, context, [&](const std::vector<std::int64_t>& part) {
    const EvaluationBatch batch = gather(split, part, classifier);
    correct += classifier.logits(batch.images).argmax(1).eq(batch.labels).sum();
  });
  return static_cast<double>(correct.item<std::int64_t>()) / static_cast<double>(indices.size());
}

double accuracy(const Classifier& classifier, const DataSplit& split, const JobContext& context) {
  std::vector<std::int64_t> all(static_cast<std::size_t>(split.count()));
  std::iota(all.begin(), all.end(), std::int64_t{0});
  return accuracy(classifier, split, all, context);
}

CleanScores cleanScores(const Classifier& classifier, const FingerprintScore& score, const DataSplit& split,
                        const std::vector<std::int64_t>& indices, const JobContext& context) {
  const at::NoGradGuard noGrad;
  CleanScores scores;
  inBatches(indices, kScoreBatch, context, [&](const std::vector<std::int64_t>& part) {
    const EvaluationBatch batch = gather(split, part, classifier);
    const FingerprintOutput output = score.evaluate(classifier, batch.images);
    const torch::Tensor values = score.scoreOf(output);
    append(scores.all, values);
    append(scores.correct, values.masked_select(output.logits.argmax(1).eq(batch.labels)));
  });
  return scores;
}

double fgsmAuc(const Classifier& classifier, const FingerprintScore& score, const DataSplit& split,
               const std::vector<std::int64_t>& indices, double epsilon, const JobContext& context) {
  const Attack& attack = findAttack("fgsm");
  const Parameters parameters = resolve("fgsm", attack.spec().parameters, Parameters{{"epsilon", epsilon}});
  std::vector<double> clean;
  std::vector<double> adversarial;
  inBatches(indices, kScoreBatch, context, [&](const std::vector<std::int64_t>& part) {
    const EvaluationBatch batch = gather(split, part, classifier);
    AttackRequest request;
    request.images = batch.images;
    request.labels = batch.labels;
    request.indices = part;
    const AttackOutcome outcome = attack.run(classifier, request, parameters, context);
    const at::NoGradGuard noGrad;
    const FingerprintOutput before = score.evaluate(classifier, batch.images);
    const FingerprintOutput after = score.evaluate(classifier, outcome.adversarial);
    const torch::Tensor correct = before.logits.argmax(1).eq(batch.labels);
    const torch::Tensor misled = correct.logical_and(after.logits.argmax(1).ne(batch.labels));
    append(clean, score.scoreOf(before).masked_select(correct));
    append(adversarial, score.scoreOf(after).masked_select(misled));
  });
  return aucExact(clean, adversarial);
}

}  // namespace whorl
