// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/detect/squeezing.h"

#include <algorithm>
#include <charconv>
#include <functional>
#include <string_view>
#include <utility>

#include <ATen/ops/avg_pool2d.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/kthvalue.h>
#include <ATen/ops/maximum.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros_like.h>

#include "core/base/error.h"
#include "core/detect/text_list.h"

namespace whorl {
namespace {

using torch::Tensor;
constexpr std::int64_t kPixelsTogether = 24 << 10;

using Squeezer = std::function<Tensor(const Tensor&)>;

/// Rows and columns continued by `before` and `after`, mirrored at the edge itself (… b a | a b …).
Tensor mirrored(const Tensor& images, int before, int after) {
  Tensor result = images;
  for (const std::int64_t dimension : {2, 3}) {
    const std::int64_t size = images.size(dimension);
    std::vector<std::int64_t> places;
    for (std::int64_t i = -before; i < size + after; ++i) {
      const std::int64_t period = 2 * size;
      const std::int64_t wrapped = ((i % period) + period) % period;
      places.push_back(wrapped < size ? wrapped : period - 1 - wrapped);
    }
    result = result.index_select(dimension, at::tensor(places, torch::kInt64).to(images.device()));
  }
  return result;
}

[[noreturn]] void throwUnknown(const std::string& name) {
  throw Error(ErrorKind::Usage, "there is no squeezer \"" + name + "\"", "squeezers",
              "bits1 to bits8, median2 to median5, nlmW-P-S with odd W and P, such as nlm13-3-2; or published");
}

/// The numbers after `prefix`, separated by "-"; empty if that's not what the name is.
std::vector<int> numbersAfter(std::string_view name, std::string_view prefix) {
  if (!name.starts_with(prefix)) return {};
  std::vector<int> numbers;
  const char* at = name.data() + prefix.size();
  const char* const end = name.data() + name.size();
  for (;;) {
    int number = 0;
    const auto [read, problem] = std::from_chars(at, end, number);
    if (problem != std::errc()) return {};
    numbers.push_back(number);
    if (read == end) return numbers;
    if (*read != '-') return {};
    at = read + 1;
  }
}

Squeezer squeezerOf(const std::string& name) {
  if (const auto n = numbersAfter(name, "bits"); n.size() == 1 && n[0] >= 1 && n[0] <= 8) {
    return [bits = n[0]](const Tensor& images) { return reduceBits(images, bits); };
  }
  if (const auto n = numbersAfter(name, "median"); n.size() == 1 && n[0] >= 2 && n[0] <= 5) {
    return [size = n[0]](const Tensor& images) { return medianFilter(images, size); };
  }
  const auto n = numbersAfter(name, "nlm");
  const bool odd = n.size() == 3 && n[0] % 2 == 1 && n[1] % 2 == 1;
  if (odd && n[0] >= 3 && n[0] <= 35 && n[1] >= 1 && n[1] <= 15 && n[2] >= 1 && n[2] <= 255) {
    return [n](const Tensor& images) { return nonLocalMeans(images, n[0], n[1], n[2] / 255.0); };
  }
  throwUnknown(name);
}

Tensor nonLocalMeansOfSome(const Tensor& images, int window, int patch, double strength) {
  const int reach = window / 2;
  const int border = patch / 2;
  const std::int64_t height = images.size(2);
  const std::int64_t width = images.size(3);
  const Tensor padded = mirrored(images, reach + border, reach + border);
  const auto shifted = [&](int row, int column, int margin) {
    return padded.narrow(2, reach + border + row - margin, height + 2 * margin)
        .narrow(3, reach + border + column - margin, width + 2 * margin);
  };
  const Tensor centre = shifted(0, 0, border);
  Tensor sum = at::zeros_like(images);
  Tensor weights = at::zeros_like(images.narrow(1, 0, 1));
  for (int row = -reach; row <= reach; ++row) {
    for (int column = -reach; column <= reach; ++column) {
      const Tensor difference = (shifted(row, column, border) - centre).square().mean(1, /*keepdim=*/true);
      const Tensor distance = at::avg_pool2d(difference, patch, /*stride=*/1);
      const Tensor weight = (distance / (-strength * strength)).exp_();
      weights += weight;
      sum += weight * shifted(row, column, 0);
    }
  }
  return sum / weights;
}

class SqueezingStatistic : public Statistic {
 public:
  SqueezingStatistic(const Model& model, const Parameters& parameters) : m_classifier(model.classifier) {
    std::string names = parameters.text("squeezers");
    if (names == "published") {
      names = m_classifier->inputShape().channels == 1 ? "bits1,median2" : "bits5,median2,nlm13-3-2";
    }
    for (const std::string& name : splitList(names)) m_squeezers.push_back(squeezerOf(name));
    if (m_squeezers.empty()) throwUnknown("");
  }

  Tensor values(const Tensor& images, const Tensor&) const override {
    const Tensor before = probabilities(images);
    Tensor largest;
    for (const Squeezer& squeezer : m_squeezers) {
      const Tensor distance = (probabilities(squeezer(images)) - before).abs().sum(1, /*keepdim=*/true);
      largest = largest.defined() ? at::maximum(largest, distance) : distance;
    }
    return largest;
  }

 private:
  Tensor probabilities(const Tensor& images) const {
    return m_classifier->logits(images).to(torch::kFloat64).softmax(1);
  }

  std::shared_ptr<const Classifier> m_classifier;
  std::vector<Squeezer> m_squeezers;
};

}  // namespace

Tensor reduceBits(const Tensor& images, int bits) {
  const double levels = static_cast<double>((1 << bits) - 1);
  return (images * levels).round() / levels;
}

Tensor medianFilter(const Tensor& images, int size) {
  const Tensor padded = mirrored(images, size / 2, size - 1 - size / 2);
  std::vector<Tensor> shifted;
  for (int row = 0; row < size; ++row) {
    for (int column = 0; column < size; ++column) {
      shifted.push_back(padded.narrow(2, row, images.size(2)).narrow(3, column, images.size(3)));
    }
  }
  return std::get<0>(at::kthvalue(at::stack(shifted), size * size / 2 + 1, 0));
}

Tensor nonLocalMeans(const Tensor& images, int window, int patch, double strength) {
  // Some images at a time: what all offsets read and write again stays in the cache.
  const std::int64_t size = std::max<std::int64_t>(1, images.numel() / std::max<std::int64_t>(1, images.size(0)));
  std::vector<Tensor> filtered;
  for (const Tensor& some : images.split(std::max<std::int64_t>(1, kPixelsTogether / size))) {
    filtered.push_back(nonLocalMeansOfSome(some, window, patch, strength));
  }
  return at::cat(filtered);
}

StatisticEntry squeezingStatistic() {
  return {"feature-squeezing",
          {ParameterSpec::text("squeezers", "published",
                               "Names separated by commas: bits1 to bits8, median2 to median5, nlmW-P-S; published: "
                               "bits1,median2 for grey images, bits5,median2,nlm13-3-2 for colour")},
          [](const Model& model, const Parameters& parameters) {
            return std::unique_ptr<Statistic>(std::make_unique<SqueezingStatistic>(model, parameters));
          }};
}

}  // namespace whorl
