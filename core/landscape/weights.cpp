// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/landscape/weights.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <string>

#include <ATen/ops/empty.h>
#include <ATen/ops/linalg_eigh.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

#include "core/base/error.h"
#include "core/base/random.h"

namespace whorl {
namespace {

std::vector<std::pair<std::string, torch::Tensor>> allTensors(const Network& network) {
  auto tensors = network.parameters();
  tensors.insert(tensors.end(), network.buffers().begin(), network.buffers().end());
  return tensors;
}

/// Each slice along the first dimension as long as that of `weight`; a filter of zeros stays.
torch::Tensor filterNormalised(const torch::Tensor& drawn, const torch::Tensor& weight) {
  const torch::Tensor own = weight.to(torch::kCPU, torch::kFloat64).flatten(1).norm(2, 1, /*keepdim=*/true);
  const torch::Tensor rows = drawn.flatten(1);
  return (rows / rows.norm(2, 1, /*keepdim=*/true).clamp_min(1e-12) * own).view(weight.sizes());
}

torch::Tensor drawnLike(const torch::Tensor& weight, std::uint64_t seed) {
  torch::Tensor numbers = at::empty({weight.numel()}, torch::kFloat64);
  Random random(seed);
  double* values = numbers.mutable_data_ptr<double>();
  for (std::int64_t i = 0; i < numbers.numel(); ++i) values[i] = random.normal();
  return filterNormalised(numbers.view(weight.sizes()), weight).to(weight.options().requires_grad(false));
}

std::string shapeText(const torch::Tensor& tensor) {
  std::string text;
  for (const std::int64_t size : tensor.sizes()) text += (text.empty() ? "" : "x") + std::to_string(size);
  return text.empty() ? "one number" : text;
}

void checkDimensions(int dimensions) {
  if (dimensions == 1 || dimensions == 2) return;
  throw Error(ErrorKind::Usage, std::to_string(dimensions) + " directions span no landscape", "directions",
              "one for a line, two for a plane");
}

/// A copy in which BatchNorm can measure without dropout's noise; what it answers is the same.
Network withoutDropout(const Network& network) {
  if (!network.hasDropout()) return network.clone();
  Architecture architecture = network.architecture();
  for (LayerSpec& layer : architecture.layers) {
    if (layer.kind == LayerSpec::Kind::Dropout) layer.probability = 0;
  }
  Network still(architecture, network.inputShape(), network.classCount(), 0);
  still.to(network.parameters().front().second.scalar_type());
  still.to(network.device());
  still.load(network.tensors(), network.architecture().name);
  return still;
}

torch::Tensor flat(const torch::Tensor& tensor) {
  return tensor.detach().to(torch::kCPU, torch::kFloat64).reshape({-1});
}

}  // namespace

WeightPlane::WeightPlane(const Network& origin) : m_origin(withoutDropout(origin)) { m_origin.setRequiresGrad(false); }

WeightPlane::Tensors WeightPlane::tensorsOf(const Network& other) const {
  const std::map<std::string, torch::Tensor> others = other.clone().tensors();
  Tensors found;
  for (const auto& [name, tensor] : allTensors(m_origin)) {
    const auto own = others.find(name);
    if (own == others.end() || own->second.sizes() != tensor.sizes()) {
      throw Error(ErrorKind::BadInput,
                  own == others.end() ? "only one of the two networks has it"
                                      : "it is " + shapeText(tensor) + " in one network and " + shapeText(own->second) +
                                            " in the other",
                  name, "all must have one architecture");
    }
    found.push_back(own->second.detach().to(tensor.options().requires_grad(false)));
  }
  if (found.size() != others.size()) {
    throw Error(ErrorKind::BadInput, "one network has more tensors than the other", "landscape",
                "all must have one architecture");
  }
  return found;
}

WeightPlane WeightPlane::around(const Network& network, int dimensions, std::uint64_t seed) {
  const torch::NoGradGuard noGradients;
  checkDimensions(dimensions);
  WeightPlane plane(network);
  plane.m_dimensions = dimensions;
  const std::uint64_t purpose = mixSeed(seed, "weight direction");
  for (int axis = 0; axis < dimensions; ++axis) {
    Tensors direction;
    for (const auto& [name, weight] : plane.m_origin.parameters()) {
      const auto place = static_cast<std::uint64_t>(direction.size());
      direction.push_back(weight.dim() > 1
                              ? drawnLike(weight, mixSeed(purpose, static_cast<std::uint64_t>(axis), place))
                              : torch::Tensor());
    }
    plane.m_axes.push_back(std::move(direction));
  }
  return plane;
}

WeightPlane WeightPlane::between(const Network& from, const Network& to) {
  const torch::NoGradGuard noGradients;
  WeightPlane plane(from);
  plane.m_curve = true;
  plane.m_axes.push_back(plane.tensorsOf(to));
  return plane;
}

WeightPlane WeightPlane::bend(const Network& from, const Network& control, const Network& to) {
  const torch::NoGradGuard noGradients;
  WeightPlane plane(from);
  plane.m_curve = true;
  plane.m_axes.push_back(plane.tensorsOf(control));
  plane.m_axes.push_back(plane.tensorsOf(to));
  return plane;
}

WeightPlane WeightPlane::along(const std::vector<Network>& earlier, const Network& last, int dimensions) {
  const torch::NoGradGuard noGradients;
  checkDimensions(dimensions);
  if (earlier.empty()) throw Error(ErrorKind::BadInput, "no networks of the training are named", "trajectory");
  WeightPlane plane(last);
  plane.m_dimensions = dimensions;
  const auto& parameters = plane.m_origin.parameters();
  const auto steps = static_cast<std::int64_t>(earlier.size());
  std::vector<Tensors> away;  // [weight][network], float64
  torch::Tensor gram = at::zeros({steps, steps}, torch::kFloat64);
  std::vector<Tensors> networks;
  for (const Network& network : earlier) networks.push_back(plane.tensorsOf(network));
  for (std::size_t place = 0; place < parameters.size(); ++place) {
    Tensors rows;
    for (const Tensors& network : networks) rows.push_back(flat(network[place]) - flat(parameters[place].second));
    for (std::int64_t i = 0; i < steps; ++i) {
      for (std::int64_t k = 0; k <= i; ++k) {
        gram[i][k] += rows[static_cast<std::size_t>(i)].dot(rows[static_cast<std::size_t>(k)]);
      }
    }
    away.push_back(std::move(rows));
  }
  gram = gram.tril() + gram.tril(-1).t();
  // Of T x T: networks are few, weights are many. Eigenvalues come ascending.
  const auto [values, vectors] = at::linalg_eigh(gram);
  std::vector<torch::Tensor> shares;
  double farthest = 0;
  for (int axis = 0; axis < dimensions; ++axis) {
    const std::int64_t row = steps - 1 - axis;
    if (row < 0 || !(values[row].item<double>() > 1e-10 * values[steps - 1].item<double>())) {
      throw Error(ErrorKind::BadInput,
                  "the networks don't move in " + std::string(axis == 0 ? "any direction" : "two directions"),
                  "trajectory", "name more of them, or ask for fewer dimensions");
    }
    // ‖Σ v_t away_t‖² = vᵀGv = λ, so that this has a length of 1; G v √λ⁻¹ are the coordinates of the networks.
    const double length = std::sqrt(values[row].item<double>());
    torch::Tensor share = vectors.select(1, row) / length;
    const torch::Tensor places = gram.mv(share);
    if (places[0].item<double>() < 0) share = -share;
    farthest = std::max(farthest, places.abs().max().item<double>());
    shares.push_back(share);
  }
  for (const torch::Tensor& share : shares) {
    Tensors direction;
    for (std::size_t place = 0; place < parameters.size(); ++place) {
      const torch::Tensor& weight = parameters[place].second;
      torch::Tensor sum = at::zeros({weight.numel()}, torch::kFloat64);
      for (std::int64_t t = 0; t < steps; ++t) {
        sum.add_(away[place][static_cast<std::size_t>(t)], share[t].item<double>() * farthest);
      }
      direction.push_back(sum.view(weight.sizes()).to(weight.options()));
    }
    plane.m_axes.push_back(std::move(direction));
  }
  plane.m_unit = farthest;
  return plane;
}

WeightPlane::Place WeightPlane::locate(const Network& network) const {
  const torch::NoGradGuard noGradients;
  const Tensors tensors = tensorsOf(network);
  const auto& parameters = m_origin.parameters();
  double along[2] = {0, 0};
  double square = 0;
  for (std::size_t place = 0; place < parameters.size(); ++place) {
    const torch::Tensor away = flat(tensors[place]) - flat(parameters[place].second);
    square += away.dot(away).item<double>();
    for (std::size_t axis = 0; axis < m_axes.size(); ++axis) {
      along[axis] += away.dot(flat(m_axes[axis][place])).item<double>();
    }
  }
  // The axes are orthogonal, m_unit long.
  Place found{along[0] / (m_unit * m_unit), along[1] / (m_unit * m_unit), 0};
  const double rest = square / (m_unit * m_unit) - found.x * found.x - found.y * found.y;
  found.distance = std::sqrt(std::max(0.0, rest));
  return found;
}

Network WeightPlane::at(double x, double y) const {
  const torch::NoGradGuard noGradients;
  Network network = m_origin.clone();
  // Not a + t (b − a), which misses b in the last digit at t = 1.
  const double t = (x + 1) / 2;
  const bool bent = m_axes.size() == 2;
  const double own = bent ? (1 - t) * (1 - t) : 1 - t;
  const double mixed[] = {bent ? 2 * t * (1 - t) : t, t * t};
  const double steps[] = {x, y};
  std::size_t place = 0;
  for (const auto& [name, tensor] : allTensors(network)) {
    torch::Tensor weight = tensor.detach();
    if (m_curve) weight.mul_(own);
    for (std::size_t axis = 0; axis < std::min(m_axes.size(), std::size(steps)); ++axis) {
      if (place >= m_axes[axis].size() || !m_axes[axis][place].defined()) continue;
      weight.add_(m_axes[axis][place], m_curve ? mixed[axis] : steps[axis]);
    }
    ++place;
  }
  return network;
}

torch::Tensor normalisedImages(const torch::Tensor& images, const std::vector<double>& mean,
                               const std::vector<double>& scale) {
  const auto perChannel = [&](const std::vector<double>& values) {
    return at::tensor(values, torch::kFloat64).to(images.options()).view({1, -1, 1, 1});
  };
  const torch::Tensor centred = mean.empty() ? images : images - perChannel(mean);
  return scale.empty() ? centred : centred / perChannel(scale);
}

}  // namespace whorl
