// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/base/job.h"
#include "core/base/parameters.h"
#include "core/theory/bands.h"
#include "core/theory/field.h"
#include "core/theory/fingerprints.h"
#include "core/theory/network.h"
#include "core/theory/trainer.h"

namespace whorl {

/// svm, logistic, linear-outputs and network, with their parameters.
const std::vector<OperationSpec>& theoryModels();
/// A line between two classes (svm, logistic), whose four fingerprints are chosen rather than drawn.
bool isLineModel(const std::string& model);

/// A toy problem and a model that learns it twice, without and with fingerprints.
struct TheoryRequest {
  std::string toy = "blobs";  ///< a name of toys(), or "painted"
  Parameters toyParameters;
  PlanarData points;  ///< of "painted"
  std::string model = "network";
  Parameters modelParameters;
  Parameters fingerprintParameters;  ///< of planarFingerprintParameters(); line models have none
  std::optional<double> threshold;   ///< τ; without it the least that accepts `share` of the correctly classified data
  double share = 0.95;               ///< above 0, at most 1. Of a line model also what its bands hold
  int resolution = 101;              ///< points an axis of the field, 2 to 513
  std::uint64_t seed = 0;
};

/// A trained model and what it says of the plane.
struct TheorySide {
  PlanarNetwork network;
  PlanarField field;
  std::vector<double> scores;  ///< [n] s of each point of the data
  std::vector<int> classes;    ///< [n] that are predicted for them
  AcceptedShares shares;       ///< at TheoryResult::threshold
  double ownThreshold = 0;     ///< the least τ that accepts `share` of the data that this side classifies correctly
  double ownArea = 0;          ///< what that τ accepts of the field: small where s is low around the data alone
  std::vector<PlanarLoss> losses;  ///< one an epoch; empty for line models
};

struct TheoryResult {
  PlanarData data;
  int classes = 0;
  PlanarFingerprints fingerprints;  ///< both sides are scored with these; a line model's first side with none
  double threshold = 0;             ///< τ
  TheorySide plain;                 ///< trained without fingerprints
  TheorySide fingerprinted;         ///< trained with them; the same line for line models
  std::optional<LinearModel> line;  ///< of line models
  Bands bands;                      ///< of line models

  const TheorySide& side(bool withFingerprints) const { return withFingerprints ? fingerprinted : plain; }
  /// What a side is scored with.
  PlanarFingerprints fingerprintsOf(bool withFingerprints) const {
    return withFingerprints || !line ? fingerprints : PlanarFingerprints{classes, {}, {}};
  }
};

/// While it learns: a coarse field of both sides.
struct TheoryFrame {
  std::int64_t epoch = 0;
  std::int64_t epochs = 0;
  PlanarLoss plainLoss;
  PlanarLoss loss;
  PlanarField plain;
  PlanarField fingerprinted;
};

/// Called on the worker; must be short.
struct TheoryHooks {
  std::function<void(const TheoryFrame&)> onFrame;  ///< at most ten a second
};

/// The data of a request: its toy, or its painted points, checked.
PlanarData theoryData(const TheoryRequest& request);

/// Trains and looks at the plane. Error(Usage) and Error(BadInput) for what doesn't fit, before any work; Error(Failed)
/// if training diverges. Same request, same numbers.
TheoryResult runTheory(const TheoryRequest& request, const JobContext& context, const TheoryHooks& hooks = {});

}  // namespace whorl
