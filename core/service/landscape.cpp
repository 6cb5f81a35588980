// SPDX-License-Identifier: GPL-3.0-or-later
// Lines and planes through an image: what the model says there.
#include <algorithm>
#include <cmath>
#include <memory>

#include <ATen/ops/full.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>

#include "core/base/sha256.h"
#include "core/detect/detector.h"
#include "core/fingerprint/fingerprint.h"
#include "core/landscape/ball.h"
#include "core/landscape/direction.h"
#include "core/landscape/sample.h"
#include "core/landscape/surface_file.h"
#include "core/service/attack_setup.h"
#include "core/service/documents.h"
#include "core/service/engine_impl.h"
#include "core/service/evaluation.h"
#include "core/service/even_trace.h"
#include "core/service/impl/inference.h"
#include "core/service/landscape_document.h"
#include "core/service/stopwatch.h"

namespace whorl {
namespace {

/// Images through the network at once, copies for fingerprints included: enough for its speed, few enough for a prompt
/// answer to cancelling.
constexpr std::int64_t kCopiesOnHost = 512;
constexpr std::int64_t kCopiesOnDevice = 8192;

/// The image in the middle of the landscape.
struct Middle {
  DatasetPtr data;      ///< null without a data set
  torch::Tensor image;  ///< [1,C,H,W]
  int label = 0;
  Verdict verdict;
};

torch::Tensor testImage(const Model& model, const Dataset& data, std::int64_t index) {
  if (index < 0 || index >= data.test.count()) {
    throw Error(ErrorKind::Usage, "there is no test image " + std::to_string(index), data.name,
                "they count from 0 to " + std::to_string(data.test.count() - 1));
  }
  return imagesAt(data.test, std::span(&index, 1), model.classifier->device()).to(model.classifier->dtype());
}

torch::Tensor givenImage(const Model& model, const Image& image) {
  if (image.shape != model.input || std::ssize(image.pixels) != image.shape.size()) {
    throw Error(ErrorKind::BadInput, "an image of " + toText(image.shape) + " is no input of the model", model.name,
                "its input is " + toText(model.input));
  }
  return toTensor(image).to(model.classifier->device(), model.classifier->dtype());
}

/// Of the model's input size; grey where the model sees colours, or the other way round, is brought together.
torch::Tensor maskOf(const Model& model, const Image& mask) {
  if (mask.shape.height != model.input.height || mask.shape.width != model.input.width || mask.shape.channels < 1) {
    throw Error(ErrorKind::BadInput, "a mask of " + toText(mask.shape) + " doesn't fit the model's input", "mask",
                "it takes " + toText(model.input));
  }
  torch::Tensor grey = toTensor(mask);
  if (mask.shape.channels != model.input.channels) {
    grey = grey.mean(1, /*keepdim=*/true).expand({1, model.input.channels, mask.shape.height, mask.shape.width});
  }
  return grey.contiguous().to(model.classifier->device(), model.classifier->dtype());
}

Middle middleOf(const LandscapeRequest& request, const Model& model, DatasetStore& datasets,
                const JobContext& context) {
  Middle middle;
  if (!request.dataset.empty()) {
    middle.data = datasets.get(request.dataset, context);
    checkFits(model, *middle.data);
  }
  const bool fromData = request.image.pixels.empty();
  if (fromData && !middle.data) {
    throw Error(ErrorKind::Usage, "no image was given", "landscape", "name a data set and the image's place in it");
  }
  middle.image = fromData ? testImage(model, *middle.data, request.index) : givenImage(model, request.image);
  middle.verdict = verdictAt(model, judge(model, middle.image), 0);
  middle.label = request.label.value_or(fromData ? middle.data->test.labels[request.index] : middle.verdict.predicted);
  const int classes = model.classifier->classCount();
  if (middle.label < 0 || middle.label >= classes) {
    throw Error(ErrorKind::Usage, "the model has no class " + std::to_string(middle.label), "label",
                "classes count from 0 to " + std::to_string(classes - 1));
  }
  return middle;
}

/// What an attack did to the middle.
struct AttackedPath {
  AttackSetup setup;
  torch::Tensor images;  ///< [T,C,H,W]; undefined without an attack
  bool success = false;
};

/// Known before any work.
AttackedPath preparedPath(const LandscapeRequest& request, const Model& model) {
  AttackedPath path;
  if (!request.attack) return path;
  const StepRequest& step = *request.attack;
  const std::string threatModel = step.threatModel.empty() ? "grey-box" : step.threatModel;
  path.setup = prepareAttack(step.operation, step.parameters, threatModel, model);
  return path;
}

void runPath(AttackedPath& path, const LandscapeRequest& request, const Model& model, const Middle& middle,
             const JobContext& context) {
  if (!path.setup.attack) return;
  if (path.setup.targeted && path.setup.target == middle.label) {
    throw Error(ErrorKind::Usage, "the target is the image's own class", request.attack->operation + ": target",
                "choose another class");
  }
  const auto labels = at::full({1}, middle.label, torch::kInt64).to(middle.image.device());
  AttackRequest attack = attackRequest(path.setup, model, middle.image, labels, {request.index}, request.seed);
  EvenTrace<torch::Tensor> trace(ExploreResult::kMostTracePoints);
  attack.onStep = [&](const AttackTraceStep& step) { trace.add(step.image); };
  const AttackOutcome outcome = runAttack(path.setup, *model.classifier, attack, context);
  std::vector<torch::Tensor> images = trace.take();
  images.push_back(outcome.adversarial[0].to(torch::kCPU));
  path.images = at::stack(images).to(middle.image.device(), middle.image.scalar_type());
  path.success = outcome.success.item<bool>();
}

/// Null where no detector is asked for.
std::unique_ptr<Detector> detectorOf(const LandscapeRequest& request, const Model& model) {
  if (request.detector.empty()) return nullptr;
  if (std::find(request.values.begin(), request.values.end(), "detector_score") == request.values.end()) {
    throw Error(ErrorKind::Usage, "a detector is named, but its score isn't wanted", "values", "add detector_score");
  }
  auto detector = makeDetector(request.detector, model, request.detectorParameters);
  if (!detector->fitted() || detector->needs().twins) {
    std::string known;
    for (const DetectorEntry& entry : detectors()) {
      const DetectorNeeds& needs = entry.needs;
      if (needs.trainingImages || needs.attackedImages || needs.twins || entry.companions) continue;
      known += (known.empty() ? "" : ", ") + entry.spec->name;
    }
    throw Error(ErrorKind::Usage, "the detector learns from data, which a landscape doesn't do", request.detector,
                "one of " + known);
  }
  return detector;
}

ValueSources sourcesOf(const LandscapeRequest& request, const Model& model, const Middle& middle,
                       const Detector* detector) {
  ValueSources sources;
  sources.classifier = model.classifier.get();
  sources.image = middle.image;
  sources.label = middle.label;
  sources.detector = detector;
  if (request.threshold && !std::isfinite(*request.threshold)) {
    throw Error(ErrorKind::Usage, "a threshold is a finite number", "threshold");
  }
  sources.threshold = request.threshold ? request.threshold : model.threshold;
  if (model.fingerprintDx && model.fingerprintDy) {
    const Fingerprints fingerprints{*model.fingerprintDx, *model.fingerprintDy};
    sources.fingerprints =
        std::make_shared<FingerprintScore>(fingerprints.to(model.classifier->device(), model.classifier->dtype()));
  }
  return sources;
}

/// A worker a thread on the host: they keep their speed on a busy machine, and small batches fill them all.
SamplingPlan planOf(const Model& model, const PointValues& values, const Detector* detector, int threads) {
  const bool onHost = model.classifier->device().is_cpu();
  const std::int64_t copies = std::max(values.copies(), detector ? detector->copies() : 1);
  SamplingPlan plan;
  plan.workers = onHost ? threads : 1;
  const std::int64_t wanted = std::max<std::int64_t>(1, (onHost ? kCopiesOnHost : kCopiesOnDevice) / copies);
  plan.batchSize = fittingBatch(model, wanted, copies * plan.workers, values.takesGradients());
  return plan;
}

/// The axes of another landscape.
Plane givenPlane(const LandscapeRequest& request, const Middle& middle) {
  std::vector<torch::Tensor> axes;
  for (const std::vector<float>& axis : request.plane->axes) {
    axes.push_back(at::tensor(axis, torch::kFloat32));
  }
  return {middle.image, axes, parsePlaneScale(request.scale), request.clip};
}

Plane planeOf(const LandscapeRequest& request, const Model& model, const Middle& middle, const AttackedPath& path) {
  if (request.plane) return givenPlane(request, middle);
  DirectionSource source;
  source.classifier = model.classifier.get();
  source.image = middle.image;
  source.label = middle.label;
  source.seed = request.seed;
  source.path = path.images;
  if (request.mask) source.mask = maskOf(model, *request.mask);
  if (middle.data) {
    source.otherImage = [&](std::int64_t index) { return testImage(model, *middle.data, index); };
  }
  std::vector<torch::Tensor> directions;
  for (const StepRequest& step : request.directions) {
    directions.push_back(makeDirection(step.operation, step.parameters, source, static_cast<int>(directions.size())));
  }
  return {middle.image, directions, parsePlaneScale(request.scale), request.clip};
}

PlaneImages imagesOf(const Plane& plane) {
  PlaneImages images;
  images.middle = toImage(plane.image()[0]);
  for (int number = 0; number < plane.dimensions(); ++number) {
    const auto axis = plane.axis(number).to(torch::kCPU, torch::kFloat32).contiguous();
    images.axes.emplace_back(axis.const_data_ptr<float>(), axis.const_data_ptr<float>() + axis.numel());
  }
  images.clip = plane.clips();
  return images;
}

nlohmann::json attackDocument(const AttackedPath& path, const LandscapeResult& result) {
  if (!path.setup.attack) return nullptr;
  nlohmann::json places = nlohmann::json::array();
  for (const LandscapePlace& place : result.path) {
    places.push_back({{"x", place.x}, {"y", place.y}, {"distance", place.distance}});
  }
  return {{"attack", path.setup.attack->spec().name},
          {"parameters", toJson(path.setup.parameters)},
          {"threat_model", threatModelName(path.setup.threatModel)},
          {"success", path.success},
          {"path", std::move(places)}};
}

void describe(nlohmann::json& document, const LandscapeRequest& request, const Model& model, const Middle& middle,
              const ValueSources& sources) {
  document["space"] = request.ball ? "ball" : "image";
  document["model"] = model.path.string();
  document["model_sha256"] = model.sha256;
  document["classes"] = model.classNames;
  document["data"] = middle.data ? datasetDocument(*middle.data) : nlohmann::json(nullptr);
  document["index"] = request.image.pixels.empty() ? nlohmann::json(request.index) : nlohmann::json(nullptr);
  document["label"] = middle.label;
  document["middle"] = verdictDocument(middle.verdict, model.classNames);
  document["directions"] = nlohmann::json::array();
  const bool named = !request.plane && !request.ball;
  for (const StepRequest& step : named ? request.directions : std::vector<StepRequest>{}) {
    const auto& specs = findDirection(step.operation).spec.parameters;
    document["directions"].push_back(
        {{"direction", step.operation}, {"parameters", toJson(resolve(step.operation, specs, step.parameters))}});
  }
  document["scale"] = request.scale;
  document["norm"] = request.ball ? nlohmann::json(request.ball->norm) : nlohmann::json(nullptr);
  document["rays"] = request.ball ? nlohmann::json(request.ball->directions) : nlohmann::json(nullptr);
  document["range"] = request.range;
  document["resolution"] = request.resolution;
  document["clip"] = request.clip;
  document["threshold"] = sources.threshold ? nlohmann::json(*sources.threshold) : nlohmann::json(nullptr);
  document["detector"] = request.detector.empty() ? nlohmann::json(nullptr) : nlohmann::json(request.detector);
}

std::string pixelsKey(const std::vector<float>& pixels) {
  return sha256Hex(pixels.data(), pixels.size() * sizeof(float));
}

nlohmann::json stepKey(const StepRequest& step) { return {step.operation, toJson(step.parameters), step.threatModel}; }

/// All that decides the numbers.
std::string keyOf(const LandscapeRequest& request, const Model& model, const Middle& middle,
                  const ValueSources& sources, int threads) {
  nlohmann::json all = {{"space", request.ball ? "ball" : "image"},
                        {"model", model.sha256},
                        {"image", pixelsKey(toImage(middle.image[0]).pixels)},
                        {"data", middle.data ? middle.data->checksum : ""},
                        {"index", request.index},
                        {"label", middle.label},
                        {"values", request.values},
                        {"range", request.range},
                        {"resolution", request.resolution},
                        {"scale", request.scale},
                        {"clip", request.clip},
                        {"detector", request.detector},
                        {"detector_parameters", toJson(request.detectorParameters)},
                        {"seed", request.seed},
                        {"device", model.classifier->device().str()},
                        {"threads", threads}};
  all["threshold"] = sources.threshold ? nlohmann::json(*sources.threshold) : nlohmann::json(nullptr);
  for (const StepRequest& step : request.directions) all["directions"].push_back(stepKey(step));
  if (request.attack) all["attack"] = stepKey(*request.attack);
  if (request.mask) all["mask"] = pixelsKey(request.mask->pixels);
  if (request.plane) {
    for (const auto& axis : request.plane->axes) all["plane"].push_back(pixelsKey(axis));
  }
  if (request.ball) all["ball"] = {request.ball->norm, request.ball->directions};
  return LandscapeCache::keyOf(all);
}

/// Of a plane, what its points look like and where the attack's images lie.
void describePlane(const Plane& plane, const AttackedPath& path, LandscapeResult& result) {
  result.images = imagesOf(plane);
  if (!path.images.defined()) return;
  result.attackSucceeded = path.success;
  for (const Plane::Place& place : plane.locate(path.images)) {
    result.path.push_back({place.x, place.y, place.distance});
  }
}

}  // namespace

LandscapeResult EngineImpl::landscape(const LandscapeRequest& request, const JobContext& context,
                                      const LandscapeHooks& hooks) {
  return translated("landscape", [&] {
    if (!request.save.empty()) checkSurfaceFile(request.save);
    return request.weights ? weightLandscape(request, context, hooks) : imageLandscape(request, context, hooks);
  });
}

LandscapeResult EngineImpl::imageLandscape(const LandscapeRequest& request, const JobContext& context,
                                           const LandscapeHooks& hooks) {
  const Stopwatch total;
  const std::size_t axes = request.plane ? request.plane->axes.size() : request.directions.size();
  const Grid grid(request.ball ? 1 : static_cast<int>(axes), request.range, request.resolution);
  if (request.ball && request.attack) {
    throw Error(ErrorKind::Usage, "a ball has no place for an attack's path", "attack", "leave it out");
  }
  const int threadCount = threadsFor(request.threads);
  const ThreadScope threads(threadCount);
  const auto model = m_models.load(request.model, parseDevice(request.device).str());
  const auto detector = detectorOf(request, *model);
  AttackedPath path = preparedPath(request, *model);
  const Middle middle = middleOf(request, *model, m_datasets, context);

  const Stopwatch first;
  const ValueSources sources = sourcesOf(request, *model, middle, detector.get());
  const PointValues values(sources, request.values);
  const std::string key = keyOf(request, *model, middle, sources, threadCount);
  if (auto known = m_landscapes.find(key)) return againFrom(std::move(*known), request, hooks, total);
  const SamplingPlan plan = planOf(*model, values, detector.get(), threadCount);
  LandscapeResult result;
  result.middle = middle.verdict;
  result.label = middle.label;
  const auto onLevel = [&](const Surface& level) {
    if (result.firstPictureSeconds == 0) result.firstPictureSeconds = first.seconds();
    if (hooks.onLevel) hooks.onLevel(level);
  };
  std::optional<Plane> plane;
  if (!request.ball) {
    runPath(path, request, *model, middle, context);
    plane = planeOf(request, *model, middle, path);
    describePlane(*plane, path, result);
  }
  if (hooks.onStart) hooks.onStart(result);
  const Stopwatch watch;
  if (plane) {
    result.surface = sampleSurface(*plane, grid, values, plan, context, onLevel);
  } else {
    const Ball ball(middle.image, request.ball->directions, parseBallNorm(request.ball->norm), request.seed,
                    request.clip);
    result.surface = sampleBall(ball, request.range, request.resolution, values, plan, context, onLevel);
  }
  result.seconds = watch.seconds();

  const std::int64_t points = grid.pointCount() * (request.ball ? request.ball->directions : 1);
  const auto device = model->classifier->device();
  auto document = documentHead("landscape", request.seed, device.str(), threadCount, plan.batchSize, "float32");
  document["plan"]["workers"] = plan.workers;
  describe(document, request, *model, middle, sources);
  document["detector_parameters"] = detector ? toJson(detector->parameters()) : nlohmann::json(nullptr);
  document["attack"] = attackDocument(path, result);
  document["points"] = points;
  document["first_picture_seconds"] = result.firstPictureSeconds;
  document["seconds"] = result.seconds;
  document["points_per_second"] = numberOrNull(static_cast<double>(points) / result.seconds);
  m_landscapes.keep(key, {result, document});
  return finished(std::move(result), std::move(document), request, total);
}

}  // namespace whorl
