// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/experiment/plan.h"
#include "core/experiment/run_store.h"
#include "core/experiment/workbench.h"

namespace whorl {

/// Another process is at a step that a cell needs: the cell's turn comes later.
struct StepBusy {};

/// What the cells of a plan are made of: model → attacked set (in slices) → fitted detector → scores. Each step is
/// looked up in the store by its key, and computed if it isn't there, so that cells share what they can. In a dry run
/// nothing is computed: what is missing is counted, with the time it may take.
class CellSteps {
 public:
  /// Progress of a step: how far it is, and what it is.
  using Tell = std::function<void(const Progress&)>;

  CellSteps(const Plan& plan, RunStore& store, Workbench& workbench, bool dryRun);

  struct CellResult {
    std::optional<ScoredSet> scores;  ///< none in a dry run where something is missing
    std::filesystem::path attacked;
    std::filesystem::path model;  ///< that is attacked
    bool kept = true;             ///< all of it was in the store
    double seconds = 0;           ///< that its scores and its attacked images took, whenever that was
    double missing = 0;           ///< seconds that what is missing may take, without what earlier cells count
    bool missingKnown = true;     ///< whether all of it could be estimated
  };
  /// With `again` its attacked images, fit and scores are computed anew, once in the life of this object. Throws
  /// StepBusy, or whatever the work threw.
  CellResult cell(const PlannedCell& cell, bool again, const JobContext& context);

 private:
  struct AttackedSet {
    StoredEntry entry;
    std::vector<std::int64_t> indices;
  };

  std::optional<std::string> dataChecksum(const std::string& data, const JobContext& context);
  std::optional<ModelFile> model(std::size_t index, const JobContext& context);
  std::optional<ModelFile> trained(const PlannedModel& planned, const JobContext& context);
  std::optional<ChosenImages> chosen(const ModelFile& model, const ImageChoice& choice, std::int64_t target,
                                     const JobContext& context);
  std::optional<AttackedSet> attacked(std::size_t attack, std::size_t model, const ImageChoice& choice,
                                      const JobContext& context);
  void attackSlices(const PlannedAttack& attack, const ModelFile& model, const ImageChoice& choice,
                    const std::vector<std::int64_t>& indices, const nlohmann::json& base, const std::string& setKey,
                    const JobContext& context);
  std::optional<StoredEntry> fitted(const PlannedDetector& detector, std::size_t attack,
                                    const std::vector<std::int64_t>& tested, const std::vector<ModelFile>& models,
                                    const JobContext& context);
  std::optional<ScoredSet> scores(const PlannedDetector& detector, const AttackedSet& set, double noiseSigma,
                                  const std::optional<StoredEntry>& fit, const std::vector<ModelFile>& models,
                                  const JobContext& context);
  /// Once for each row and number of images.
  void check(const PlannedDetector& detector, const std::vector<ModelFile>& models, std::int64_t images);
  ImageChoice choice(const std::string& split, std::int64_t count, bool fromEnd) const;

  /// The entry of `key`, computed if need be. `work` fills in document, units and (its return value) the file.
  std::optional<StoredEntry> obtain(const std::string& key, const std::string& stage, const std::string& costKey,
                                    const std::function<double()>& estimate,
                                    const std::function<std::filesystem::path(StoredEntry&)>& work);
  void refresh(const std::string& key);
  void count(const std::string& key, std::optional<double> seconds);

  const Plan& m_plan;
  RunStore& m_store;
  Workbench& m_workbench;
  bool m_dryRun;
  bool m_again = false;
  CellResult m_cell;  ///< of the cell in progress
  std::set<std::string> m_refreshed;
  std::set<std::string> m_counted;
  std::set<std::pair<std::string, std::int64_t>> m_checkedDetectors;
  std::map<std::string, Error> m_failed;
  std::map<std::size_t, ModelFile> m_models;
  std::map<std::string, std::string> m_checksums;
};

}  // namespace whorl
