// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <torch/types.h>

#include "core/attack/objective.h"
#include "core/attack/projection.h"
#include "core/nn/classifier.h"

namespace whorl {

/// Adversarial images as an 8-bit file can hold them.
struct QuantisedImages {
  torch::Tensor images;    ///< [B,C,H,W]: every pixel k/255, inside the ball
  torch::Tensor survived;  ///< [B] bool: still fools the classifier
  torch::Tensor naive;     ///< [B] bool: rounding to nearest, without a thought for ball or class, would do
};

/// Rounds adversarial images to 8 bits so that they stay adversarial. Rounding to nearest is kept where it fools and
/// stays in the ball; elsewhere pixels start from the neighbour that is nearer to the original (which can't leave a
/// ball that the image is in), and those whose other neighbour raises the margin most are moved there, as far as the
/// ball lets them. `original` and `adversarial` [B,C,H,W]; epsilon < 0: no ball (minimal-norm attacks).
QuantisedImages quantise(const Classifier& classifier, const torch::Tensor& original, const torch::Tensor& adversarial,
                         const AttackAims& aims, Norm norm, double epsilon);

}  // namespace whorl
