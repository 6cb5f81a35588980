// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/base/parameters.h"
#include "core/nn/model.h"

namespace whorl {

/// Tells adversarial from clean images. Higher score = more adversarial. Thread-safe once made.
class Detector {
 public:
  virtual ~Detector() = default;
  virtual const OperationSpec& spec() const = 0;
  /// images [B,C,H,W] in [0,1] → [B], without gradients.
  virtual torch::Tensor scores(const torch::Tensor& images) const = 0;
  /// The same as something that an adaptive attack can differentiate, or null.
  virtual std::shared_ptr<const DifferentiableScore> differentiableScore() const = 0;
};

/// A line of the table: how a detector is made for a model. Error(BadInput) if the model lacks what it needs.
struct DetectorEntry {
  const OperationSpec* spec = nullptr;
  std::unique_ptr<Detector> (*make)(const Model& model, const Parameters& parameters) = nullptr;
};

/// The table: all detectors.
const std::vector<DetectorEntry>& detectors();
/// Fills in and checks parameters. Error(Usage) that lists the known names, or for a parameter out of its range.
std::unique_ptr<Detector> makeDetector(const std::string& name, const Model& model, const Parameters& parameters);

}  // namespace whorl
