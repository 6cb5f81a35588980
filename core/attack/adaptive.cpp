// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/attack/adaptive.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "core/attack/projection.h"
#include "core/attack/support.h"
#include "core/base/error.h"

namespace whorl {
namespace {

DetectorTerm::Matched parseMatched(const std::string& name) {
  if (name == "label") return DetectorTerm::Matched::Label;
  return name == "target" ? DetectorTerm::Matched::Target : DetectorTerm::Matched::Any;
}

DetectorTerm::Rule parseRule(const std::string& name) {
  if (name == "selective") return DetectorTerm::Rule::Selective;
  return name == "orthogonal" ? DetectorTerm::Rule::Orthogonal : DetectorTerm::Rule::Sum;
}

/// The bracket of one weight an image.
struct WeightSearch {
  torch::Tensor low;
  torch::Tensor high;
  torch::Tensor weight;  ///< [B] float64
  bool logarithmic = false;

  /// Fooled: the detector may count for more. Not fooled: for less.
  void update(const torch::Tensor& success) {
    low = at::where(success, weight, low);
    high = at::where(success, high, weight);
    weight = logarithmic ? (low * high).sqrt() : (low + high) / 2;
  }
};

/// All runs of one adaptive attack.
class AdaptiveRun {
 public:
  AdaptiveRun(const Attack& attack, const Classifier& classifier, const AttackRequest& request,
              const Parameters& parameters, const Parameters& adaptive, const JobContext& context)
      : m_attack(attack),
        m_classifier(classifier),
        m_request(request),
        m_parameters(parameters),
        m_adaptive(adaptive),
        m_context(context) {
    m_request.detector.matched = parseMatched(adaptive.text("detector_class"));
    m_request.detector.rule = parseRule(adaptive.text("detector_gradient"));
    m_request.detector.weight = adaptive.real("detector_weight");
    m_request.detector.weightDecay = adaptive.real("detector_weight_decay");
    if (const double hinge = adaptive.real("detector_hinge"); hinge > 0) m_request.detector.hinge = hinge;
    m_request.onStep = [this, announce = request.onStep](const AttackTraceStep& step) {
      AttackTraceStep later = step;
      later.step += m_traced;
      m_last = later.step + 1;
      if (announce) announce(later);
    };
    if (!request.onStep && !request.trace) m_request.onStep = {};
  }

  AttackOutcome run() {
    const std::int64_t candidates = m_adaptive.integer("target_candidates");
    if (candidates == 0) {
      search();
    } else {
      checkUntargeted();
      const torch::Tensor order = likeliestWrongClasses(candidates);
      m_parameters.set("targeted", true);
      for (std::int64_t k = 0; k < order.size(1); ++k) {
        m_request.targets = order.select(1, k).contiguous();
        search();
      }
    }
    return std::move(m_best);
  }

 private:
  void checkUntargeted() const {
    const auto& declared = m_attack.spec().parameters;
    const bool can = std::any_of(declared.begin(), declared.end(),
                                 [](const ParameterSpec& parameter) { return parameter.name == "targeted"; });
    if (!can || m_request.targets.defined()) {
      throw Error(ErrorKind::Usage,
                  can ? "target_candidates chooses the targets itself" : "the attack can't aim at a class",
                  m_attack.spec().name + ": target_candidates", "set target_candidates = 0");
    }
  }

  /// [B,candidates], the likeliest first.
  torch::Tensor likeliestWrongClasses(std::int64_t candidates) {
    const torch::NoGradGuard noGradients;
    torch::Tensor logits = m_classifier.logits(m_request.images);
    m_extraForwards += m_request.images.size(0);
    logits = logits.scatter(1, m_request.labels.unsqueeze(1), -std::numeric_limits<double>::infinity());
    return std::get<1>(logits.topk(std::min(candidates, logits.size(1) - 1), 1));
  }

  WeightSearch bracket() const {
    const auto options = m_request.labels.options().dtype(torch::kFloat64);
    const auto full = [&](double value) { return torch::full({m_request.images.size(0)}, value, options); };
    return {full(m_adaptive.real("detector_weight_low")), full(m_adaptive.real("detector_weight_high")),
            full(m_adaptive.real("detector_weight")), m_adaptive.text("detector_weight_scale") == "log"};
  }

  void search() {
    const std::int64_t runs = std::max<std::int64_t>(1, m_adaptive.integer("detector_weight_search"));
    const bool warm = m_adaptive.boolean("detector_warm_start");
    WeightSearch search = bracket();
    AttackRequest request = m_request;
    for (std::int64_t k = 0; k < runs; ++k) {
      request.detector.weights = search.weight;
      AttackOutcome outcome = m_attack.run(m_classifier, request, m_parameters, m_context);
      search.update(outcome.success);
      if (warm) request.start = outcome.adversarial;
      if (!request.constants.defined() && outcome.constants.defined()) request.constants = outcome.constants;
      m_traced = m_last;
      merge(std::move(outcome));
    }
  }

  void merge(AttackOutcome outcome) {
    if (!outcome.scores.defined()) {
      throw Error(ErrorKind::Usage, "the attack has no adaptive form", m_attack.spec().name,
                  "choose another attack, or the threat model " + threatModelName(ThreatModel::GreyBox));
    }
    for (AttackTraceStep& step : outcome.trace) step.step += m_traceOffset;
    m_traceOffset = m_traced;
    outcome.forwards += std::exchange(m_extraForwards, 0);
    if (!m_best.adversarial.defined()) {
      m_best = std::move(outcome);
      return;
    }
    const torch::Tensor better = outcome.success & (m_best.success.logical_not() | (outcome.scores < m_best.scores));
    const auto choose = [&](torch::Tensor& kept, const torch::Tensor& offered) {
      const torch::Tensor mask = kept.dim() == 4 ? perImage(better) : better;
      kept = at::where(mask, offered, kept);
    };
    choose(m_best.adversarial, outcome.adversarial);
    choose(m_best.predictions, outcome.predictions);
    choose(m_best.scores, outcome.scores);
    if (m_best.constants.defined()) choose(m_best.constants, outcome.constants);
    m_best.success = m_best.success | outcome.success;
    m_best.nonfinite = m_best.nonfinite | outcome.nonfinite;
    if (m_best.vanished.defined() && outcome.vanished.defined()) m_best.vanished = m_best.vanished | outcome.vanished;
    m_best.steps = m_best.steps + outcome.steps;
    m_best.forwards += outcome.forwards;
    m_best.backwards += outcome.backwards;
    for (auto& note : outcome.notes) {
      if (std::find(m_best.notes.begin(), m_best.notes.end(), note) == m_best.notes.end()) {
        m_best.notes.push_back(std::move(note));
      }
    }
    for (auto& step : outcome.trace) m_best.trace.push_back(std::move(step));
  }

  const Attack& m_attack;
  const Classifier& m_classifier;
  AttackRequest m_request;
  Parameters m_parameters;
  const Parameters& m_adaptive;
  const JobContext& m_context;
  AttackOutcome m_best;
  std::int64_t m_extraForwards = 0;
  std::int64_t m_traced = 0;       ///< steps announced by the runs before this one
  std::int64_t m_last = 0;         ///< steps announced so far
  std::int64_t m_traceOffset = 0;  ///< of the run that is merged next
};

}  // namespace

const std::vector<ParameterSpec>& adaptiveParameters() {
  static const std::vector<ParameterSpec> specs = [] {
    std::vector<ParameterSpec> list = {
        ParameterSpec::real("detector_weight", 1, 0, 1e6, "",
                            "Adaptive: how much the detector's score counts beside the loss (gamma); where a search "
                            "starts"),
        ParameterSpec::integer("detector_weight_search", 0, 0, 100, "",
                               "Adaptive: bisections of the weight for each image; 0 for none"),
        ParameterSpec::real("detector_weight_low", 0.01, 0, 1e6, "", "Adaptive: smallest weight of the search"),
        ParameterSpec::real("detector_weight_high", 100, 0, 1e6, "", "Adaptive: largest weight of the search"),
        ParameterSpec::choice("detector_weight_scale", "linear", {"linear", "log"},
                              "Adaptive: the search halves the weights' interval, or that of their logarithms"),
        ParameterSpec::real("detector_weight_decay", 1, 1e-9, 1, "",
                            "Adaptive: the weight at the last step over that at the first"),
        ParameterSpec::choice("detector_measure", "distance", {"distance", "squared_error"},
                              "Adaptive: lower the distance that the detector measures, or the fingerprint loss of "
                              "training (as published)"),
        ParameterSpec::choice("detector_class", "any", {"any", "label", "target"},
                              "Adaptive: look like whichever class is nearest, the true one (as published), or the "
                              "target"),
        ParameterSpec::real("detector_hinge", 0, 0, 100, "", "Adaptive: scores below it earn nothing more; 0 for none"),
        ParameterSpec::choice("detector_gradient", "sum", {"sum", "selective", "orthogonal"},
                              "Adaptive: the weighted sum; or first fool the network, then the detector, whose "
                              "gradient may be cut to its part across the network's"),
        ParameterSpec::boolean("detector_warm_start", false,
                               "Adaptive: each search step starts where the last ended (as published for BIM)"),
        ParameterSpec::integer("target_candidates", 0, 0, 1000, "",
                               "Adaptive: aim at so many of the likeliest wrong classes, one after the other; 0 for "
                               "an untargeted attack"),
    };
    return list;
  }();
  return specs;
}

AttackOutcome runAdaptive(const Attack& attack, const Classifier& classifier, const AttackRequest& request,
                          const Parameters& parameters, const Parameters& adaptive, const JobContext& context) {
  if (adaptive.real("detector_weight_low") > adaptive.real("detector_weight_high")) {
    throw Error(ErrorKind::Usage, "detector_weight_low is above detector_weight_high", attack.spec().name);
  }
  if (adaptive.text("detector_weight_scale") == "log" && adaptive.real("detector_weight_low") == 0) {
    throw Error(ErrorKind::Usage, "a search over logarithms can't begin at 0", attack.spec().name,
                "set detector_weight_low above 0, or detector_weight_scale = linear");
  }
  const torch::NoGradGuard noGradients;
  return AdaptiveRun(attack, classifier, request, parameters, adaptive, context).run();
}

}  // namespace whorl
