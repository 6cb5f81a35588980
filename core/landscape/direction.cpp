// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/landscape/direction.h"

#include <cmath>

#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/linalg_eigh.h>

#include "core/attack/objective.h"
#include "core/base/error.h"
#include "core/base/random.h"

namespace whorl {
namespace {

constexpr std::int64_t kLastIndex = 1'000'000'000;
constexpr std::int64_t kMostComponents = 8;

torch::Tensor gradient(const DirectionSource& source, const Parameters& parameters) {
  if (!source.classifier->differentiable()) {
    throw Error(ErrorKind::BadInput, "the model gives no gradients", "gradient", "choose a random direction");
  }
  const AttackAims aims{at::full({1}, source.label, torch::kInt64).to(source.image.device()), {}, {}};
  const auto result =
      lossGradient(makeObjective(parameters.text("loss")), *source.classifier, source.image, aims).gradient;
  if (result.abs().max().item<double>() == 0) {
    throw Error(ErrorKind::BadInput, "the gradient of the loss is exactly 0 at this image", "gradient",
                "the softmax is saturated: take the loss margin");
  }
  return result;
}

/// Independent numbers, the same on every platform and device.
torch::Tensor drawn(const DirectionSource& source, double (*draw)(Random&)) {
  torch::Tensor numbers = at::empty({source.image.numel()}, torch::kFloat64);
  Random random(source.seed);
  double* values = numbers.mutable_data_ptr<double>();
  for (std::int64_t i = 0; i < numbers.numel(); ++i) values[i] = draw(random);
  return numbers.view(source.image.sizes());
}

torch::Tensor towardsImage(const DirectionSource& source, const Parameters& parameters) {
  const std::int64_t index = parameters.integer("index");
  if (!source.otherImage) {
    throw Error(ErrorKind::Usage, "there is no data set to take another image from", "image", "name a data set");
  }
  const torch::Tensor difference = source.otherImage(index) - source.image;
  if (difference.abs().max().item<double>() == 0) {
    throw Error(ErrorKind::Usage, "image " + std::to_string(index) + " is the image itself", "image: index",
                "choose another one");
  }
  return difference;
}

const torch::Tensor& pathOf(const DirectionSource& source, const char* name) {
  if (!source.path.defined() || source.path.size(0) == 0) {
    throw Error(ErrorKind::Usage, "the direction needs an attack", name, "name one");
  }
  return source.path;
}

torch::Tensor towardsAdversarial(const DirectionSource& source, const Parameters&) {
  const torch::Tensor& path = pathOf(source, "adversarial");
  const torch::Tensor difference = path.narrow(0, path.size(0) - 1, 1) - source.image;
  if (difference.abs().max().item<double>() == 0) {
    throw Error(ErrorKind::BadInput, "the attack did not change the image", "adversarial",
                "it failed, or the image was misclassified before");
  }
  return difference;
}

torch::Tensor ofMask(const DirectionSource& source, const Parameters&) {
  if (!source.mask.defined()) throw Error(ErrorKind::Usage, "there is no mask", "mask", "name an image file");
  if (source.mask.abs().max().item<double>() == 0) {
    throw Error(ErrorKind::BadInput, "the mask is black everywhere", "mask", "paint white where pixels are to change");
  }
  return source.mask;
}

/// The principal components of x_t − x_0, not centred: of all planes through the image the first two span the one that
/// the path strays least from. (Li et al. 2018 do so with the iterates of a training, from its end.)
torch::Tensor component(const DirectionSource& source, const Parameters& parameters) {
  const torch::Tensor& path = pathOf(source, "pca");
  const std::int64_t number = parameters.integer("component");
  const torch::Tensor away = (path - source.image).flatten(1).to(torch::kFloat64);
  const std::int64_t steps = away.size(0);
  // Of the Gram matrix, T x T: a path is short, an image is not. Eigenvalues come ascending.
  const auto [values, vectors] = at::linalg_eigh(away.matmul(away.t()));
  const double largest = values[steps - 1].item<double>();
  if (number > steps || !(values[steps - number].item<double>() > 1e-10 * largest)) {
    throw Error(ErrorKind::BadInput,
                "the attack's path has no component " + std::to_string(number) +
                    ": it doesn't move in so many "
                    "directions",
                "pca", "choose an attack of more steps, or another direction");
  }
  const torch::Tensor direction = away.t().mv(vectors.select(1, steps - number));
  // An eigenvector has no sign of its own: the path ends on the positive side.
  const bool behind = away[steps - 1].dot(direction).item<double>() < 0;
  return (behind ? -direction : direction).view(source.image.sizes());
}

OperationSpec spec(const char* name, const char* title, const char* summary,
                   std::vector<ParameterSpec> parameters = {}) {
  return {name, title, summary, "", std::move(parameters)};
}

ParameterSpec lossParameter() {
  return ParameterSpec::choice("loss", "cross_entropy", attackLosses(), "Loss of the image's class that rises");
}

std::vector<DirectionEntry> makeTable() {
  std::vector<DirectionEntry> table;
  table.push_back(
      {spec("gradient", "Gradient", "Where the loss rises fastest in L2", {lossParameter()}), false, false, gradient});
  table.push_back({spec("gradient-sign", "Gradient sign", "Where the loss rises fastest in Linf: what FGSM adds",
                        {lossParameter()}),
                   false, false, [](const DirectionSource& source, const Parameters& parameters) {
                     return gradient(source, parameters).sign();
                   }});
  table.push_back({spec("gaussian", "Gaussian noise", "Independent normal numbers, from the seed"), false, false,
                   [](const DirectionSource& source, const Parameters&) {
                     return drawn(source, [](Random& random) { return random.normal(); });
                   }});
  table.push_back({spec("rademacher", "Random signs", "Plus or minus one with equal chances, from the seed"), false,
                   false, [](const DirectionSource& source, const Parameters&) {
                     return drawn(source, [](Random& random) { return random.bernoulli(0.5) ? 1.0 : -1.0; });
                   }});
  table.push_back({spec("image", "Another image", "Towards another test image of the data set",
                        {ParameterSpec::integer("index", 0, 0, kLastIndex, "", "Its place among the test images")}),
                   false, true, towardsImage});
  table.push_back({spec("adversarial", "Adversarial example", "Towards what an attack made of the image"), true, false,
                   towardsAdversarial});
  table.push_back({spec("pca", "Attack's path", "A principal component of the path that an attack took",
                        {ParameterSpec::integer("component", 1, 1, kMostComponents, "",
                                                "1 for the one along which the path is longest")}),
                   true, false, component});
  table.push_back(
      {spec("mask", "A mask", "Brighter where a mask image is white, by its grey values"), false, false, ofMask, true});
  return table;
}

}  // namespace

const std::vector<DirectionEntry>& landscapeDirections() {
  static const std::vector<DirectionEntry> table = makeTable();
  return table;
}

const DirectionEntry& findDirection(const std::string& name) {
  std::string known;
  for (const DirectionEntry& entry : landscapeDirections()) {
    if (entry.spec.name == name) return entry;
    known += (known.empty() ? "" : ", ") + entry.spec.name;
  }
  throw Error(ErrorKind::Usage, name.empty() ? "no direction was named" : "there is no direction \"" + name + "\"",
              "directions", "one of " + known);
}

torch::Tensor makeDirection(const std::string& name, const Parameters& parameters, const DirectionSource& source,
                            int axis) {
  const DirectionEntry& entry = findDirection(name);
  DirectionSource own = source;
  own.seed = mixSeed(mixSeed(source.seed, "landscape direction"), static_cast<std::uint64_t>(axis));
  return entry.make(own, resolve(name, entry.spec.parameters, parameters)).detach();
}

}  // namespace whorl
