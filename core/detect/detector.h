// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/base/job.h"
#include "core/base/parameters.h"
#include "core/nn/model.h"
#include "core/nn/safetensors.h"

namespace whorl {

/// What a detector must be given, so that a caller prepares no more than that.
struct DetectorNeeds {
  bool trainingImages = false;  ///< fit(): labelled images that the model was trained on
  bool attackedImages = false;  ///< fit(): clean images with their noisy and adversarial twins
  bool twins = false;           ///< scores(): the clean images of the same minibatch, as a published protocol has it
};

/// What detectors are fitted to; members that needs() doesn't ask for stay undefined. Host tensors. No image of it may
/// be one that is scored later, and none of the first two members one of the last three: an image lies too close to
/// itself.
struct DetectorFitData {
  torch::Tensor trainImages;  ///< [n,C,H,W] float in [0,1], or uint8 in 0…255; of the training split
  torch::Tensor trainLabels;  ///< [n] int64, true classes
  torch::Tensor clean;        ///< [m,C,H,W] float in [0,1], correctly classified
  torch::Tensor noisy;        ///< [m,C,H,W]: `clean` with as much noise as the attack changes (noise_twins.h)
  torch::Tensor adversarial;  ///< [m,C,H,W]: `clean`, attacked
  std::uint64_t seed = 0;     ///< for what a fit draws
};

/// Tells adversarial from clean images. Higher score = more adversarial. One thread fits or loads; after that const and
/// thread-safe.
class Detector {
 public:
  Detector(const OperationSpec& spec, Parameters parameters) : m_spec(spec), m_parameters(std::move(parameters)) {}
  virtual ~Detector() = default;
  Detector(const Detector&) = delete;
  Detector& operator=(const Detector&) = delete;

  const OperationSpec& spec() const { return m_spec; }
  /// Resolved.
  const Parameters& parameters() const { return m_parameters; }

  virtual DetectorNeeds needs() const { return {}; }
  /// Clean images that belong together: scores() must get the twins of so many rows, those of the scored ones among
  /// them (batchesOf()). 0: any number.
  virtual std::int64_t minibatch() const { return 0; }
  /// Forwards that one image costs at once, for a caller who counts memory.
  virtual std::int64_t copies() const { return 1; }
  /// Images that must be there to score any: a caller refuses fewer before it attacks them.
  virtual std::int64_t fewestImages() const { return 1; }

  /// Error(Usage) if data that needs() asks for is missing or doesn't fit; Error(BadInput) if the model's numbers for
  /// it aren't finite. Whatever was fitted before is replaced. Cancelling takes effect between two batches.
  virtual void fit(const DetectorFitData& data, const JobContext& context);
  /// Whether scores() may be called: needs nothing, was fitted, or was loaded.
  virtual bool fitted() const { return true; }

  /// images [B,C,H,W] in [0,1] on the classifier's device and of its type → [B], without gradients. Error(Usage) if it
  /// isn't fitted, or if it needs twins.
  torch::Tensor scores(const torch::Tensor& images) const { return scores(images, {}); }
  /// `twins` [R,C,H,W]: the clean images of the same minibatch; a clean image is its own twin. Undefined for none.
  virtual torch::Tensor scores(const torch::Tensor& images, const torch::Tensor& twins) const = 0;

  /// The same as something that an adaptive attack can differentiate, or null.
  virtual std::shared_ptr<const DifferentiableScore> differentiableScore() const { return nullptr; }

  /// What was fitted, by name, on the host; empty where nothing is.
  virtual std::map<std::string, torch::Tensor> state() const { return {}; }
  /// The opposite. Error(BadInput) with `where` for missing, additional or misshapen tensors, and for NaN.
  virtual void setState(const std::map<std::string, torch::Tensor>& state, const std::string& where);

 private:
  const OperationSpec& m_spec;
  Parameters m_parameters;
};

/// A line of the table: how a detector is made for a model.
struct DetectorEntry {
  const OperationSpec* spec = nullptr;
  /// `models`: the one that is watched, then its companions. Error(BadInput) if a model lacks what is needed.
  std::function<std::unique_ptr<Detector>(std::span<const Model> models, const Parameters& parameters)> make;
  bool companions = false;  ///< takes other models beside the watched one
  DetectorNeeds needs{};    ///< with default parameters, for lists
};

/// The table: all detectors.
const std::vector<DetectorEntry>& detectors();
/// Error(Usage) that lists the known names.
const DetectorEntry& findDetector(const std::string& name);
/// Fills in and checks parameters. Error(Usage) that lists the known names, for a parameter out of its range, or for
/// companions of a detector that takes none.
std::unique_ptr<Detector> makeDetector(const std::string& name, std::span<const Model> models,
                                       const Parameters& parameters);
std::unique_ptr<Detector> makeDetector(const std::string& name, const Model& model, const Parameters& parameters);

/// Error(Usage) if the detector can't score so few images.
void checkEnough(const Detector& detector, std::int64_t images);

/// Scores of host images [n,C,H,W] as [n] float64 on the host, `batchSize` at a time or in the detector's own
/// minibatches. `twins` [n,…] row by row, or undefined. Reports progress as `what`.
torch::Tensor scoreAll(const Detector& detector, const Classifier& classifier, const torch::Tensor& images,
                       const torch::Tensor& twins, std::int64_t batchSize, const std::string& what,
                       const JobContext& context);
/// Rows that are scored together, and the rows whose clean images stand beside them.
struct ImageBatch {
  std::int64_t first = 0;
  std::int64_t count = 0;
  std::int64_t firstTwin = 0;
  std::int64_t twinCount = 0;
  bool operator==(const ImageBatch&) const = default;
};
/// Batches of `size` rows beside their own twins. Where `together` > 0, every batch stands beside exactly so many
/// twins, since numbers drawn from 100 neighbours can't be compared with those from 198: a short last batch takes the
/// twins of the rows before it, too. Fewer only where `count` is.
std::vector<ImageBatch> batchesOf(std::int64_t count, std::int64_t size, std::int64_t together);

/// A fitted detector as a file's contents: its state, and in the metadata its name, parameters and the model's SHA-256.
TensorFile saveDetector(const Detector& detector, const Model& model);
/// Error(BadInput) with `where` for a file that isn't one, is damaged, or was fitted to another model.
std::unique_ptr<Detector> loadDetector(const TensorFile& file, std::span<const Model> models, const std::string& where);

}  // namespace whorl
