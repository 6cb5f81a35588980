// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/service/engine.h"
#include "ui/pages/train_resume.h"

namespace whorl::ui {

/// All that the Train page offers, asked of the engine in one job, so that the form never waits.
struct TrainLists {
  EngineInfo info;
  std::vector<DatasetInfo> datasets;
  std::vector<ArchitectureInfo> architectures;
  std::vector<OperationSpec> objectives;
  std::vector<TrainPresetInfo> presets;
  /// By objective: each alone and every sum, its terms in the order of `objectives`.
  std::map<std::string, std::vector<ParameterSpec>> parameters;
  std::vector<BrokenOffRun> brokenOff;

  const DatasetInfo* dataset(const std::string& name) const;
  const ArchitectureInfo* architecture(const std::string& name) const;
  /// "fingerprint+plain" → "plain+fingerprint": the key of `parameters`. Unknown terms are left out.
  std::string ordered(const std::string& objective) const;
};

/// For a worker.
TrainLists loadTrainLists(Engine& engine, const JobContext& context);

std::vector<std::string> objectiveTerms(const std::string& objective);
std::string joinTerms(const std::vector<std::string>& terms);

/// A titled part of the parameters.
struct ParameterGroup {
  std::string objective;  ///< whose it is; "" for the loop's
  bool important = true;  ///< shown from the start
  std::vector<ParameterSpec> specs;
};

/// Splits the parameters of a run: the few of the loop that people turn, then each term's own, then the rest of the
/// loop.
std::vector<ParameterGroup> groupParameters(const TrainLists& lists, const std::string& objective);

/// The network was designed for images of that shape, or the shape isn't known yet. Others may still work.
bool madeFor(const ArchitectureInfo& architecture, const DatasetInfo& dataset);

}  // namespace whorl::ui
