// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/base/scheduler.h"
#include "core/data/catalogue.h"
#include "core/service/attack_plan.h"
#include "core/service/datasets.h"
#include "core/service/engine.h"
#include "core/service/landscape_cache.h"
#include "core/service/models.h"

namespace whorl {

class OpenIndex;
class RecipeWorkbench;

/// The engine itself. Its methods are spread over files by what they do: engine_impl.cpp (start, jobs, data, files),
/// lists.cpp, training.cpp, explore.cpp, landscape.cpp, landscape_lists.cpp, landscape_weights.cpp, theory.cpp,
/// evaluate.cpp, attack_plan.cpp, predict.cpp, similar_index.cpp, similar_query.cpp, similar_benchmark.cpp,
/// selftest.cpp. All state is behind the stores, which lock by themselves; each operation owns its tensors, so several
/// may run at once.
class EngineImpl : public Engine {
 public:
  explicit EngineImpl(EngineOptions options);

  EngineInfo info() const override;
  std::vector<DatasetInfo> datasets() const override;
  std::vector<ArchitectureInfo> architectures() const override;
  std::vector<PerturbationInfo> perturbations() const override;
  std::vector<CorruptionSuiteInfo> corruptionSuites() const override;
  std::vector<ParameterSpec> robustnessParameters() const override;
  std::vector<AttackInfo> attacks() const override;
  std::vector<DetectorInfo> detectors() const override;
  std::vector<OperationSpec> objectives() const override;
  std::vector<TrainPresetInfo> trainPresets() const override;
  std::vector<ParameterSpec> trainParameters(const std::string& objective) const override;
  std::vector<LandscapeDirectionInfo> landscapeDirections() const override;
  std::vector<LandscapeValueInfo> landscapeValues() const override;
  std::vector<WeightDirectionInfo> weightDirections() const override;
  std::vector<LandscapeValueInfo> weightValues() const override;
  LandscapeColours landscapeColours() const override;
  std::vector<std::string> featureDistances() const override;
  std::vector<std::vector<StepRequest>> standardDistortions(const ImageShape& shape) const override;
  TheoryLists theoryLists() const override;
  std::vector<ModelInfo> models() const override;
  std::vector<RecipeInfo> recipes() const override;
  RecipeInfo recipe(const std::string& idOrPath) const override;

  ModelInfo model(const std::string& id) override;
  TrainResult train(const TrainRequest& request, const JobContext& context, const TrainHooks& hooks) override;
  ExploreResult explore(const ExploreRequest& request, const JobContext& context, const ExploreHooks& hooks) override;
  std::vector<JudgedImage> judge(const JudgeRequest& request, const JobContext& context) override;
  LandscapeResult landscape(const LandscapeRequest& request, const JobContext& context,
                            const LandscapeHooks& hooks) override;
  void saveLandscape(const Surface& surface, const std::string& path) override;
  PlanarData theoryData(const TheoryRequest& request, const JobContext& context) override;
  TheoryResult theory(const TheoryRequest& request, const JobContext& context, const TheoryHooks& hooks) override;
  PlanarTrajectory theoryAttack(const TheoryAttackRequest& request, const JobContext& context) override;
  TheoryFigureResult theoryFigure(const TheoryFigureRequest& request, const JobContext& context) override;
  PredictResult predict(const PredictRequest& request, const JobContext& context) override;
  AttackRunResult attack(const AttackRunRequest& request, const JobContext& context) override;
  DetectResult detect(const DetectRequest& request, const JobContext& context) override;
  RecipeResult runRecipe(const RecipeRequest& request, const JobContext& context, const RecipeHooks& hooks) override;
  AttackedImages attackedImages(const std::string& path, std::int64_t first, std::int64_t count,
                                const JobContext& context) override;
  TuneResult tune(const TuneRequest& request, const JobContext& context) override;
  std::string perturb(const PerturbRequest& request, const JobContext& context) override;
  CorruptionResult corruptions(const CorruptionRequest& request, const JobContext& context) override;
  RobustnessResult robustness(const RobustnessRequest& request, const JobContext& context) override;
  std::vector<std::string> featureLayers(const std::string& model) override;
  SimilarIndexResult similarIndex(const SimilarIndexRequest& request, const JobContext& context) override;
  SimilarQueryResult similarQuery(const SimilarQueryRequest& request, const JobContext& context) override;
  DatasetImage similarImage(const std::string& index, const std::string& name, const JobContext& context) override;
  SimilarBenchmarkResult similarBenchmark(const SimilarBenchmarkRequest& request, const JobContext& context) override;

  void fetchDataset(const std::string& name, const JobContext& context) override;
  std::vector<FileVerification> verifyDataset(const std::string& name, const JobContext& context) override;
  std::vector<DatasetImage> testImages(const std::string& dataset, std::int64_t first, std::int64_t count,
                                       const JobContext& context) override;

  Image readImage(const std::string& path) override;
  Image decodeImage(const std::string& bytes, const std::string& name) override;
  void writeImage(const Image& image, const std::string& path) override;

  ModelInfo importModel(const ImportModelRequest& request, const JobContext& context) override;
  void exportModel(const std::string& id, const std::string& format, const std::string& path) override;
  std::string trashModel(const std::string& id) override;
  void restoreModel(const std::string& trashedPath) override;

  std::vector<std::string> selftest(const JobContext& context) override;

  std::shared_ptr<Job> submit(Lane lane, std::string title, std::function<void(JobContext&)> work,
                              JobObserver observer) override;

 private:
  /// Intra-operator threads for long work: what was asked for, or all but the reserved cores.
  int threadsFor(int requested) const;
  /// Error(BadInput) that lists what there is.
  std::filesystem::path recipePath(const std::string& idOrPath) const;
  LandscapeResult imageLandscape(const LandscapeRequest& request, const JobContext& context,
                                 const LandscapeHooks& hooks);
  LandscapeResult weightLandscape(const LandscapeRequest& request, const JobContext& context,
                                  const LandscapeHooks& hooks);
  RecipeWorkbench workbench(const std::string& device, int threads) const;
  /// The index in memory, read unless it was among those used last and its file didn't change.
  std::shared_ptr<const OpenIndex> openIndex(const std::string& path);

  EngineOptions m_options;
  std::filesystem::path m_userFolder;
  std::filesystem::path m_resourceFolder;
  Catalogue m_catalogue;
  DatasetStore m_datasets;
  ModelStore m_models;
  PlanStore m_plans;
  std::mutex m_indexMutex;
  std::vector<std::shared_ptr<const OpenIndex>> m_openIndexes;  ///< used last first
  LandscapeCache m_landscapes;
  Scheduler m_scheduler;  ///< last: its destructor waits for work that uses all of the above
};

}  // namespace whorl
