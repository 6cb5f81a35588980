// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/landscape/weight_sample.h"

#include <algorithm>
#include <utility>

#include <ATen/ops/cat.h>

#include "core/base/error.h"
#include "core/nn/batch_workers.h"

namespace whorl {
namespace {

constexpr std::int64_t kFirstStage = 16;
constexpr std::int64_t kStageFactor = 4;
/// Network::forward moves running statistics by this share of a batch's own.
constexpr double kMomentum = 0.1;

/// What is known of a batch of images, on the host in double.
struct Answers {
  torch::Tensor logits;     ///< [B,K]
  torch::Tensor labels;     ///< [B] int64
  torch::Tensor losses;     ///< [B,K] fingerprint losses, where they are wanted
  torch::Tensor distances;  ///< [B,K]
};

double sumOf(const torch::Tensor& values) { return values.sum().item<double>(); }
double right(const Answers& answers) { return sumOf((answers.logits.argmax(1) == answers.labels).to(torch::kFloat64)); }
torch::Tensor ofLabel(const torch::Tensor& values, const Answers& answers) {
  return values.gather(1, answers.labels.unsqueeze(1));
}

struct Value {
  WeightValueEntry entry;
  double (*total)(const Answers& answers);  ///< over the batch
};

Value value(const char* name, const char* title, const char* summary, bool fingerprints,
            double (*total)(const Answers&)) {
  return {{OperationSpec{name, title, summary, "", {}}, fingerprints}, total};
}

const std::vector<Value>& table() {
  static const std::vector<Value> all = {
      value("cross_entropy", "Cross-entropy", "Mean of −log of the probability of the right class, in nats", false,
            [](const Answers& a) { return -sumOf(ofLabel(a.logits.log_softmax(1), a)); }),
      value("accuracy", "Accuracy", "Share of the images that are classified rightly", false, right),
      value("error", "Error", "Share of the images that are misclassified", false,
            [](const Answers& a) { return static_cast<double>(a.labels.size(0)) - right(a); }),
      value("fingerprint_loss", "Fingerprint loss",
            "What training lowers: squared errors of the right class's fingerprints", true,
            [](const Answers& a) { return sumOf(ofLabel(a.losses, a)); }),
      value("fingerprint_distance", "Fingerprint distance", "Mean of the least distance of any class", true,
            [](const Answers& a) { return sumOf(a.distances.amin(1)); })};
  return all;
}

/// A network at a point, asked about parts of the sample.
class Judge {
 public:
  Judge(Network network, const WeightSample& sample, const std::vector<const Value*>& values, const JobContext& context)
      : m_network(std::move(network)), m_sample(sample), m_values(values), m_context(context) {
    for (const Value* each : values) m_fingerprints = m_fingerprints || each->entry.fingerprints;
  }

  void measureStatistics(std::int64_t count) {
    if (m_network.buffers().empty()) return;
    std::vector<torch::Tensor> means(m_network.buffers().size());
    const std::int64_t batches = (count + m_sample.batchSize - 1) / m_sample.batchSize;
    for (std::int64_t batch = 0; batch < batches; ++batch) {
      m_context.step();
      // From zero, so that the running statistics are a known share of the batch's own.
      for (const auto& [name, buffer] : m_network.buffers()) torch::Tensor(buffer).zero_();
      Network::Mode mode;
      mode.training = true;
      const std::int64_t first = count * batch / batches, end = count * (batch + 1) / batches;
      const torch::Tensor images = m_sample.images.narrow(0, first, end - first);
      m_network.forward(normalisedImages(images, m_sample.mean, m_sample.scale), mode);
      const double share = static_cast<double>(end - first) / static_cast<double>(count) / kMomentum;
      for (std::size_t i = 0; i < means.size(); ++i) {
        const torch::Tensor part = m_network.buffers()[i].second * share;
        means[i] = means[i].defined() ? means[i] + part : part;
      }
    }
    for (std::size_t i = 0; i < means.size(); ++i) torch::Tensor(m_network.buffers()[i].second).copy_(means[i]);
  }

  /// Totals of the values over images [first, end).
  std::vector<double> totals(std::int64_t first, std::int64_t end) const {
    const std::int64_t copies = m_fingerprints ? m_sample.fingerprints->count() + 1 : 1;
    const std::int64_t wanted = std::max<std::int64_t>(1, m_sample.batchSize / copies);
    std::vector<double> totals(m_values.size());
    for (; first < end; first += wanted) {
      m_context.step();
      const Answers answers = answersTo(first, std::min(wanted, end - first));
      for (std::size_t i = 0; i < totals.size(); ++i) totals[i] += m_values[i]->total(answers);
    }
    return totals;
  }

 private:
  torch::Tensor logitsOf(const torch::Tensor& images) const {
    return m_network.forward(normalisedImages(images, m_sample.mean, m_sample.scale));
  }

  Answers answersTo(std::int64_t first, std::int64_t count) const {
    const torch::Tensor images = m_sample.images.narrow(0, first, count);
    Answers answers;
    answers.labels = m_sample.labels.narrow(0, first, count).to(torch::kCPU);
    torch::Tensor logits;
    if (m_fingerprints) {
      const Fingerprints& secret = *m_sample.fingerprints;
      const torch::Tensor copies = at::cat({images.unsqueeze(0), images.unsqueeze(0) + secret.dx.unsqueeze(1)});
      const torch::Tensor all = logitsOf(copies.flatten(0, 1)).view({secret.count() + 1, count, -1});
      logits = all[0];
      const torch::Tensor shifted = all.narrow(0, 1, secret.count());
      const auto host = torch::TensorOptions().device(torch::kCPU).dtype(torch::kFloat64);
      answers.losses = fingerprintLosses(logits, shifted, secret.dy).to(host);
      answers.distances = fingerprintDistances(logits, shifted, secret.dy).to(host);
    } else {
      logits = logitsOf(images);
    }
    answers.logits = logits.to(torch::kCPU, torch::kFloat64);
    const bool finite = answers.logits.isfinite().all().item<bool>() &&
                        (!m_fingerprints || answers.distances.isfinite().all().item<bool>());
    if (!finite) {
      throw Error(ErrorKind::BadInput, "a network gives NaN or infinite numbers", "landscape",
                  "choose a smaller range");
    }
    return answers;
  }

  Network m_network;
  const WeightSample& m_sample;
  const std::vector<const Value*>& m_values;
  const JobContext& m_context;
  bool m_fingerprints = false;
};

/// The whole grid, whose totals grow with the images.
class WeightSampling {
 public:
  WeightSampling(const WeightPlane& plane, const Grid& grid, std::vector<const Value*> values,
                 const WeightSample& sample, const JobContext& context)
      : m_plane(plane),
        m_grid(grid),
        m_values(std::move(values)),
        m_sample(sample),
        m_context(context),
        m_totals(static_cast<std::size_t>(grid.pointCount()), std::vector<double>(m_values.size())),
        m_judged(m_totals.size()) {
    std::int64_t last = 0;
    for (const std::int64_t stage : weightStages(sample.images.size(0))) {
      m_all += grid.pointCount() * (sample.measureStatistics ? stage : stage - last);
      last = stage;
    }
  }

  /// Judges those points of a level that have not been judged by `images` images yet.
  void fill(const std::vector<int>& places, std::int64_t images, int workers, int threads) {
    std::vector<std::size_t> wanted;
    for (const int row : rowsOf(places)) {
      for (const int column : places) {
        if (m_judged[index(column, row)] < images) wanted.push_back(index(column, row));
      }
    }
    BatchWorkers<std::vector<double>> batches(std::ssize(wanted), workers, threads);
    batches.run([&](std::int64_t place) { return judged(wanted[static_cast<std::size_t>(place)], images); },
                [&](std::int64_t place, std::vector<double>&& totals) {
                  const std::size_t point = wanted[static_cast<std::size_t>(place)];
                  m_done += images - (m_sample.measureStatistics ? 0 : m_judged[point]);
                  m_totals[point] = std::move(totals);
                  m_judged[point] = images;
                  const std::string which = "judging networks by " + std::to_string(images) + " images";
                  m_context.report({m_done, m_all, which, {}});
                });
  }

  /// What lies at these places of both axes, all judged by `images`.
  Surface surface(const std::vector<int>& places, std::int64_t images) const {
    const std::vector<int> rows = rowsOf(places);
    Surface surface;
    for (const int place : places) surface.x.push_back(m_grid.coordinate(place));
    for (const int row : rows) surface.y.push_back(yOf(row));
    surface.images = images;
    for (std::size_t i = 0; i < m_values.size(); ++i) {
      SurfaceLayer layer{m_values[i]->entry.spec.name, {}};
      for (const int row : rows) {
        for (const int column : places) {
          layer.values.push_back(m_totals[index(column, row)][i] / static_cast<double>(images));
        }
      }
      surface.layers.push_back(std::move(layer));
    }
    return surface;
  }

 private:
  std::vector<double> judged(std::size_t point, std::int64_t images) const {
    const torch::NoGradGuard noGradients;
    m_context.step();
    const auto columns = static_cast<std::size_t>(m_grid.resolution());
    Judge judge(
        m_plane.at(m_grid.coordinate(static_cast<int>(point % columns)), yOf(static_cast<int>(point / columns))),
        m_sample, m_values, m_context);
    if (m_sample.measureStatistics) {
      judge.measureStatistics(images);
      return judge.totals(0, images);
    }
    std::vector<double> totals = judge.totals(m_judged[point], images);
    for (std::size_t i = 0; i < totals.size(); ++i) totals[i] += m_totals[point][i];
    return totals;
  }

  std::vector<int> rowsOf(const std::vector<int>& places) const {
    return m_grid.dimensions() == 2 ? places : std::vector<int>{0};
  }
  double yOf(int row) const { return m_grid.dimensions() == 2 ? m_grid.coordinate(row) : 0; }
  std::size_t index(int column, int row) const {
    return static_cast<std::size_t>(row) * static_cast<std::size_t>(m_grid.resolution()) +
           static_cast<std::size_t>(column);
  }

  const WeightPlane& m_plane;
  const Grid& m_grid;
  std::vector<const Value*> m_values;
  const WeightSample& m_sample;
  const JobContext& m_context;
  std::vector<std::vector<double>> m_totals;  ///< [point][value], written for one point at a time
  std::vector<std::int64_t> m_judged;         ///< [point]: by the first so many images
  std::int64_t m_done = 0;
  std::int64_t m_all = 0;
};

std::vector<const Value*> wantedValues(const std::vector<std::string>& names, const WeightSample& sample) {
  std::vector<const Value*> wanted;
  for (const std::string& name : names) {
    const bool needs = findWeightValue(name).fingerprints;
    const auto found =
        std::find_if(table().begin(), table().end(), [&](const Value& each) { return each.entry.spec.name == name; });
    if (needs && !sample.fingerprints) {
      throw Error(ErrorKind::Usage, "the model has no fingerprints", name, "choose another value, or another model");
    }
    if (std::find(wanted.begin(), wanted.end(), &*found) != wanted.end()) {
      throw Error(ErrorKind::Usage, "the value comes twice", name, "name it once");
    }
    wanted.push_back(&*found);
  }
  if (wanted.empty()) throw Error(ErrorKind::Usage, "no value is wanted", "values", "name one");
  return wanted;
}

}  // namespace

const std::vector<WeightValueEntry>& weightValues() {
  static const std::vector<WeightValueEntry> entries = [] {
    std::vector<WeightValueEntry> list;
    for (const Value& each : table()) list.push_back(each.entry);
    return list;
  }();
  return entries;
}

const WeightValueEntry& findWeightValue(const std::string& name) {
  std::string known;
  for (const WeightValueEntry& entry : weightValues()) {
    if (entry.spec.name == name) return entry;
    known += (known.empty() ? "" : ", ") + entry.spec.name;
  }
  throw Error(ErrorKind::Usage, "there is no value \"" + name + "\" of networks", "values", "one of " + known);
}

std::vector<std::int64_t> weightStages(std::int64_t count) {
  std::vector<std::int64_t> stages;
  for (std::int64_t stage = kFirstStage; stage < count; stage *= kStageFactor) stages.push_back(stage);
  stages.push_back(count);
  return stages;
}

Surface sampleWeights(const WeightPlane& plane, const Grid& grid, const std::vector<std::string>& values,
                      const WeightSample& sample, int workers, int threadsPerWorker, const JobContext& context,
                      const std::function<void(const Surface&)>& onLevel) {
  if (plane.dimensions() != grid.dimensions()) {
    throw Error(ErrorKind::Usage, "the grid and what it lies in have different numbers of directions", "directions");
  }
  if (!sample.images.defined() || sample.images.size(0) == 0 || sample.images.size(0) != sample.labels.size(0) ||
      sample.batchSize < 1) {
    throw Error(ErrorKind::Usage, "networks are judged by at least one image, each with its label", "landscape");
  }
  if (workers < 1 || threadsPerWorker < 1) {
    throw Error(ErrorKind::Usage, "a plan has at least one worker and one thread", "plan");
  }
  if (sample.measureStatistics && sample.images.size(0) < 2) {
    throw Error(ErrorKind::Usage, "BatchNorm can't measure one image", "count", "2 or more");
  }
  WeightSampling sampling(plane, grid, wantedValues(values, sample), sample, context);
  bool first = true;
  for (const std::int64_t images : weightStages(sample.images.size(0))) {
    for (const std::vector<int>& places : grid.levels()) {
      if (!first && &places != &grid.levels().back()) continue;
      sampling.fill(places, images, workers, threadsPerWorker);
      if (onLevel) onLevel(sampling.surface(places, images));
    }
    first = false;
  }
  context.throwIfStopped();
  return sampling.surface(grid.levels().back(), sample.images.size(0));
}

}  // namespace whorl
