// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QByteArray>
#include <QImage>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/base/random.h"
#include "core/service/engine.h"
#include "tests/ui/fake_lists.h"
#include "tests/ui/fake_recipes.h"

namespace whorl::test {

/// A deterministic engine without torch, for tests of the window. Its classifier is linear: ten blobs of light at ten
/// places, the logit of a class is the light at its place, so gradients are known and attacks succeed when they are
/// strong enough. Jobs run on the real scheduler. Knobs are to be turned before work is submitted, or are atomic.
class FakeEngine : public FakeLists {
 public:
  // ---- Knobs ----
  std::vector<ModelInfo> modelList = {blobModel("glyphs-fingerprint", {1, 28, 28}, 10),
                                      blobModel("glyphs-plain", {1, 28, 28}, 0),
                                      blobModel("shapes-fingerprint", {3, 32, 32}, 10)};
  /// Files that model() knows and models() doesn't list.
  std::vector<ModelInfo> hiddenModels;
  /// Called inside explore() with its context: block here until the test says so, or until a stop is requested.
  std::function<void(const ExploreRequest&, const JobContext&)> onExplore;
  /// Called before each iterate of an attack. While it is set, hooks hear of every one.
  std::function<void(std::int64_t step, const JobContext&)> onAttackStep;
  /// Called before each training step.
  std::function<void(std::int64_t step, const JobContext&)> onTrainStep;
  /// Training fails with this message at its middle, unless it is empty.
  std::string trainFailure;
  std::int64_t stepsPerEpoch = 20;

  /// What recipes have computed, and a place to hold them up.
  FakeRuns recipeRuns;

  // ---- What happened ----
  std::atomic<int> explored{0};  ///< explore() calls that came to an end
  std::atomic<int> exploreStarted{0};
  std::atomic<int> judged{0};  ///< images that judge() was asked about
  std::atomic<int> trained{0};
  std::atomic<std::int64_t> eventsSent{0};
  std::vector<std::string> calls() const {
    const std::lock_guard lock(m_mutex);
    return m_calls;
  }

  // ---- Lists ----
  std::vector<ModelInfo> models() const override {
    const std::lock_guard lock(m_mutex);
    return modelList;
  }

  std::vector<RecipeInfo> recipes() const override { return fakeRecipes(); }
  RecipeInfo recipe(const std::string& idOrPath) const override {
    for (const RecipeInfo& info : fakeRecipes()) {
      if (info.id == idOrPath || info.path == idOrPath) return info;
    }
    RecipeInfo opened = fakeRecipes().front();
    if (idOrPath.find("mine") == std::string::npos)
      throw Error(ErrorKind::BadInput, "there is no such recipe", idOrPath);
    opened.id = opened.path = idOrPath;
    opened.title = "Mine";
    opened.shipped = false;
    return opened;
  }

  // ---- Work ----
  ModelInfo model(const std::string& id) override {
    for (const ModelInfo& info : models()) {
      if (info.id == id) return info;
    }
    for (const ModelInfo& info : hiddenModels) {
      if (info.id == id || info.path == id) return info;
    }
    throw Error(ErrorKind::BadInput, "there is no such model", id, "choose one of the Models page");
  }

  /// epochs x stepsPerEpoch events; honours cancel, pause and stopAndKeep; adds a model to the list.
  TrainResult train(const TrainRequest& request, const JobContext& context, const TrainHooks& hooks) override {
    const Parameters values = resolve("train", trainParameters(request.objective), request.parameters);
    const std::int64_t epochs = values.integer("epochs");
    const std::int64_t steps = epochs * stepsPerEpoch;
    for (std::int64_t step = 1; step <= steps; ++step) {
      if (onTrainStep) onTrainStep(step, context);
      context.step();
      if (!trainFailure.empty() && step > steps / 2) {
        throw Error(ErrorKind::Failed, trainFailure, "step " + std::to_string(step), "try a smaller learning rate");
      }
      sendTrainEvent(step, steps, context, hooks);
      if (hooks.stopAndKeep && hooks.stopAndKeep()) break;
    }
    ModelInfo info = blobModel(request.modelName.empty() ? "trained" : request.modelName, {1, 28, 28},
                               request.objective.find("fingerprint") == std::string::npos ? 0 : 10);
    info.shipped = false;
    info.path = request.output.empty() ? "/nowhere/" + info.name + ".safetensors" : request.output;
    info.id = info.path;
    {
      const std::lock_guard lock(m_mutex);
      modelList.push_back(info);
    }
    ++trained;
    TrainResult result;
    result.model = info.path;
    result.modelSha256 = info.sha256;
    result.testAccuracy = 0.995;
    result.seconds = 12.5;
    result.imagesPerSecond = 1000;
    result.copiesPerSecond = 4000;
    result.threshold = info.threshold;
    result.device = "cpu";
    result.json = "{}";
    return result;
  }

  ExploreResult explore(const ExploreRequest& request, const JobContext& context, const ExploreHooks& hooks) override {
    ++exploreStarted;
    if (onExplore) onExplore(request, context);
    context.throwIfStopped();
    const ModelInfo info = model(request.model);
    ExploreResult result;
    result.input = fit(request.image, info.input);
    result.before = verdictOf(result.input, info);
    if (hooks.onStart) hooks.onStart(result);
    Image image = result.input;
    for (std::size_t i = 0; i < request.steps.size(); ++i) {
      const StepRequest& step = request.steps[i];
      if (!step.enabled) continue;
      context.throwIfStopped();
      try {
        const Watcher watcher{i, info, request.trace ? &result : nullptr, &hooks, context};
        result.steps.push_back(apply(step, image, result.before.predicted, request, watcher));
      } catch (const Error& error) {
        if (!request.tolerant || error.kind() == ErrorKind::Cancelled) throw;
        StepOutcome left;
        left.operation = step.operation;
        left.problem = error.message();
        result.steps.push_back(left);
      }
    }
    result.after = verdictOf(image, info);
    result.norms = norms(result.input, image);
    result.result = std::move(image);
    result.seconds = 0.002;
    ++explored;
    return result;
  }

  std::vector<JudgedImage> judge(const JudgeRequest& request, const JobContext& context) override {
    context.throwIfStopped();
    std::vector<JudgedImage> result;
    for (const Image& image : request.images) {
      result.push_back({verdictOf(image, model(request.model)), norms(request.original, image)});
    }
    judged += static_cast<int>(request.images.size());
    return result;
  }

  PredictResult predict(const PredictRequest&, const JobContext&) override { return {}; }
  AttackRunResult attack(const AttackRunRequest&, const JobContext&) override { return {}; }
  DetectResult detect(const DetectRequest&, const JobContext&) override { return {}; }
  RecipeResult runRecipe(const RecipeRequest& request, const JobContext& context, const RecipeHooks& hooks) override {
    return runFakeRecipe(request, context, hooks, recipeRuns);
  }
  /// Blobs that an attack has moved a little towards the next class; every other one successfully.
  AttackedImages attackedImages(const std::string& path, std::int64_t first, std::int64_t count,
                                const JobContext& context) override {
    if (path.find("nowhere/") == std::string::npos) {
      throw Error(ErrorKind::BadInput, "this is no file of attacked images", path);
    }
    AttackedImages result;
    result.total = 30;
    for (std::int64_t i = first; i < std::min(first + count, result.total); ++i) {
      context.throwIfStopped();
      AttackedImage image;
      image.label = static_cast<int>(i % kClasses);
      image.index = i;
      image.success = i % 2 == 0;
      image.original = blobImage({1, 28, 28}, image.label, static_cast<std::uint64_t>(i));
      image.adversarial =
          image.success ? blobImage({1, 28, 28}, (image.label + 1) % kClasses, 100 + std::uint64_t(i)) : image.original;
      result.images.push_back(std::move(image));
    }
    return result;
  }
  TuneResult tune(const TuneRequest&, const JobContext&) override { return {}; }
  std::string perturb(const PerturbRequest&, const JobContext&) override { return "{}"; }
  CorruptionResult corruptions(const CorruptionRequest&, const JobContext&) override { return {}; }
  RobustnessResult robustness(const RobustnessRequest&, const JobContext&) override { return {}; }
  void fetchDataset(const std::string& name, const JobContext& context) override {
    note("fetch " + name);
    for (int done = 1; done <= 10; ++done) {
      context.step();
      context.report({done, 10, "fetching " + name, {}});
    }
  }
  std::vector<FileVerification> verifyDataset(const std::string& name, const JobContext&) override {
    return {{name + ".bin", "/nowhere/" + name + ".bin", true, "checksum agrees"}};
  }

  std::vector<DatasetImage> testImages(const std::string& name, std::int64_t first, std::int64_t count,
                                       const JobContext& context) override {
    for (const DatasetInfo& info : datasets()) {
      if (info.name != name) continue;
      if (info.location.empty() && !info.generated) {
        throw Error(ErrorKind::BadInput, "the data set is not on this machine", name, "fetch it first");
      }
      std::vector<DatasetImage> images;
      for (std::int64_t i = first; i < std::min(first + count, info.testCount); ++i) {
        context.throwIfStopped();
        const int label = static_cast<int>(i % kClasses);
        images.push_back(
            {blobImage(info.shape, label, static_cast<std::uint64_t>(i)), label, info.classNames[label], i});
      }
      return images;
    }
    throw Error(ErrorKind::Usage, "there is no such data set", name);
  }

  Image readImage(const std::string& path) override { return convert(QImage(QString::fromStdString(path)), path); }
  Image decodeImage(const std::string& bytes, const std::string& name) override {
    return convert(QImage::fromData(QByteArray(bytes.data(), static_cast<qsizetype>(bytes.size()))), name);
  }
  void writeImage(const Image& image, const std::string& path) override {
    QImage out(image.shape.width, image.shape.height, QImage::Format_RGB888);
    for (int y = 0; y < image.shape.height; ++y) {
      for (int x = 0; x < image.shape.width; ++x) {
        const auto level = [&](int c) { return int(std::lround(image.at(c % image.shape.channels, y, x) * 255)); };
        out.setPixel(x, y, qRgb(level(0), level(1), level(2)));
      }
    }
    if (!out.save(QString::fromStdString(path))) throw Error(ErrorKind::Failed, "could not be written", path);
  }

  ModelInfo importModel(const ImportModelRequest& request, const JobContext&) override {
    if (request.path.find("bad") != std::string::npos) {
      throw Error(ErrorKind::BadInput, "this is not a model file", request.path, "give a .safetensors or .pt file");
    }
    ModelInfo info = blobModel("imported", request.input, 0);
    info.shipped = false;
    info.id = info.path = request.path;
    const std::lock_guard lock(m_mutex);
    modelList.push_back(info);
    return info;
  }
  void exportModel(const std::string& id, const std::string& format, const std::string& path) override {
    note("export " + id + " " + format + " " + path);
  }
  std::string trashModel(const std::string& id) override {
    const std::lock_guard lock(m_mutex);
    const auto found =
        std::find_if(modelList.begin(), modelList.end(), [&](const auto& info) { return info.id == id; });
    if (found == modelList.end() || found->shipped) {
      throw Error(ErrorKind::Usage, "only the user's own models can be deleted", id);
    }
    m_trash.push_back(*found);
    modelList.erase(found);
    return "trash:" + id;
  }
  void restoreModel(const std::string& trashedPath) override {
    const std::lock_guard lock(m_mutex);
    for (const ModelInfo& info : m_trash) {
      if ("trash:" + info.id == trashedPath) modelList.push_back(info);
    }
  }
  std::vector<std::string> selftest(const JobContext&) override { return {"fake: ok"}; }

  std::shared_ptr<Job> submit(Lane lane, std::string title, std::function<void(JobContext&)> work,
                              JobObserver observer) override {
    return m_scheduler.submit(lane, std::move(title), std::move(work), std::move(observer));
  }

 private:
  /// Who is told of an attack's iterates.
  struct Watcher {
    std::size_t position;
    ModelInfo model;
    ExploreResult* traced;  ///< null: no trace is wanted
    const ExploreHooks* hooks;
    const JobContext& context;
  };

  void tell(const Image& clean, const Image& iterate, std::int64_t step, int label, const Watcher& watcher) const {
    const Verdict verdict = verdictOf(iterate, watcher.model);
    double other = -1e9;
    for (int k = 0; k < kClasses; ++k) {
      if (k != label) other = std::max(other, verdict.logits[k]);
    }
    const double margin = other - verdict.logits[label];
    const ImageNorms distance = norms(clean, iterate);
    const AttackTracePoint point{step, margin + 5, margin, distance.l2, distance.linf, iterate};
    if (watcher.traced) {
      watcher.traced->trace.push_back(point);
      watcher.traced->traced = watcher.position;
    }
    if (onAttackStep && watcher.hooks->onStep) watcher.hooks->onStep({watcher.position, point, verdict});
  }

  StepOutcome attack(const StepRequest& step, const Parameters& values, Image& image, int label,
                     const Watcher& watcher) const {
    if (step.threatModel == "adaptive-white-box" && watcher.model.fingerprints == 0) {
      throw Error(ErrorKind::Usage, "an adaptive attack needs a detector, and the model has no fingerprints");
    }
    if (values.has("targeted") && !values.boolean("targeted")) {
      throw Error(ErrorKind::Usage, "jsma needs a target class", "jsma", "set targeted");
    }
    StepOutcome outcome;
    outcome.operation = step.operation;
    outcome.seconds = 0.001;
    outcome.alreadyWrong = verdictOf(image, watcher.model).predicted != label;
    const double epsilon = values.has("epsilon") ? values.real("epsilon") : 0.3;
    const std::int64_t steps = values.has("steps") ? values.integer("steps") : 1;
    const int target = (label + 1) % kClasses;
    const Image clean = image;
    if (watcher.traced) watcher.traced->trace.clear();
    for (std::int64_t i = 0; i <= steps; ++i) {
      if (onAttackStep) onAttackStep(i, watcher.context);
      watcher.context.throwIfStopped();
      const double size = epsilon * double(i) / double(steps);
      image = clean;
      move(image, [&](int y, int x, float) {
        return size * (blob(image.shape, target, y, x) > blob(image.shape, label, y, x) ? 1 : -1);
      });
      if (watcher.traced || onAttackStep) tell(clean, image, i, label, watcher);
    }
    outcome.success = verdictOf(image, watcher.model).predicted != label;
    if (outcome.alreadyWrong) {
      outcome.note = "already misclassified";
    } else {
      outcome.note = *outcome.success ? "the answer changed" : "the answer did not change";
    }
    return outcome;
  }

  StepOutcome apply(const StepRequest& step, Image& image, int label, const ExploreRequest& request,
                    const Watcher& watcher) const {
    for (const AttackInfo& each : attacks()) {
      if (each.spec.name != step.operation) continue;
      auto specs = each.spec.parameters;
      if (step.threatModel == "adaptive-white-box") {
        specs.insert(specs.end(), each.adaptiveParameters.begin(), each.adaptiveParameters.end());
      }
      return attack(step, resolve(step.operation, specs, step.parameters), image, label, watcher);
    }
    StepOutcome outcome;
    outcome.operation = step.operation;
    outcome.seconds = 0.001;
    for (const auto& [spec, family, hasSeverity] : perturbations()) {
      if (spec.name != step.operation) continue;
      const Parameters values = resolve(step.operation, spec.parameters, step.parameters);
      const double size = values.has("sigma") ? values.real("sigma") : 0.3 / double(values.integer("quality"));
      Random random(mixSeed(request.seed, step.operation));
      move(image, [&](int, int, float) { return size * random.normal(); });
      return outcome;
    }
    throw Error(ErrorKind::Usage, "there is no such step", step.operation);
  }

  void sendTrainEvent(std::int64_t step, std::int64_t steps, const JobContext& context, const TrainHooks& hooks) {
    TrainEvent event;
    event.step = step;
    event.steps = steps;
    event.epoch = (step - 1) / stepsPerEpoch + 1;
    event.epochEnd = step % stepsPerEpoch == 0;
    event.metrics = {{"loss", 2.0 / double(step)},
                     {"accuracy", 1 - 1.0 / double(step + 1)},
                     {"learning_rate", 1e-3},
                     {"images_per_second", 1000}};
    if (event.epochEnd) event.metrics.push_back({"validation_accuracy", 1 - 0.5 / double(event.epoch + 1)});
    if (hooks.onEvent) hooks.onEvent(event);
    ++eventsSent;
    context.report({step, steps, "epoch " + std::to_string(event.epoch), event.metrics});
  }

  void note(const std::string& call) {
    const std::lock_guard lock(m_mutex);
    m_calls.push_back(call);
  }

  mutable std::mutex m_mutex;
  std::vector<std::string> m_calls;
  std::vector<ModelInfo> m_trash;
  Scheduler m_scheduler;  // last: its workers end before the rest goes
};

}  // namespace whorl::test
