// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/attack/minimal_norm.h"

#include <limits>
#include <utility>

namespace whorl {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

torch::Tensor vectorNorms(const torch::Tensor& images, double order) {
  return at::linalg_vector_norm(images.flatten(1), order, at::IntArrayRef{1}, false, torch::kFloat64);
}

double orderOf(Norm norm) {
  switch (norm) {
    case Norm::Linf:
      return kInfinity;
    case Norm::L2:
      return 2;
    case Norm::L1:
      return 1;
  }
  return 2;
}

/// Writes what is offered to those rows of `kept` where `taken` [A] says so.
void replace(torch::Tensor& kept, const torch::Tensor& rows, const torch::Tensor& taken, const torch::Tensor& offered) {
  const torch::Tensor mask = kept.dim() == 4 ? perImage(taken) : taken;
  kept.index_copy_(0, rows, at::where(mask, offered, kept.index_select(0, rows)));
}

}  // namespace

torch::Tensor distancesOf(const torch::Tensor& offsets, Norm norm) { return vectorNorms(offsets, orderOf(norm)); }

torch::Tensor dualNorms(const torch::Tensor& gradient, Norm norm) {
  const double order = orderOf(norm);
  return vectorNorms(gradient, order == 1 ? kInfinity : order == 2 ? 2 : 1);
}

torch::Tensor insideBox(const torch::Tensor& gradient, const torch::Tensor& x) {
  const torch::Tensor blocked = ((x <= 0) & (gradient < 0)) | ((x >= 1) & (gradient > 0));
  return gradient.masked_fill(blocked, 0);
}

MinimalNormRun::MinimalNormRun(const Classifier& classifier, const AttackRequest& request, const JobContext& context,
                               const std::string& loss, Norm norm, double confidence)
    : m_request(request),
      m_context(context),
      m_classifier(classifier),
      m_objective(requestedObjective(request, loss)),
      m_norm(norm),
      m_confidence(confidence),
      m_rows(torch::arange(request.images.size(0), request.labels.options())),
      m_aims(aimsOf(request)),
      m_trace(request, m_outcome),
      m_tracing(m_trace.active()) {
  const std::int64_t batch = request.images.size(0);
  const auto flags = request.labels.options().dtype(torch::kBool);
  const auto numbers = request.labels.options().dtype(torch::kFloat64);
  m_outcome.adversarial = request.images.clone();
  m_outcome.success = torch::zeros({batch}, flags);
  m_outcome.predictions = request.labels.clone();
  m_outcome.nonfinite = torch::zeros({batch}, flags);
  m_outcome.steps = torch::zeros({batch}, request.labels.options());
  m_vanished = torch::zeros({batch}, flags);
  m_distance = torch::full({batch}, kInfinity, numbers);
  if (adaptive()) {
    m_score = torch::full({batch}, kInfinity, numbers);
    m_outcome.scores = m_score.clone();
  }
}

void MinimalNormRun::begin() {
  if (!running()) return;
  m_context.step();
  const AttackObjective::Value value = m_objective.evaluate(m_classifier, m_request.images, m_aims);
  m_outcome.predictions.copy_(value.logits.argmax(1));
  if (adaptive()) m_outcome.scores.copy_(value.score);
  const Verdict verdict = offer(m_request.images, value.logits, value.score);
  if (!adaptive()) select(verdict.fools.logical_not().nonzero().squeeze(1));
}

torch::Tensor MinimalNormRun::confident(const torch::Tensor& logits) const {
  if (m_confidence == 0) return logits;
  const torch::Tensor column = m_aims.classes().unsqueeze(1);
  const double handicap = m_aims.targeted() ? -m_confidence : m_confidence;
  return logits.scatter_add(1, column, at::full_like(column, handicap, logits.options()));
}

MinimalNormRun::Verdict MinimalNormRun::offer(const torch::Tensor& x, const torch::Tensor& logits,
                                              const torch::Tensor& score) {
  Verdict verdict;
  verdict.fools = fooled(confident(logits), m_aims);
  flag(m_outcome.nonfinite, logits.isfinite().all(1).logical_not());
  verdict.distance = distancesOf(x - activeImages(), m_norm);
  verdict.taken = verdict.distance < bestDistances();
  torch::Tensor precise;
  if (adaptive()) {
    precise = score.to(torch::kFloat64);
    verdict.taken = precise < m_score.index_select(0, m_rows);
  }
  verdict.taken = verdict.taken & verdict.fools;
  replace(m_outcome.adversarial, m_rows, verdict.taken, x);
  replace(m_outcome.predictions, m_rows, verdict.taken, logits.argmax(1));
  replace(m_distance, m_rows, verdict.taken, verdict.distance);
  m_outcome.success.index_copy_(0, m_rows, m_outcome.success.index_select(0, m_rows) | verdict.fools);
  if (adaptive()) {
    replace(m_score, m_rows, verdict.taken, precise);
    replace(m_outcome.scores, m_rows, verdict.taken, precise);
  }
  return verdict;
}

MinimalNormRun::Look MinimalNormRun::look(const torch::Tensor& x) {
  m_context.step();
  const std::int64_t before = m_classifier.count();
  Look look;
  look.at = lossGradient(m_objective, m_classifier, x, m_aims);
  countStep(backwardsOf(m_objective, m_classifier.count() - before));
  trace(look.at.loss, look.at.logits, x, look.at.score);
  look.verdict = offer(x, look.at.logits, look.at.score);
  look.at.gradient = checkedGradient(look.at.gradient);
  return look;
}

void MinimalNormRun::countStep(std::int64_t backwards) {
  m_outcome.backwards += backwards;
  m_outcome.steps.index_add_(0, m_rows, torch::ones_like(m_rows));
}

torch::Tensor MinimalNormRun::checkedGradient(const torch::Tensor& gradient) {
  const torch::Tensor largest = gradient.abs().flatten(1).amax(1);  // NaN and infinity come through
  const torch::Tensor bad = largest.isfinite().logical_not();
  flag(m_outcome.nonfinite, bad);
  flag(m_vanished, largest == 0);
  return at::where(perImage(bad), at::zeros({}, gradient.options()), gradient);
}

void MinimalNormRun::trace(const torch::Tensor& loss, const torch::Tensor& logits, const torch::Tensor& x,
                           const torch::Tensor& score) {
  if (!m_tracing) return;
  m_trace.record(loss.narrow(0, 0, 1), logits.narrow(0, 0, 1), x.narrow(0, 0, 1),
                 score.defined() ? score.narrow(0, 0, 1) : score);
}

void MinimalNormRun::flag(torch::Tensor& flags, const torch::Tensor& active) const {
  flags.index_copy_(0, m_rows, flags.index_select(0, m_rows) | active);
}

void MinimalNormRun::select(const torch::Tensor& going) {
  if (going.size(0) == m_rows.size(0)) return;
  m_rows = m_rows.index_select(0, going);
  m_aims = m_aims.select(going);
  m_tracing = m_tracing && running() && m_rows[0].item<std::int64_t>() == 0;
}

torch::Tensor MinimalNormRun::startingPoints() const {
  if (!m_request.start.defined()) return activeImages();
  return m_request.start.index_select(0, m_rows).clamp(0, 1);
}

void MinimalNormRun::searchLine(std::int64_t bisections) {
  if (adaptive() || bisections == 0) return;
  m_rows = (m_outcome.success & (m_distance > 0)).nonzero().squeeze(1);
  m_aims = aimsOf(m_request).select(m_rows);
  m_tracing = m_trace.active() && running() && m_rows[0].item<std::int64_t>() == 0;
  if (!running()) return;
  const torch::Tensor clean = activeImages();
  const torch::Tensor offset = m_outcome.adversarial.index_select(0, m_rows) - clean;
  torch::Tensor low = torch::zeros({m_rows.size(0)}, m_distance.options());
  torch::Tensor high = torch::ones_like(low);
  for (std::int64_t k = 0; k < bisections; ++k) {
    m_context.step();
    // What is kept is near the boundary mostly: the last eighth comes first.
    const torch::Tensor middle = k == 0 ? torch::full_like(low, 0.875) : (low + high) / 2;
    const torch::Tensor x = (clean + offset * perImage(middle.to(offset.scalar_type()))).clamp_(0, 1);
    const AttackObjective::Value value = m_objective.evaluate(m_classifier, x, m_aims);
    trace(value.loss, value.logits, x, value.score);
    const Verdict verdict = offer(x, value.logits, value.score);
    high = at::where(verdict.fools, middle, high);
    low = at::where(verdict.fools, low, middle);
  }
}

AttackOutcome MinimalNormRun::finish() {
  m_outcome.forwards = m_classifier.count();
  addGradientNotes(m_outcome, m_vanished);
  return std::move(m_outcome);
}

}  // namespace whorl
