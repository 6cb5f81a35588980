// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/experiment/recipe.h"
#include "core/experiment/workbench.h"
#include "core/nn/model.h"
#include "core/service/attack_plan.h"
#include "core/service/datasets.h"
#include "core/service/engine.h"
#include "core/service/models.h"

namespace whorl {

/// What recipes are computed with: the engine's own training and attacks, and core/detect's detectors. One thread.
class RecipeWorkbench : public Workbench {
 public:
  struct Parts {
    Engine& engine;  ///< for training and its declarations
    const Catalogue& catalogue;
    DatasetStore& datasets;
    ModelStore& models;
    const PlanStore& plans;
    std::string device;  ///< of c10::Device
    int threads = 1;
  };
  explicit RecipeWorkbench(Parts parts) : m_parts(std::move(parts)) {}

  TrainingTask resolve(const RecipeModel& model) const override;
  AttackTask resolve(const RecipeAttack& attack) const override;
  DetectorTask resolve(const RecipeDetector& detector) const override;

  ModelFile model(const std::string& id) const override;
  std::optional<std::string> dataChecksum(const std::string& data, bool fetch, const JobContext& context) override;

  void check(const DetectorTask& detector, const std::vector<std::filesystem::path>& models,
             std::int64_t images) const override;

  std::string train(const TrainingTask& task, const std::filesystem::path& output,
                    const std::filesystem::path& checkpoint, const JobContext& context) override;
  ChosenImages choose(const std::filesystem::path& model, const ImageChoice& choice, std::int64_t target,
                      const JobContext& context) override;
  AttackedSlice attack(const AttackTask& task, const std::filesystem::path& model, const ImageChoice& choice,
                       const std::vector<std::int64_t>& indices, const std::filesystem::path& output,
                       const JobContext& context) override;
  void join(const std::vector<std::filesystem::path>& slices, const std::filesystem::path& output) override;
  void fit(const FitWork& work, const std::filesystem::path& output, const JobContext& context) override;
  ScoredSet score(const ScoreWork& work, const JobContext& context) override;

  std::optional<double> attackSeconds(const AttackTask& task, const std::optional<ModelFile>& model,
                                      const TrainingTask* training, const JobContext& context) override;
  std::optional<double> trainSeconds(const TrainingTask& task, const JobContext& context) override;

 private:
  std::shared_ptr<const Model> load(const std::filesystem::path& path) const;
  std::vector<Model> loadAll(const std::vector<std::filesystem::path>& paths) const;
  const CatalogueEntry* listed(const std::string& data) const;
  AttackPlan planFor(const Model& model, std::int64_t images, bool adaptive, const std::string& precision) const;
  /// Seconds of one image through a network forth and back; measured once a network.
  std::optional<double> gradientSeconds(const std::string& architecture, const ImageShape& shape, int classes,
                                        const JobContext& context);

  Parts m_parts;
  std::map<std::string, double> m_gradientSeconds;
};

/// Gradients an image that an attack takes at most, one forward and backward of one image each; none for attacks whose
/// work can't be told from their parameters. `fingerprints`: N, for adaptive attacks.
std::optional<double> gradientsPerImage(const AttackTask& task, const ImageShape& shape, std::int64_t fingerprints);

}  // namespace whorl
