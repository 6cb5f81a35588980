// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/landscape/plane.h"

#include <ATen/ops/addmm.h>
#include <ATen/ops/stack.h>

#include "core/base/error.h"

namespace whorl {
namespace {

/// What is left of the second direction, beside its length: below it the rest is noise rather than a direction.
constexpr double kDependent = 1e-3;

double lengthOf(const torch::Tensor& vector) { return vector.norm().item<double>(); }

torch::Tensor checkedDirection(const torch::Tensor& direction, const torch::Tensor& image, std::size_t number) {
  const std::string where = "direction " + std::to_string(number + 1);
  if (direction.numel() != image.numel()) {
    throw Error(
        ErrorKind::BadInput,
        "it has " + std::to_string(direction.numel()) + " numbers, the image has " + std::to_string(image.numel()),
        where);
  }
  torch::Tensor vector = direction.detach().to(image.device(), torch::kFloat64).flatten();
  if (!vector.isfinite().all().item<bool>()) throw Error(ErrorKind::BadInput, "it holds NaN or infinity", where);
  // Beside its largest number first: the square of a tiny gradient would be 0.
  const double largest = vector.abs().max().item<double>();
  if (largest == 0) {
    throw Error(ErrorKind::BadInput, "it is 0: it leads nowhere", where, "choose another direction, image or attack");
  }
  vector = vector / largest;
  return vector / lengthOf(vector);
}

}  // namespace

PlaneScale parsePlaneScale(const std::string& name) {
  for (const PlaneScale scale : {PlaneScale::Linf, PlaneScale::L2}) {
    if (planeScaleName(scale) == name) return scale;
  }
  throw Error(ErrorKind::Usage, "there is no scale \"" + name + "\"", "scale", "one of linf, l2");
}

std::string planeScaleName(PlaneScale scale) { return scale == PlaneScale::Linf ? "linf" : "l2"; }

Plane::Plane(const torch::Tensor& image, const std::vector<torch::Tensor>& directions, PlaneScale scale, bool clip)
    : m_image(image.detach().clone()), m_clip(clip) {
  if (directions.empty() || directions.size() > 2) {
    throw Error(ErrorKind::Usage, std::to_string(directions.size()) + " directions span no landscape", "directions",
                "one for a line, two for a plane");
  }
  std::vector<torch::Tensor> axes;
  for (std::size_t i = 0; i < directions.size(); ++i) {
    torch::Tensor rest = checkedDirection(directions[i], m_image, i);
    // Twice: the second time takes away what rounding left of the first.
    for (int pass = 0; pass < 2; ++pass) {
      for (const torch::Tensor& axis : axes) rest = rest - axis * axis.dot(rest);
    }
    const double length = lengthOf(rest);
    if (length < kDependent) {
      throw Error(ErrorKind::Usage, "the two directions are the same, or nearly", "directions",
                  "choose another one, or other parameters for one of them");
    }
    axes.push_back(rest / length);
  }
  if (scale == PlaneScale::Linf) {
    for (torch::Tensor& axis : axes) axis = axis / axis.abs().max();
  }
  m_axes = at::stack(axes);
}

torch::Tensor Plane::at(const torch::Tensor& coordinates) const {
  const torch::NoGradGuard noGradients;
  const auto options = m_image.options();
  const torch::Tensor steps = coordinates.narrow(1, 0, m_axes.size(0)).to(options);
  torch::Tensor points = at::addmm(m_image.view({1, -1}), steps, m_axes.to(options));
  if (m_clip) points.clamp_(0, 1);
  return points.view({coordinates.size(0), m_image.size(1), m_image.size(2), m_image.size(3)});
}

std::vector<Plane::Place> Plane::locate(const torch::Tensor& images) const {
  const torch::NoGradGuard noGradients;
  const torch::Tensor axes = m_axes;
  const torch::Tensor away =
      images.to(axes.device(), torch::kFloat64).flatten(1) - m_image.to(torch::kFloat64).view({1, -1});
  const torch::Tensor places = away.matmul(axes.t()) / axes.square().sum(1);
  const torch::Tensor distances = (away - places.matmul(axes)).norm(2, 1).to(torch::kCPU).contiguous();
  const torch::Tensor host = places.to(torch::kCPU).contiguous();
  std::vector<Place> located(static_cast<std::size_t>(images.size(0)));
  const std::int64_t dimensions = axes.size(0);
  for (std::size_t i = 0; i < located.size(); ++i) {
    const double* place = host.const_data_ptr<double>() + static_cast<std::int64_t>(i) * dimensions;
    located[i] = {place[0], dimensions == 2 ? place[1] : 0, distances.const_data_ptr<double>()[i]};
  }
  return located;
}

}  // namespace whorl
