// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/landscape/weights.h"

#include <algorithm>
#include <iterator>
#include <map>

#include <ATen/ops/empty.h>
#include <ATen/ops/zeros_like.h>

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

/// [layers,1] of one network.
torch::Tensor judged(const Network& network, const WeightSample& sample, const JobContext& context) {
  const NetworkClassifier classifier(network, sample.mean, sample.scale);
  const std::int64_t count = sample.images.size(0);
  double loss = 0;
  std::int64_t right = 0;
  for (std::int64_t first = 0; first < count; first += sample.batchSize) {
    context.throwIfStopped();
    const std::int64_t size = std::min(sample.batchSize, count - first);
    const torch::Tensor labels = sample.labels.narrow(0, first, size);
    const torch::Tensor logits = classifier.logits(sample.images.narrow(0, first, size)).to(torch::kFloat64);
    if (!logits.isfinite().all().item<bool>()) {
      throw Error(ErrorKind::BadInput, "a network gives NaN or infinite numbers", "landscape",
                  "choose a smaller range");
    }
    loss -= logits.log_softmax(1).gather(1, labels.unsqueeze(1)).sum().item<double>();
    right += (logits.argmax(1) == labels).sum().item<std::int64_t>();
  }
  const auto n = static_cast<double>(count);
  torch::Tensor values = at::empty({2, 1}, torch::kFloat64);
  values.mutable_data_ptr<double>()[0] = loss / n;
  values.mutable_data_ptr<double>()[1] = static_cast<double>(right) / n;
  return values;
}

}  // namespace

WeightPlane WeightPlane::around(const Network& network, int dimensions, std::uint64_t seed) {
  const torch::NoGradGuard noGradients;
  if (dimensions != 1 && dimensions != 2) {
    throw Error(ErrorKind::Usage, std::to_string(dimensions) + " directions span no landscape", "directions",
                "one for a line, two for a plane");
  }
  WeightPlane plane(network);
  plane.m_dimensions = dimensions;
  const std::uint64_t purpose = mixSeed(seed, "weight direction");
  for (int axis = 0; axis < dimensions; ++axis) {
    std::vector<torch::Tensor> direction;
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
  plane.m_line = true;
  const std::map<std::string, torch::Tensor> others = to.clone().tensors();
  std::vector<torch::Tensor> ends;
  for (const auto& [name, tensor] : allTensors(plane.m_origin)) {
    const auto other = others.find(name);
    if (other == others.end() || other->second.sizes() != tensor.sizes()) {
      throw Error(ErrorKind::BadInput,
                  other == others.end() ? "only one of the two networks has it"
                                        : "it is " + shapeText(tensor) + " in one network and " +
                                              shapeText(other->second) + " in the other",
                  name, "the two must have one architecture");
    }
    ends.push_back(other->second.to(tensor.options().requires_grad(false)));
  }
  if (ends.size() != others.size()) {
    throw Error(ErrorKind::BadInput, "one network has more tensors than the other", "landscape",
                "the two must have one architecture");
  }
  plane.m_axes.push_back(std::move(ends));
  return plane;
}

Network WeightPlane::at(double x, double y) const {
  const torch::NoGradGuard noGradients;
  Network network = m_origin.clone();
  std::size_t place = 0;
  for (const auto& [name, tensor] : allTensors(network)) {
    torch::Tensor own = tensor.detach();
    if (m_line) {
      // Not a + t (b − a), which misses b in the last digit at t = 1.
      const double share = (x + 1) / 2;
      own.mul_(1 - share).add_(m_axes[0][place], share);
    } else {
      const double steps[] = {x, y};
      for (std::size_t axis = 0; axis < std::min(m_axes.size(), std::size(steps)); ++axis) {
        if (place < m_axes[axis].size() && m_axes[axis][place].defined()) own.add_(m_axes[axis][place], steps[axis]);
      }
    }
    ++place;
  }
  return network;
}

Surface sampleWeights(const WeightPlane& plane, const Grid& grid, const WeightSample& sample, int workers,
                      int threadsPerWorker, const JobContext& context,
                      const std::function<void(const Surface&)>& onLevel) {
  if (plane.dimensions() != grid.dimensions()) {
    throw Error(ErrorKind::Usage, "the grid and what it lies in have different numbers of directions", "directions");
  }
  if (!sample.images.defined() || sample.images.size(0) == 0 || sample.images.size(0) != sample.labels.size(0) ||
      sample.batchSize < 1) {
    throw Error(ErrorKind::Usage, "networks are judged by at least one image, each with its label", "landscape");
  }
  const PointFunction values = [&](const torch::Tensor& coordinates) {
    const torch::NoGradGuard noGradients;
    const double* place = coordinates.const_data_ptr<double>();
    return judged(plane.at(place[0], place[1]), sample, context);
  };
  return sampleSurface(grid, {"cross_entropy", "accuracy"}, values, {1, workers, threadsPerWorker}, context, onLevel);
}

}  // namespace whorl
