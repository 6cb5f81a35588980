// SPDX-License-Identifier: GPL-3.0-or-later
// How well near-duplicates are told from other images by the distance of their features.
#include <algorithm>
#include <cmath>
#include <map>
#include <span>

#include <ATen/ops/cat.h>
#include <ATen/ops/tensor.h>

#include "core/base/random.h"
#include "core/nn/batch_workers.h"
#include "core/retrieval/feature_layer.h"
#include "core/retrieval/pair_figures.h"
#include "core/service/documents.h"
#include "core/service/engine_impl.h"
#include "core/service/evaluation.h"
#include "core/service/impl/attack_run.h"
#include "core/service/impl/inference.h"
#include "core/service/impl/perturbed_images.h"
#include "core/service/similar_sources.h"
#include "core/service/similar_support.h"
#include "core/service/stopwatch.h"

namespace whorl {
namespace {

using nlohmann::json;
using torch::Tensor;

constexpr std::int64_t kBatch = 100;
constexpr int kQuantileSteps = 100;
constexpr std::size_t kCurvePoints = 200;
const std::vector<double> kRecalls{0.90, 0.95, 0.99};

StepRequest step(const std::string& operation, const Parameters& parameters) { return {operation, parameters}; }

/// Everything about one benchmark that its models share: images, pairs, triplets.
class Benchmark {
 public:
  Benchmark(const SimilarBenchmarkRequest& request, ModelStore& models, DatasetPtr data, int threads,
            const JobContext& context)
      : m_request(request),
        m_data(std::move(data)),
        m_split(splitOf(*m_data, request.split)),
        m_measure(parseFeatureDistance(request.measure)),
        m_threads(threads),
        m_context(context) {
    for (const std::string& id : request.models) {
      m_layers.push_back(std::make_unique<FeatureLayer>(models.load(id, parseDevice(request.device).str()),
                                                        request.layer, request.normalise));
      m_batch = fittingBatch(m_layers.back()->model(), request.batchSize > 0 ? request.batchSize : m_batch, 1, false);
    }
    m_order = selectionOrder(m_split.count(), request.seed);
    if (request.count > 0) m_order.resize(std::min(m_order.size(), static_cast<std::size_t>(request.count)));
    if (m_order.size() < 2) {
      throw Error(ErrorKind::BadInput, "a benchmark needs two images", m_data->name, "take more");
    }
    m_distortions = request.distortions.empty() ? standard(m_split.shape) : request.distortions;
    drawNegatives();
  }

  static std::vector<std::vector<StepRequest>> standard(const ImageShape& shape) {
    // Of a 32x32 image: crops of 1, 2 and 4 pixels, thumbnails of 24x24, 20x20 and 16x16; in proportion elsewhere.
    const double scale = std::min(shape.height, shape.width) / 32.0;
    const auto pixels = [&](double of) { return std::max<std::int64_t>(1, std::llround(of * scale)); };
    const auto area = [&](double side) { return std::max<std::int64_t>(1, std::llround(side * side * scale * scale)); };
    const auto jpeg = [](std::int64_t quality) { return step("jpeg", {{"quality", quality}}); };
    const auto thumbnail = [&](double side) { return step("thumbnail", {{"area", area(side)}}); };
    const auto crop = [&](double offset) {
      return step("crop", {{"offset", pixels(offset)}, {"place", std::string("random")}});
    };
    const auto noise = [](double sigma) { return step("gaussian-noise", {{"sigma", sigma}}); };
    return {{jpeg(90)},
            {jpeg(70)},
            {jpeg(50)},
            {jpeg(30)},
            {jpeg(10)},
            {thumbnail(24)},
            {thumbnail(20)},
            {thumbnail(16)},
            {crop(1)},
            {crop(2)},
            {crop(4)},
            {noise(0.04)},
            {noise(0.1)},
            {crop(2), jpeg(50)},
            {thumbnail(20), jpeg(30)},
            {crop(2), noise(0.04), jpeg(30)}};
  }

  SimilarBenchmarkResult run() {
    SimilarBenchmarkResult result;
    result.recalls = kRecalls;
    result.images = count();
    m_total = count() * (std::ssize(m_distortions) + 1);
    const auto clean = featuresOf(nullptr, "as they are");
    std::vector<std::vector<double>> negatives;
    for (const Tensor& rows : clean) negatives.push_back(distances(rows, m_firsts, rows, m_others));
    std::vector<std::vector<PairDistances>> all(m_layers.size());
    const Tensor classTriplets = drawClassTriplets();
    std::vector<double> distortedRanking(m_layers.size());
    for (const auto& steps : m_distortions) {
      const std::string name = distortionName(steps);
      const auto changed = featuresOf(&steps, name);
      std::vector<PairDistances> pairs(m_layers.size());
      for (std::size_t m = 0; m < m_layers.size(); ++m) {
        pairs[m] = {vectorOf(rowDistances(clean[m], changed[m], m_measure)), negatives[m]};
        all[m].push_back(pairs[m]);
        distortedRanking[m] += classRanking(changed[m], clean[m], classTriplets);
      }
      result.distortions.push_back(measured(name, steps, pairs));
    }
    std::vector<PairDistances> together;
    for (const auto& each : all) together.push_back(pooled(each));
    result.pooled = measured("all", {}, together);
    for (std::size_t m = 0; m < m_layers.size(); ++m) {
      result.classRankingClean.push_back(classRanking(clean[m], clean[m], classTriplets));
      result.classRankingDistorted.push_back(distortedRanking[m] / static_cast<double>(m_distortions.size()));
    }
    return result;
  }

  std::int64_t count() const { return std::ssize(m_order); }
  std::int64_t batch() const { return m_batch; }
  const FeatureLayer& layer(std::size_t model) const { return *m_layers[model]; }
  const Dataset& data() const { return *m_data; }
  const std::vector<std::vector<StepRequest>>& distortions() const { return m_distortions; }

 private:
  /// For each image `negatives` others, drawn from its place in the data set alone. Duplicates within the data set
  /// would be no negatives: an image of the same pixels is drawn again.
  void drawNegatives() {
    checkPairMemory(count(), m_request.negatives, std::ssize(m_distortions), std::ssize(m_layers));
    for (std::int64_t q = 0; q < count(); ++q) {
      m_context.throwIfStopped();
      Random random(mixSeed(m_request.seed, static_cast<std::uint64_t>(m_order[q]), 1));
      for (std::int64_t r = 0; r < m_request.negatives; ++r) {
        std::int64_t other = q;
        for (int attempt = 0; samePixels(q, other); ++attempt) {
          if (attempt == 1000) throw Error(ErrorKind::BadInput, "the images are all the same", m_data->name);
          other = static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(count())));
        }
        m_firsts.push_back(q);
        m_others.push_back(other);
      }
    }
  }

  bool samePixels(std::int64_t a, std::int64_t b) const {
    if (a == b) return true;
    const auto size = static_cast<std::ptrdiff_t>(m_split.shape.size());
    const auto first = m_split.pixels.begin() + m_order[static_cast<std::size_t>(a)] * size;
    return std::equal(first, first + size, m_split.pixels.begin() + m_order[static_cast<std::size_t>(b)] * size);
  }

  /// [T,3]: an image, another one of its class, one of another class. None for classes of one image.
  Tensor drawClassTriplets() const {
    std::map<std::int32_t, std::vector<std::int64_t>> byClass;
    for (std::int64_t q = 0; q < count(); ++q) byClass[labelOf(q)].push_back(q);
    std::vector<std::int64_t> triplets;
    for (std::int64_t q = 0; q < count() && byClass.size() > 1; ++q) {
      const auto& own = byClass.at(labelOf(q));
      if (own.size() < 2) continue;
      Random random(mixSeed(m_request.seed, static_cast<std::uint64_t>(m_order[static_cast<std::size_t>(q)]), 2));
      std::int64_t same = q;
      while (same == q) same = own[random.below(own.size())];
      std::int64_t other = q;
      while (labelOf(other) == labelOf(q)) {
        other = static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(count())));
      }
      triplets.insert(triplets.end(), {q, same, other});
    }
    return at::tensor(triplets, torch::kInt64).view({-1, 3});
  }

  std::int32_t labelOf(std::int64_t q) const {
    return m_split.labels[static_cast<std::size_t>(m_order[static_cast<std::size_t>(q)])];
  }

  /// Share of triplets whose image of the same class is nearer to the query.
  double classRanking(const Tensor& queries, const Tensor& rows, const Tensor& triplets) const {
    if (triplets.size(0) == 0) return std::nan("");
    const Tensor asked = queries.index_select(0, triplets.select(1, 0));
    const Tensor same = rowDistances(asked, rows.index_select(0, triplets.select(1, 1)), m_measure);
    const Tensor other = rowDistances(asked, rows.index_select(0, triplets.select(1, 2)), m_measure);
    return (same < other).to(torch::kFloat64).mean().item<double>();
  }

  /// Each model's rows of all images, as they are (null) or distorted.
  std::vector<Tensor> featuresOf(const std::vector<StepRequest>* steps, const std::string& what) {
    using Rows = std::vector<Tensor>;
    std::vector<Rows> parts(m_layers.size());
    BatchWorkers<Rows> workers((count() + m_batch - 1) / m_batch, m_threads, 1);
    workers.run(
        [&](std::int64_t number) {
          m_context.throwIfStopped();
          const std::int64_t first = number * m_batch;
          const auto places = std::span(m_order).subspan(first, std::min(m_batch, count() - first));
          Rows rows;
          for (const auto& layer : m_layers) rows.push_back(layer->rows(images(places, steps, layer->model().input)));
          return rows;
        },
        [&](std::int64_t, Rows&& rows) {
          m_done += rows.front().size(0);
          for (std::size_t m = 0; m < rows.size(); ++m) parts[m].push_back(std::move(rows[m]));
          m_context.report({m_done, m_total, what, {}});
          m_context.step();
        });
    std::vector<Tensor> all;
    for (const Rows& each : parts) all.push_back(at::cat(each));
    return all;
  }

  Tensor images(std::span<const std::int64_t> places, const std::vector<StepRequest>* steps,
                const ImageShape& shape) const {
    return madeImages(std::ssize(places), shape, [&](std::int64_t i) {
      const std::int64_t place = places[static_cast<std::size_t>(i)];
      const Image image = m_split.image(place);
      return fittedImage(steps ? distorted(image, *steps, m_request.seed, place) : image, shape, "fit");
    });
  }

  std::vector<double> distances(const Tensor& a, const std::vector<std::int64_t>& rowsOfA, const Tensor& b,
                                const std::vector<std::int64_t>& rowsOfB) const {
    std::vector<double> all;
    constexpr std::size_t kAtOnce = 4096;  // pairs: their rows are gathered
    for (std::size_t first = 0; first < rowsOfA.size(); first += kAtOnce) {
      const std::size_t size = std::min(kAtOnce, rowsOfA.size() - first);
      const auto chosen = [&](const Tensor& rows, const std::vector<std::int64_t>& places) {
        return rows.index_select(0, at::tensor(at::ArrayRef<std::int64_t>(places.data() + first, size), torch::kInt64));
      };
      const auto part = vectorOf(rowDistances(chosen(a, rowsOfA), chosen(b, rowsOfB), m_measure));
      all.insert(all.end(), part.begin(), part.end());
    }
    return all;
  }

  /// An image's copies by all distortions, and its other images once for each: drawn together by the bootstrap.
  PairDistances pooled(const std::vector<PairDistances>& distortions) const {
    PairDistances all;
    all.images = m_order.size();
    const auto each = static_cast<std::ptrdiff_t>(m_request.negatives);
    for (std::ptrdiff_t q = 0; q < count(); ++q) {
      for (const PairDistances& pairs : distortions) {
        all.positives.push_back(pairs.positives[static_cast<std::size_t>(q)]);
        const auto first = pairs.negatives.begin() + q * each;
        all.negatives.insert(all.negatives.end(), first, first + each);
      }
    }
    return all;
  }

  static std::vector<double> vectorOf(const Tensor& values) {
    const auto* data = values.const_data_ptr<double>();
    return {data, data + values.numel()};
  }

  SimilarDistortion measured(const std::string& name, const std::vector<StepRequest>& steps,
                             const std::vector<PairDistances>& pairs) const {
    m_context.throwIfStopped();
    SimilarDistortion result{name, steps, {}, {}};
    const PairBootstrap bootstrap =
        bootstrapPairs(pairs, kRecalls, mixSeed(m_request.seed, "bootstrap"), static_cast<int>(m_request.draws), 0.95,
                       [this] { m_context.throwIfStopped(); });
    std::vector<PairFigures> figures;
    for (std::size_t m = 0; m < pairs.size(); ++m) {
      figures.push_back(pairFigures(pairs[m], kRecalls));
      SimilarModelFigures model = withIntervals(figures[m], bootstrap.networks[m]);
      model.curve = curve(pairs[m]);
      model.positiveQuantiles = quantiles(pairs[m].positives, kQuantileSteps);
      model.negativeQuantiles = quantiles(pairs[m].negatives, kQuantileSteps);
      result.models.push_back(std::move(model));
      if (m == 0) continue;
      PairFigures difference = figures[m];
      for (std::size_t i = 0; i < kRecalls.size(); ++i) difference.precisions[i] -= figures[0].precisions[i];
      difference.averagePrecision -= figures[0].averagePrecision;
      difference.ranking -= figures[0].ranking;
      result.differences.push_back(withIntervals(difference, bootstrap.differences[m - 1]));
    }
    return result;
  }

  static SimilarModelFigures withIntervals(const PairFigures& figures, const PairIntervals& intervals) {
    const auto joined = [](double value, const Interval& interval) {
      return SimilarFigure{value, interval.low, interval.high};
    };
    SimilarModelFigures result;
    for (std::size_t i = 0; i < figures.precisions.size(); ++i) {
      result.precisions.push_back(joined(figures.precisions[i], intervals.precisions[i]));
    }
    result.averagePrecision = joined(figures.averagePrecision, intervals.averagePrecision);
    result.ranking = joined(figures.ranking, intervals.ranking);
    return result;
  }

  /// Thinned out, but with the first point that reaches each hundredth of recall: what is read off the curve there is
  /// what the whole of it says.
  static std::vector<SimilarCurvePoint> curve(const PairDistances& pairs) {
    const auto points = precisionRecall(pairs);
    std::vector<std::size_t> places;
    const std::size_t count = std::min(points.size(), kCurvePoints + 1);
    for (std::size_t i = 0; i < count; ++i) places.push_back(count == 1 ? 0 : i * (points.size() - 1) / (count - 1));
    std::size_t place = 0;
    for (int percent = 1; percent <= 100; ++percent) {
      while (place < points.size() && points[place].recall < percent / 100.0) ++place;
      if (place < points.size()) places.push_back(place);
    }
    std::sort(places.begin(), places.end());
    places.erase(std::unique(places.begin(), places.end()), places.end());
    std::vector<SimilarCurvePoint> chosen;
    for (const std::size_t each : places) {
      chosen.push_back({points[each].recall, points[each].precision, points[each].threshold});
    }
    return chosen;
  }

  const SimilarBenchmarkRequest& m_request;
  DatasetPtr m_data;
  const DataSplit& m_split;
  FeatureDistance m_measure;
  int m_threads;
  const JobContext& m_context;
  std::vector<std::unique_ptr<FeatureLayer>> m_layers;
  std::int64_t m_batch = kBatch;
  std::vector<std::int64_t> m_order;  ///< places in the data set
  std::vector<std::vector<StepRequest>> m_distortions;
  std::vector<std::int64_t> m_firsts;  ///< negative pairs: places in m_order
  std::vector<std::int64_t> m_others;
  std::int64_t m_total = 0;
  std::int64_t m_done = 0;
};

void check(const SimilarBenchmarkRequest& request) {
  if (request.models.empty()) throw Error(ErrorKind::Usage, "no model is named", "models", "name one or two");
  if (request.count < 0 || request.count == 1 || request.negatives < 1 || request.draws < 1 || request.batchSize < 0) {
    throw Error(ErrorKind::Usage, "too few images, negatives or draws", "similar benchmark",
                "2 images or more (0: all), 1 negative and 1 draw or more");
  }
  if (request.draws > 1'000'000 || request.negatives > 10'000) {
    throw Error(ErrorKind::Usage, "too many negatives or draws", "similar benchmark",
                "at most 10000 negatives and 1000000 draws");
  }
  for (const auto& steps : request.distortions) checkDistortion(steps);
}

}  // namespace

std::vector<std::vector<StepRequest>> EngineImpl::standardDistortions(const ImageShape& shape) const {
  return Benchmark::standard(shape);
}

SimilarBenchmarkResult EngineImpl::similarBenchmark(const SimilarBenchmarkRequest& request, const JobContext& context) {
  return translated("similar benchmark", [&] {
    const Stopwatch watch;
    check(request);
    const int threadCount = threadsFor(request.threads);
    const ThreadScope threads(threadCount);
    FolderData folder;
    if (isPlainFolder(request.dataset, m_catalogue)) {
      const auto first = m_models.load(request.models.front(), parseDevice(request.device).str());
      folder = readPlainFolder(request.dataset, request.count, request.seed, first->input, context);
    }
    Benchmark benchmark(request, m_models, folder.data ? folder.data : m_datasets.get(request.dataset, context),
                        threadCount, context);
    SimilarBenchmarkResult result = benchmark.run();
    result.seconds = watch.seconds();
    json models = json::array();
    for (std::size_t m = 0; m < request.models.size(); ++m) {
      const Model& model = benchmark.layer(m).model();
      models.push_back({{"model", model.path.string()},
                        {"model_sha256", model.sha256},
                        {"class_ranking_clean", numberOrNull(result.classRankingClean[m])},
                        {"class_ranking_distorted", numberOrNull(result.classRankingDistorted[m])}});
    }
    auto document =
        documentHead("similar benchmark", request.seed, benchmark.layer(0).model().classifier->device().str(),
                     threadCount, benchmark.batch(), "float32");
    document.update({{"models", std::move(models)},
                     {"data", datasetDocument(benchmark.data())},
                     {"split", request.split},
                     {"images", result.images},
                     {"layer", request.layer},
                     {"normalised", request.normalise},
                     {"measure", request.measure},
                     {"negatives", request.negatives},
                     {"draws", request.draws},
                     {"seconds", result.seconds}});
    json problems = json::array();
    for (const auto& each : folder.problems) problems.push_back({{"name", each.name}, {"problem", each.problem}});
    document["problems"] = std::move(problems);
    document.update(similarFiguresDocument(result));
    result.json = jsonText(document);
    return result;
  });
}

}  // namespace whorl
