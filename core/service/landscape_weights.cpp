// SPDX-License-Identifier: GPL-3.0-or-later
// Lines, curves and planes of networks around a model's own: how well they know a data set.
#include <algorithm>
#include <filesystem>
#include <memory>
#include <span>

#include <ATen/ops/equal.h>

#include "core/base/atomic_file.h"
#include "core/landscape/weight_direction.h"
#include "core/landscape/weight_sample.h"
#include "core/nn/fused_classifier.h"
#include "core/service/documents.h"
#include "core/service/engine_impl.h"
#include "core/service/evaluation.h"
#include "core/service/impl/attack_run.h"
#include "core/service/impl/inference.h"
#include "core/service/landscape_document.h"
#include "core/service/stopwatch.h"
#include "core/train/epochs.h"

namespace fs = std::filesystem;

namespace whorl {
namespace {

/// Images through a network at once, copies for fingerprints included.
constexpr std::int64_t kCopiesOnHost = 256;
constexpr std::int64_t kCopiesOnDevice = 4096;

using ModelPtr = std::shared_ptr<const Model>;

/// Error(BadInput) for an imported module: its weights are not ours to move.
const Network& networkOf(const Model& model) {
  if (const Network* network = model.network()) return *network;
  throw Error(ErrorKind::BadInput, "the weights of an imported module can't be moved", model.name,
              "choose a model of an architecture that whorl knows");
}

/// A folder stands for the networks that a training kept in it; nothing at all, of a trajectory, for the model's own.
std::vector<std::string> namesOf(const WeightLandscape& asked, const Model& model) {
  std::vector<std::string> named = asked.models;
  const fs::path own = epochsFolder(model.path);
  if (named.empty() && asked.direction.operation == "trajectory") {
    if (epochFiles(own).empty()) {
      throw Error(ErrorKind::Usage, "no networks of its training are named, and none lie in " + own.string(),
                  model.name, "name models, or train one that keeps its epochs (train --keep-epochs)");
    }
    named.push_back(own.string());
  }
  std::vector<std::string> names;
  for (const std::string& name : named) {
    std::error_code ignored;
    if (!fs::is_directory(name, ignored)) {
      names.push_back(name);
      continue;
    }
    const auto files = epochFiles(name);
    if (files.empty()) throw Error(ErrorKind::BadInput, "no networks of a training's epochs lie here", name);
    for (const fs::path& file : files) names.push_back(file.string());
  }
  return names;
}

/// The networks that lie beside a model must be of the training that made it: of its seed, and the one of its last
/// step, where there is one, with its weights. Error(BadInput) otherwise.
void checkOwnEpochs(const std::vector<ModelPtr>& epochs, const Model& model) {
  const auto& last = *epochs.back();
  const auto agree = [&](const char* one, const char* other) {
    return last.past.value(one, nlohmann::json()) == model.past.value(other, nlohmann::json());
  };
  bool own = agree("seed", "seed");
  if (own && agree("step", "steps")) {
    const auto& wanted = networkOf(model).parameters();
    const auto& kept = networkOf(last).parameters();
    for (std::size_t i = 0; i < kept.size(); ++i) own = own && at::equal(kept[i].second, wanted[i].second);
  }
  if (own) return;
  throw Error(ErrorKind::BadInput, "the epochs beside the model are those of another training",
              epochsFolder(model.path).string(), "remove the folder, or name the networks of the path");
}

std::vector<ModelPtr> othersOf(const WeightLandscape& asked, const Model& model, ModelStore& models) {
  std::vector<ModelPtr> others;
  for (const std::string& id : namesOf(asked, model)) {
    others.push_back(models.load(id, model.classifier->device().str()));
    const Model& other = *others.back();
    if (other.architecture == model.architecture && other.input == model.input &&
        other.classNames.size() == model.classNames.size() && other.mean == model.mean && other.scale == model.scale) {
      continue;
    }
    throw Error(ErrorKind::BadInput,
                "it is a " + other.architecture + " of " + toText(other.input) + ", the model a " + model.architecture +
                    " of " + toText(model.input),
                other.name, "all must agree in architecture, input, classes and normalisation");
  }
  if (asked.models.empty() && !others.empty()) checkOwnEpochs(others, model);
  return others;
}

const DataSplit& splitOf(const WeightLandscape& asked, const Dataset& data) {
  if (asked.split == "train") return data.train;
  if (asked.split == "test") return data.test;
  throw Error(ErrorKind::Usage, "a data set has no split \"" + asked.split + "\"", "split", "train or test");
}

bool measures(const WeightLandscape& asked) {
  if (asked.batchNorm == "auto") return findWeightDirection(asked.direction.operation).measures;
  if (asked.batchNorm == "measure" || asked.batchNorm == "keep") return asked.batchNorm == "measure";
  throw Error(ErrorKind::Usage, "BatchNorm can't be handled by \"" + asked.batchNorm + "\"", "batch_norm",
              "keep, measure or auto");
}

WeightSample sampleOf(const LandscapeRequest& request, const Model& model, const Dataset& data) {
  const WeightLandscape& asked = *request.weights;
  if (asked.count < 1) throw Error(ErrorKind::Usage, "networks are judged by at least one image", "count");
  const DataSplit& split = splitOf(asked, data);
  std::vector<std::int64_t> places = selectionOrder(split.count(), request.seed);
  places.resize(std::min(places.size(), static_cast<std::size_t>(asked.count)));
  if (places.empty()) throw Error(ErrorKind::BadInput, "the data set has no images there", data.name);
  const auto device = model.classifier->device();
  WeightSample sample;
  sample.images = imagesAt(split, places, device).to(model.classifier->dtype());
  sample.labels = labelsAt(split, places, device);
  sample.mean = model.mean;
  sample.scale = model.scale;
  sample.measureStatistics = measures(asked);
  if (model.fingerprintDx && model.fingerprintDy) {
    sample.fingerprints =
        Fingerprints{*model.fingerprintDx, *model.fingerprintDy}.to(device, model.classifier->dtype());
  }
  sample.batchSize = fittingBatch(model, device.is_cpu() ? kCopiesOnHost : kCopiesOnDevice, 1, false);
  return sample;
}

WeightSource sourceOf(const LandscapeRequest& request, const Model& model, const std::vector<ModelPtr>& others,
                      const Dataset& data) {
  WeightSource source;
  source.network = &networkOf(model);
  for (const ModelPtr& other : others) source.others.push_back(networkOf(*other));
  source.seed = request.seed;
  source.training.mean = model.mean;
  source.training.scale = model.scale;
  source.training.count = data.train.count();
  source.training.images = [&data, &model](std::span<const std::int64_t> places) {
    const auto device = model.classifier->device();
    return std::pair(imagesAt(data.train, places, device).to(model.classifier->dtype()),
                     labelsAt(data.train, places, device));
  };
  return source;
}

/// The control point as a model of its own, which can be named the next time. Its BatchNorm statistics are measured.
void saveBend(const LandscapeRequest& request, const Model& model, const TrainedBend& bend) {
  Model control = model;
  control.name = model.name + ", bend";
  control.path.clear();
  control.sha256.clear();
  control.fingerprintDx.reset();
  control.fingerprintDy.reset();
  control.threshold.reset();
  control.past = {{"bend",
                   {{"from", model.sha256},
                    {"to", request.weights->models.at(0)},
                    {"seed", request.seed},
                    {"parameters", toJson(request.weights->direction.parameters)}}}};
  Network network = bend.control.clone();
  network.setRequiresGrad(false);
  control.classifier = classifierOf(std::move(network), model.mean, model.scale);
  writeModel(control, request.weights->saveBend);
}

void checkBendFile(const WeightLandscape& asked) {
  if (asked.saveBend.empty()) return;
  if (asked.direction.operation != "bend" || asked.models.size() != 1) {
    throw Error(ErrorKind::Usage, "no bend is trained that could be saved", "save_bend",
                "take the direction bend and one other model");
  }
  const AtomicFile probe(asked.saveBend);
}

/// All that decides the numbers.
std::string keyOf(const LandscapeRequest& request, const Model& model, const std::vector<ModelPtr>& others,
                  const Dataset& data, const WeightSample& sample, int threads) {
  const WeightLandscape& asked = *request.weights;
  nlohmann::json all = {{"space", "weights"},
                        {"model", model.sha256},
                        {"models", nlohmann::json::array()},
                        {"data", data.checksum},
                        {"split", asked.split},
                        {"count", sample.images.size(0)},
                        {"direction", asked.direction.operation},
                        {"parameters", toJson(asked.direction.parameters)},
                        {"measure", sample.measureStatistics},
                        {"values", request.values},
                        {"range", request.range},
                        {"resolution", request.resolution},
                        {"seed", request.seed},
                        {"device", model.classifier->device().str()},
                        {"threads", threads}};
  for (const ModelPtr& other : others) all["models"].push_back(other->sha256);
  return LandscapeCache::keyOf(all);
}

nlohmann::json describe(const LandscapeRequest& request, const Model& model, const std::vector<ModelPtr>& others,
                        const Dataset& data, const WeightSample& sample, const MadeWeightPlane& made,
                        const LandscapeResult& result) {
  const WeightLandscape& asked = *request.weights;
  nlohmann::json document = {{"space", "weights"}, {"model", model.path.string()}, {"model_sha256", model.sha256}};
  document["models"] = nlohmann::json::array();
  for (std::size_t i = 0; i < others.size(); ++i) {
    nlohmann::json other = {{"model", others[i]->path.string()}, {"model_sha256", others[i]->sha256}};
    if (i < result.path.size()) {
      const LandscapePlace& place = result.path[i];
      other.update({{"x", place.x}, {"y", place.y}, {"distance", place.distance}});
    }
    document["models"].push_back(std::move(other));
  }
  const auto& specs = findWeightDirection(asked.direction.operation).spec.parameters;
  document["data"] = datasetDocument(data);
  document["split"] = asked.split;
  document["count"] = sample.images.size(0);
  document["directions"] = {
      {{"direction", asked.direction.operation},
       {"parameters", toJson(resolve(asked.direction.operation, specs, asked.direction.parameters))}}};
  document["unit"] = made.plane.unit() > 0 ? nlohmann::json(made.plane.unit()) : nlohmann::json(nullptr);
  document["bend_loss"] = made.bend ? nlohmann::json(made.bend->loss) : nlohmann::json(nullptr);
  document["save_bend"] = asked.saveBend.empty() ? nlohmann::json(nullptr) : nlohmann::json(asked.saveBend);
  document["batch_norm"] = result.batchNorm;
  document["range"] = request.range;
  document["resolution"] = request.resolution;
  document["stages"] = weightStages(sample.images.size(0));
  return document;
}

}  // namespace

LandscapeResult EngineImpl::weightLandscape(const LandscapeRequest& request, const JobContext& context,
                                            const LandscapeHooks& hooks) {
  const Stopwatch total;
  const WeightLandscape& asked = *request.weights;
  const Grid line(1, request.range, request.resolution);  // refuses numbers before any work
  for (const std::string& value : request.values) findWeightValue(value);
  findWeightDirection(asked.direction.operation);
  checkBendFile(asked);
  const int threadCount = threadsFor(request.threads);
  const ThreadScope threads(threadCount);
  const auto model = m_models.load(request.model, parseDevice(request.device).str());
  networkOf(*model);
  const std::vector<ModelPtr> others = othersOf(asked, *model, m_models);
  if (request.dataset.empty()) throw Error(ErrorKind::Usage, "no data set is named to judge networks by", "data");
  const DatasetPtr data = m_datasets.get(request.dataset, context);
  checkFits(*model, *data);

  const WeightSample sample = sampleOf(request, *model, *data);
  const std::string key = keyOf(request, *model, others, *data, sample, threadCount);
  if (auto known = asked.saveBend.empty() ? m_landscapes.find(key) : std::nullopt) {
    return againFrom(std::move(*known), request, hooks, total);
  }
  const WeightSource source = sourceOf(request, *model, others, *data);
  const MadeWeightPlane made = makeWeightPlane(asked.direction.operation, asked.direction.parameters, source, context);
  if (made.bend && !asked.saveBend.empty()) saveBend(request, *model, *made.bend);
  LandscapeResult result;
  result.batchNorm = sample.measureStatistics ? "measure" : "keep";
  if (made.plane.unit() > 0) {
    for (const Network& each : source.others) {
      const WeightPlane::Place place = made.plane.locate(each);
      result.path.push_back({place.x, place.y, place.distance});
    }
    result.path.push_back({});
  }
  if (hooks.onStart) hooks.onStart(result);
  const bool onHost = model->classifier->device().is_cpu();
  const int workers = onHost ? threadCount : 1;
  const Grid grid(made.plane.dimensions(), request.range, request.resolution);
  const Stopwatch watch;
  result.surface = sampleWeights(made.plane, grid, request.values, sample, workers, onHost ? 1 : threadCount, context,
                                 [&](const Surface& level) {
                                   if (result.firstPictureSeconds == 0) result.firstPictureSeconds = watch.seconds();
                                   if (hooks.onLevel) hooks.onLevel(level);
                                 });
  result.seconds = watch.seconds();

  auto document = documentHead("landscape", request.seed, model->classifier->device().str(), threadCount,
                               sample.batchSize, "float32");
  document["plan"]["workers"] = workers;
  document.update(describe(request, *model, others, *data, sample, made, result));
  document["points"] = grid.pointCount();
  document["first_picture_seconds"] = result.firstPictureSeconds;
  document["seconds"] = result.seconds;
  document["points_per_second"] = numberOrNull(static_cast<double>(grid.pointCount()) / result.seconds);
  m_landscapes.keep(key, {result, document});
  return finished(std::move(result), std::move(document), request, total);
}

}  // namespace whorl
