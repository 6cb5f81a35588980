// SPDX-License-Identifier: GPL-3.0-or-later
// Detectors over a data set, under the protocol of docs/detectors.md: what a detector learns from and what sets its
// threshold comes from the training split, no image twice; it is tested on attacked test images and the same ones
// clean.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <memory>
#include <utility>

#include "core/base/random.h"
#include "core/detect/detector.h"
#include "core/detect/metrics.h"
#include "core/detect/roc.h"
#include "core/service/detector_fit.h"
#include "core/service/documents.h"
#include "core/service/engine_impl.h"
#include "core/service/evaluation.h"
#include "core/service/impl/inference.h"
#include "core/service/result_file.h"
#include "core/service/stopwatch.h"

namespace whorl {
namespace {

constexpr std::int64_t kScoringBatch = 100;

std::vector<double> toVector(const torch::Tensor& values) {
  const auto host = values.to(torch::kCPU, torch::kFloat64).contiguous();
  return {host.const_data_ptr<double>(), host.const_data_ptr<double>() + host.numel()};
}

std::vector<double> chosen(const std::vector<double>& values, const torch::Tensor& mask) {
  std::vector<double> kept;
  const bool* keep = mask.const_data_ptr<bool>();
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (keep[i]) kept.push_back(values[i]);
  }
  return kept;
}

nlohmann::json intervalDocument(const Interval& interval) {
  return {numberOrNull(interval.low), numberOrNull(interval.high)};
}

/// Wilson's of a share of `count`; null where there are none.
nlohmann::json shareInterval(double share, std::size_t count) {
  if (count == 0) return nullptr;
  const auto hits = static_cast<std::int64_t>(std::llround(share * static_cast<double>(count)));
  return intervalDocument(wilsonInterval(hits, static_cast<std::int64_t>(count)));
}

nlohmann::json detectionAtFpr(const std::vector<double>& clean, const std::vector<double>& adversarial) {
  nlohmann::json rates = nlohmann::json::object();
  if (clean.empty() || adversarial.empty()) return rates;
  for (const auto& [name, rate] : {std::pair{"0.01", 0.01}, {"0.05", 0.05}, {"0.1", 0.1}}) {
    rates[name] = truePositiveRateAt(clean, adversarial, rate);
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

/// What a fit chose that is one number: a bandwidth, the strength of a regression.
nlohmann::json learnedDocument(const Detector& detector) {
  nlohmann::json numbers = nlohmann::json::object();
  for (const auto& [name, tensor] : detector.state()) {
    if (tensor.numel() == 1) numbers[name] = tensor.item<double>();
  }
  return numbers;
}

/// What a detector says of all images of a run.
struct Scores {
  std::vector<double> clean;
  std::vector<double> adversarial;
  std::vector<double> noisy;  ///< for detectors that learn from noise, too; else empty
  std::vector<double> reference;
};

/// The figures of docs/json.md. `successful`: of the adversarial scores.
void addFigures(nlohmann::json& document, DetectResult& result, const Scores& scores,
                const std::vector<double>& successful, const DetectRequest& request, std::int64_t attacked) {
  const std::uint64_t seed = request.attack.seed;
  const double wanted = request.falsePositiveRate;
  result.aucAll = aucExact(scores.clean, scores.adversarial);
  result.aucSuccessful = aucExact(scores.clean, successful);
  result.threshold = thresholdAtFpr(scores.reference, wanted);
  result.falsePositiveRate = rejectionRate(scores.clean, result.threshold);
  result.truePositiveRate = rejectionRate(successful, result.threshold);
  result.averagePrecision = averagePrecision(scores.clean, successful);
  const DetectionAccuracy best = bestDetectionAccuracy(scores.clean, successful);
  result.detectionAccuracy = best.accuracy;
  document["auc"] = {{"all", numberOrNull(result.aucAll)}, {"successful", numberOrNull(result.aucSuccessful)}};
  document["auc_interval"] = {{"all", intervalDocument(bootstrapAuc(scores.clean, scores.adversarial, seed))},
                              {"successful", intervalDocument(bootstrapAuc(scores.clean, successful, seed))}};
  document["auc_with_noise"] = nullptr;
  if (!scores.noisy.empty()) {
    std::vector<double> normal = scores.clean;
    normal.insert(normal.end(), scores.noisy.begin(), scores.noisy.end());
    document["auc_with_noise"] = {{"all", numberOrNull(aucExact(normal, scores.adversarial))},
                                  {"successful", numberOrNull(aucExact(normal, successful))}};
  }
  document["average_precision"] = {{"all", numberOrNull(averagePrecision(scores.clean, scores.adversarial))},
                                   {"successful", numberOrNull(result.averagePrecision)}};
  document["detection_accuracy"] = numberOrNull(best.accuracy);
  document["detection_accuracy_threshold"] = numberOrNull(best.threshold);
  document["threshold"] = result.threshold;
  document["threshold_interval"] = wanted > 0 && wanted < 1
                                       ? intervalDocument(thresholdInterval(scores.reference, wanted))
                                       : nlohmann::json(nullptr);
  document["threshold_images"] = std::ssize(scores.reference);
  document["wanted_false_positive_rate"] = wanted;
  document["false_positive_rate"] = result.falsePositiveRate;
  document["false_positive_rate_interval"] = shareInterval(result.falsePositiveRate, scores.clean.size());
  document["true_positive_rate"] = numberOrNull(result.truePositiveRate);
  document["true_positive_rate_interval"] = shareInterval(result.truePositiveRate, successful.size());
  document["true_positive_rate_at"] = detectionAtFpr(scores.clean, successful);
  document["evasion_rate_at"] = evasionAtFpr(scores.clean, successful, attacked);
}

bool learns(const DetectorNeeds& needs) { return needs.trainingImages || needs.attackedImages; }

/// What is given and changes nothing was meant otherwise.
void refuseWithoutEffect(const DetectRequest& request, const DetectorNeeds& needs) {
  if (!request.saveDetector.empty() && !learns(needs)) {
    throw Error(ErrorKind::Usage, request.detector + " learns nothing: there is nothing to save", "save_detector",
                "leave it out, or choose a detector that is fitted");
  }
  if (!needs.attackedImages && (!request.fitAttack.empty() || !request.fitPreset.empty())) {
    throw Error(ErrorKind::Usage, request.detector + " learns from no attack", "fit_attack",
                "leave it out, or choose a detector that is fitted");
  }
  if (!request.fingerprintsFrom.empty() && !request.detector.starts_with("fingerprint")) {
    throw Error(ErrorKind::Usage, request.detector + " looks at no fingerprints", "fingerprints_from",
                "leave it out, or use the detector \"fingerprint\"");
  }
}

// ---- Fitted detectors as files

constexpr const char* kFitSeed = "fit_seed";
constexpr const char* kFitData = "fit_data";

/// The request as it was for the fit, with the detector in `detector`.
DetectRequest fittedRequest(const DetectRequest& request, const TensorFile& file, const Detector& detector,
                            const Dataset& data) {
  const std::string& path = request.fittedDetector;
  const auto given = [&](bool is, const char* what) {
    if (is) throw Error(ErrorKind::Usage, "the fitted detector was made with its own", what, "leave that option out");
  };
  given(request.detector != DetectRequest{}.detector && request.detector != detector.spec().name, "detector");
  given(!request.detectorParameters.values().empty(), "detector parameters");
  given(!request.fitAttack.empty() || !request.fitPreset.empty(), "fit_attack");
  given(!request.saveDetector.empty(), "save_detector");
  const auto text = [&](const char* name) {
    const auto found = file.metadata.find(name);
    return found == file.metadata.end() ? std::string() : found->second;
  };
  if (text(kFitData) != data.checksum) {
    throw Error(ErrorKind::BadInput, "it was fitted on another data set than " + data.name, path,
                "name that data set, or fit a detector to this one");
  }
  const std::string seed = text(kFitSeed);
  std::uint64_t value = 0;
  const auto [end, problem] = std::from_chars(seed.data(), seed.data() + seed.size(), value);
  if (seed.empty() || problem != std::errc() || end != seed.data() + seed.size()) {
    throw Error(ErrorKind::BadInput, "the seed of its fit is missing", path, "save it with whorl-cli detect");
  }
  DetectRequest fit = request;
  fit.detector = detector.spec().name;
  fit.attack.seed = value;
  return fit;
}

void checkDetectorFile(const std::string& path) {
  if (!path.ends_with(".safetensors")) {
    throw Error(ErrorKind::Usage, "detectors are saved as .safetensors", path, "change the name's ending");
  }
  checkResultFile(path);
}

void saveFitted(const DetectRequest& request, const Detector& detector, const Model& model, const Dataset& data) {
  TensorFile file = saveDetector(detector, model);
  file.metadata[kFitSeed] = std::to_string(request.attack.seed);
  file.metadata[kFitData] = data.checksum;
  writeSafetensors(file, request.saveDetector);
}

}  // namespace

DetectResult EngineImpl::detect(const DetectRequest& request, const JobContext& context) {
  return translated("detect", [&] {
    if (!(request.falsePositiveRate >= 0 && request.falsePositiveRate <= 1)) {
      throw Error(ErrorKind::Usage, "a false-positive rate lies between 0 and 1", "false_positive_rate");
    }
    const int threadCount = threadsFor(request.attack.threads);
    const ThreadScope threads(threadCount);
    const Stopwatch watch;
    // Made first: a model that lacks what the detector needs is refused before it is attacked.
    const std::string device = parseDevice(request.attack.device).str();
    const auto attacked = m_models.load(request.attack.model, device);
    auto watched = attacked;
    if (!request.fingerprintsFrom.empty()) {
      watched = withFingerprintsOf(*watched, *m_models.load(request.fingerprintsFrom, device));
    }
    std::vector<Model> models = {*watched};
    for (const std::string& companion : request.companions) models.push_back(*m_models.load(companion, device));
    const Model& model = models.front();
    const bool isFitted = !request.fittedDetector.empty();
    const TensorFile fittedFile = isFitted ? readSafetensors(request.fittedDetector) : TensorFile{};
    const auto detector = isFitted ? loadDetector(fittedFile, models, request.fittedDetector)
                                   : makeDetector(request.detector, models, request.detectorParameters);
    const DetectorNeeds needs = detector->needs();
    checkEnough(*detector, request.attack.indices.empty() ? request.attack.count : std::ssize(request.attack.indices));
    if (!request.saveDetector.empty()) checkDetectorFile(request.saveDetector);
    Evaluation run(request.attack, attacked, threadCount, m_plans, /*keepRows=*/true);
    const DatasetPtr data = m_datasets.get(request.attack.dataset, context);
    FitAttack fitAttack;
    // The threshold's images must not be those that a fit has seen: they are drawn by the fit's own seed.
    const DetectRequest fitRequest = isFitted ? fittedRequest(request, fittedFile, *detector, *data) : request;
    refuseWithoutEffect(fitRequest, needs);
    if (needs.attackedImages && !isFitted) {
      fitAttack = prepareFitAttack(model, *data, request, m_plans, threadCount);
    }
    run.attack(m_datasets, context);

    DetectorNeeds deals = needs;
    if (isFitted && learns(needs)) deals = {.trainingImages = true};
    const TrainingRoles roles = dealTrainingImages(model, *data, fitRequest, deals, fitAttack, context);
    auto& document = run.document();
    document["fit"] = nullptr;
    if (learns(needs) && !isFitted) {
      const Stopwatch fitting;
      PreparedFit fit = prepareFit(model, *data, request, needs, roles, fitAttack, context);
      detector->fit(fit.data, context);
      fit.document["seconds"] = fitting.seconds();
      fit.document["learned"] = learnedDocument(*detector);
      document["fit"] = std::move(fit.document);
      if (!request.saveDetector.empty()) saveFitted(request, *detector, model, *data);
    }

    TensorFile file = run.file();
    const std::int64_t batch = fittingBatch(model, kScoringBatch, detector->copies(), false);
    const auto scoresOf = [&](const torch::Tensor& images, const torch::Tensor& twins, const char* what) {
      return toVector(
          scoreAll(*detector, *model.classifier, images, needs.twins ? twins : torch::Tensor(), batch, what, context));
    };
    const torch::Tensor original = file.tensors.at("original");
    const torch::Tensor adversarial = file.tensors.at("adversarial");
    Scores scores;
    scores.clean = scoresOf(original, original, "scoring clean images");
    scores.adversarial = scoresOf(adversarial, original, "scoring adversarial images");
    if (needs.attackedImages) {
      nlohmann::json ignored;
      const torch::Tensor noisy = noisyTwins(request.attack.attack, original, adversarial, {},
                                             mixSeed(request.attack.seed, "tested noise"), ignored);
      scores.noisy = scoresOf(noisy, original, "scoring noisy images");
    }
    const torch::Tensor reference = imagesAt(data->train, roles.threshold, torch::kCPU);
    scores.reference = scoresOf(reference, reference, "setting the threshold");

    DetectResult result;
    document["command"] = "detect";
    document["detector"] = fitRequest.detector;
    document["fitted_detector"] = isFitted ? nlohmann::json(request.fittedDetector) : nlohmann::json(nullptr);
    document["detector_parameters"] = toJson(detector->parameters());
    document["companions"] = request.companions;
    document["fingerprints_from"] =
        request.fingerprintsFrom.empty() ? nlohmann::json(nullptr) : nlohmann::json(request.fingerprintsFrom);
    addFigures(document, result, scores, chosen(scores.adversarial, file.tensors.at("success")), request,
               run.result().attacked);
    document["total_seconds"] = watch.seconds();
    result.json = jsonText(document);
    result.attack = run.result();
    if (!request.attack.save.empty()) {
      file.tensors["score"] = torch::tensor(scores.clean, torch::kFloat64);
      file.tensors["adversarial_score"] = torch::tensor(scores.adversarial, torch::kFloat64);
      file.metadata["whorl"] = result.json;
      writeResultFile(file, request.attack.save);
    }
    return result;
  });
}

}  // namespace whorl
