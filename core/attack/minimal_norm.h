// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

// What the attacks share that look for the nearest adversarial image. Not an interface of the room.

#include <cstdint>
#include <string>

#include <torch/types.h>

#include "core/attack/attack.h"
#include "core/attack/projection.h"
#include "core/attack/support.h"

namespace whorl {

/// Per-image distance [B] in double of offsets [B,C,H,W].
torch::Tensor distancesOf(const torch::Tensor& offsets, Norm norm);

/// The norm of a gradient that says how far a step of length 1 of `norm` raises a linear function: [B] in double.
torch::Tensor dualNorms(const torch::Tensor& gradient, Norm norm);

/// gradient [A,C,H,W] of something to ascend, 0 where the pixel of x is at the end of the box and would leave it: such
/// a pixel adds nothing but length to a step.
torch::Tensor insideBox(const torch::Tensor& gradient, const torch::Tensor& x);

/// Images keep what is best of all iterates that are looked at: the nearest one that fools (adaptive: of those that
/// fool the one with the lowest detector's score), and the clean image where none did. Those that are misclassified as
/// they are, at a distance of 0, are done before the first step (adaptive: they stay, to come under the detector).
/// Nothing here waits for the device but begin(), a trace and finish().
class MinimalNormRun {
 protected:
  /// `confidence` >= 0: an image fools if another class (targeted: the target) leads by that much.
  MinimalNormRun(const Classifier& classifier, const AttackRequest& request, const JobContext& context,
                 const std::string& loss, Norm norm, double confidence = 0);
  ~MinimalNormRun() = default;

  /// Looks at the clean images.
  void begin();

  /// What an offer came to, for each active image: [A] bool, and its distance [A] in double.
  struct Verdict {
    torch::Tensor fools;
    torch::Tensor taken;  ///< it is the best one so far
    torch::Tensor distance;
  };
  Verdict offer(const torch::Tensor& x, const torch::Tensor& logits, const torch::Tensor& score);

  struct Look {
    LossGradient at;  ///< the gradient 0 where it isn't finite; such images are flagged
    Verdict verdict;
  };
  /// One step of every active image: gradient of the objective at x, offered, traced, counted.
  Look look(const torch::Tensor& x);
  /// The same for attacks with a gradient of their own.
  void countStep(std::int64_t backwards);
  torch::Tensor checkedGradient(const torch::Tensor& gradient);
  void trace(const torch::Tensor& loss, const torch::Tensor& logits, const torch::Tensor& x,
             const torch::Tensor& score);

  /// Only some of the active images go on.
  void select(const torch::Tensor& going);
  bool running() const { return m_rows.size(0) > 0; }
  torch::Tensor activeImages() const { return m_request.images.index_select(0, m_rows); }
  /// Where the active images start.
  torch::Tensor startingPoints() const;
  /// [A] in double: distance of the best one so far, infinity if nothing fooled yet.
  torch::Tensor bestDistances() const { return m_distance.index_select(0, m_rows); }
  bool adaptive() const { return static_cast<bool>(m_request.detector); }

  /// Bisects the way from the clean images to what is kept, so many times, one forward each.
  /// Nothing to do for adaptive attacks, which keep the lowest score.
  void searchLine(std::int64_t bisections);
  /// Ends the run: queries and notes.
  AttackOutcome finish();

  const AttackRequest& m_request;
  const JobContext& m_context;
  CountingClassifier m_classifier;
  AttackObjective m_objective;
  AttackOutcome m_outcome;
  Norm m_norm;
  double m_confidence;
  torch::Tensor m_rows;  ///< places of the active images in the batch, ascending
  AttackAims m_aims;     ///< of the active images

 private:
  torch::Tensor confident(const torch::Tensor& logits) const;
  void flag(torch::Tensor& flags, const torch::Tensor& active) const;

  TraceRecorder m_trace;
  torch::Tensor m_distance;  ///< of what is kept
  torch::Tensor m_score;     ///< adaptive: of what is kept
  torch::Tensor m_vanished;  ///< whether a gradient was exactly 0
  bool m_tracing = false;    ///< the first image is still active
};

}  // namespace whorl
