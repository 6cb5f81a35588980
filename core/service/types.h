// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

// The engine as a front end sees it: plain types only. No torch, no OpenCV, no Qt in these headers.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "core/base/error.h"
#include "core/base/job.h"
#include "core/base/parameters.h"
#include "core/base/scheduler.h"
#include "core/image/image.h"
#include "core/service/train_types.h"

namespace whorl {

struct EngineOptions {
  std::string dataFolder;      ///< --data-dir; "" for WHORL_DATA and the user's folder
  std::string userFolder;      ///< models, downloads, checkpoints; "" for the platform's place
  std::string resourceFolder;  ///< shipped models; "" to find it beside the program
  int reservedCores = 0;       ///< cores that training leaves free (the window asks for 1)
};

struct EngineInfo {
  std::string version;
  std::string torchVersion;
  std::string opencvVersion;
  std::string device;                ///< that "auto" means
  std::vector<std::string> devices;  ///< what --device takes here: "cpu", "cuda:0", …
  int threads = 0;
  bool bfloat16 = false;  ///< the processor has bfloat16 instructions
  std::string userFolder;
  std::string resourceFolder;
};

struct DatasetInfo {
  std::string name;
  std::string title;
  std::string licence;
  std::string paper;
  ImageShape shape;
  std::vector<std::string> classNames;
  std::int64_t trainCount = 0;
  std::int64_t testCount = 0;
  bool generated = false;
  std::string location;  ///< folder; "" if it must be fetched
  std::uint64_t downloadBytes = 0;
};

struct FileVerification {
  std::string file;
  std::string path;
  bool ok = false;
  std::string message;
};

struct ArchitectureInfo {
  std::string name;
  std::string title;
  std::string reference;
  ImageShape input;
  int classes = 0;
  std::int64_t parameters = 0;
  std::int64_t layers = 0;  ///< convolutions and fully connected ones: trained_layers can be as many
};

struct ModelInfo {
  std::string id;  ///< what requests take: a shipped name, or the file's path
  std::string name;
  std::string path;
  std::string architecture;
  ImageShape input;
  std::vector<std::string> classNames;
  std::int64_t parameters = 0;
  std::int64_t fingerprints = 0;  ///< N, 0 for none
  std::optional<double> threshold;
  bool shipped = false;
  bool differentiable = true;
  std::string sha256;
  std::string pastJson;  ///< the run's past, a JSON object as text
  std::string problem;   ///< why it can't be used; "" if it can
};

/// A named set of values for everything that a training run needs.
struct TrainPresetInfo {
  std::string name;
  std::string title;
  std::string dataset;
  std::string architecture;
  std::string objective;
  Parameters parameters;
};

/// A named set of an attack's values.
struct AttackPresetInfo {
  std::string name;
  std::string summary;      ///< one line; "" where the name says it
  std::string threatModel;  ///< that it is meant for
  Parameters parameters;
};

struct AttackInfo {
  OperationSpec spec;
  std::string threatModel;  ///< what it needs at least
  std::vector<std::string> norms;
  std::vector<AttackPresetInfo> presets;
  /// Under the threat model adaptive-white-box it takes these, too; empty: it has no adaptive form.
  std::vector<ParameterSpec> adaptiveParameters;
};

struct DetectorInfo {
  OperationSpec spec;
  // With default parameters:
  bool needsTrainingImages = false;  ///< learns from the data set's training images
  bool needsAttackedImages = false;  ///< learns from attacked training images (DetectRequest::fitAttack)
  bool needsTwins = false;           ///< scores images beside the clean ones of their minibatch, as published
  bool companions = false;           ///< watches several models (DetectRequest::companions)
};

// ---- One image: what Explore shows
// -----------------------------------------------------------------------------------

/// One step of the stack: a natural perturbation or an attack, with its parameters.
struct StepRequest {
  std::string operation;  ///< a name of perturbations() or attacks()
  Parameters parameters;
  bool enabled = true;
  std::string threatModel = {};  ///< what an attack may see; "" for ExploreRequest::threatModel

  bool operator==(const StepRequest&) const = default;
};

/// What a model says of one image.
struct Verdict {
  std::vector<double> probabilities;
  std::vector<double> logits;
  int predicted = 0;
  std::vector<double> fingerprintDistances;  ///< per class; empty without fingerprints
  double score = 0;                          ///< min over classes
  std::optional<double> threshold;
  bool accepted = true;  ///< score < threshold
};

/// Distances between two images of one size, pixels in [0,1].
struct ImageNorms {
  std::int64_t l0 = 0;  ///< pixels (places) that differ at all
  double l1 = 0;
  double l2 = 0;
  double linf = 0;
  double psnr = 0;  ///< dB; infinity for equal images
  double ssim = 0;  ///< mean over channels, 7x7 uniform window
};

struct StepOutcome {
  std::string operation;
  double seconds = 0;
  std::optional<bool> success;  ///< attacks only
  std::string note;             ///< in plain words: "already misclassified", …
  bool alreadyWrong = false;    ///< the model was wrong before this untargeted attack began
  std::string problem = {};     ///< why the step could not be run (ExploreRequest::tolerant); "" if it was
};

/// One iterate of an attack.
struct AttackTracePoint {
  std::int64_t step = 0;
  double loss = 0;
  double margin = 0;  ///< of the true class's logit behind the largest other: positive when misclassified
  double l2 = 0;
  double linf = 0;
  Image image;
};

enum class InputFit { Fit, Crop, Stretch };

struct ExploreRequest {
  std::string model;
  Image image;  ///< any size
  InputFit fit = InputFit::Fit;
  std::vector<StepRequest> steps;
  std::optional<int> label;     ///< true class; without it attacks work against the model's own guess
  std::int64_t imageIndex = 0;  ///< in its data set, for randomness
  std::uint64_t seed = 0;
  std::string device = "auto";
  std::string threatModel = "grey-box";
  bool trace = false;
  /// A step that can't be run (bad values, no gradients, …) is left out, with its problem in its outcome, instead of
  /// ending the whole with an Error.
  bool tolerant = false;
};

struct ExploreResult {
  Image input;   ///< what the network sees of the original
  Image result;  ///< after all steps
  Verdict before;
  Verdict after;
  ImageNorms norms;
  std::vector<StepOutcome> steps;
  /// Of the last attack, if asked for: its iterates, evenly thinned out to at most kMostTracePoints, the last one kept.
  std::vector<AttackTracePoint> trace;
  std::size_t traced = 0;  ///< place of that attack in ExploreRequest::steps
  double seconds = 0;

  static constexpr std::size_t kMostTracePoints = 240;
};

/// An iterate of an attack that is still running.
struct ExploreStep {
  std::size_t position = 0;  ///< of the attack in ExploreRequest::steps
  AttackTracePoint point;
  Verdict verdict;
};

/// Called on the worker; must be short.
struct ExploreHooks {
  /// Once, before the first step: `input` and `before` are known, the rest is not.
  std::function<void(const ExploreResult&)> onStart;
  /// While an attack runs, beginning 0.1 s after its start (shorter ones are not worth watching): at most 30 times a
  /// second, and at last for its last iterate. Asking the model for the verdicts takes at most a fifth of the time.
  std::function<void(const ExploreStep&)> onStep;
};

/// Images of one size, the model's input, such as the iterates of an attack.
struct JudgeRequest {
  std::string model;
  Image original;  ///< what norms are measured from
  std::vector<Image> images;
  std::string device = "auto";
};

struct JudgedImage {
  Verdict verdict;
  ImageNorms norms;
};

// ---- Many images -------------------------------------------------------------------------------------------------

struct ImageVerdict {
  std::string file;
  std::string className;
  Verdict verdict;
};

struct PredictRequest {
  std::string model;
  std::vector<std::string> files;
  InputFit fit = InputFit::Fit;
  std::string device = "auto";
};

struct PredictResult {
  std::vector<ImageVerdict> images;
  std::string json;
};

struct AttackRunRequest {
  std::string model;
  std::string dataset;
  std::string attack;
  Parameters parameters;
  std::int64_t count = 1000;  ///< correctly classified test images, the first in a seeded order
  /// Places of test images, attacked in this order where they are classified correctly, at most `count` of them; empty
  /// for the seeded order.
  std::vector<std::int64_t> indices;
  std::uint64_t seed = 0;
  std::string device = "auto";
  std::string precision = "float32";  ///< or "bfloat16": the attack's own forwards; what it reached is told in float32
  std::string layout;                 ///< of activations: "contiguous", "channels_last", or "" as the plan says
  int threads = 0;                    ///< in all; 0: all cores
  int workers = 0;                    ///< batches at once, which share the threads; 0: as the plan says
  std::int64_t batchSize = 0;         ///< 0: as the plan says
  std::string threatModel = "grey-box";
  std::string save;        ///< .safetensors or .npz; "" for none
  std::string saveImages;  ///< folder for 8-bit PNG files, rounded inside the ε-ball; "" for none
};

struct AttackRunResult {
  std::int64_t attacked = 0;
  double cleanAccuracy = 0;
  double successRate = 0;
  double meanL2 = 0;    ///< over successes
  double meanLinf = 0;  ///< over successes
  double imagesPerSecond = 0;
  double seconds = 0;
  double backwardsPerImage = 0;
  std::int64_t savedImages = 0;            ///< of saveImages: successful ones
  std::int64_t savedStillAdversarial = 0;  ///< of them, those that still fool the model after rounding to 8 bits
  std::string json;
};

struct TuneRequest {
  std::string model;
  std::string device = "auto";
  int threads = 0;
};

/// One way to compute, measured.
struct PlanMeasurement {
  int workers = 1;
  int threadsPerWorker = 1;
  std::int64_t batchSize = 0;
  std::string layout;
  std::string precision;
  double gradientsPerSecond = 0;  ///< images through a forward and a backward to the input
};

struct TuneResult {
  std::vector<PlanMeasurement> measurements;  ///< all that were tried
  PlanMeasurement best;                       ///< of float32: what attacks on this model will use on this machine
  std::optional<PlanMeasurement> bfloat16;    ///< the best of it, where the processor or the GPU has it
  std::string json;
};

struct DetectRequest {
  AttackRunRequest attack;
  std::string detector = "fingerprint";
  Parameters detectorParameters;
  /// Another model whose fingerprints are used, to see what a network answers that was not trained for them; "" for its
  /// own.
  std::string fingerprintsFrom;
  double falsePositiveRate = 0.05;  ///< wanted; τ is set on clean training images, apart from those that are tested
  std::vector<std::string> companions;  ///< the other models of an ensemble
  /// Attack of the training split that a detector learns from, grey box; "" for FGSM, as published (what is learned is
  /// then transferred), "tested" for the tested attack itself, with its parameters and threat model.
  std::string fitAttack;
  std::string fitPreset;         ///< of fitAttack; "": the one named like the data set, or its default parameters
  std::int64_t fitCount = 1000;  ///< correctly classified training images, each attacked once; a third of all at most
  std::int64_t fitTrainImages = 0;  ///< labelled training images beside those; 0: all that are left
  std::string saveDetector;         ///< .safetensors for what was fitted; "" for none
  /// A file that saveDetector wrote for this model: nothing is fitted, and `detector`, its parameters and the fit's are
  /// the file's. "" for none.
  std::string fittedDetector;
};

struct DetectResult {
  double aucAll = 0;
  double aucSuccessful = 0;
  double threshold = 0;
  double falsePositiveRate = 0;  ///< measured on the tested clean images at `threshold`
  double truePositiveRate = 0;   ///< over successful adversarial images
  double averagePrecision = 0;   ///< over successful adversarial images and all clean ones
  double detectionAccuracy = 0;  ///< the best over thresholds, likewise, were both equally likely
  AttackRunResult attack;
  std::string json;
};

struct PerturbRequest {
  std::string input;
  std::string output;
  std::string perturbation;
  Parameters parameters;
  std::uint64_t seed = 0;
};

struct ImportModelRequest {
  std::string path;
  std::string output;  ///< "" for a new file in the user's folder
  std::string architecture;
  ImageShape input;
  std::vector<double> mean;
  std::vector<double> scale;
  std::vector<std::string> classNames;
  bool allowTorchScript = false;
};

/// An image before and after an attack.
struct AttackedImage {
  Image original;
  Image adversarial;
  int label = 0;
  bool success = false;    ///< misclassified after the attack
  std::int64_t index = 0;  ///< in the data set's test images
};

struct AttackedImages {
  std::int64_t total = 0;  ///< in the file
  std::vector<AttackedImage> images;
};

/// A labelled image of a data set, for browsing.
struct DatasetImage {
  Image image;
  int label = 0;
  std::string className;
  std::int64_t index = 0;
};

}  // namespace whorl
