// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/train/optimizer.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/_fused_adam.h>
#include <ATen/ops/_fused_sgd.h>
#include <ATen/ops/zeros_like.h>

#include "core/base/error.h"

namespace whorl {
namespace {

std::vector<torch::Tensor> values(const Optimizer::NamedTensors& named) {
  std::vector<torch::Tensor> tensors;
  for (const auto& [name, tensor] : named) tensors.push_back(tensor.detach());
  return tensors;
}

std::vector<torch::Tensor> zerosLike(const std::vector<torch::Tensor>& tensors) {
  std::vector<torch::Tensor> zeros;
  zeros.reserve(tensors.size());
  for (const torch::Tensor& tensor : tensors) zeros.push_back(at::zeros_like(tensor));
  return zeros;
}

void addNamed(std::map<std::string, torch::Tensor>& state, const std::string& prefix,
              const Optimizer::NamedTensors& weights, const std::vector<torch::Tensor>& tensors) {
  for (std::size_t i = 0; i < weights.size(); ++i) state[prefix + "." + weights[i].first] = tensors[i];
}

/// The fused kernels walk through memory and want gradients laid out as their weights (channels-last or not).
std::vector<torch::Tensor> laidOutAs(const std::vector<torch::Tensor>& weights, std::vector<torch::Tensor> gradients) {
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (gradients[i].strides() == weights[i].strides()) continue;
    gradients[i] = at::empty_like(weights[i]).copy_(gradients[i]);
  }
  return gradients;
}

class Adam : public Optimizer {
 public:
  Adam(const Parameters& parameters, const NamedTensors& weights)
      : m_beta2(parameters.real("beta2")),
        m_weightDecay(parameters.real("weight_decay")),
        m_names(weights),
        m_weights(values(weights)),
        m_average(zerosLike(m_weights)),
        m_squareAverage(zerosLike(m_weights)) {
    for (const torch::Tensor& weight : m_weights) {
      m_steps.push_back(torch::zeros({}, torch::TensorOptions(torch::kFloat32).device(weight.device())));
    }
  }

  void step(const std::vector<torch::Tensor>& gradients, const StepRates& rates) override {
    const at::NoGradGuard noGrad;
    at::_foreach_add_(m_steps, 1);
    at::_fused_adam_(m_weights, laidOutAs(m_weights, gradients), m_average, m_squareAverage, {}, m_steps,
                     rates.learningRate, rates.momentum, m_beta2, m_weightDecay, kEpsilon, /*amsgrad=*/false,
                     /*maximize=*/false);
  }

  std::map<std::string, torch::Tensor> state() const override {
    std::map<std::string, torch::Tensor> state;
    addNamed(state, "exp_avg", m_names, m_average);
    addNamed(state, "exp_avg_sq", m_names, m_squareAverage);
    addNamed(state, "step", m_names, m_steps);
    return state;
  }

 private:
  static constexpr double kEpsilon = 1e-8;

  double m_beta2;
  double m_weightDecay;
  NamedTensors m_names;
  std::vector<torch::Tensor> m_weights;
  std::vector<torch::Tensor> m_average;
  std::vector<torch::Tensor> m_squareAverage;
  std::vector<torch::Tensor> m_steps;
};

class Sgd : public Optimizer {
 public:
  Sgd(const Parameters& parameters, const NamedTensors& weights)
      : m_weightDecay(parameters.real("weight_decay")),
        m_nesterov(parameters.boolean("nesterov")),
        m_names(weights),
        m_weights(values(weights)),
        m_velocity(zerosLike(m_weights)) {}

  void step(const std::vector<torch::Tensor>& gradients, const StepRates& rates) override {
    const at::NoGradGuard noGrad;
    // A velocity of zero makes the first step (velocity = gradient) like all others, so it needs no flag.
    const bool plain = rates.momentum == 0;
    at::_fused_sgd_(m_weights, laidOutAs(m_weights, gradients), plain ? at::TensorList{} : at::TensorList(m_velocity),
                    m_weightDecay, rates.momentum, rates.learningRate, /*dampening=*/0, m_nesterov && !plain,
                    /*maximize=*/false,
                    /*is_first_step=*/false);
  }

  std::map<std::string, torch::Tensor> state() const override {
    std::map<std::string, torch::Tensor> state;
    addNamed(state, "velocity", m_names, m_velocity);
    return state;
  }

 private:
  double m_weightDecay;
  bool m_nesterov;
  NamedTensors m_names;
  std::vector<torch::Tensor> m_weights;
  std::vector<torch::Tensor> m_velocity;
};

/// Zeiler 2012. Torch has no fused kernel for it; a weight's step follows from the root mean squares of its gradients
/// and of its own past steps, so a learning rate of 1 is the published one.
class Adadelta : public Optimizer {
 public:
  Adadelta(const Parameters& parameters, const NamedTensors& weights)
      : m_memory(parameters.real("beta2")),
        m_weightDecay(parameters.real("weight_decay")),
        m_names(weights),
        m_weights(values(weights)),
        m_squareAverage(zerosLike(m_weights)),
        m_squareSteps(zerosLike(m_weights)) {}

  void step(const std::vector<torch::Tensor>& gradients, const StepRates& rates) override {
    const at::NoGradGuard noGrad;
    for (std::size_t i = 0; i < m_weights.size(); ++i) {
      const torch::Tensor gradient = at::add(gradients[i], m_weights[i], m_weightDecay);
      m_squareAverage[i].mul_(m_memory).addcmul_(gradient, gradient, 1 - m_memory);
      const torch::Tensor change =
          (m_squareSteps[i] + kEpsilon).sqrt_().div_((m_squareAverage[i] + kEpsilon).sqrt_()).mul_(gradient);
      m_squareSteps[i].mul_(m_memory).addcmul_(change, change, 1 - m_memory);
      m_weights[i].sub_(change, rates.learningRate);
    }
  }

  std::map<std::string, torch::Tensor> state() const override {
    std::map<std::string, torch::Tensor> state;
    addNamed(state, "square_avg", m_names, m_squareAverage);
    addNamed(state, "acc_delta", m_names, m_squareSteps);
    return state;
  }

 private:
  static constexpr double kEpsilon = 1e-6;

  double m_memory;
  double m_weightDecay;
  NamedTensors m_names;
  std::vector<torch::Tensor> m_weights;
  std::vector<torch::Tensor> m_squareAverage;
  std::vector<torch::Tensor> m_squareSteps;
};

}  // namespace

void Optimizer::load(const std::map<std::string, torch::Tensor>& given, const std::string& where) {
  const at::NoGradGuard noGrad;
  std::map<std::string, torch::Tensor> mine = state();
  for (auto& [name, tensor] : mine) {
    const auto found = given.find(name);
    if (found == given.end()) throw Error(ErrorKind::BadInput, "the optimiser's state lacks " + name, where);
    if (found->second.sizes() != tensor.sizes()) {
      throw Error(ErrorKind::BadInput, "the optimiser's state " + name + " has another shape", where);
    }
  }
  if (given.size() != mine.size()) {
    throw Error(ErrorKind::BadInput, "the optimiser's state has tensors that don't belong to it", where);
  }
  for (auto& [name, tensor] : mine) tensor.copy_(given.at(name));
}

std::unique_ptr<Optimizer> makeOptimizer(const Parameters& parameters, const Optimizer::NamedTensors& weights) {
  if (parameters.text("optimizer") == "sgd") return std::make_unique<Sgd>(parameters, weights);
  if (parameters.text("optimizer") == "adadelta") return std::make_unique<Adadelta>(parameters, weights);
  return std::make_unique<Adam>(parameters, weights);
}

}  // namespace whorl
