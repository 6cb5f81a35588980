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
  bool needsMask = false;     ///< LandscapeRequest::mask
};

/// A way to spread networks over a line or a plane, and what it can't do without.
struct WeightDirectionInfo {
  OperationSpec spec;
  int leastModels = 0;  ///< WeightLandscape::models; 0 of a trajectory, which may find those that its training kept
  int mostModels = 0;
  double usualRange = 1;
  bool measures = false;  ///< what "auto" means for WeightLandscape::batchNorm
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

/// Networks around a model's own, judged by images of LandscapeRequest::dataset.
struct WeightLandscape {
  StepRequest direction = {"random", {}};  ///< a name of weightDirections() with its parameters
  std::vector<std::string> models;         ///< others of the same architecture, in the order that the direction wants
  std::string split = "test";              ///< "train" or "test"
  std::int64_t count = 1000;               ///< of its images, drawn by the seed; fewer where there are fewer
  /// BatchNorm's running statistics: "keep" (along random directions and trajectories the model's own, between models
  /// mixed like weights), "measure" (anew at each point on the images that judge it), "auto" (as the direction's info
  /// says).
  std::string batchNorm = "auto";
  std::string saveBend;  ///< .safetensors: the control point that was trained, as a model; "" for none
};

/// Images around one image: rays in random directions, and how a value is distributed at each distance.
struct BallLandscape {
  std::string norm = "l2";       ///< of the distance: "l2" or "linf"
  std::int64_t directions = 64;  ///< rays, drawn by the seed
};

/// Values on a line or a plane of images through one image (docs/landscapes.md), or of `weights`, or in a `ball`.
struct LandscapeRequest {
  std::string model;
  Image image;               ///< of the model's input size; without pixels: test image `index` of `dataset`
  std::string dataset;       ///< of `index`, and of directions towards another image; "" for none
  std::int64_t index = 0;    ///< in the data set, also for an attack's randomness
  std::optional<int> label;  ///< true class; without it the data set's, or the model's own guess for `image`
  /// One for a line, two for a plane: names of landscapeDirections() with their parameters.
  std::vector<StepRequest> directions = {{"gradient-sign", {}}, {"rademacher", {}}};
  std::optional<StepRequest> attack;  ///< whose path is located, and which directions may follow
  std::optional<Image> mask;          ///< of the direction "mask": of the model's input size
  std::optional<PlaneImages> plane;   ///< instead of directions: that of another landscape, whatever it was made from
  std::optional<WeightLandscape> weights;  ///< networks instead of images: directions, attack, detector don't count
  std::optional<BallLandscape> ball;       ///< instead of directions
  std::vector<std::string> values = {"cross_entropy"};  ///< names of landscapeValues(), or weightValues()
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
  std::string save;  ///< .csv, .npy, .npz, .vtk, or a picture: .png, .svg, .pdf (of the first value); "" for none
};

/// Where an image lies, seen from the landscape.
struct LandscapePlace {
  double x = 0;
  double y = 0;
  double distance = 0;  ///< L2, from the landscape's nearest point: how far the picture is from telling the truth
};

struct LandscapeResult {
  Surface surface;
  PlaneImages images;  ///< what its points look like; none where they are networks, or lie in a ball
  Verdict middle;      ///< what the model says of the image itself
  int label = 0;
  /// Of networks, where the models lie, the request's own last; of a trajectory only.
  /// Of the attack, its iterates evenly thinned out to at most ExploreResult::kMostTracePoints, then what it returned.
  std::vector<LandscapePlace> path;
  std::optional<bool> attackSucceeded;
  std::string batchNorm;           ///< "keep" or "measure", of weights; else ""
  bool cached = false;             ///< it was computed before: the seconds are those of then
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
