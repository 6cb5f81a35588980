// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

// Landscapes as a front end sees them: plain types only.

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/landscape/contour.h"
#include "core/landscape/plane_images.h"
#include "core/landscape/surface.h"
#include "core/service/types.h"

namespace whorl {

/// A way to leave an image, and what it can't do without.
struct LandscapeDirectionInfo {
  OperationSpec spec;
  bool needsAttack = false;   ///< LandscapeRequest::attack
  bool needsDataset = false;  ///< LandscapeRequest::dataset
};

/// Something to show, and what it can't do without.
struct LandscapeValueInfo {
  OperationSpec spec;
  bool needsFingerprints = false;
  bool needsThreshold = false;  ///< LandscapeRequest::threshold, or the model's
  bool needsGradients = false;
  bool needsDetector = false;  ///< LandscapeRequest::detector
  bool perClass = false;       ///< layers NAME_0, NAME_1, …
};

/// Values on a line or a plane of images through one image (docs/landscapes.md).
struct LandscapeRequest {
  std::string model;
  Image image;               ///< of the model's input size; without pixels: test image `index` of `dataset`
  std::string dataset;       ///< of `index`, and of directions towards another image; "" for none
  std::int64_t index = 0;    ///< in the data set, also for an attack's randomness
  std::optional<int> label;  ///< true class; without it the data set's, or the model's own guess for `image`
  /// One for a line, two for a plane: names of landscapeDirections() with their parameters.
  std::vector<StepRequest> directions = {{"gradient-sign", {}}, {"rademacher", {}}};
  std::optional<StepRequest> attack;                    ///< whose path is located, and which directions may follow
  std::vector<std::string> values = {"cross_entropy"};  ///< names of landscapeValues()
  double range = 0.5;                                   ///< to either side, in units of `scale`
  int resolution = 51;                                  ///< points an axis, 2 to 513
  std::string scale = "linf";  ///< what 1 means along a direction: "linf" a largest pixel change of 1, "l2" a distance
  bool clip = false;           ///< bring points into the pixel box [0,1]
  std::optional<double> threshold;  ///< τ of the accept region; without it the model's
  std::string detector;             ///< of the value detector_score: one that learns nothing; "" for none
  Parameters detectorParameters;
  std::uint64_t seed = 0;
  std::string device = "auto";
  int threads = 0;   ///< 0: all cores
  std::string save;  ///< .csv, .npy, .npz, .vtk or .png (of the first value); "" for none
};

/// Where an image lies, seen from the landscape.
struct LandscapePlace {
  double x = 0;
  double y = 0;
  double distance = 0;  ///< L2, from the landscape's nearest point: how far the picture is from telling the truth
};

struct LandscapeResult {
  Surface surface;
  PlaneImages images;  ///< what its points look like
  Verdict middle;      ///< what the model says of the image itself
  int label = 0;
  /// Of the attack, its iterates evenly thinned out to at most ExploreResult::kMostTracePoints, then what it returned.
  std::vector<LandscapePlace> path;
  std::optional<bool> attackSucceeded;
  double firstPictureSeconds = 0;  ///< from the loaded model and image to the coarsest picture, attack included
  double seconds = 0;              ///< of the values alone
  std::string json;
};

/// Called on the worker; must be short.
struct LandscapeHooks {
  /// Once, before the first level: what is known by then, which is all but `surface`, the seconds and `json`.
  std::function<void(const LandscapeResult&)> onStart;
  /// The picture of each level, coarse to fine: 9, 33, 129 points an axis as far as that is fewer than all, then all.
  std::function<void(const Surface&)> onLevel;
};

/// Red, green and blue in [0,1], from the least value to the largest.
using LandscapeColours = std::vector<std::array<float, 3>>;

}  // namespace whorl
