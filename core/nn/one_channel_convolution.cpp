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
    // [B,k²,P]: what each output pixel gives back to each of its input pixels.
    const Tensor kernels = weight.reshape({weight.size(0), kernel * kernel}).t();
    // col2im knows no bfloat16.
    const auto type = gradient.scalar_type() == torch::kFloat64 ? torch::kFloat64 : torch::kFloat32;
    const Tensor columns = at::matmul(kernels, gradient.flatten(2)).to(type);
    const Tensor x = at::col2im(columns, {context->saved_data["height"].toInt(), context->saved_data["width"].toInt()},
                                {kernel, kernel}, {1, 1}, {padding, padding}, {1, 1});
    return {x.to(gradient.scalar_type()), Tensor(), Tensor(), Tensor()};
  }
};

}  // namespace

Tensor oneChannelConvolution(const Tensor& x, const Tensor& weight, const Tensor& bias, std::int64_t padding) {
  return OneChannel::apply(x, weight, bias, padding);
}

}  // namespace whorl
