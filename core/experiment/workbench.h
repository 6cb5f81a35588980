// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/job.h"
#include "core/base/parameters.h"

namespace whorl {

struct RecipeModel;
struct RecipeAttack;
struct RecipeDetector;

// What recipes are computed with. core/experiment knows no networks: it decides what is to be done, in which order, and
// what is there already; core/service implements this. Files pass between the steps.

/// How a model is trained; all parameters resolved.
struct TrainingTask {
  std::string name;
  std::string data;
  std::string architecture;
  std::string objective;
  Parameters parameters;
  std::uint64_t seed = 0;
  std::int64_t limitTrain = 0;
};

/// An attack; all parameters resolved, those of its adaptive form included.
struct AttackTask {
  std::string attack;
  Parameters parameters;
  std::string threatModel;
  std::string precision;
  std::int64_t target = -1;  ///< class that is left out of the selection: an image of it is there already; -1: none
};

/// A detector; all parameters resolved.
struct DetectorTask {
  std::string detector;
  Parameters parameters;
  bool needsTraining = false;  ///< labelled training images
  bool needsAttacked = false;  ///< clean images with their attacked twins
};

/// A model's file.
struct ModelFile {
  std::filesystem::path path;
  std::string sha256;
  std::string architecture;
};

/// Which images of a split are used.
struct ImageChoice {
  std::string data;
  std::string split = "test";
  std::int64_t count = 0;
  std::uint64_t seed = 0;
  /// From the end of the seeded order: others than those from its beginning, as long as both together are no more than
  /// there are.
  bool fromEnd = false;
};

struct ChosenImages {
  std::vector<std::int64_t> indices;  ///< correctly classified, in order
  std::int64_t examined = 0;
  double cleanAccuracy = 0;  ///< over the examined ones
};

struct AttackedSlice {
  std::int64_t successes = 0;
  std::string document;  ///< JSON: plan, queries, notes
};

/// What detectors say of a set. Without a detector the scores are empty.
struct ScoredSet {
  std::vector<double> clean;        ///< of clean images, then of noisy ones where they count, too
  std::vector<double> adversarial;  ///< of all attacked images; as the flags below
  std::vector<bool> success;        ///< misclassified after the attack (targeted: as the target), by the watched model
  std::vector<bool> right;          ///< classified correctly even so
  std::vector<double> l2;
  std::vector<double> linf;
};

struct FitWork {
  DetectorTask detector;
  std::vector<std::filesystem::path> models;  ///< the watched one, then companions
  std::filesystem::path attacked;             ///< a set; empty if it isn't needed
  ImageChoice training;                       ///< count 0 if they aren't needed
  std::vector<std::int64_t> without;          ///< places in the training split that are not to be used
  double noiseSigma = 0;                      ///< of the noisy twins; 0: as large as the attack's change
  std::uint64_t seed = 0;
};

struct ScoreWork {
  std::optional<DetectorTask> detector;       ///< none: the attack alone
  std::vector<std::filesystem::path> models;  ///< the watched one, then companions
  std::filesystem::path fitted;               ///< empty if nothing is
  std::filesystem::path attacked;             ///< a set
  bool noisyNegatives = false;
  double noiseSigma = 0;  ///< as of the fit, for this attack
  std::uint64_t seed = 0;
};

/// Not thread-safe. All work throws Error; cancelling takes effect at JobContext::step().
class Workbench {
 public:
  virtual ~Workbench() = default;

  // ---- Declarations: quick, without files. Error(Usage) for unknown names and values.
  virtual TrainingTask resolve(const RecipeModel& model) const = 0;
  virtual AttackTask resolve(const RecipeAttack& attack) const = 0;
  virtual DetectorTask resolve(const RecipeDetector& detector) const = 0;

  // ---- Facts
  /// Error(BadInput) if there is no such model.
  virtual ModelFile model(const std::string& id) const = 0;
  /// SHA-256 of a data set's contents; none if it isn't on this machine and `fetch` is false.
  virtual std::optional<std::string> dataChecksum(const std::string& data, bool fetch, const JobContext& context) = 0;

  /// Error if the detector can't watch these models (they lack its layers, dropout or fingerprints), or not with so few
  /// images: asked before any is attacked.
  virtual void check(const DetectorTask& detector, const std::vector<std::filesystem::path>& models,
                     std::int64_t images) const = 0;

  // ---- Work
  /// Returns the run's document. `checkpoint` is resumed if it is there, and left if the work is cut off.
  virtual std::string train(const TrainingTask& task, const std::filesystem::path& output,
                            const std::filesystem::path& checkpoint, const JobContext& context) = 0;
  virtual ChosenImages choose(const std::filesystem::path& model, const ImageChoice& choice, std::int64_t target,
                              const JobContext& context) = 0;
  /// Attacks these images of the split and writes them to `output`.
  virtual AttackedSlice attack(const AttackTask& task, const std::filesystem::path& model, const ImageChoice& choice,
                               const std::vector<std::int64_t>& indices, const std::filesystem::path& output,
                               const JobContext& context) = 0;
  /// One set from its slices.
  virtual void join(const std::vector<std::filesystem::path>& slices, const std::filesystem::path& output) = 0;
  virtual void fit(const FitWork& work, const std::filesystem::path& output, const JobContext& context) = 0;
  virtual ScoredSet score(const ScoreWork& work, const JobContext& context) = 0;

  // ---- Estimates from a quick measurement; none where that can't be said.
  /// Seconds an image; `model` or, if it isn't trained yet, `training` says what network it is.
  virtual std::optional<double> attackSeconds(const AttackTask& task, const std::optional<ModelFile>& model,
                                              const TrainingTask* training, const JobContext& context) = 0;
  virtual std::optional<double> trainSeconds(const TrainingTask& task, const JobContext& context) = 0;
};

}  // namespace whorl
