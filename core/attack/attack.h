// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <torch/types.h>

#include "core/attack/objective.h"
#include "core/base/job.h"
#include "core/base/parameters.h"
#include "core/nn/classifier.h"

namespace whorl {

/// One step of an attack on one image, for live pictures and scrubbing.
struct AttackTraceStep {
  std::int64_t step = 0;
  double loss = 0;
  double margin = 0;  ///< max_{j≠y} h_j − h_y: positive when misclassified
  double l2 = 0;
  double linf = 0;
  double score = 0;     ///< the detector's, of adaptive attacks; NaN otherwise
  torch::Tensor image;  ///< [C,H,W], host
};

/// What an attack works on. All tensors are on the classifier's device.
struct AttackRequest {
  torch::Tensor images;   ///< [B,C,H,W] in [0,1]
  torch::Tensor labels;   ///< [B] int64, true classes
  torch::Tensor targets;  ///< [B] int64 for targeted attacks, else undefined
  /// Of the images in their data set: randomness is drawn from (seed, index, restart). Empty: the places in the batch.
  std::vector<std::int64_t> indices;
  std::uint64_t seed = 0;
  ThreatModel threatModel = ThreatModel::GreyBox;
  DetectorTerm detector;    ///< adaptive white box: required; else forbidden
  torch::Tensor start;      ///< [B,C,H,W] to start from instead of `images`; undefined for none
  torch::Tensor constants;  ///< [B] trade-off constants that an earlier run found (CW): no search; undefined for none
  bool trace = false;       ///< record every step of the first image
  std::function<void(const AttackTraceStep&)> onStep;  ///< called for the first image after each step; may be empty
};

struct AttackOutcome {
  torch::Tensor adversarial;  ///< [B,C,H,W]; the clean image where the attack failed and its policy says so
  torch::Tensor success;      ///< [B] bool: misclassified (untargeted) or classified as the target
  torch::Tensor predictions;  ///< [B] int64, of `adversarial`
  torch::Tensor scores;       ///< [B] float64, the detector's, of `adversarial`; adaptive attacks only
  torch::Tensor constants;    ///< [B] float64: the trade-off constants that were found (CW); undefined for others
  torch::Tensor nonfinite;    ///< [B] bool: a loss or gradient was NaN or infinite; that step was left out
  torch::Tensor vanished;     ///< [B] bool: a gradient was exactly 0 (a saturated softmax); undefined if none is used
  torch::Tensor steps;        ///< [B] int64: steps that each image stayed in the batch
  std::vector<std::string> notes;  ///< what a person should know, in plain words: vanished or non-finite gradients
  std::int64_t forwards = 0;       ///< images through the network, copies shifted by fingerprints included
  std::int64_t backwards = 0;      ///< images back through it, likewise
  std::vector<AttackTraceStep> trace;
};

/// A named set of values, for a data set or of a published evaluation.
struct AttackPreset {
  std::string name;
  Parameters parameters;
  std::string summary{};  ///< "" if the name says it; else one line, with the source
  /// What the values are meant for; AdaptiveWhiteBox presets may also hold values of adaptiveParameters().
  ThreatModel threatModel = ThreatModel::GreyBox;
};

/// What is known of an attack before it runs.
struct AttackDeclaration {
  OperationSpec spec;
  std::vector<std::string> norms;  ///< that it minimises or is bounded by: "linf", "l2", …
  std::vector<AttackPreset> presets;
  ThreatModel threatModel = ThreatModel::GreyBox;  ///< what it needs at least
};

/// An attack. Stateless; any thread. A new one is a header, a source, a line in registry.cpp and a test.
class Attack {
 public:
  explicit Attack(AttackDeclaration declaration) : m_declaration(std::move(declaration)) {}
  virtual ~Attack() = default;

  const OperationSpec& spec() const { return m_declaration.spec; }
  const std::vector<std::string>& norms() const { return m_declaration.norms; }
  const std::vector<AttackPreset>& presets() const { return m_declaration.presets; }
  ThreatModel threatModel() const { return m_declaration.threatModel; }

  /// Missing parameters take their defaults. Pixels stay in [0,1], the distance within `epsilon` (both to 1e-6).
  /// Error(Usage) for parameters out of range or that contradict each other, and for a threat model that is not
  /// honoured; Error(BadInput) for images, labels or targets that don't fit, and for a model without gradients where
  /// they are needed. Cancelling takes effect between two steps.
  AttackOutcome run(const Classifier& classifier, const AttackRequest& request, const Parameters& parameters,
                    const JobContext& context) const;

 protected:
  /// `parameters` are resolved, the request is checked (checkRequest, checkGradients), gradients are off.
  virtual AttackOutcome perform(const Classifier& classifier, const AttackRequest& request,
                                const Parameters& parameters, const JobContext& context) const = 0;

 private:
  AttackDeclaration m_declaration;
};

/// The table: all attacks, in the order in which they are shown.
const std::vector<const Attack*>& attacks();
/// Error(Usage) that lists the known names.
const Attack& findAttack(const std::string& name);

}  // namespace whorl
