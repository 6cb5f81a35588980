// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/attack/jsma.h"

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include <ATen/Parallel.h>
#include <torch/csrc/autograd/autograd.h>

#include "core/attack/projection.h"
#include "core/attack/saliency_pair.h"
#include "core/attack/shared_parameters.h"
#include "core/attack/support.h"
#include "core/base/error.h"

namespace whorl {
namespace {

AttackDeclaration declaration() {
  const ParameterSpec theta =
      ParameterSpec::real("theta", 1, -1, 1, "[0,1]", "Added to a chosen pixel's channel; below 0 darkens; not 0");
  const ParameterSpec gamma =
      ParameterSpec::real("gamma", 0.1, 0, 1, "", "Largest share of the image's pixels and channels that may change");
  const ParameterSpec jacobian = ParameterSpec::choice(
      "jacobian", "logits", {"logits", "softmax"},
      "Outputs whose gradients make the map; those of softmax sum to 0, which leaves the target's gradient alone");
  const ParameterSpec headroom = ParameterSpec::boolean(
      "headroom", true,
      "Weigh each pixel by how far it can still move before it is clipped; off: the paper's map, which takes theta for "
      "granted and spends pairs on almost full pixels");
  const Parameters paper = {{"theta", 1.0}, {"gamma", 0.1}, {"headroom", false}};
  Parameters published = paper;
  published.set("jacobian", std::string("softmax"));
  return {
      {"jsma",
       "JSMA",
       "Changes two pixels a step, those whose saliency moves the image towards a target class, until it is reached.",
       "Papernot, McDaniel, Jha, Fredrikson, Celik, Swami 2016, \"The Limitations of Deep Learning in Adversarial "
       "Settings\", algorithms 2 and 3",
       {theta, gamma, jacobian, headroom, parameter::targeted(true)}},
      {"l0"},
      {{"mnist", {{"theta", 1.0}, {"gamma", 0.1}}},
       {"cifar10", {{"theta", 1.0}, {"gamma", 0.1}}},
       {"as-published", published, "the softmax's Jacobian, as the published NeuralFP evaluation had it"},
       {"darkening", {{"theta", -1.0}, {"gamma", 0.1}}, "the variant that removes ink"}}};
}

torch::Tensor targetLogit(const torch::Tensor& logits, const AttackAims& aims) {
  return logits.gather(1, aims.targets.unsqueeze(1)).squeeze(1);
}

torch::Tensor targetProbability(const torch::Tensor& logits, const AttackAims& aims) {
  return targetLogit(logits.softmax(1), aims);
}

/// [A,P] each, on the host.
struct Maps {
  torch::Tensor alpha;  ///< of the target's output
  torch::Tensor beta;   ///< of the sum of the others
};

/// One attack on one batch. The active images' tensors have a row for each, in the order of m_rows.
class JsmaRun {
 public:
  JsmaRun(const Classifier& classifier, const AttackRequest& request, const Parameters& parameters,
          const JobContext& context)
      : m_classifier(classifier),
        m_request(request),
        m_context(context),
        m_softmax(parameters.text("jacobian") == "softmax"),
        m_headroom(parameters.boolean("headroom")),
        m_theta(parameters.real("theta")),
        m_objective(m_softmax ? &targetProbability : &targetLogit, request.detector),
        m_aims(aimsOf(request)),
        m_trace(request, m_outcome) {
    const std::int64_t batch = request.images.size(0);
    const std::int64_t components = classifier.inputShape().size();
    // The product may lie a rounding below the whole number that it is.
    m_steps =
        static_cast<std::int64_t>(std::floor(static_cast<double>(components) * parameters.real("gamma") / 2 + 1e-9));
    const auto integers = request.labels.options();
    const auto flags = integers.dtype(torch::kBool);
    m_outcome.adversarial = request.images.clone();
    m_outcome.success = torch::zeros({batch}, flags);
    m_outcome.predictions = request.labels.clone();
    m_outcome.nonfinite = torch::zeros({batch}, flags);
    m_outcome.steps = torch::zeros({batch}, integers);
    if (request.detector) {
      m_outcome.scores = torch::full({batch}, std::nan(""), integers.dtype(torch::kFloat64));
    }
    m_vanished = torch::zeros({batch}, flags);
    m_stopped = torch::zeros({batch}, flags);
    m_rows = torch::arange(batch, integers);
    m_x = request.start.defined() ? request.start.clamp(0, 1) : request.images.clone();
    m_open = (m_theta > 0 ? m_x < 1 : m_x > 0).flatten(1).to(torch::kCPU).contiguous();
  }

  AttackOutcome run() {
    if (m_rows.size(0) > 0) aim();
    for (std::int64_t step = 0; m_rows.size(0) > 0; ++step) {
      m_context.step();
      weigh(step);
      if (step == m_steps) {
        judge(m_objective.evaluate(m_classifier, m_x, m_aims), {});
        break;
      }
      Maps maps = look();
      if (m_rows.size(0) > 0) change(maps);
    }
    m_outcome.forwards = m_classifier.count();
    addNotes();
    return std::move(m_outcome);
  }

 private:
  /// Untargeted: the likeliest wrong class, once for the whole run.
  void aim() {
    m_weights = m_aims.weights;
    if (m_aims.targeted()) return;
    m_context.step();
    m_aims.targets = m_classifier.logits(m_x)
                         .scatter(1, m_aims.labels.unsqueeze(1), -std::numeric_limits<double>::infinity())
                         .argmax(1);
  }

  /// γ changes geometrically over the run, as in the iterative attacks.
  void weigh(std::int64_t step) {
    if (!m_request.detector || m_request.detector.weightDecay == 1) return;
    const double done = static_cast<double>(step) / static_cast<double>(std::max<std::int64_t>(1, m_steps - 1));
    m_aims.weights = m_weights * std::pow(m_request.detector.weightDecay, done);
  }

  /// One forward and two backward passes (one for the softmax's Jacobian, whose rows sum to 0). Judges the images where
  /// they are, and gives the maps of those that go on.
  Maps look() {
    const torch::AutoGradMode gradients(true);
    const torch::Tensor x = m_x.detach().requires_grad_(true);
    const std::int64_t before = m_classifier.count();
    const AttackObjective::Value value = m_objective.evaluate(m_classifier, x, m_aims);
    if (!value.loss.requires_grad()) {
      throw Error(ErrorKind::BadInput, "the model gives no gradient with respect to its input", "jsma",
                  "use an attack that needs none, or a model with gradients");
    }
    torch::Tensor rest;
    if (m_request.detector) rest = value.base - value.loss;
    if (!m_softmax) rest = rest.defined() ? rest + value.logits.sum(1) : value.logits.sum(1);
    const auto gradient = [&](const torch::Tensor& output, bool keepGraph) {
      m_outcome.backwards += m_classifier.count() - before;
      const torch::Tensor g = output.requires_grad() ? torch::autograd::grad({output}, {x}, {at::ones_like(output)},
                                                                             keepGraph, false, true)[0]
                                                     : torch::Tensor();
      return g.defined() ? g.flatten(1) : torch::zeros_like(x).flatten(1);
    };
    const torch::NoGradGuard quiet;
    const torch::Tensor alpha = gradient(value.base, rest.defined());
    const torch::Tensor beta = rest.defined() ? gradient(rest, false) - alpha : -alpha;
    const torch::Tensor bad = (alpha.isfinite() & beta.isfinite()).all(1).logical_not();
    flag(m_outcome.nonfinite, bad);
    flag(m_vanished, (alpha == 0).all(1));
    const torch::Tensor going = judge(value, bad);
    const torch::Tensor room = m_headroom ? headroom() : torch::Tensor();
    const auto host = [&](const torch::Tensor& map) {
      const torch::Tensor rows = going.size(0) < map.size(0) ? map.index_select(0, going) : map;
      return (room.defined() ? rows * room : rows).to(torch::kCPU).contiguous();
    };
    return {host(alpha), host(beta)};
  }

  /// [A,P]: how far a step would really move each component.
  torch::Tensor headroom() const { return (m_theta > 0 ? 1 - m_x : m_x).clamp_max(std::abs(m_theta)).flatten(1); }

  /// Keeps what is best so far, lets finished images and `bad` ones leave, and says which of the rows go on.
  torch::Tensor judge(const AttackObjective::Value& value, const torch::Tensor& bad) {
    const torch::NoGradGuard quiet;
    const torch::Tensor logits = value.logits.detach();
    const torch::Tensor score = value.score.defined() ? value.score.detach().to(torch::kFloat64) : torch::Tensor();
    const AttackAims aims{m_aims.labels, m_request.targets.defined() ? m_aims.targets : torch::Tensor(), {}};
    const torch::Tensor good = fooled(logits, aims);
    if (m_trace.active() && m_rows[0].item<std::int64_t>() == 0) record(value, logits, score);
    flag(m_outcome.nonfinite, logits.isfinite().all(1).logical_not());
    // Nothing is lost by following the image until it first reaches its aim.
    torch::Tensor take = m_outcome.success.index_select(0, m_rows).logical_not();
    if (score.defined()) take = take | (good & (score < m_outcome.scores.index_select(0, m_rows)));
    keep(take.nonzero().squeeze(1), logits, good, score);
    torch::Tensor leaves = score.defined() ? good & (score <= m_request.detector.hinge) : good;
    if (bad.defined()) leaves = leaves | bad;
    const torch::Tensor going = leaves.logical_not().nonzero().squeeze(1);
    if (going.size(0) < m_rows.size(0)) select(going);
    return going;
  }

  void record(const AttackObjective::Value& value, const torch::Tensor& logits, const torch::Tensor& score) {
    const torch::Tensor outputs = (m_softmax ? logits.softmax(1) : logits).narrow(0, 0, 1);
    torch::Tensor loss = -margins(outputs, m_aims.targets.narrow(0, 0, 1));
    if (score.defined()) loss = loss + (value.loss - value.base).detach().narrow(0, 0, 1);
    m_trace.record(loss, logits.narrow(0, 0, 1), m_x.narrow(0, 0, 1),
                   score.defined() ? score.narrow(0, 0, 1) : torch::Tensor());
  }

  void keep(const torch::Tensor& taken, const torch::Tensor& logits, const torch::Tensor& good,
            const torch::Tensor& score) {
    if (taken.size(0) == 0) return;
    const torch::Tensor rows = m_rows.index_select(0, taken);
    m_outcome.adversarial.index_copy_(0, rows, m_x.index_select(0, taken));
    m_outcome.predictions.index_copy_(0, rows, logits.argmax(1).index_select(0, taken));
    m_outcome.success.index_copy_(0, rows, good.index_select(0, taken));
    if (score.defined()) m_outcome.scores.index_copy_(0, rows, score.index_select(0, taken));
  }

  /// Only some of the active images go on.
  void select(const torch::Tensor& going) {
    m_rows = m_rows.index_select(0, going);
    m_x = m_x.index_select(0, going);
    m_aims = m_aims.select(going);
    if (m_weights.defined()) m_weights = m_weights.index_select(0, going);
  }

  /// The pair of each active image: [A,2] on the host; −1 where none qualifies.
  torch::Tensor choose(const Maps& maps) const {
    const torch::Tensor rows = m_rows.to(torch::kCPU);
    torch::Tensor pairs = torch::full({rows.size(0), 2}, -1, torch::kInt64);
    const auto search = [&]<class Real>(Real) {
      at::parallel_for(0, rows.size(0), 8, [&](std::int64_t begin, std::int64_t end) {
        SaliencyPairSearch finder;
        const std::int64_t count = maps.alpha.size(1);
        for (std::int64_t k = begin; k < end; ++k) {
          const bool* open = m_open.const_data_ptr<bool>() + rows.const_data_ptr<std::int64_t>()[k] * count;
          const auto pair =
              finder.best(maps.alpha.const_data_ptr<Real>() + k * count, maps.beta.const_data_ptr<Real>() + k * count,
                          open, count, m_theta > 0 ? 1 : -1);
          if (!pair) continue;
          pairs.mutable_data_ptr<std::int64_t>()[2 * k] = pair->first;
          pairs.mutable_data_ptr<std::int64_t>()[2 * k + 1] = pair->second;
        }
      });
    };
    maps.alpha.scalar_type() == torch::kFloat64 ? search(double{}) : search(float{});
    return pairs;
  }

  /// One step of every active image; where no pair qualifies, the image is done.
  void change(Maps& maps) {
    if (maps.alpha.scalar_type() != torch::kFloat64) {
      maps.alpha = maps.alpha.to(torch::kFloat32);
      maps.beta = maps.beta.to(torch::kFloat32);
    }
    torch::Tensor pairs = choose(maps);
    const torch::Tensor found = pairs.select(1, 0) >= 0;
    if (!found.all().item<bool>()) {
      const torch::Tensor going = found.nonzero().squeeze(1);
      flag(m_stopped, found.logical_not().to(m_rows.device()));
      pairs = pairs.index_select(0, going);
      select(going.to(m_rows.device()));
      if (m_rows.size(0) == 0) return;
    }
    const torch::Tensor rows = m_rows.to(torch::kCPU);
    bool* open = m_open.mutable_data_ptr<bool>();
    for (std::int64_t k = 0; k < pairs.size(0); ++k) {
      for (int side = 0; side < 2; ++side) {
        open[rows.const_data_ptr<std::int64_t>()[k] * m_open.size(1) +
             pairs.const_data_ptr<std::int64_t>()[2 * k + side]] = false;
      }
    }
    const torch::Tensor places = pairs.to(m_x.device());
    const torch::Tensor flat = m_x.flatten(1);
    m_x = flat.scatter(1, places, (flat.gather(1, places) + m_theta).clamp(0, 1)).view(m_x.sizes());
    m_outcome.steps.index_add_(0, m_rows, torch::ones_like(m_rows));
  }

  void flag(torch::Tensor& flags, const torch::Tensor& active) {
    flags.index_copy_(0, m_rows, flags.index_select(0, m_rows) | active);
  }

  void addNotes() {
    addGradientNotes(m_outcome, {});
    m_outcome.vanished = m_vanished;
    const auto note = [&](const torch::Tensor& flags, const std::string& what) {
      const std::int64_t count = (flags & m_outcome.success.logical_not()).sum().item<std::int64_t>();
      if (count == 0) return;
      m_outcome.notes.push_back(what + " for " + std::to_string(count) + " of " +
                                std::to_string(m_outcome.success.size(0)) + " images that did not reach their class");
    };
    note(m_vanished, std::string("the gradient vanished") + (m_softmax ? " (try jacobian = logits)" : ""));
    note(m_stopped & m_vanished.logical_not(), "no pair of pixels qualified before gamma's share was used up");
    if (m_steps == 0 && m_outcome.success.size(0) > 0) {
      m_outcome.notes.push_back("gamma allows no pair of pixels: nothing was changed");
    }
  }

  CountingClassifier m_classifier;
  const AttackRequest& m_request;
  const JobContext& m_context;
  bool m_softmax;
  bool m_headroom;
  double m_theta;
  AttackObjective m_objective;
  AttackAims m_aims;  ///< of the active images, with targets for untargeted attacks too
  AttackOutcome m_outcome;
  TraceRecorder m_trace;
  std::int64_t m_steps = 0;
  torch::Tensor m_rows;      ///< places of the active images in the batch, ascending
  torch::Tensor m_x;         ///< [A,C,H,W]
  torch::Tensor m_weights;   ///< of the detector at the first step
  torch::Tensor m_open;      ///< [B,P] bool on the host: components that may still change
  torch::Tensor m_vanished;  ///< [B] whether the target's gradient was exactly 0
  torch::Tensor m_stopped;   ///< [B] whether no pair qualified
};

}  // namespace

Jsma::Jsma() : Attack(declaration()) {}

AttackOutcome Jsma::perform(const Classifier& classifier, const AttackRequest& request, const Parameters& parameters,
                            const JobContext& context) const {
  if (parameters.real("theta") == 0) {
    throw Error(ErrorKind::Usage, "theta must not be 0", spec().name, "use 1 to brighten pixels, -1 to darken them");
  }
  if (request.detector && request.detector.rule != DetectorTerm::Rule::Sum) {
    throw Error(ErrorKind::Usage, "a saliency map knows one way of adding a detector: its score weighs on the map",
                spec().name, "set detector_gradient = sum");
  }
  return JsmaRun(classifier, request, parameters, context).run();
}

}  // namespace whorl
