// SPDX-License-Identifier: GPL-3.0-or-later
// Attacks and detectors over a data set, under the protocol of docs/cli.md: correctly classified test images,
// the first so many in a seeded order; failed attacks count as failures; τ from clean training images.
#include <algorithm>
#include <limits>
#include <numeric>

#include "core/base/random.h"
#include "core/detect/detector.h"
#include "core/detect/roc.h"
#include "core/service/attack_setup.h"
#include "core/service/documents.h"
#include "core/service/engine_impl.h"
#include "core/service/inference.h"
#include "core/service/result_file.h"
#include "core/service/stopwatch.h"

namespace whorl {
namespace {

constexpr std::int64_t kSelectionBatch = 200;
constexpr std::int64_t kThresholdImages = 2000;
constexpr std::int64_t kMostImages = 10'000'000;

std::vector<std::int64_t> shuffledIndices(std::int64_t count, std::uint64_t seed) {
  std::vector<std::int64_t> order(count);
  std::iota(order.begin(), order.end(), 0);
  Random(seed).shuffle(order);
  return order;
}

std::vector<double> toVector(const torch::Tensor& values) {
  const auto host = values.to(torch::kCPU, torch::kFloat64).contiguous();
  return {host.const_data_ptr<double>(), host.const_data_ptr<double>() + host.numel()};
}

std::span<const std::int64_t> slice(const std::vector<std::int64_t>& values, std::int64_t first, std::int64_t count) {
  const auto size = static_cast<std::int64_t>(values.size());
  return std::span(values).subspan(first, std::min(count, size - first));
}

void checkRequest(const AttackRunRequest& request) {
  if (request.count < 1 || request.count > kMostImages) {
    throw Error(ErrorKind::Usage, std::to_string(request.count) + " images", "count", "give 1 or more");
  }
  if (request.batchSize < 1 || request.batchSize > kMostImages) {
    throw Error(ErrorKind::Usage, std::to_string(request.batchSize) + " images a batch", "batch_size",
                "give 1 or more");
  }
  if (!request.save.empty()) checkResultFile(request.save);
}

void checkFits(const Model& model, const Dataset& data) {
  if (data.test.shape != model.input) {
    throw Error(ErrorKind::BadInput,
                "the model takes images of " + toText(model.input) + ", the data set has " + toText(data.test.shape),
                model.name + " on " + data.name, "choose the data set that it was trained on");
  }
  if (data.classNames.size() != model.classNames.size()) {
    throw Error(ErrorKind::BadInput,
                "the model knows " + std::to_string(model.classNames.size()) + " classes, the data set has " +
                    std::to_string(data.classNames.size()),
                model.name + " on " + data.name, "choose the data set that it was trained on");
  }
}

/// Which test images are attacked.
struct Selection {
  std::vector<std::int64_t> indices;  ///< correctly classified, in the seeded order
  std::int64_t examined = 0;
  double cleanAccuracy = 0;  ///< over the examined ones
};

Selection selectCorrect(const Model& model, const DataSplit& split, const AttackSetup& setup, std::int64_t count,
                        std::uint64_t seed, const JobContext& context) {
  const torch::NoGradGuard noGradients;
  const auto order = shuffledIndices(split.count(), mixSeed(seed, "selection"));
  const auto device = model.classifier->device();
  const auto total = static_cast<std::int64_t>(order.size());
  Selection selection;
  std::int64_t correct = 0;
  for (std::int64_t first = 0; first < total && std::ssize(selection.indices) < count; first += kSelectionBatch) {
    context.step();
    const auto batch = slice(order, first, kSelectionBatch);
    const auto images = imagesAt(split, batch, device).to(model.classifier->dtype());
    const auto predictions = model.classifier->logits(images).argmax(1).to(torch::kCPU);
    const auto* predicted = predictions.const_data_ptr<std::int64_t>();
    for (std::size_t i = 0; i < batch.size() && std::ssize(selection.indices) < count; ++i) {
      ++selection.examined;
      const std::int64_t label = split.labels[batch[i]];
      if (predicted[i] != label) continue;
      ++correct;
      // An image of the target class is there already.
      if (!setup.targeted || setup.target != label) selection.indices.push_back(batch[i]);
    }
    context.report({std::ssize(selection.indices), std::min(count, total), "choosing correctly classified images", {}});
  }
  selection.cleanAccuracy = selection.examined ? static_cast<double>(correct) / selection.examined : 0;
  return selection;
}

double meanOver(const torch::Tensor& values, const torch::Tensor& chosen) {
  const auto kept = values.masked_select(chosen);
  return kept.numel() ? kept.mean().item<double>() : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace

/// An attack's run with its tensors (host), which detect() goes on with.
struct EngineImpl::Evaluation {
  std::shared_ptr<const Model> model;
  DatasetPtr data;
  AttackSetup setup;
  Selection selection;
  torch::Tensor adversarial;             ///< [n,C,H,W]
  torch::Tensor labels;                  ///< [n]
  torch::Tensor adversarialPredictions;  ///< [n]
  torch::Tensor success;                 ///< [n] bool
  std::int64_t batch = 0;
  AttackRunResult result;
  nlohmann::json document;

  torch::Tensor original() const {
    return imagesAt(data->test, selection.indices, torch::kCPU).to(model->classifier->dtype());
  }
  TensorFile file() const {
    TensorFile file;
    const auto indices = torch::tensor(selection.indices, torch::kInt64);
    // Only correctly classified images are attacked: the prediction of the original is its label.
    file.tensors = {{"original", original()}, {"adversarial", adversarial},
                    {"label", labels},        {"prediction", labels.clone()},
                    {"success", success},     {"adversarial_prediction", adversarialPredictions},
                    {"index", indices}};
    file.metadata["whorl"] = jsonText(document);
    return file;
  }
};

namespace {

struct AttackTotals {
  std::vector<torch::Tensor> adversarial, predictions, success;
  std::int64_t forwards = 0;
  std::int64_t backwards = 0;
  std::int64_t successes = 0;
  std::int64_t nonfinite = 0;
  std::vector<std::string> notes;
  double seconds = 0;
};

AttackTotals attackBatches(const AttackRunRequest& run, const Model& model, const Dataset& data,
                           const AttackSetup& setup, const Selection& selection, std::int64_t batchSize,
                           const JobContext& context) {
  AttackTotals totals;
  const auto device = model.classifier->device();
  const auto count = std::ssize(selection.indices);
  const Stopwatch watch;
  for (std::int64_t first = 0; first < count; first += batchSize) {
    context.step();
    const auto batch = slice(selection.indices, first, batchSize);
    const auto request = attackRequest(setup, model, imagesAt(data.test, batch, device).to(model.classifier->dtype()),
                                       labelsAt(data.test, batch, device), {batch.begin(), batch.end()}, run.seed);
    const auto outcome = runAttack(setup, model, request, context);
    for (const auto& note : outcome.notes) {
      if (std::find(totals.notes.begin(), totals.notes.end(), note) == totals.notes.end()) totals.notes.push_back(note);
    }
    if (outcome.nonfinite.defined()) totals.nonfinite += outcome.nonfinite.sum().item<std::int64_t>();
    totals.adversarial.push_back(outcome.adversarial.to(torch::kCPU));
    totals.predictions.push_back(outcome.predictions.to(torch::kCPU));
    totals.success.push_back(outcome.success.to(torch::kCPU));
    totals.forwards += outcome.forwards;
    totals.backwards += outcome.backwards;
    totals.successes += totals.success.back().sum().item<std::int64_t>();
    const auto done = first + std::ssize(batch);
    context.report({done,
                    count,
                    "attacking",
                    {{"success_rate", static_cast<double>(totals.successes) / done},
                     {"images_per_second", done / std::max(watch.seconds(), 1e-9)}}});
  }
  synchronise(device);
  totals.seconds = watch.seconds();
  return totals;
}

nlohmann::json attackDocument(const AttackRunRequest& request, const Model& model, const Dataset& data,
                              const AttackSetup& setup, const Selection& selection, const AttackTotals& totals,
                              const AttackRunResult& result) {
  return {{"data", datasetDocument(data)},
          {"model", model.path.string()},
          {"model_sha256", model.sha256},
          {"attack", request.attack},
          {"parameters", toJson(setup.parameters)},
          {"threat_model", threatModelName(setup.threatModel)},
          {"count", request.count},
          {"examined", selection.examined},
          {"clean_accuracy", result.cleanAccuracy},
          {"attacked", result.attacked},
          {"successes", totals.successes},
          {"success_rate", result.successRate},
          {"mean_l2", numberOrNull(result.meanL2)},
          {"mean_linf", numberOrNull(result.meanLinf)},
          {"forwards", totals.forwards},
          {"backwards", totals.backwards},
          {"nonfinite", totals.nonfinite},
          {"notes", totals.notes},
          {"seconds", result.seconds},
          {"images_per_second", result.imagesPerSecond},
          {"save", request.save.empty() ? nlohmann::json(nullptr) : nlohmann::json(request.save)}};
}

/// Scores of images [n,C,H,W] (host), in batches.
std::vector<double> scoresOf(const Detector& detector, const Model& model, const torch::Tensor& images,
                             std::int64_t batchSize, const std::string& what, const JobContext& context) {
  std::vector<double> scores;
  for (std::int64_t first = 0; first < images.size(0); first += batchSize) {
    context.step();
    const auto batch = images.narrow(0, first, std::min(batchSize, images.size(0) - first));
    const auto values = toVector(detector.scores(batch.to(model.classifier->device(), model.classifier->dtype())));
    scores.insert(scores.end(), values.begin(), values.end());
    context.report({std::ssize(scores), images.size(0), what, {}});
  }
  return scores;
}

std::vector<double> chosen(const std::vector<double>& values, const torch::Tensor& mask) {
  std::vector<double> kept;
  const bool* keep = mask.const_data_ptr<bool>();
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (keep[i]) kept.push_back(values[i]);
  }
  return kept;
}

nlohmann::json detectionAtFpr(const std::vector<double>& clean, const std::vector<double>& adversarial) {
  nlohmann::json rates = nlohmann::json::object();
  if (clean.empty() || adversarial.empty()) return rates;
  for (const auto& [name, rate] : {std::pair{"0.01", 0.01}, {"0.05", 0.05}, {"0.1", 0.1}}) {
    rates[name] = rejectionRate(adversarial, thresholdAtFpr(clean, rate));
  }
  return rates;
}

/// The network of one model with the fingerprints of another.
std::shared_ptr<const Model> withFingerprintsOf(const Model& model, const Model& other) {
  if (!other.fingerprintDx) {
    throw Error(ErrorKind::BadInput, "the model has no fingerprints", other.name, "name a fingerprinted model");
  }
  if (other.input != model.input || other.classNames.size() != model.classNames.size()) {
    throw Error(ErrorKind::BadInput,
                "its fingerprints are for images of " + toText(other.input) + ", " + model.name + " takes " +
                    toText(model.input),
                other.name, "name a model of the same data set");
  }
  auto mixed = std::make_shared<Model>(model);
  mixed->fingerprintDx = other.fingerprintDx;
  mixed->fingerprintDy = other.fingerprintDy;
  mixed->threshold.reset();
  return mixed;
}

void addScores(TensorFile& file, const std::vector<double>& clean, const std::vector<double>& adversarial) {
  file.tensors["score"] = torch::tensor(clean, torch::kFloat64);
  file.tensors["adversarial_score"] = torch::tensor(adversarial, torch::kFloat64);
}

}  // namespace

EngineImpl::Evaluation EngineImpl::runAttack(const AttackRunRequest& request, const JobContext& context) {
  checkRequest(request);
  Evaluation run;
  const auto device = parseDevice(request.device);
  run.model = m_models.load(request.model, device.str());
  run.setup = prepareAttack(request.attack, request.parameters, request.threatModel, *run.model);
  run.data = m_datasets.get(request.dataset, context);
  checkFits(*run.model, *run.data);
  run.selection = selectCorrect(*run.model, run.data->test, run.setup, request.count, request.seed, context);
  if (run.selection.indices.empty()) {
    throw Error(ErrorKind::BadInput, "no test image can be attacked: none is classified correctly",
                run.model->name + " on " + run.data->name, "is it the model for this data set?");
  }
  const std::int64_t copies = run.setup.detectorScore ? copiesOf(*run.model) : 1;
  run.batch = fittingBatch(*run.model, request.batchSize, copies, true);
  const AttackTotals totals =
      attackBatches(request, *run.model, *run.data, run.setup, run.selection, run.batch, context);
  run.adversarial = torch::cat(totals.adversarial);
  run.adversarialPredictions = torch::cat(totals.predictions);
  run.success = torch::cat(totals.success).contiguous();
  run.labels = labelsAt(run.data->test, run.selection.indices, torch::kCPU);

  const auto difference = (run.adversarial - run.original()).to(torch::kFloat64).flatten(1);
  AttackRunResult& result = run.result;
  result.attacked = std::ssize(run.selection.indices);
  result.cleanAccuracy = run.selection.cleanAccuracy;
  result.successRate = static_cast<double>(totals.successes) / result.attacked;
  result.meanL2 = meanOver(difference.square().sum(1).sqrt(), run.success);
  result.meanLinf = meanOver(difference.abs().amax(1), run.success);
  result.seconds = totals.seconds;
  result.imagesPerSecond = result.attacked / std::max(totals.seconds, 1e-9);
  run.document = documentHead("attack", request.seed, device.str(), threadsFor(request.threads), run.batch, "float32");
  run.document.update(attackDocument(request, *run.model, *run.data, run.setup, run.selection, totals, run.result));
  return run;
}

AttackRunResult EngineImpl::attack(const AttackRunRequest& request, const JobContext& context) {
  return translated("attack", [&] {
    const ThreadScope threads(threadsFor(request.threads));
    const Stopwatch watch;
    Evaluation run = runAttack(request, context);
    run.document["total_seconds"] = watch.seconds();
    if (!request.save.empty()) {
      TensorFile file = run.file();
      if (run.model->fingerprintDx) {
        const auto detector = makeDetector("fingerprint", *run.model, {});
        addScores(file, scoresOf(*detector, *run.model, run.original(), run.batch, "scoring clean images", context),
                  scoresOf(*detector, *run.model, run.adversarial, run.batch, "scoring adversarial images", context));
      }
      writeResultFile(file, request.save);
    }
    run.result.json = jsonText(run.document);
    return run.result;
  });
}

DetectResult EngineImpl::detect(const DetectRequest& request, const JobContext& context) {
  return translated("detect", [&] {
    if (!(request.falsePositiveRate >= 0 && request.falsePositiveRate <= 1)) {
      throw Error(ErrorKind::Usage, "a false-positive rate lies between 0 and 1", "false_positive_rate");
    }
    const ThreadScope threads(threadsFor(request.attack.threads));
    const Stopwatch watch;
    // Made first: a model without fingerprints is refused before it is attacked.
    const std::string device = parseDevice(request.attack.device).str();
    auto model = m_models.load(request.attack.model, device);
    if (!request.fingerprintsFrom.empty()) {
      model = withFingerprintsOf(*model, *m_models.load(request.fingerprintsFrom, device));
    }
    const auto detector = makeDetector(request.detector, *model, request.detectorParameters);
    Evaluation run = runAttack(request.attack, context);

    const std::int64_t batch = fittingBatch(*model, request.attack.batchSize, copiesOf(*model), false);
    const auto clean = scoresOf(*detector, *model, run.original(), batch, "scoring clean images", context);
    const auto adversarial = scoresOf(*detector, *model, run.adversarial, batch, "scoring adversarial images", context);
    // As those that are tested: correctly classified, in a seeded order.
    const auto training = selectCorrect(*model, run.data->train, AttackSetup{}, kThresholdImages,
                                        mixSeed(request.attack.seed, "threshold"), context)
                              .indices;
    if (training.empty()) {
      throw Error(ErrorKind::BadInput, "no training image is classified correctly: the threshold can't be set",
                  model->name + " on " + run.data->name);
    }
    const auto reference = scoresOf(*detector, *model, imagesAt(run.data->train, training, torch::kCPU), batch,
                                    "setting the threshold", context);
    const auto successful = chosen(adversarial, run.success);

    DetectResult result;
    result.attack = run.result;
    result.aucAll = aucExact(clean, adversarial);
    result.aucSuccessful = aucExact(clean, successful);
    result.threshold = thresholdAtFpr(reference, request.falsePositiveRate);
    result.falsePositiveRate = rejectionRate(clean, result.threshold);
    result.truePositiveRate =
        successful.empty() ? std::numeric_limits<double>::quiet_NaN() : rejectionRate(successful, result.threshold);
    auto& document = run.document;
    document["command"] = "detect";
    document["detector"] = request.detector;
    document["detector_parameters"] =
        toJson(resolve(request.detector, detector->spec().parameters, request.detectorParameters));
    document["auc"] = {{"all", numberOrNull(result.aucAll)}, {"successful", numberOrNull(result.aucSuccessful)}};
    document["threshold"] = result.threshold;
    document["fingerprints_from"] =
        request.fingerprintsFrom.empty() ? nlohmann::json(nullptr) : nlohmann::json(request.fingerprintsFrom);
    document["threshold_images"] = std::ssize(training);
    document["wanted_false_positive_rate"] = request.falsePositiveRate;
    document["false_positive_rate"] = result.falsePositiveRate;
    document["true_positive_rate"] = numberOrNull(result.truePositiveRate);
    document["true_positive_rate_at"] = detectionAtFpr(clean, successful);
    document["total_seconds"] = watch.seconds();
    result.json = jsonText(document);
    result.attack.json = result.json;
    if (!request.attack.save.empty()) {
      TensorFile file = run.file();
      addScores(file, clean, adversarial);
      writeResultFile(file, request.attack.save);
    }
    return result;
  });
}

}  // namespace whorl
