// SPDX-License-Identifier: GPL-3.0-or-later
// A model over perturbed test images: each perturbation of a suite at each severity, or with values of one's own.
#include <algorithm>
#include <numeric>
#include <set>
#include <span>

#include "core/base/random.h"
#include "core/base/settings.h"
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

/// What happens to all test images at once.
struct Distortion {
  std::string name;  ///< as it was asked for
  const Perturbation* perturbation = nullptr;
  int severity = 0;       ///< 0: the values below are free ones
  Parameters parameters;  ///< resolved
};

/// "jpeg:quality=10,chroma=4:4:4" with its values read.
Distortion withValues(const std::string& text) {
  const std::size_t colon = text.find(':');
  Distortion made{text, &findPerturbation(text.substr(0, colon)), 0, {}};
  const OperationSpec& spec = made.perturbation->spec();
  made.parameters =
      resolve(spec.name, spec.parameters, parseSettings(spec.name, spec.parameters, text.substr(colon + 1)));
  return made;
}

void addSeverities(const std::string& name, const std::vector<int>& severities, std::vector<Distortion>& grid) {
  const Perturbation& perturbation = findPerturbation(name);
  if (!perturbation.hasSeverity()) {
    throw Error(ErrorKind::Usage, "\"" + name + "\" has no severities", "perturbations",
                "leave it out, or give values as in jpeg:quality=10");
  }
  for (const int severity : severities) {
    grid.push_back({name, &perturbation, severity,
                    resolve(name, perturbation.spec().parameters, {{"severity", std::int64_t{severity}}})});
  }
}

std::vector<int> severitiesOf(const CorruptionRequest& request) {
  std::vector<int> severities = request.severities;
  if (severities.empty()) {
    severities.resize(Perturbation::kSeverities);
    std::iota(severities.begin(), severities.end(), 1);
  }
  for (const int severity : severities) {
    if (severity >= 1 && severity <= Perturbation::kSeverities) continue;
    throw Error(ErrorKind::Usage, "there is no severity " + std::to_string(severity), "severities", "use 1 to 5");
  }
  return severities;
}

/// What is asked for, checked; the distortions of one name beside each other.
std::vector<Distortion> gridOf(const CorruptionRequest& request) {
  const auto& names =
      request.perturbations.empty() ? findCorruptionSuite(request.suite).perturbations : request.perturbations;
  if (!request.suite.empty()) findCorruptionSuite(request.suite);
  const std::vector<int> severities = severitiesOf(request);
  const auto twice = [](auto values) {
    std::sort(values.begin(), values.end());
    return std::adjacent_find(values.begin(), values.end()) != values.end();
  };
  if (twice(severities)) throw Error(ErrorKind::Usage, "a severity is named twice", "severities");
  if (twice(names)) throw Error(ErrorKind::Usage, "a perturbation is named twice", "perturbations");
  std::vector<Distortion> grid;
  for (const std::string& name : names) {
    if (name.find(':') == std::string::npos) {
      addSeverities(name, severities, grid);
    } else {
      grid.push_back(withValues(name));
    }
  }
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

  /// Error(Usage) for values that images of this size can't bear.
  void check(const Distortion& distortion) const {
    distortion.perturbation->apply(m_data->test.image(m_order.front()), distortion.parameters, 0);
  }

  /// Accuracy of each model on the images as they are (null), or perturbed.
  std::vector<double> accuracies(const Distortion* distortion) {
    std::vector<std::int64_t> correct(m_models.size());
    const std::string what = !distortion                 ? "as they are"
                             : distortion->severity == 0 ? distortion->name
                                                         : distortion->perturbation->spec().title + ", severity " +
                                                               std::to_string(distortion->severity);
    for (std::int64_t first = 0; first < count(); first += m_batch) {
      m_context.step();
      const auto places = std::span(m_order).subspan(first, std::min(m_batch, count() - first));
      const torch::Tensor images =
          distortion ? perturbed(*distortion, places) : imagesAt(m_data->test, places, torch::kCPU);
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
  /// An image's randomness depends on its place in the data set, not on its batch; under free values it is the same for
  /// all of them, so that a curve over one of them shows that value alone.
  torch::Tensor perturbed(const Distortion& distortion, std::span<const std::int64_t> places) {
    const Stopwatch watch;
    const torch::Tensor images = madeImages(std::ssize(places), m_data->test.shape, [&](std::int64_t i) {
      const std::int64_t place = places[static_cast<std::size_t>(i)];
      const std::uint64_t seed = mixSeed(m_request.seed, static_cast<std::uint64_t>(place), distortion.severity);
      return distortion.perturbation->apply(m_data->test.image(place), distortion.parameters, seed);
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

json documentOf(const CorruptionRequest& request, const std::vector<Distortion>& grid, const CorruptionResult& result,
                const Contest& contest, int threads) {
  json document = documentHead("perturb", request.seed, contest.model().classifier->device().str(), threads,
                               contest.batch(), "float32");
  json cells = json::array();
  for (std::size_t i = 0; i < grid.size(); ++i) {
    const CorruptionCell& cell = result.cells[i];
    const Parameters used = grid[i].perturbation->effective(grid[i].parameters, contest.data().test.shape);
    cells.push_back({{"perturbation", cell.perturbation},
                     {"severity", cell.severity},
                     {"parameters", toJson(used)},
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

/// Without model and suite: a document that says what the data set is, for whoever must know before there are models.
CorruptionResult whatTheDataIs(DatasetStore& datasets, const CorruptionRequest& request, const JobContext& context) {
  CorruptionResult result;
  const DatasetPtr data = datasets.get(request.dataset, context);
  result.json = jsonText(json{{"command", "perturb"}, {"data", datasetDocument(*data)}});
  return result;
}

}  // namespace

CorruptionResult EngineImpl::corruptions(const CorruptionRequest& request, const JobContext& context) {
  return translated("perturb", [&] {
    if (request.count < 0 || request.batchSize < 0) {
      throw Error(ErrorKind::Usage, "a number of images below 0", "perturb", "0 takes all, or chooses");
    }
    if (request.model.empty() && request.suite.empty()) return whatTheDataIs(m_datasets, request, context);
    const std::vector<Distortion> grid = gridOf(request);
    const int threadCount = threadsFor(request.threads);
    const ThreadScope threads(threadCount);
    Contest contest(request, m_models, m_datasets, context);
    for (const Distortion& each : grid) contest.check(each);
    contest.setTotal(contest.count() * (std::ssize(grid) + 1));
    const Stopwatch watch;
    CorruptionResult result;
    const auto second = [](const std::vector<double>& shares) {
      return shares.size() > 1 ? std::optional(shares[1]) : std::nullopt;
    };
    const auto clean = contest.accuracies(nullptr);
    result.cleanAccuracy = clean[0];
    result.baselineCleanAccuracy = second(clean);
    for (std::size_t i = 0; i < grid.size(); ++i) {
      const auto shares = contest.accuracies(&grid[i]);
      result.cells.push_back({grid[i].name, grid[i].severity, shares[0], second(shares)});
      const bool last = i + 1 == grid.size() || grid[i + 1].name != grid[i].name;
      if (last) result.summaries.push_back(summaryOf(grid[i].name, result));
    }
    for (const CorruptionSummary& each : result.summaries) {
      result.meanAccuracy += each.accuracy / static_cast<double>(result.summaries.size());
    }
    result.meanCorruptionError = meanOf(result.summaries, &CorruptionSummary::error);
    result.relativeMeanCorruptionError = meanOf(result.summaries, &CorruptionSummary::relativeError);
    result.perturbSeconds = contest.perturbSeconds();
    result.seconds = watch.seconds();
    result.json = jsonText(documentOf(request, grid, result, contest, threadCount));
    return result;
  });
}

}  // namespace whorl
