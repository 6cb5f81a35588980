// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/detect/detector.h"

namespace whorl {

/// Numbers that a detector draws from images, apart from what is made of them (the number itself, or a logistic
/// regression over several). Every column is so oriented that higher means more adversarial.
class Statistic {
 public:
  virtual ~Statistic() = default;

  /// Numbers an image.
  virtual std::int64_t columns() const { return 1; }
  virtual bool needsTraining() const { return false; }
  virtual bool needsTwins() const { return false; }
  virtual std::int64_t minibatch() const { return 0; }
  virtual std::int64_t copies() const { return 1; }
  /// Images that must be there to score any.
  virtual std::int64_t fewestImages() const { return 1; }

  /// Learns from the training images of `data` (checked; `context` between batches). Nothing else of it may be used.
  virtual void fit(const DetectorFitData& data, const JobContext& context);
  /// images [B,C,H,W] and twins [R,C,H,W] (or undefined) on the classifier's device → [B,columns] float64 there. No
  /// gradients are recorded. An image's numbers depend on it and the twins alone.
  virtual torch::Tensor values(const torch::Tensor& images, const torch::Tensor& twins) const = 0;
  virtual std::shared_ptr<const DifferentiableScore> differentiableScore() const { return nullptr; }

  virtual std::map<std::string, torch::Tensor> state() const { return {}; }
  virtual void setState(const std::map<std::string, torch::Tensor>& state, const std::string& where);
};

/// A line of the table of statistics.
struct StatisticEntry {
  std::string name;                       ///< as in the parameter `statistics`
  std::vector<ParameterSpec> parameters;  ///< names unique among all statistics
  std::unique_ptr<Statistic> (*make)(const Model& model, const Parameters& parameters) = nullptr;
};

/// The table: all statistics.
const std::vector<StatisticEntry>& statistics();
/// Error(Usage) that lists the known names.
const StatisticEntry& findStatistic(const std::string& name);

// ---- What statistics share ----

/// The watched network with its layers. Error(BadInput) for an imported module or another classifier, whose layers
/// can't be seen; `what` is the statistic.
std::shared_ptr<const NetworkClassifier> networkOf(const Model& model, const std::string& what);
/// Rows of host images (float, or uint8) as the classifier takes them.
torch::Tensor rowsFor(const Classifier& classifier, const torch::Tensor& images, std::int64_t first,
                      std::int64_t count);
/// The network's last hidden layer of all images, [n,F] float64 on the host, in batches.
torch::Tensor featuresOf(const NetworkClassifier& classifier, const torch::Tensor& images, const std::string& what,
                         const JobContext& context);
/// The tensor `name` of a state, checked: dimensions (−1: any), float64, finite. Error(BadInput) with `where`.
torch::Tensor stateTensor(const std::map<std::string, torch::Tensor>& state, const std::string& name,
                          const std::vector<std::int64_t>& sizes, const std::string& where);
/// Error(BadInput) for names in `state` that are not among `names`.
void checkStateNames(const std::map<std::string, torch::Tensor>& state, const std::vector<std::string>& names,
                     const std::string& where);

}  // namespace whorl
