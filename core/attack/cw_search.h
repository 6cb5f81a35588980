// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>

#include <torch/types.h>

#include "core/attack/attack.h"

namespace whorl {

/// The trade-off constants of some images and their brackets, each [A] in double.
struct ConstantSearch {
  static constexpr double kOpen = 1e9;  ///< a bracket whose upper end is not below it has none yet

  torch::Tensor constant;
  torch::Tensor low;
  torch::Tensor high;

  /// The same start for `count` images.
  ConstantSearch(double initial, std::int64_t count, const torch::TensorOptions& options);
  /// The published rule, for the images where `ended` [A] bool: success → high = c, failure → low = c; then the middle,
  /// or 10 c while there is no upper end.
  void update(const torch::Tensor& ended, const torch::Tensor& success);
  void select(const torch::Tensor& rows);
};

/// Adam in the space of w, where an image is (tanh w + 1) / 2; each image with its own age, since search steps begin
/// at different times.
class TanhAdam {
 public:
  /// images [A,C,H,W], pulled by `shrink` < 1 to the middle of the box, so that w is finite and every pixel can move.
  TanhAdam(const torch::Tensor& images, double shrink);

  const torch::Tensor& images() const { return m_images; }
  const torch::Tensor& w() const { return m_w; }
  /// ∂image/∂w at images(): greater than 0 even where an image has rounded to 0 or 1.
  const torch::Tensor& slope() const { return m_slope; }

  /// One step down `gradient` (with respect to w); rates [A].
  void step(const torch::Tensor& gradient, const torch::Tensor& rates);
  /// The images at `places` [E] go to w [E,C,H,W], with a new Adam.
  void restart(const torch::Tensor& places, const torch::Tensor& w);
  void select(const torch::Tensor& rows);

 private:
  void refresh();

  torch::Tensor m_w;
  torch::Tensor m_images;
  torch::Tensor m_slope;
  torch::Tensor m_first;   ///< Adam's mean
  torch::Tensor m_second;  ///< of squares
  torch::Tensor m_age;     ///< [A] steps since the last restart, in double
};

/// The attack on one batch (cw.h).
AttackOutcome runCarliniWagner(const Classifier& classifier, const AttackRequest& request, const Parameters& parameters,
                               const JobContext& context);

}  // namespace whorl
