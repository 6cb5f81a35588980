// SPDX-License-Identifier: GPL-3.0-or-later
// Attacks and detectors over a data set, under the protocol of docs/cli.md: correctly classified test images,
// the first so many in a seeded order; failed attacks count as failures; τ from clean training images.
#include <algorithm>
#include <limits>
#include <memory>

#include "core/base/random.h"
#include "core/detect/detector.h"
#include "core/detect/roc.h"
#include "core/service/attack_run.h"
#include "core/service/documents.h"
#include "core/service/engine_impl.h"
#include "core/service/evaluation.h"
#include "core/service/inference.h"
#include "core/service/stopwatch.h"

namespace whorl {
namespace {

constexpr std::int64_t kThresholdImages = 2000;
constexpr std::int64_t kScoringBatch = 100;

std::vector<double> toVector(const torch::Tensor& values) {
  const auto host = values.to(torch::kCPU, torch::kFloat64).contiguous();
  return {host.const_data_ptr<double>(), host.const_data_ptr<double>() + host.numel()};
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

/// Share of all attacked images that were misclassified and passed a detector of that false-positive rate: what an
/// adaptive attack is after.
nlohmann::json evasionAtFpr(const std::vector<double>& clean, const std::vector<double>& successful,
                            std::int64_t attacked) {
  nlohmann::json rates = nlohmann::json::object();
  if (clean.empty() || attacked == 0) return rates;
  for (const auto& [name, rate] : {std::pair{"0.01", 0.01}, {"0.05", 0.05}, {"0.1", 0.1}}) {
    const double passed =
        successful.empty() ? 0 : (1 - rejectionRate(successful, thresholdAtFpr(clean, rate))) * std::ssize(successful);
    rates[name] = passed / static_cast<double>(attacked);
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

AttackRunResult EngineImpl::attack(const AttackRunRequest& request, const JobContext& context) {
  return translated("attack", [&] {
    const ThreadScope threads(threadsFor(request.threads));
    const Stopwatch watch;
    const auto model = m_models.load(request.model, parseDevice(request.device).str());
    Evaluation run(request, model, threadsFor(request.threads), m_plans, /*keepRows=*/!request.save.empty());
    run.attack(m_datasets, context);
    run.document()["total_seconds"] = watch.seconds();
    if (!request.save.empty()) {
      TensorFile file = run.file();
      if (model->fingerprintDx) {
        const auto detector = makeDetector("fingerprint", *model, {});
        const std::int64_t batch = fittingBatch(*model, kScoringBatch, copiesOf(*model), false);
        addScores(
            file, scoresOf(*detector, *model, file.tensors.at("original"), batch, "scoring clean images", context),
            scoresOf(*detector, *model, file.tensors.at("adversarial"), batch, "scoring adversarial images", context));
      }
      writeResultFile(file, request.save);
    }
    return run.result();
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
    const auto attacked = m_models.load(request.attack.model, device);
    auto model = attacked;
    if (!request.fingerprintsFrom.empty()) {
      model = withFingerprintsOf(*model, *m_models.load(request.fingerprintsFrom, device));
    }
    const auto detector = makeDetector(request.detector, *model, request.detectorParameters);
    Evaluation run(request.attack, attacked, threadsFor(request.attack.threads), m_plans, /*keepRows=*/true);
    run.attack(m_datasets, context);

    TensorFile file = run.file();
    const std::int64_t batch = fittingBatch(*model, kScoringBatch, copiesOf(*model), false);
    const auto clean = scoresOf(*detector, *model, file.tensors.at("original"), batch, "scoring clean images", context);
    const auto adversarial =
        scoresOf(*detector, *model, file.tensors.at("adversarial"), batch, "scoring adversarial images", context);
    // As those that are tested: correctly classified, in a seeded order.
    const Dataset& data = run.data();
    const auto training = selectCorrect(*model, data.train, AttackSetup{}, kThresholdImages, {},
                                        mixSeed(request.attack.seed, "threshold"), context)
                              .indices;
    if (training.empty()) {
      throw Error(ErrorKind::BadInput, "no training image is classified correctly: the threshold can't be set",
                  model->name + " on " + data.name);
    }
    const auto reference = scoresOf(*detector, *model, imagesAt(data.train, training, torch::kCPU), batch,
                                    "setting the threshold", context);
    const auto successful = chosen(adversarial, file.tensors.at("success"));

    DetectResult result;
    result.aucAll = aucExact(clean, adversarial);
    result.aucSuccessful = aucExact(clean, successful);
    result.threshold = thresholdAtFpr(reference, request.falsePositiveRate);
    result.falsePositiveRate = rejectionRate(clean, result.threshold);
    result.truePositiveRate =
        successful.empty() ? std::numeric_limits<double>::quiet_NaN() : rejectionRate(successful, result.threshold);
    auto& document = run.document();
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
    document["evasion_rate_at"] = evasionAtFpr(clean, successful, run.result().attacked);
    document["total_seconds"] = watch.seconds();
    result.json = jsonText(document);
    result.attack = run.result();
    if (!request.attack.save.empty()) {
      addScores(file, clean, adversarial);
      file.metadata["whorl"] = result.json;
      writeResultFile(file, request.attack.save);
    }
    return result;
  });
}

}  // namespace whorl
