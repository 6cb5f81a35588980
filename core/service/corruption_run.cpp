// SPDX-License-Identifier: GPL-3.0-or-later
// A model over perturbed test images: each perturbation of a suite at each severity.
#include <algorithm>
#include <numeric>
#include <set>
#include <span>

#include "core/base/random.h"
#include "core/image/corruptions.h"
#include "core/image/perturbation.h"
#include "core/service/documents.h"
#include "core/service/engine_impl.h"
#include "core/service/evaluation.h"
#include "core/service/impl/attack_run.h"
#include "core/service/impl/inference.h"
#include "core/service/impl/perturbed_images.h"
#include "core/service/stopwatch.h"

namespace whorl {
namespace {

using nlohmann::json;

constexpr std::int64_t kBatch = 200;

/// What is asked for, checked.
struct Grid {
  std::vector<const Perturbation*> perturbations;
  std::vector<int> severities;
};

Grid gridOf(const CorruptionRequest& request) {
  Grid grid;
  const auto& names =
      request.perturbations.empty() ? findCorruptionSuite(request.suite).perturbations : request.perturbations;
  for (const std::string& name : names) {
    grid.perturbations.push_back(&findPerturbation(name));
    if (grid.perturbations.back()->hasSeverity()) continue;
    throw Error(ErrorKind::Usage, "\"" + name + "\" has no severities", "perturbations", "leave it out");
  }
  grid.severities = request.severities;
  if (grid.severities.empty()) {
    grid.severities.resize(Perturbation::kSeverities);
    std::iota(grid.severities.begin(), grid.severities.end(), 1);
  }
  for (const int severity : grid.severities) {
    if (severity >= 1 && severity <= Perturbation::kSeverities) continue;
    throw Error(ErrorKind::Usage, "there is no severity " + std::to_string(severity), "severities", "use 1 to 5");
  }
  const auto twice = [](auto values) {
    std::sort(values.begin(), values.end());
    return std::adjacent_find(values.begin(), values.end()) != values.end();
  };
  if (twice(grid.severities)) throw Error(ErrorKind::Usage, "a severity is named twice", "severities");
  if (twice(grid.perturbations)) throw Error(ErrorKind::Usage, "a perturbation is named twice", "perturbations");
  return grid;
}

/// The models, side by side on the same images.
class Contest {
 public:
  Contest(const CorruptionRequest& request, ModelStore& models, DatasetStore& datasets, const JobContext& context)
      : m_request(request), m_context(context) {
    const std::string device = parseDevice(request.device).str();
    m_models.push_back(models.load(request.model, device));
    if (!request.baseline.empty()) m_models.push_back(models.load(request.baseline, device));
    m_data = datasets.get(request.dataset, context);
    for (const auto& model : m_models) checkFits(*model, *m_data);
    m_order = selectionOrder(m_data->test.count(), request.seed);
    if (request.count > 0) m_order.resize(std::min(m_order.size(), static_cast<std::size_t>(request.count)));
    if (m_order.empty()) throw Error(ErrorKind::BadInput, "the data set has no test images", m_data->name);
    m_batch = request.batchSize > 0 ? request.batchSize : kBatch;
    for (const auto& model : m_models) m_batch = fittingBatch(*model, m_batch, 1, false);
  }

  std::int64_t count() const { return std::ssize(m_order); }
  std::int64_t batch() const { return m_batch; }
  const Dataset& data() const { return *m_data; }
  const Model& model() const { return *m_models.front(); }
  const Model* baseline() const { return m_models.size() > 1 ? m_models.back().get() : nullptr; }
  double perturbSeconds() const { return m_perturbSeconds; }
  void setTotal(std::int64_t images) { m_total = images; }

  /// Accuracy of each model on the images as they are (null), or perturbed.
  std::vector<double> accuracies(const Perturbation* perturbation, int severity) {
    std::vector<std::int64_t> correct(m_models.size());
    const std::string what =
        perturbation ? perturbation->spec().title + ", severity " + std::to_string(severity) : "as they are";
    for (std::int64_t first = 0; first < count(); first += m_batch) {
      m_context.step();
      const auto places = std::span(m_order).subspan(first, std::min(m_batch, count() - first));
      const torch::Tensor images =
          perturbation ? perturbed(*perturbation, severity, places) : imagesAt(m_data->test, places, torch::kCPU);
      const torch::Tensor labels = labelsAt(m_data->test, places, torch::kCPU);
      for (std::size_t m = 0; m < m_models.size(); ++m) correct[m] += correctOf(*m_models[m], images, labels);
      m_done += std::ssize(places);
      m_context.report({m_done, m_total, what, {}});
    }
    std::vector<double> shares;
    for (const std::int64_t each : correct) shares.push_back(static_cast<double>(each) / static_cast<double>(count()));
    return shares;
  }

 private:
  /// An image's randomness depends on its place in the data set, not on its batch.
  torch::Tensor perturbed(const Perturbation& perturbation, int severity, std::span<const std::int64_t> places) {
    const Stopwatch watch;
    const Parameters parameters =
        resolve(perturbation.spec().name, perturbation.spec().parameters, {{"severity", std::int64_t{severity}}});
    const torch::Tensor images = madeImages(std::ssize(places), m_data->test.shape, [&](std::int64_t i) {
      const std::int64_t place = places[static_cast<std::size_t>(i)];
      const std::uint64_t seed = mixSeed(m_request.seed, static_cast<std::uint64_t>(place), severity);
      return perturbation.apply(m_data->test.image(place), parameters, seed);
    });
    m_perturbSeconds += watch.seconds();
    return images;
  }

  static std::int64_t correctOf(const Model& model, const torch::Tensor& images, const torch::Tensor& labels) {
    const torch::NoGradGuard noGradients;
    const auto logits = model.classifier->logits(images.to(model.classifier->device(), model.classifier->dtype()));
    // A logit that is no number answers nothing, whatever class argmax makes of it.
    const auto right = (logits.argmax(1).to(torch::kCPU) == labels) & logits.isfinite().all(1).to(torch::kCPU);
    return right.sum().item<std::int64_t>();
  }

  const CorruptionRequest& m_request;
  const JobContext& m_context;
  std::vector<std::shared_ptr<const Model>> m_models;
  DatasetPtr m_data;
  std::vector<std::int64_t> m_order;
  std::int64_t m_batch = kBatch;
  std::int64_t m_total = 0;
  std::int64_t m_done = 0;
  double m_perturbSeconds = 0;
};

std::optional<double> ratio(double above, double below) {
  if (below == 0) return std::nullopt;
  return above / below;
}

CorruptionSummary summaryOf(const std::string& name, const CorruptionResult& result) {
  CorruptionSummary summary{name, 0, {}, {}};
  double errors = 0;
  double baselineErrors = 0;
  int cells = 0;
  for (const CorruptionCell& cell : result.cells) {
    if (cell.perturbation != name) continue;
    ++cells;
    errors += 1 - cell.accuracy;
    baselineErrors += 1 - cell.baselineAccuracy.value_or(0);
  }
  summary.accuracy = 1 - errors / cells;
  if (!result.baselineCleanAccuracy) return summary;
  summary.error = ratio(errors, baselineErrors);
  summary.relativeError =
      ratio(errors - cells * (1 - result.cleanAccuracy), baselineErrors - cells * (1 - *result.baselineCleanAccuracy));
  return summary;
}

/// The mean over perturbations; none where one of them has none.
std::optional<double> meanOf(const std::vector<CorruptionSummary>& summaries,
                             std::optional<double> CorruptionSummary::*figure) {
  double sum = 0;
  for (const CorruptionSummary& each : summaries) {
    if (!(each.*figure)) return std::nullopt;
    sum += *(each.*figure);
  }
  return sum / static_cast<double>(summaries.size());
}

json orNull(const std::optional<double>& value) { return value ? json(*value) : json(nullptr); }

json documentOf(const CorruptionRequest& request, const CorruptionResult& result, const Contest& contest, int threads) {
  json document = documentHead("perturb", request.seed, contest.model().classifier->device().str(), threads,
                               contest.batch(), "float32");
  json cells = json::array();
  for (const CorruptionCell& cell : result.cells) {
    const Perturbation& perturbation = findPerturbation(cell.perturbation);
    const Parameters severity =
        resolve(cell.perturbation, perturbation.spec().parameters, {{"severity", std::int64_t{cell.severity}}});
    cells.push_back({{"perturbation", cell.perturbation},
                     {"severity", cell.severity},
                     {"parameters", toJson(perturbation.effective(severity, contest.data().test.shape))},
                     {"accuracy", cell.accuracy},
                     {"baseline_accuracy", orNull(cell.baselineAccuracy)}});
  }
  json summaries = json::array();
  for (const CorruptionSummary& each : result.summaries) {
    summaries.push_back({{"perturbation", each.perturbation},
                         {"accuracy", each.accuracy},
                         {"corruption_error", orNull(each.error)},
                         {"relative_corruption_error", orNull(each.relativeError)}});
  }
  const Model* baseline = contest.baseline();
  document.update({{"suite", request.perturbations.empty() ? json(request.suite) : json(nullptr)},
                   {"data", datasetDocument(contest.data())},
                   {"images", contest.count()},
                   {"model", contest.model().path.string()},
                   {"model_sha256", contest.model().sha256},
                   {"baseline", baseline ? json(baseline->path.string()) : json(nullptr)},
                   {"baseline_sha256", baseline ? json(baseline->sha256) : json(nullptr)},
                   {"clean_accuracy", result.cleanAccuracy},
                   {"baseline_clean_accuracy", orNull(result.baselineCleanAccuracy)},
                   {"cells", std::move(cells)},
                   {"corruptions", std::move(summaries)},
                   {"mean_accuracy", result.meanAccuracy},
                   {"mean_corruption_error", orNull(result.meanCorruptionError)},
                   {"relative_mean_corruption_error", orNull(result.relativeMeanCorruptionError)},
                   {"perturb_seconds", result.perturbSeconds},
                   {"seconds", result.seconds}});
  const auto images = static_cast<double>(contest.count() * (std::ssize(result.cells) + 1));
  document["images_per_second"] = numberOrNull(images / result.seconds);
  return document;
}

}  // namespace

CorruptionResult EngineImpl::corruptions(const CorruptionRequest& request, const JobContext& context) {
  return translated("perturb", [&] {
    if (request.count < 0 || request.batchSize < 0) {
      throw Error(ErrorKind::Usage, "a number of images below 0", "perturb", "0 takes all, or chooses");
    }
    const Grid grid = gridOf(request);
    const int threadCount = threadsFor(request.threads);
    const ThreadScope threads(threadCount);
    Contest contest(request, m_models, m_datasets, context);
    const auto cellCount = static_cast<std::int64_t>(grid.perturbations.size() * grid.severities.size());
    contest.setTotal(contest.count() * (cellCount + 1));
    const Stopwatch watch;
    CorruptionResult result;
    const auto second = [](const std::vector<double>& shares) {
      return shares.size() > 1 ? std::optional(shares[1]) : std::nullopt;
    };
    const auto clean = contest.accuracies(nullptr, 0);
    result.cleanAccuracy = clean[0];
    result.baselineCleanAccuracy = second(clean);
    for (const Perturbation* perturbation : grid.perturbations) {
      for (const int severity : grid.severities) {
        const auto shares = contest.accuracies(perturbation, severity);
        result.cells.push_back({perturbation->spec().name, severity, shares[0], second(shares)});
      }
      result.summaries.push_back(summaryOf(perturbation->spec().name, result));
      result.meanAccuracy += result.summaries.back().accuracy / static_cast<double>(grid.perturbations.size());
    }
    result.meanCorruptionError = meanOf(result.summaries, &CorruptionSummary::error);
    result.relativeMeanCorruptionError = meanOf(result.summaries, &CorruptionSummary::relativeError);
    result.perturbSeconds = contest.perturbSeconds();
    result.seconds = watch.seconds();
    result.json = jsonText(documentOf(request, result, contest, threadCount));
    return result;
  });
}

}  // namespace whorl
