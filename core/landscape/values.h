// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <torch/types.h>

#include "core/base/parameters.h"
#include "core/detect/detector.h"
#include "core/fingerprint/fingerprint.h"
#include "core/nn/classifier.h"

namespace whorl {

/// What values are taken from. All of it outlives PointValues.
struct ValueSources {
  const Classifier* classifier = nullptr;
  torch::Tensor image;  ///< [1,C,H,W] on the classifier's device: the middle of the landscape
  std::int64_t label = 0;
  std::shared_ptr<const FingerprintScore> fingerprints;  ///< null for a model without
  std::optional<double> threshold;                       ///< τ: a point is accepted where its distance is below
  const Detector* detector = nullptr;                    ///< fitted; null for none
};

/// What is known of a batch of points, on the host in double; members that nobody wants stay undefined.
struct PointAnswers {
  torch::Tensor logits;         ///< [B,K]
  torch::Tensor labels;         ///< [B] int64
  torch::Tensor distances;      ///< [B,K] fingerprint distances
  torch::Tensor gradientNorm;   ///< [B] L2 of the cross-entropy's gradient
  torch::Tensor detectorScore;  ///< [B]
  torch::Tensor centre;         ///< [1,K] logits of the landscape's middle
  double threshold = 0;
};

/// A line of the table: a value that a landscape can show.
struct ValueEntry {
  OperationSpec spec;                                          ///< without parameters
  bool distances = false;                                      ///< needs fingerprints
  bool gradients = false;                                      ///< needs the classifier's gradients
  bool detector = false;                                       ///< needs a detector
  bool threshold = false;                                      ///< needs τ
  bool perClass = false;                                       ///< K layers: NAME_0, NAME_1, …
  torch::Tensor (*of)(const PointAnswers& answers) = nullptr;  ///< [B], or [B,K]
};

/// The table: all values.
const std::vector<ValueEntry>& landscapeValues();
/// Error(Usage) that lists the known names.
const ValueEntry& findValue(const std::string& name);

/// The wanted values of images. What several of them are made of is computed once: an image goes through the network
/// once, its fingerprint copies (N) once, and back once where gradients are wanted; a detector asks the network
/// by itself. Immutable; any thread.
class PointValues {
 public:
  /// Error(Usage) for an unknown name, one that comes twice, none at all, a label that isn't a class, and a value whose
  /// needs `sources` lacks; Error(BadInput) for gradients of a model that gives none.
  PointValues(ValueSources sources, const std::vector<std::string>& names);

  /// Names of what evaluate() gives, in the order asked for.
  const std::vector<std::string>& layers() const { return m_layers; }
  /// Images through the network for one point, all copies, without the detector's.
  std::int64_t copies() const;
  bool takesGradients() const { return m_gradients; }

  /// images [B,C,H,W] on the classifier's device and of its type → [layers,B] float64 on the host. Error(BadInput)
  /// where the model's numbers aren't finite.
  torch::Tensor evaluate(const torch::Tensor& images) const;

 private:
  PointAnswers answers(const torch::Tensor& images) const;

  ValueSources m_sources;
  std::vector<const ValueEntry*> m_wanted;
  std::vector<std::string> m_layers;
  bool m_distances = false;
  bool m_gradients = false;
  bool m_detector = false;
  torch::Tensor m_centre;
};

}  // namespace whorl
