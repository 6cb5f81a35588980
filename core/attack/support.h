// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

// What attacks share: checks at the door, counted queries, and the trace. Not an interface of the room.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/attack/attack.h"

namespace whorl {

/// A classifier that counts the images that pass through it, so that a detector's copies are counted too.
class CountingClassifier : public Classifier {
 public:
  explicit CountingClassifier(const Classifier& inner) : m_inner(inner) {}

  torch::Tensor logits(const torch::Tensor& images) const override {
    m_count += images.size(0);
    return m_inner.logits(images);
  }
  ImageShape inputShape() const override { return m_inner.inputShape(); }
  int classCount() const override { return m_inner.classCount(); }
  bool differentiable() const override { return m_inner.differentiable(); }
  torch::Device device() const override { return m_inner.device(); }
  torch::Dtype dtype() const override { return m_inner.dtype(); }

  std::int64_t count() const { return m_count; }

 private:
  const Classifier& m_inner;
  mutable std::int64_t m_count = 0;  ///< one attack, one thread
};

/// The door: everything that is wrong with a request, before any work. `name` is the attack's.
void checkRequest(const std::string& name, const Classifier& classifier, const AttackRequest& request, bool targeted);

/// For attacks that take gradients: Error(BadInput) for a classifier without, Error(Usage) for a black-box attacker.
void checkGradients(const std::string& name, const Classifier& classifier, const AttackRequest& request);

/// What is wanted of the request's images, the detector's weights included.
AttackAims aimsOf(const AttackRequest& request);

/// The loss by name, with the detector's term where the request is adaptive.
AttackObjective requestedObjective(const AttackRequest& request, const std::string& loss);

/// Images back through the network for one lossGradient() that took `forwards` images forward.
std::int64_t backwardsOf(const AttackObjective& objective, std::int64_t forwards);

/// [B] bool: the logits are finite and say something else than the label, or the target.
torch::Tensor fooled(const torch::Tensor& logits, const AttackAims& aims);

/// Seeds of the images at `rows` [A] of the request's batch: each from (seed, index, restart, step) alone.
std::vector<std::uint64_t> seedsAt(const AttackRequest& request, const torch::Tensor& rows, std::int64_t restart,
                                   std::int64_t step = 0);

/// Keeps `vanished` [B] bool, and notes images whose loss or gradient was not finite, and those that were not fooled
/// because it vanished.
void addGradientNotes(AttackOutcome& outcome, const torch::Tensor& vanished);

/// Records and announces the steps of a request's first image.
class TraceRecorder {
 public:
  TraceRecorder(const AttackRequest& request, AttackOutcome& outcome);
  bool active() const { return m_active; }
  /// loss [1], logits [1,K], image [1,C,H,W] and detector's score [1] (or undefined) of the first image.
  void record(const torch::Tensor& loss, const torch::Tensor& logits, const torch::Tensor& image,
              const torch::Tensor& score = {});

 private:
  const AttackRequest& m_request;
  AttackOutcome& m_outcome;
  bool m_active;
  std::int64_t m_step = 0;
};

}  // namespace whorl
