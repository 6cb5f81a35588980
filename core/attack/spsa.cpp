// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/attack/spsa.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <utility>

#include "core/attack/shared_parameters.h"
#include "core/attack/support.h"
#include "core/base/error.h"
#include "core/base/random.h"

namespace whorl {
namespace {

/// Probes that go through the network at once: what a processor's caches like, and what keeps an accelerator busy.
constexpr std::int64_t kHostProbes = 128;
constexpr std::int64_t kDeviceProbes = 4096;

/// The eight signs of a byte's bits.
using SignTable = std::array<std::array<std::int8_t, 8>, 256>;
constexpr SignTable makeSignTable() {
  SignTable table{};
  for (std::size_t byte = 0; byte < table.size(); ++byte) {
    for (std::size_t bit = 0; bit < 8; ++bit) table[byte][bit] = (byte >> bit & 1) != 0 ? 1 : -1;
  }
  return table;
}
constexpr SignTable kSigns = makeSignTable();

void fillSigns(std::int8_t* out, std::int64_t size, std::uint64_t seed) {
  Random random(seed);
  std::uint64_t bits = 0;
  for (std::int64_t k = 0; k < size; k += 8) {
    bits = k % 64 == 0 ? random.next() : bits >> 8;
    std::memcpy(out + k, kSigns[bits & 255].data(), static_cast<std::size_t>(std::min<std::int64_t>(8, size - k)));
  }
}

Parameters values(double epsilon, std::int64_t steps, double learningRate = 0.01) {
  return {{"epsilon", epsilon},
          {"steps", steps},
          {"learning_rate", learningRate},
          {"delta", 0.01},
          {"pairs", std::int64_t{128}}};
}

AttackPreset adaptive(std::string name, Parameters parameters, double weight, std::string summary) {
  parameters.set("detector_weight", weight);
  return {std::move(name), std::move(parameters), std::move(summary), ThreatModel::AdaptiveWhiteBox};
}

/// The published term, of the original class's fingerprints, but asked for where the probes are.
AttackPreset atProbes(std::string name, Parameters parameters, std::int64_t search, std::string summary) {
  parameters.set("detector_class", std::string("label"));
  parameters.set("detector_measure", std::string("squared_error"));
  parameters.set("detector_weight_search", search);
  return adaptive(std::move(name), std::move(parameters), 0.1, std::move(summary));
}

/// The published term was computed at the clean image: a constant, which no gradient sees.
AttackPreset asPublished(std::string name, Parameters parameters) {
  parameters.set("stop", std::string("first_success"));
  return adaptive(
      std::move(name), std::move(parameters), 0,
      "Adaptive-SPSA as the published code ran it: its fingerprint term was constant, so this is plain SPSA");
}

AttackPreset corrected(std::string name, Parameters parameters) {
  parameters.set("detector_class", std::string("any"));
  parameters.set("detector_measure", std::string("distance"));
  return adaptive(std::move(name), std::move(parameters), 1,
                  "The detector's own score, of whichever class accepts, at every probe");
}

AttackDeclaration declaration() {
  ParameterSpec delta = ParameterSpec::real("delta", 0.01, 1e-6, 1, "[0,1]", "How far each probe is from the image");
  delta.logarithmic = true;
  ParameterSpec loss = parameter::loss();
  loss.defaultValue = std::string("margin");
  OperationSpec spec = {
      "spsa",
      "SPSA",
      "Adam on gradients estimated from the logits at random probes, kept within epsilon: no gradient of the model.",
      "Uesato, O'Donoghue, van den Oord, Kohli 2018, \"Adversarial Risk and the Dangers of Evaluating Against Weak "
      "Attacks\", section 3",
      {parameter::epsilon(0.4, 1), parameter::steps(100), parameter::learningRate(0.01), std::move(delta),
       ParameterSpec::integer("pairs", 128, 1, 100000, "",
                              "Antithetic pairs of probes for each estimate: twice as many queries"),
       parameter::randomStart(true), parameter::restarts(), parameter::stop("best"), std::move(loss),
       parameter::targeted()}};
  return {
      std::move(spec),
      {"linf"},
      {{"mnist", values(0.4, 100)},
       {"cifar10", values(0.05, 100)},
       {"peers", values(0.15, 20, 0.05), "Settings of this project's comparison with other libraries, on MNIST"},
       asPublished("adaptive-mnist-as-published", values(0.4, 100)),
       asPublished("adaptive-cifar10-as-published", values(0.05, 100)),
       atProbes("adaptive-mnist", values(0.4, 100), 0, "Adaptive-SPSA with its fingerprint term asked at the probes"),
       atProbes("adaptive-cifar10", values(0.05, 100), 0,
                "Adaptive-SPSA with its fingerprint term asked at the probes"),
       atProbes("adaptive-cifar10-slides", values(0.05, 1000), 20,
                "Adaptive-SPSA of the slides, with its fingerprint term asked at the probes"),
       corrected("adaptive-mnist-corrected", values(0.4, 100)),
       corrected("adaptive-cifar10-corrected", values(0.05, 100))},
      ThreatModel::BlackBox};
}

}  // namespace

torch::Tensor randomSigns(const std::vector<std::uint64_t>& seeds, std::int64_t first, std::int64_t count,
                          std::int64_t size) {
  torch::Tensor signs = torch::empty({static_cast<std::int64_t>(seeds.size()), count, size}, torch::kInt8);
  auto* out = signs.mutable_data_ptr<std::int8_t>();
  for (const std::uint64_t seed : seeds) {
    for (std::int64_t pair = first; pair < first + count; ++pair, out += size) {
      fillSigns(out, size, mixSeed(seed, static_cast<std::uint64_t>(pair)));
    }
  }
  return signs;
}

torch::Tensor SpsaGradient::estimate(const AttackObjective& objective, const Classifier& classifier,
                                     const torch::Tensor& x, const AttackAims& aims, const Signs& signs) const {
  const std::int64_t images = x.size(0);
  const torch::Tensor points = x.flatten(1).unsqueeze(1);  // [A,1,P]
  torch::Tensor gradient = torch::zeros_like(x).flatten(1);
  // Which probes go together doesn't depend on the number of images, as far as a pair more than fills a batch.
  const std::int64_t probes = x.is_cpu() ? kHostProbes : kDeviceProbes;
  const std::int64_t pairsAtOnce = std::min(m_pairs, probes / 2);
  const std::int64_t imagesAtOnce = std::max<std::int64_t>(1, probes / (2 * pairsAtOnce));
  for (std::int64_t image = 0; image < images; image += imagesAtOnce) {
    const std::int64_t n = std::min(imagesAtOnce, images - image);
    const torch::Tensor here = points.narrow(0, image, n);
    const torch::Tensor rows = torch::arange(image, image + n, aims.labels.options());
    for (std::int64_t pair = 0; pair < m_pairs; pair += pairsAtOnce) {
      m_context.step();
      const std::int64_t m = std::min(pairsAtOnce, m_pairs - pair);
      const torch::Tensor v = signs(image, n, pair, m).to(x.device()).to(x.scalar_type());
      std::vector<std::int64_t> shape = x.sizes().vec();
      shape[0] = 2 * n * m;
      const torch::Tensor both = at::cat({at::add(here, v, m_delta), at::sub(here, v, m_delta)}).view(shape);
      const AttackAims repeated = aims.select(rows.repeat_interleave(m).repeat({2}));
      const torch::Tensor loss = objective.evaluate(classifier, both, repeated).loss.view({2, n, 1, m});
      const torch::Tensor slope = (loss[0] - loss[1]) / (2 * m_delta * static_cast<double>(m_pairs));
      gradient.narrow(0, image, n).add_(at::bmm(slope.to(v.scalar_type()), v).squeeze(1));
    }
  }
  return gradient.view(x.sizes());
}

LossGradient SpsaGradient::at(const AttackObjective& objective, const Classifier& classifier, const torch::Tensor& x,
                              const AttackAims& aims, const std::vector<std::uint64_t>& seeds) const {
  const torch::NoGradGuard noGradients;
  const AttackObjective::Value value = objective.evaluate(classifier, x, aims);
  const torch::Tensor asked =
      m_spareFooled ? fooled(value.logits, aims).logical_not() : torch::ones_like(aims.labels, torch::kBool);
  const torch::Tensor rows = asked.nonzero().squeeze(1);
  const torch::Tensor places = rows.to(torch::kCPU);
  const Signs signs = [&](std::int64_t image, std::int64_t n, std::int64_t pair, std::int64_t m) {
    std::vector<std::uint64_t> some;
    for (std::int64_t k = image; k < image + n; ++k) {
      some.push_back(seeds.at(static_cast<std::size_t>(places.const_data_ptr<std::int64_t>()[k])));
    }
    return randomSigns(some, pair, m, x.numel() / x.size(0));
  };
  torch::Tensor gradient = torch::zeros_like(x);
  gradient.index_copy_(0, rows, estimate(objective, classifier, x.index_select(0, rows), aims.select(rows), signs));
  return {value.loss, value.logits, value.score, gradient};
}

Spsa::Spsa() : Attack(declaration()) {}

AttackOutcome Spsa::perform(const Classifier& classifier, const AttackRequest& request, const Parameters& parameters,
                            const JobContext& context) const {
  if (request.detector && request.detector.rule != DetectorTerm::Rule::Sum) {
    throw Error(ErrorKind::Usage, "estimated gradients of loss and detector are not kept apart", spec().name,
                "set detector_gradient = sum");
  }
  IterativePlan plan;
  plan.epsilon = parameters.real("epsilon");
  plan.steps = parameters.integer("steps");
  plan.stepSize = parameters.real("learning_rate");
  plan.restarts = parameters.integer("restarts");
  plan.randomStart = parameters.boolean("random_start");
  plan.stop = parseStop(parameters.text("stop"));
  plan.loss = parameters.text("loss");
  SpsaGradient source(parameters.real("delta"), parameters.integer("pairs"), context);
  if (plan.stop != StopPolicy::Last && !request.detector) source.spareFooled();
  plan.source = &source;
  return runIterative(classifier, request, plan, *adam(), context);
}

}  // namespace whorl
