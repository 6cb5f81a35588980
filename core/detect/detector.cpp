// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/detect/detector.h"

#include <algorithm>

#include <ATen/ops/cat.h>
#include <c10/core/GradMode.h>

#include "core/base/error.h"
#include "core/detect/fingerprint_detector.h"
#include "core/detect/fingerprint_ensemble.h"
#include "core/detect/statistic_detector.h"

namespace whorl {
namespace {

constexpr const char* kFormat = "whorl detector 1";

std::string metadata(const TensorFile& file, const std::string& name, const std::string& where) {
  const auto found = file.metadata.find(name);
  if (found != file.metadata.end()) return found->second;
  throw Error(ErrorKind::BadInput, "it doesn't say its " + name, where, "is it a file that saved a detector?");
}

}  // namespace

void Detector::fit(const DetectorFitData&, const JobContext&) {}

void Detector::setState(const std::map<std::string, torch::Tensor>& state, const std::string& where) {
  if (state.empty()) return;
  throw Error(ErrorKind::BadInput, m_spec.name + " has nothing to load, and there is " + state.begin()->first, where);
}

const std::vector<DetectorEntry>& detectors() {
  static const std::vector<DetectorEntry> table = [] {
    std::vector<DetectorEntry> entries = {fingerprintDetectorEntry(), fingerprintEnsembleEntry()};
    for (DetectorEntry& entry : statisticDetectorEntries()) entries.push_back(std::move(entry));
    return entries;
  }();
  return table;
}

const DetectorEntry& findDetector(const std::string& name) {
  std::string known;
  for (const DetectorEntry& entry : detectors()) {
    if (entry.spec->name == name) return entry;
    known += (known.empty() ? "" : ", ") + entry.spec->name;
  }
  throw Error(ErrorKind::Usage, "there is no detector \"" + name + "\"", "detector", "known: " + known);
}

std::unique_ptr<Detector> makeDetector(const std::string& name, std::span<const Model> models,
                                       const Parameters& parameters) {
  const DetectorEntry& entry = findDetector(name);
  if (models.empty()) throw Error(ErrorKind::Internal, "a detector without a model", name);
  if (models.size() > 1 && !entry.companions) {
    throw Error(ErrorKind::Usage, name + " watches one model alone", "companions",
                "leave the other models out, or use fingerprint-ensemble");
  }
  for (const Model& model : models) {
    if (!model.classifier) throw Error(ErrorKind::Internal, "the model's weights were not read", model.name);
  }
  return entry.make(models, resolve(name, entry.spec->parameters, parameters));
}

std::unique_ptr<Detector> makeDetector(const std::string& name, const Model& model, const Parameters& parameters) {
  return makeDetector(name, std::span(&model, 1), parameters);
}

void checkEnough(const Detector& detector, std::int64_t images) {
  if (images >= detector.fewestImages()) return;
  throw Error(ErrorKind::Usage,
              "it compares images with one another and needs " + std::to_string(detector.fewestImages()) +
                  " at least, not " + std::to_string(images),
              detector.spec().name, "take more images, or fewer neighbours");
}

std::vector<ImageBatch> batchesOf(std::int64_t count, std::int64_t size, std::int64_t together) {
  const std::int64_t most = together > 0 ? together : size;
  std::vector<ImageBatch> batches;
  for (std::int64_t first = 0; first < count; first += most) {
    const std::int64_t rows = std::min(most, count - first);
    const std::int64_t twins = together > 0 ? std::min(together, count) : rows;
    batches.push_back({first, rows, std::min(first, count - twins), twins});
  }
  return batches;
}

torch::Tensor scoreAll(const Detector& detector, const Classifier& classifier, const torch::Tensor& images,
                       const torch::Tensor& twins, std::int64_t batchSize, const std::string& what,
                       const JobContext& context) {
  const auto given = [&](const torch::Tensor& all, std::int64_t first, std::int64_t count) {
    return all.defined() ? all.narrow(0, first, count).to(classifier.device(), classifier.dtype()) : all;
  };
  std::vector<torch::Tensor> scores = {torch::empty({0}, torch::kFloat64)};
  for (const ImageBatch& batch : batchesOf(images.size(0), batchSize, detector.minibatch())) {
    context.step();
    const torch::Tensor rows = given(images, batch.first, batch.count);
    scores.push_back(
        detector.scores(rows, given(twins, batch.firstTwin, batch.twinCount)).to(torch::kCPU, torch::kFloat64));
    context.report({batch.first + batch.count, images.size(0), what, {}});
  }
  return at::cat(scores);
}

TensorFile saveDetector(const Detector& detector, const Model& model) {
  if (!detector.fitted()) {
    throw Error(ErrorKind::Usage, "the detector isn't fitted: there is nothing to save", detector.spec().name);
  }
  TensorFile file;
  file.tensors = detector.state();
  file.metadata["format"] = kFormat;
  file.metadata["detector"] = detector.spec().name;
  file.metadata["parameters"] = toJson(detector.parameters()).dump();
  file.metadata["model_sha256"] = model.sha256;
  return file;
}

std::unique_ptr<Detector> loadDetector(const TensorFile& file, std::span<const Model> models,
                                       const std::string& where) {
  if (metadata(file, "format", where) != kFormat) {
    throw Error(ErrorKind::BadInput, "the format is not \"" + std::string(kFormat) + "\"", where);
  }
  if (models.empty()) throw Error(ErrorKind::Internal, "a detector without a model", where);
  if (metadata(file, "model_sha256", where) != models.front().sha256) {
    throw Error(ErrorKind::BadInput, "it was fitted to another model", where, "fit it to " + models.front().name);
  }
  const auto given = nlohmann::json::parse(metadata(file, "parameters", where), nullptr, /*allow_exceptions=*/false);
  if (!given.is_object()) throw Error(ErrorKind::BadInput, "its parameters are no JSON object", where);
  try {
    auto detector = makeDetector(metadata(file, "detector", where), models, parametersFromJson(given));
    detector->setState(file.tensors, where);
    return detector;
  } catch (const Error& error) {
    // A name or a value that the command line would call wrong usage is a damaged file here.
    if (error.kind() != ErrorKind::Usage) throw;
    throw Error(ErrorKind::BadInput, error.message(), where, error.hint());
  }
}

}  // namespace whorl
