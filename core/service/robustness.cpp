// SPDX-License-Identifier: GPL-3.0-or-later
// Whether a model's answer stays where it is under natural perturbations: a search for the x' that moves it most.
#include <algorithm>
#include <optional>
#include <span>

#include "core/base/random.h"
#include "core/image/image_file.h"
#include "core/image/perturbation.h"
#include "core/service/documents.h"
#include "core/service/engine_impl.h"
#include "core/service/evaluation.h"
#include "core/service/impl/attack_run.h"
#include "core/service/impl/inference.h"
#include "core/service/impl/perturbed_images.h"
#include "core/service/robustness_measures.h"
#include "core/service/stopwatch.h"

namespace whorl {
namespace {

using nlohmann::json;

constexpr std::int64_t kCandidatesAtOnce = 1024;
constexpr std::int64_t kNetworkBatch = 256;

/// Names of perturbations, or of families.
std::vector<const Perturbation*> chosen(const std::vector<std::string>& names) {
  std::vector<const Perturbation*> result;
  for (const std::string& name : names) {
    const std::size_t before = result.size();
    for (const Perturbation* each : perturbations()) {
      if (each->spec().name == name || toText(each->family()) == name) result.push_back(each);
    }
    if (result.size() == before) findPerturbation(name);  // says what there is
  }
  if (result.empty()) throw Error(ErrorKind::Usage, "no perturbation was named", "perturbation");
  return result;
}

template <class Entry>
const Entry& entryOf(const std::vector<Entry>& table, const std::string& name) {
  return *std::find_if(table.begin(), table.end(), [&](const Entry& entry) { return entry.name == name; });
}

/// One x', or none.
struct Candidate {
  const Perturbation* perturbation = nullptr;
  Parameters parameters;
  std::uint64_t seed = 0;
  double distance = 0;
  Image image;
};

/// Draws x' with d(x, x') <= δ: a random seed and random choices, then the largest strength that stays inside, or one
/// below it.
class Draw {
 public:
  Draw(double (*distance)(const Image&, const Image&), double delta) : m_distance(distance), m_delta(delta) {}

  std::optional<Candidate> operator()(const Image& image, const Perturbation& perturbation, std::uint64_t seed,
                                      bool largest) const {
    constexpr int kHalvings = 7;
    Random random(mixSeed(seed, "robustness"));
    const Parameters choices = randomChoices(perturbation, random);
    const std::uint64_t signs = random.next();
    const auto at = [&](double strength) { return made(image, perturbation, choices, signs, strength, seed); };
    Candidate candidate = at(Perturbation::kSeverities);
    double inside = Perturbation::kSeverities;
    if (candidate.distance > m_delta) {
      double outside = inside;
      inside = 0;
      candidate = at(0);
      if (candidate.distance > m_delta) return std::nullopt;
      for (int i = 0; i < kHalvings; ++i) {
        const double middle = (inside + outside) / 2;
        Candidate tried = at(middle);
        if (tried.distance > m_delta) {
          outside = middle;
        } else {
          inside = middle;
          candidate = std::move(tried);
        }
      }
    }
    if (largest) return candidate;
    Candidate weaker = at(random.uniform(0, inside));
    return weaker.distance <= m_delta ? weaker : candidate;
  }

 private:
  /// Defaults, with a random value for each choice: a border, a way to resample, an axis.
  static Parameters randomChoices(const Perturbation& perturbation, Random& random) {
    Parameters parameters = resolve(perturbation.spec().name, perturbation.spec().parameters, {});
    for (const ParameterSpec& each : perturbation.spec().parameters) {
      if (each.type == ParameterType::Choice)
        parameters.set(each.name, each.choices[random.below(each.choices.size())]);
    }
    return parameters;
  }

  Candidate made(const Image& image, const Perturbation& perturbation, const Parameters& choices, std::uint64_t signs,
                 double strength, std::uint64_t seed) const {
    Candidate candidate{&perturbation, perturbation.atStrength(strength, choices, image.shape), seed, 0, {}};
    // What may go to either side goes to a random one.
    for (const ParameterSpec& each : perturbation.spec().parameters) {
      if (each.type != ParameterType::Real || each.minimum != -each.maximum) continue;
      if ((signs & 1) != 0) candidate.parameters.set(each.name, -candidate.parameters.real(each.name));
      signs >>= 1;
    }
    candidate.image = perturbation.apply(image, candidate.parameters, seed);
    candidate.distance = m_distance(image, candidate.image);
    return candidate;
  }

  double (*m_distance)(const Image&, const Image&);
  double m_delta;
};

class Search {
 public:
  Search(const RobustnessRequest& request, const Parameters& parameters, const Model& model, const Dataset& data,
         const JobContext& context)
      : m_request(request),
        m_model(model),
        m_data(data),
        m_context(context),
        m_perturbations(chosen(request.perturbations)),
        m_draw(entryOf(imageDistances(), parameters.text("distance")).measure, parameters.real("delta")),
        m_divergence(findOutputDivergence(parameters.text("divergence")).measure),
        m_epsilon(parameters.real("epsilon")),
        m_trials(parameters.integer("trials")),
        m_batch(fittingBatch(model, kNetworkBatch, 1, false)) {}

  RobustnessResult run() {
    auto order = selectionOrder(m_data.test.count(), m_request.seed);
    order.resize(std::min(order.size(), static_cast<std::size_t>(m_request.count)));
    RobustnessResult result;
    for (const std::int64_t place : order) {
      sample(place, result);
      m_context.report({std::ssize(result.samples), std::ssize(order), "searching", {}});
    }
    return result;
  }

 private:
  /// Logits [B,K] as rows.
  std::vector<std::vector<double>> answers(const torch::Tensor& images) const {
    const torch::NoGradGuard noGradients;
    const auto input = images.to(m_model.classifier->device(), m_model.classifier->dtype());
    const auto logits = m_model.classifier->logits(input).to(torch::kCPU, torch::kFloat64).contiguous();
    if (!logits.isfinite().all().item<bool>()) {
      throw Error(ErrorKind::BadInput, "the model gives NaN or infinite numbers for an image", m_model.path.string());
    }
    std::vector<std::vector<double>> rows;
    const auto* at = logits.const_data_ptr<double>();
    for (std::int64_t i = 0; i < logits.size(0); ++i, at += logits.size(1)) rows.emplace_back(at, at + logits.size(1));
    return rows;
  }

  static int predictedBy(const std::vector<double>& logits) {
    return static_cast<int>(std::max_element(logits.begin(), logits.end()) - logits.begin());
  }

  void sample(std::int64_t place, RobustnessResult& result) {
    const Image image = m_data.test.image(place);
    RobustnessSample sample;
    sample.index = place;
    sample.label = m_data.test.labels[static_cast<std::size_t>(place)];
    const auto answer = answers(toTensor(image)).front();
    sample.predicted = sample.predictedThere = predictedBy(answer);
    Image worst;
    for (std::int64_t first = 0; first < m_trials; first += kCandidatesAtOnce) {
      m_context.step();
      takeWorst(candidates(image, place, first, std::min(kCandidatesAtOnce, m_trials - first)), answer, sample, worst);
    }
    sample.holds = sample.tried == 0 || sample.divergence < m_epsilon;
    result.examined += sample.tried > 0 ? 1 : 0;
    result.held += sample.tried > 0 && sample.holds ? 1 : 0;
    const bool first = sample.tried > 0 && !result.worst;
    if (first || (result.worst && sample.divergence > result.samples[*result.worst].divergence)) {
      result.worst = result.samples.size();
      result.original = image;
      result.perturbed = worst;
    }
    result.samples.push_back(std::move(sample));
  }

  std::vector<Candidate> candidates(const Image& image, std::int64_t place, std::int64_t first, std::int64_t count) {
    std::vector<std::optional<Candidate>> drawn(static_cast<std::size_t>(count));
    at::parallel_for(0, count, 1, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        m_context.throwIfStopped();
        const auto trial = static_cast<std::uint64_t>(first + i);
        const Perturbation& perturbation = *m_perturbations[trial % m_perturbations.size()];
        const std::uint64_t seed = mixSeed(m_request.seed, static_cast<std::uint64_t>(place), trial);
        drawn[static_cast<std::size_t>(i)] = m_draw(image, perturbation, seed, trial / m_perturbations.size() % 2 == 0);
      }
    });
    std::vector<Candidate> inside;
    for (auto& each : drawn) {
      if (each) inside.push_back(std::move(*each));
    }
    return inside;
  }

  void takeWorst(const std::vector<Candidate>& inside, const std::vector<double>& answer, RobustnessSample& sample,
                 Image& worst) {
    const std::int64_t count = std::ssize(inside);
    for (std::int64_t first = 0; first < count; first += m_batch) {
      const std::int64_t size = std::min(m_batch, count - first);
      const auto images = madeImages(size, m_data.test.shape,
                                     [&](std::int64_t i) { return inside[static_cast<std::size_t>(first + i)].image; });
      const auto rows = answers(images);
      for (std::int64_t i = 0; i < size; ++i) {
        const auto& row = rows[static_cast<std::size_t>(i)];
        const double divergence = m_divergence(answer, row);
        ++sample.tried;
        if (sample.tried > 1 && divergence <= sample.divergence) continue;
        const Candidate& candidate = inside[static_cast<std::size_t>(first + i)];
        sample.divergence = divergence;
        sample.distance = candidate.distance;
        sample.predictedThere = predictedBy(row);
        sample.perturbation = candidate.perturbation->spec().name;
        sample.parameters = candidate.parameters;
        sample.seed = candidate.seed;
        worst = candidate.image;
      }
    }
  }

  const RobustnessRequest& m_request;
  const Model& m_model;
  const Dataset& m_data;
  const JobContext& m_context;
  std::vector<const Perturbation*> m_perturbations;
  Draw m_draw;
  double (*m_divergence)(const std::vector<double>&, const std::vector<double>&);
  double m_epsilon;
  std::int64_t m_trials;
  std::int64_t m_batch;
};

json sampleDocument(const RobustnessSample& sample) {
  json document = {{"index", sample.index}, {"label", sample.label}, {"predicted", sample.predicted},
                   {"tried", sample.tried}, {"holds", nullptr},      {"worst", nullptr}};
  if (sample.tried == 0) return document;
  document["holds"] = sample.holds;
  document["worst"] = {{"divergence", numberOrNull(sample.divergence)},
                       {"distance", sample.distance},
                       {"predicted", sample.predictedThere},
                       {"perturbation", sample.perturbation},
                       {"parameters", toJson(sample.parameters)},
                       {"seed", sample.seed}};
  return document;
}

}  // namespace

std::vector<ParameterSpec> EngineImpl::robustnessParameters() const { return robustnessParameterSpecs(); }

RobustnessResult EngineImpl::robustness(const RobustnessRequest& request, const JobContext& context) {
  return translated("perturb", [&] {
    const Stopwatch watch;
    const Parameters parameters = resolve("robustness", robustnessParameterSpecs(), request.parameters);
    if (request.count < 1) throw Error(ErrorKind::Usage, "no image is asked for", "count", "give 1 or more");
    // What can't be written is refused before the work.
    if (!request.output.empty()) checkImageFile(request.output);
    const int threadCount = threadsFor(request.threads);
    const ThreadScope threads(threadCount);
    const auto model = m_models.load(request.model, parseDevice(request.device).str());
    const auto data = m_datasets.get(request.dataset, context);
    checkFits(*model, *data);
    RobustnessResult result = Search(request, parameters, *model, *data, context).run();
    if (!request.output.empty() && result.worst) whorl::writeImage(result.perturbed, request.output);
    result.seconds = watch.seconds();

    json document =
        documentHead("perturb", request.seed, model->classifier->device().str(), threadCount, kNetworkBatch, "float32");
    json samples = json::array();
    for (const RobustnessSample& sample : result.samples) samples.push_back(sampleDocument(sample));
    document.update({{"robustness", toJson(parameters)},
                     {"perturbations", request.perturbations},
                     {"data", datasetDocument(*data)},
                     {"model", model->path.string()},
                     {"model_sha256", model->sha256},
                     {"images", std::ssize(result.samples)},
                     {"examined", result.examined},
                     {"held", result.held},
                     {"worst", result.worst ? sampleDocument(result.samples[*result.worst]) : json(nullptr)},
                     {"samples", std::move(samples)},
                     {"output", request.output.empty() ? json(nullptr) : json(request.output)},
                     {"seconds", result.seconds}});
    result.json = jsonText(document);
    return result;
  });
}

}  // namespace whorl
