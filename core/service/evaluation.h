// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/service/datasets.h"
#include "core/service/impl/attack_run.h"
#include "core/service/result_file.h"

namespace whorl {

/// Error(BadInput) unless the model takes the data set's images and knows as many classes.
void checkFits(const Model& model, const Dataset& data);

/// One attack over a data set: its figures, its document, and, if asked for, its images.
class Evaluation {
 public:
  /// Checks the request. `threads`: in all. Error(Usage), Error(BadInput) as Engine::attack.
  Evaluation(const AttackRunRequest& request, std::shared_ptr<const Model> model, int threads, const PlanStore& plans,
             bool keepRows);

  /// Chooses the images and attacks them.
  void attack(DatasetStore& datasets, const JobContext& context);

  const Dataset& data() const { return *m_data; }
  nlohmann::json& document() { return m_document; }
  /// With the document as it is now.
  AttackRunResult result() const;
  /// The images and what became of them, memory-mapped as long as this object lives; keepRows only.
  TensorFile file();

 private:
  void planFor(const PlanStore& plans, int threads);
  void take(AttackedBatch&& batch);
  void takeDistances(const AttackedBatch& batch);
  void saveImages(const AttackedBatch& batch);
  void summarise(const Selection& selection, double seconds, double processorSeconds);

  AttackRunRequest m_request;
  std::shared_ptr<const Model> m_model;
  AttackSetup m_setup;
  AttackPlan m_plan;
  DatasetPtr m_data;
  std::unique_ptr<ResultRows> m_rows;

  /// Sums over successes, and over all where it says so.
  struct Sums {
    std::int64_t attacked = 0;
    std::int64_t successes = 0;
    std::int64_t forwards = 0;
    std::int64_t backwards = 0;
    std::int64_t nonfinite = 0;
    std::int64_t vanished = 0;
    double l0 = 0;
    double l1 = 0;
    double l2 = 0;
    double linf = 0;
    std::vector<double> allL2;  ///< of successes, for the median
    std::vector<std::string> notes;
    std::int64_t savedNaive = 0;  ///< images that plain rounding would have kept adversarial
    std::int64_t saved = 0;
    std::int64_t savedStillAdversarial = 0;
  } m_sums;

  AttackRunResult m_result;
  nlohmann::json m_document;
};

}  // namespace whorl
