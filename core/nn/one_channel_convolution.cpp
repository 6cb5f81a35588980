// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/nn/one_channel_convolution.h"

#include <torch/csrc/autograd/custom_function.h>

#include <ATen/ops/col2im.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/matmul.h>

namespace whorl {
namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

class OneChannel : public torch::autograd::Function<OneChannel> {
 public:
  static Tensor forward(AutogradContext* context, const Tensor& x, const Tensor& weight, const Tensor& bias,
                        std::int64_t padding) {
    context->save_for_backward({weight});
    context->saved_data["padding"] = padding;
    context->saved_data["height"] = x.size(2);
    context->saved_data["width"] = x.size(3);
    return at::conv2d(x, weight, bias, 1, padding);
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const Tensor weight = context->get_saved_variables()[0];
    const Tensor& gradient = gradients[0];
    const std::int64_t padding = context->saved_data["padding"].toInt();
    const std::int64_t kernel = weight.size(2);
    const std::int64_t pixels = gradient.size(2) * gradient.size(3);
    // [B,k²,P]: what each output pixel gives back to each of its input pixels; the layout of `gradient` is [B,P,O].
    const Tensor rows = gradient.permute({0, 2, 3, 1}).reshape({gradient.size(0) * pixels, gradient.size(1)});
    const Tensor columns =
        at::matmul(rows, weight.reshape({weight.size(0), kernel * kernel})).view({gradient.size(0), pixels, -1});
    const Tensor x = at::col2im(columns.transpose(1, 2).to(torch::kFloat32),
                                {context->saved_data["height"].toInt(), context->saved_data["width"].toInt()},
                                {kernel, kernel}, {1, 1}, {padding, padding}, {1, 1});
    return {x.to(gradient.scalar_type()), Tensor(), Tensor(), Tensor()};
  }
};

}  // namespace

Tensor oneChannelConvolution(const Tensor& x, const Tensor& weight, const Tensor& bias, std::int64_t padding) {
  return OneChannel::apply(x, weight, bias, padding);
}

}  // namespace whorl
