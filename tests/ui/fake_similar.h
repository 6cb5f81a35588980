// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <algorithm>
#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "core/base/job.h"
#include "core/service/similar_types.h"
#include "core/service/types.h"
#include "tests/ui/fake_world.h"

namespace whorl::test {

/// Near-duplicates in the fake world: features are pixels; those of a plain model are of the upper half alone.
class FakeSimilar {
 public:
  /// Called before each ten images that are indexed.
  std::function<void(const JobContext&)> onIndex;
  /// Files that can't be read, in any index.
  std::vector<SimilarProblem> problems;
  /// Fails the next query unless it is "".
  std::string queryFailure;
  SimilarBenchmarkRequest lastBenchmark;
  std::atomic<int> indexed{0};
  std::atomic<int> asked{0};
  std::atomic<int> measured{0};

  SimilarIndexResult index(const SimilarIndexRequest& request, ImageShape shape, const JobContext& context) {
    SimilarIndexResult result;
    result.images = request.dataset.empty() ? 12 : request.count;
    for (std::int64_t done = 0; done < result.images; done += 10) {
      if (onIndex) onIndex(context);
      context.step();
      context.report({done, result.images, "indexing", {}});
    }
    result.index = "/nowhere/" + request.model + " " + request.dataset + request.folder + " " + request.layer;
    result.rows = result.added = result.images;
    result.dimension = shape.size();
    result.problems = problems;
    result.json = R"({"first": "test/0"})";
    const std::lock_guard lock(m_mutex);
    m_indexes[result.index] = {shape, result.images, request.model.find("plain") != std::string::npos};
    ++indexed;
    return result;
  }

  SimilarQueryResult query(const SimilarQueryRequest& request, const JobContext& context) {
    context.throwIfStopped();
    ++asked;
    if (!queryFailure.empty()) throw Error(ErrorKind::BadInput, queryFailure, request.index, "index it again");
    const Index index = find(request.index);
    SimilarAnswer answer;
    answer.image = request.images.at(0);
    // Whatever is done to it, and however much: a shift towards white.
    for (const StepRequest& step : request.steps) {
      if (!step.enabled) continue;
      for (float& value : answer.image.pixels) value = std::min(1.0F, value + 0.2F);
    }
    for (std::int64_t i = 0; i < index.images; ++i) {
      answer.neighbours.push_back(
          {name(i), {}, static_cast<int>(i % FakeWorld::kClasses), distance(answer.image, imageAt(index, i), index)});
    }
    std::stable_sort(answer.neighbours.begin(), answer.neighbours.end(),
                     [](const auto& a, const auto& b) { return a.distance < b.distance; });
    answer.neighbours.resize(std::min<std::size_t>(answer.neighbours.size(), static_cast<std::size_t>(request.top)));
    SimilarQueryResult result;
    result.images = index.images;
    result.answers = {std::move(answer)};
    return result;
  }

  DatasetImage image(const std::string& index, const std::string& name) const {
    const std::int64_t place = std::stoll(name.substr(5));
    const int label = static_cast<int>(place % FakeWorld::kClasses);
    return {imageAt(find(index), place), label, std::to_string(label), place};
  }

  SimilarBenchmarkResult benchmark(const SimilarBenchmarkRequest& request, const JobContext& context) {
    context.step();
    {
      const std::lock_guard lock(m_mutex);
      lastBenchmark = request;
    }
    SimilarBenchmarkResult result;
    result.recalls = {0.9, 0.95, 0.99};
    result.images = request.count;
    result.pooled.name = "all";
    for (std::size_t m = 0; m < request.models.size(); ++m) {
      SimilarModelFigures figures;
      const double value = 0.9 - 0.1 * static_cast<double>(m);
      for (std::size_t i = 0; i < result.recalls.size(); ++i)
        figures.precisions.push_back({value, value - 0.02, value + 0.02});
      figures.curve = {{0.5, 1, 0.1}, {1, value, 0.2}};
      result.pooled.models.push_back(figures);
      if (m > 0) {
        figures.precisions.assign(3, {-0.1, -0.12, -0.08});
        result.pooled.differences.push_back(figures);
      }
    }
    ++measured;
    return result;
  }

  static std::string name(std::int64_t place) { return "test/" + std::to_string(place); }

 private:
  struct Index {
    ImageShape shape;
    std::int64_t images = 0;
    bool half = false;
  };

  Index find(const std::string& path) const {
    const std::lock_guard lock(m_mutex);
    const auto found = m_indexes.find(path);
    if (found == m_indexes.end()) throw Error(ErrorKind::BadInput, "there is no index", path);
    return found->second;
  }

  static Image imageAt(const Index& index, std::int64_t place) {
    return FakeWorld::blobImage(index.shape, static_cast<int>(place % FakeWorld::kClasses),
                                static_cast<std::uint64_t>(place));
  }

  static double distance(const Image& a, const Image& b, const Index& index) {
    double sum = 0;
    const std::size_t count = std::min(a.pixels.size(), b.pixels.size()) / (index.half ? 2 : 1);
    for (std::size_t i = 0; i < count; ++i) sum += (a.pixels[i] - b.pixels[i]) * (a.pixels[i] - b.pixels[i]);
    return sum;
  }

  mutable std::mutex m_mutex;
  std::map<std::string, Index> m_indexes;
};

}  // namespace whorl::test
