// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <algorithm>
#include <atomic>
#include <cmath>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "core/base/random.h"
#include "core/service/engine.h"
#include "tests/ui/fake_world.h"

namespace whorl::test {

// Landscapes of the FakeEngine's blobs: real planes, real values of its linear classifier.

inline std::vector<LandscapeDirectionInfo> fakeDirections() {
  return {{{"gradient-sign", "Gradient sign", "What FGSM adds.", "", {}}, false, false},
          {{"rademacher", "Random signs", "Plus or minus one.", "", {}}, false, false},
          {{"image",
            "Another image",
            "Towards another one.",
            "",
            {ParameterSpec::integer("index", 0, 0, 1'000'000, "", "Its place")}},
           false,
           true},
          {{"adversarial", "Adversarial example", "Towards what an attack made.", "", {}}, true, false},
          {{"pca",
            "Attack's path",
            "A principal component of the path.",
            "",
            {ParameterSpec::integer("component", 1, 1, 8, "", "1 for the longest")}},
           true,
           false},
          {{"mask", "Mask", "Where a picture is bright.", "", {}}, false, false, true}};
}

inline std::vector<LandscapeValueInfo> fakeValues() {
  return {{{"cross_entropy", "Cross-entropy", "In nats.", "", {}}},
          {{"margin", "Margin", "Above 0 it is misclassified.", "", {}}},
          {{"confidence", "Confidence", "Largest probability.", "", {}}},
          {{"predicted", "Predicted class", "From 0.", "", {}}},
          {{"fingerprint_distance", "Fingerprint distance", "Least of any class.", "", {}}, true},
          {{"fingerprint_distances", "Fingerprint distance of each class", "A layer a class.", "", {}},
           true,
           false,
           false,
           false,
           true},
          {{"accepted", "Accept region", "1 where it is below.", "", {}}, true, true}};
}

inline std::vector<WeightDirectionInfo> fakeWeightDirections() {
  const auto dimensions = ParameterSpec::integer("dimensions", 2, 1, 2, "", "1 for a line, 2 for a plane");
  return {{{"random", "Random directions", "Around the network.", "", {dimensions}}, 0, 0, 1, false},
          {{"line", "Line to another network", "Straight.", "", {}}, 1, 1, 1, true},
          {{"trajectory", "Training's path", "Its components.", "", {dimensions}}, 1, 100, 1.2, true}};
}

inline std::vector<LandscapeValueInfo> fakeWeightValues() {
  return {{{"cross_entropy", "Cross-entropy", "In nats.", "", {}}},
          {{"accuracy", "Accuracy", "Share that is right.", "", {}}},
          {{"fingerprint_loss", "Fingerprint loss", "What training lowers.", "", {}}, true}};
}

/// Of networks: a bowl around (0.25, 0), which more images make deeper.
inline Surface fakeWeightSurface(const LandscapeRequest& request, int side, std::int64_t images) {
  const WeightLandscape& weights = *request.weights;
  const auto dimensions = weights.direction.parameters.values().find("dimensions");
  const bool line =
      weights.direction.operation == "line" ||
      (dimensions != weights.direction.parameters.values().end() && std::get<std::int64_t>(dimensions->second) == 1);
  Surface surface;
  for (int i = 0; i < side; ++i) surface.x.push_back(request.range * double(2 * i - (side - 1)) / double(side - 1));
  surface.y = line ? std::vector<double>{0} : surface.x;
  surface.images = images;
  for (const std::string& value : request.values) {
    surface.layers.push_back({value, {}});
    for (const double y : surface.y) {
      for (const double x : surface.x) {
        const double bowl = (x - 0.25) * (x - 0.25) + 2 * y * y + 1.0 / double(images);
        surface.layers.back().values.push_back(value == "accuracy" ? 1 - bowl / 10 : bowl);
      }
    }
  }
  return surface;
}

inline LandscapeColours fakeColours() {
  LandscapeColours colours;
  for (int i = 0; i < 16; ++i) colours.push_back({i / 15.0F, 0.25F, 1 - i / 15.0F});
  return colours;
}

class FakeLandscape : public FakeWorld {
 public:
  /// `path`: iterates of the attack, the image itself left out; empty without one.
  FakeLandscape(const LandscapeRequest& request, const ModelInfo& model, const std::vector<Image>& path)
      : m_request(request), m_model(model) {
    result.images.middle = request.image;
    result.images.clip = request.clip;
    result.middle = verdictOf(request.image, model);
    result.label = request.label.value_or(result.middle.predicted);
    if (request.plane) result.images.axes = request.plane->axes;
    for (const StepRequest& step : request.plane ? std::vector<StepRequest>{} : request.directions) {
      result.images.axes.push_back(axis(step, path, result.images.axes.size()));
    }
    for (const Image& image : path) result.path.push_back(placeOf(image));
    if (!path.empty()) result.attackSucceeded = verdictOf(path.back(), model).predicted != result.label;
  }

  /// Evenly over the plane, `side` points an axis.
  Surface surface(int side, const JobContext& context) const {
    Surface surface;
    for (int i = 0; i < side; ++i) {
      surface.x.push_back(m_request.range * double(2 * i - (side - 1)) / double(side - 1));
    }
    surface.y = surface.x;
    for (const std::string& value : m_request.values) {
      if (value != "fingerprint_distances") surface.layers.push_back({value, {}});
      for (int k = 0; k < kClasses && value == "fingerprint_distances"; ++k) {
        surface.layers.push_back({value + "_" + std::to_string(k), {}});
      }
    }
    for (const double y : surface.y) {
      context.throwIfStopped();
      for (const double x : surface.x) {
        const Verdict verdict = verdictOf(result.images.at(x, y), m_model);
        for (SurfaceLayer& layer : surface.layers) layer.values.push_back(valueOf(layer.name, verdict));
      }
    }
    return surface;
  }

  LandscapeResult result;

 private:
  double valueOf(const std::string& name, const Verdict& verdict) const {
    if (name == "cross_entropy") return -std::log(verdict.probabilities[std::size_t(result.label)]);
    if (name == "confidence") return verdict.probabilities[std::size_t(verdict.predicted)];
    if (name == "predicted") return verdict.predicted;
    if (name == "fingerprint_distance") return verdict.score;
    if (name == "accepted") return verdict.score < m_request.threshold.value_or(0) ? 1 : 0;
    if (name == "margin") {
      double other = -1e9;
      for (int k = 0; k < kClasses; ++k) {
        if (k != result.label) other = std::max(other, verdict.logits[std::size_t(k)]);
      }
      return other - verdict.logits[std::size_t(result.label)];
    }
    return verdict.fingerprintDistances.at(std::stoul(name.substr(name.rfind('_') + 1)));
  }

  std::vector<float> axis(const StepRequest& step, const std::vector<Image>& path, std::size_t number) const {
    const Image& middle = m_request.image;
    const bool followsPath = step.operation == "adversarial" || step.operation == "pca";
    if (followsPath && path.empty()) throw Error(ErrorKind::Usage, "the direction needs an attack", step.operation);
    const bool second = step.operation == "pca" && step.parameters.integer("component") > 1;
    if (second && path.size() < 3) {
      throw Error(ErrorKind::BadInput, "the attack's path has no component 2", "pca");
    }
    if (followsPath && !second) {
      std::vector<float> axis = path.back().pixels;
      float largest = 0;
      for (std::size_t i = 0; i < axis.size(); ++i) largest = std::max(largest, std::abs(axis[i] -= middle.pixels[i]));
      if (largest == 0) throw Error(ErrorKind::BadInput, "the attack did not change the image", "adversarial");
      for (float& value : axis) value /= largest;
      return axis;
    }
    if (step.operation == "mask") {
      std::vector<float> axis;
      for (int c = 0; c < middle.shape.channels; ++c) {
        axis.insert(axis.end(), m_request.mask->pixels.begin(), m_request.mask->pixels.end());
      }
      return axis;
    }
    if (step.operation == "gradient-sign") {
      const int label = result.label, target = (label + 1) % kClasses;
      Image image{middle.shape, std::vector<float>(middle.pixels.size(), 0.5F)};
      move(image, [&](int y, int x, float) {
        return blob(image.shape, target, y, x) > blob(image.shape, label, y, x) ? 0.5 : -0.5;
      });
      for (float& value : image.pixels) value = 2 * value - 1;
      return image.pixels;
    }
    Random random(mixSeed(m_request.seed, number));
    std::vector<float> signs(middle.pixels.size());
    for (float& value : signs) value = random.uniform() < 0.5 ? -1.0F : 1.0F;
    return signs;
  }

  LandscapePlace placeOf(const Image& image) const {
    double places[] = {0, 0};
    double rest = 0;
    for (std::size_t a = 0; a < result.images.axes.size(); ++a) {
      const auto& axis = result.images.axes[a];
      double along = 0, square = 0;
      for (std::size_t i = 0; i < axis.size(); ++i) {
        along += double(axis[i]) * (image.pixels[i] - result.images.middle.pixels[i]);
        square += double(axis[i]) * axis[i];
      }
      places[a] = along / square;
    }
    const Image nearest = result.images.at(places[0], places[1]);
    for (std::size_t i = 0; i < image.pixels.size(); ++i) rest += std::pow(image.pixels[i] - nearest.pixels[i], 2);
    return {places[0], places[1], std::sqrt(rest)};
  }

  LandscapeRequest m_request;
  ModelInfo m_model;
};

/// What an engine computes of them, and what happened.
class FakeLandscapes {
 public:
  /// Knobs, to be turned before work is submitted: called after each level with its points an axis, …
  std::function<void(int side, const JobContext&)> onLevel;
  /// … of images before the plane is known (false), and once it was told (true).
  std::function<void(bool told, const JobContext&)> onPlane;
  /// … of networks before anything is known.
  std::function<void(const JobContext&)> onWeights;
  std::atomic<int> ended{0};  ///< run() calls that came to an end

  std::vector<LandscapeRequest> requests() const {
    const std::lock_guard lock(m_mutex);
    return m_requests;
  }
  /// "2601 /nowhere/seven.csv": points and file of each that was saved.
  std::vector<std::string> saved() const {
    const std::lock_guard lock(m_mutex);
    return m_saved;
  }

  /// Two levels: 9 points an axis, then all. The path is that of the engine's explore().
  LandscapeResult run(Engine& engine, const LandscapeRequest& request, const JobContext& context,
                      const LandscapeHooks& hooks) {
    {
      const std::lock_guard lock(m_mutex);
      m_requests.push_back(request);
    }
    if (request.weights) return runWeights(request, context, hooks);
    if (request.ball) return runBall(request, context, hooks);
    std::vector<Image> path;
    if (onPlane) onPlane(false, context);
    context.throwIfStopped();
    if (request.attack) {
      ExploreRequest asked;
      asked.model = request.model;
      asked.image = request.image;
      asked.steps = {*request.attack};
      asked.trace = true;
      for (const AttackTracePoint& point : engine.explore(asked, context, {}).trace) {
        if (point.step > 0) path.push_back(point.image);
      }
    }
    FakeLandscape landscape(request, engine.model(request.model), path);
    if (hooks.onStart) hooks.onStart(landscape.result);
    if (onPlane) onPlane(true, context);
    for (const int side : {9, request.resolution}) {
      landscape.result.surface = landscape.surface(side, context);
      context.report({side * side, std::int64_t{request.resolution} * request.resolution, "landscape", {}});
      if (hooks.onLevel) hooks.onLevel(landscape.result.surface);
      if (onLevel) onLevel(side, context);
      context.throwIfStopped();
    }
    landscape.result.seconds = 0.01;
    ++ended;
    return landscape.result;
  }

  /// 9 points an axis by 16 images, all by 16, all by as many as are asked for.
  LandscapeResult runWeights(const LandscapeRequest& request, const JobContext& context, const LandscapeHooks& hooks) {
    if (onWeights) onWeights(context);
    context.throwIfStopped();
    LandscapeResult result;
    result.batchNorm = "keep";
    if (request.weights->direction.operation == "trajectory") result.path = {{1, 0.2, 0.1}, {0.4, 0.1, 0.2}, {}};
    if (hooks.onStart) hooks.onStart(result);
    for (const auto& [side, images] : {std::pair{9, std::int64_t{16}},
                                       {request.resolution, std::int64_t{16}},
                                       {request.resolution, request.weights->count}}) {
      context.throwIfStopped();
      result.surface = fakeWeightSurface(request, side, images);
      context.report({images, request.weights->count, "judging networks", {}});
      if (hooks.onLevel) hooks.onLevel(result.surface);
      if (onLevel) onLevel(side, context);
    }
    context.throwIfStopped();
    ++ended;
    return result;
  }

  /// 16 rays, then all. On ray r of n a value is (1 + r/n) radius; the class changes from radius 1 on for the upper
  /// half.
  LandscapeResult runBall(const LandscapeRequest& request, const JobContext& context, const LandscapeHooks& hooks) {
    LandscapeResult result;
    if (hooks.onStart) hooks.onStart(result);
    for (const std::int64_t rays : {std::int64_t{16}, request.ball->directions}) {
      context.throwIfStopped();
      Surface surface{{}, {0}, {}, 0};
      for (int i = 0; i < request.resolution; ++i) surface.x.push_back(request.range * i / (request.resolution - 1));
      const auto add = [&](const std::string& name, double factor) {
        surface.layers.push_back({name, {}});
        for (const double radius : surface.x) surface.layers.back().values.push_back(factor * radius);
      };
      const double last = 2 - 1.0 / double(rays);
      for (const std::string& value : request.values) {
        if (value == "predicted") {
          surface.layers.push_back({"predicted_same", {}});
          for (const double radius : surface.x) surface.layers.back().values.push_back(radius < 1 ? 1 : 0.5);
          continue;
        }
        add(value + "_mean", (1 + last) / 2);
        add(value + "_min", 1);
        add(value + "_q05", 1 + 0.05 * (last - 1));
        add(value + "_median", (1 + last) / 2);
        add(value + "_q95", 1 + 0.95 * (last - 1));
        add(value + "_max", last);
      }
      result.surface = surface;
      context.report({rays * request.resolution, request.ball->directions * request.resolution, "ball", {}});
      if (hooks.onLevel) hooks.onLevel(result.surface);
      if (onLevel) onLevel(static_cast<int>(rays), context);
    }
    ++ended;
    return result;
  }

  void save(const Surface& surface, const std::string& path) {
    if (path.find(".txt") != std::string::npos) throw Error(ErrorKind::Usage, "no format for landscapes", path);
    const std::lock_guard lock(m_mutex);
    m_saved.push_back(std::to_string(surface.pointCount()) + " " + path);
  }

 private:
  mutable std::mutex m_mutex;
  std::vector<LandscapeRequest> m_requests;
  std::vector<std::string> m_saved;
};

}  // namespace whorl::test
