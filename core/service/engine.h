// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/service/landscape_types.h"
#include "core/service/perturbation_types.h"
#include "core/service/recipe_types.h"
#include "core/service/similar_types.h"
#include "core/service/theory_types.h"
#include "core/service/types.h"

namespace whorl {

/// The engine behind one interface: all that the window and the command line can do.
///
/// Methods under "Lists" don't touch weights or pixels, and any thread may call them. Methods under "Work" block, load
/// models and data, and belong inside a job: submit them. All of them throw Error. Several threads may work at once.
class Engine {
 public:
  virtual ~Engine() = default;

  // ---- Lists ----
  virtual EngineInfo info() const = 0;
  virtual std::vector<DatasetInfo> datasets() const = 0;
  virtual std::vector<ArchitectureInfo> architectures() const = 0;
  virtual std::vector<PerturbationInfo> perturbations() const = 0;
  virtual std::vector<CorruptionSuiteInfo> corruptionSuites() const = 0;
  /// The parameters of robustness(): distances, their bounds, and how long is searched.
  virtual std::vector<ParameterSpec> robustnessParameters() const = 0;
  virtual std::vector<AttackInfo> attacks() const = 0;
  virtual std::vector<DetectorInfo> detectors() const = 0;
  virtual std::vector<OperationSpec> objectives() const = 0;
  virtual std::vector<TrainPresetInfo> trainPresets() const = 0;
  /// All parameters of a training run with that objective ("plain", "fingerprint", "plain+adversarial", …).
  virtual std::vector<ParameterSpec> trainParameters(const std::string& objective) const = 0;
  /// Ways to leave an image, and what to show there.
  virtual std::vector<LandscapeDirectionInfo> landscapeDirections() const = 0;
  virtual std::vector<LandscapeValueInfo> landscapeValues() const = 0;
  /// Ways to spread networks, and what to ask of them.
  virtual std::vector<WeightDirectionInfo> weightDirections() const = 0;
  virtual std::vector<LandscapeValueInfo> weightValues() const = 0;
  /// The colours of the heat map that saveLandscape() draws; none in the minimal build.
  virtual LandscapeColours landscapeColours() const = 0;
  /// Distances between features (SimilarQueryRequest::measure), and what a benchmark that names no distortions does to
  /// images of that shape.
  virtual std::vector<std::string> featureDistances() const = 0;
  virtual std::vector<std::vector<StepRequest>> standardDistortions(const ImageShape& shape) const = 0;
  /// Toy problems in the plane, and what can be done with them.
  virtual TheoryLists theoryLists() const = 0;
  /// Shipped models first, then the user's, newest first; broken files are listed with their problem.
  virtual std::vector<ModelInfo> models() const = 0;
  /// Shipped recipes by name, then those of the user's folder; broken ones are listed with their problem.
  virtual std::vector<RecipeInfo> recipes() const = 0;
  /// One of those, or a recipe file anywhere, told with its problem if it is broken. Error(BadInput) if there is none.
  virtual RecipeInfo recipe(const std::string& idOrPath) const = 0;

  // ---- Work ----
  virtual ModelInfo model(const std::string& id) = 0;
  virtual TrainResult train(const TrainRequest& request, const JobContext& context, const TrainHooks& hooks = {}) = 0;
  virtual ExploreResult explore(const ExploreRequest& request, const JobContext& context,
                                const ExploreHooks& hooks = {}) = 0;
  /// What the model says of images that have its input's size (else Error(BadInput)), one by one.
  virtual std::vector<JudgedImage> judge(const JudgeRequest& request, const JobContext& context) = 0;
  /// Values on a line or a plane through an image, in a ball around it, or of networks. Error(Usage) for what doesn't
  /// go together, before any work.
  virtual LandscapeResult landscape(const LandscapeRequest& request, const JobContext& context,
                                    const LandscapeHooks& hooks = {}) = 0;
  /// Writes values as LandscapeRequest::save does: .csv, .npy, .npz, .vtk, or .png of the first layer. Error(Usage) for
  /// another ending, Error(Failed) where the disk refuses.
  virtual void saveLandscape(const Surface& surface, const std::string& path) = 0;
  /// The points of a toy problem, before anything learns them. Milliseconds. Error as runTheory().
  virtual PlanarData theoryData(const TheoryRequest& request, const JobContext& context) = 0;
  /// A toy problem learned without and with fingerprints, and what both say of the plane (docs/theory.md).
  virtual TheoryResult theory(const TheoryRequest& request, const JobContext& context,
                              const TheoryHooks& hooks = {}) = 0;
  /// An attack's way through the plane. Milliseconds. Error as planarAttack().
  virtual PlanarTrajectory theoryAttack(const TheoryAttackRequest& request, const JobContext& context) = 0;
  /// One of the figures of docs/theory.md, made again.
  virtual TheoryFigureResult theoryFigure(const TheoryFigureRequest& request, const JobContext& context) = 0;
  virtual PredictResult predict(const PredictRequest& request, const JobContext& context) = 0;
  virtual AttackRunResult attack(const AttackRunRequest& request, const JobContext& context) = 0;
  virtual DetectResult detect(const DetectRequest& request, const JobContext& context) = 0;
  /// Computes what a recipe asks for and its run store doesn't have yet. A cell that fails is marked and the others go
  /// on. Error(Cancelled) leaves what was finished in the store: the same request goes on from there.
  virtual RecipeResult runRecipe(const RecipeRequest& request, const JobContext& context,
                                 const RecipeHooks& hooks = {}) = 0;
  /// Images of a file that an attack wrote (RecipeCell::attackedImages, AttackRunRequest::save as .safetensors):
  /// `count` from `first`, fewer at its end. Reads only those. Error(BadInput) for another file.
  virtual AttackedImages attackedImages(const std::string& path, std::int64_t first, std::int64_t count,
                                        const JobContext& context) = 0;
  /// Measures how attacks on a model are computed fastest on this machine, and keeps that plan (docs/performance.md).
  virtual TuneResult tune(const TuneRequest& request, const JobContext& context) = 0;
  /// Perturbs one image file; returns the documented JSON object.
  virtual std::string perturb(const PerturbRequest& request, const JobContext& context) = 0;
  /// A model's accuracy on perturbed test images. Error(Usage) for what there isn't, before any work.
  virtual CorruptionResult corruptions(const CorruptionRequest& request, const JobContext& context) = 0;
  /// Searches for natural perturbations that move a model's answer on test images.
  virtual RobustnessResult robustness(const RobustnessRequest& request, const JobContext& context) = 0;
  /// Layers of a model whose activations can be taken for features, from its header. Error(BadInput) as model().
  virtual std::vector<std::string> featureLayers(const std::string& model) = 0;
  /// Makes an index of features, or goes on with it: what it holds already isn't computed again. Error(Cancelled) and
  /// errors on the way leave what was done in the file, for the same request to go on from. Files that are no images
  /// are named in the result; Error(BadInput) if there is nothing else, or if the index is another model's.
  virtual SimilarIndexResult similarIndex(const SimilarIndexRequest& request, const JobContext& context) = 0;
  /// The nearest images of an index. Error(BadInput) for another model than the index's. Keeps the index used last in
  /// memory.
  virtual SimilarQueryResult similarQuery(const SimilarQueryRequest& request, const JobContext& context) = 0;
  /// An image of an index by its name, as it lies in the folder or the data set. Error(BadInput) if it is gone.
  virtual DatasetImage similarImage(const std::string& index, const std::string& name, const JobContext& context) = 0;
  /// How well near-duplicates are told from other images by their distance.
  virtual SimilarBenchmarkResult similarBenchmark(const SimilarBenchmarkRequest& request,
                                                  const JobContext& context) = 0;

  virtual void fetchDataset(const std::string& name, const JobContext& context) = 0;
  virtual std::vector<FileVerification> verifyDataset(const std::string& name, const JobContext& context) = 0;
  /// Test images of a data set: `count` from `first`. Loads the set if it isn't in memory.
  virtual std::vector<DatasetImage> testImages(const std::string& dataset, std::int64_t first, std::int64_t count,
                                               const JobContext& context) = 0;

  virtual Image readImage(const std::string& path) = 0;
  virtual Image decodeImage(const std::string& bytes, const std::string& name) = 0;
  virtual void writeImage(const Image& image, const std::string& path) = 0;

  virtual ModelInfo importModel(const ImportModelRequest& request, const JobContext& context) = 0;
  /// `format`: "safetensors" or "pytorch".
  virtual void exportModel(const std::string& id, const std::string& format, const std::string& path) = 0;
  /// Moves a user's model into the trash folder and returns its path there; restoreModel undoes it.
  virtual std::string trashModel(const std::string& id) = 0;
  virtual void restoreModel(const std::string& trashedPath) = 0;

  /// The engine's known answers (method: docs/selftest.md): one line a check; throws Error(Failed) after the last if
  /// any failed.
  virtual std::vector<std::string> selftest(const JobContext& context) = 0;

  // ---- Jobs ----
  /// Queues work on one of the engine's workers. Doesn't block. The observer is called on worker threads.
  virtual std::shared_ptr<Job> submit(Lane lane, std::string title, std::function<void(JobContext&)> work,
                                      JobObserver observer = {}) = 0;
};

/// Loads the engine (a shared library, so that a window is painted before LibTorch is) and makes one. Blocks for some
/// 0.2–0.5 s the first time; call it from a thread of your own. Looks at WHORL_ENGINE, then beside the program, then in
/// ../lib. Error(Failed) says what could not be loaded and why.
std::shared_ptr<Engine> loadEngine(const EngineOptions& options);

/// Version of the program.
std::string versionText();

}  // namespace whorl
