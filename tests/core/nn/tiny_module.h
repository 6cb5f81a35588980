// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <filesystem>
#include <string>

#include <ATen/ATen.h>
#include <torch/csrc/jit/api/module.h>

namespace whorl::test {

/// Writes a TorchScript classifier of images [1,16,16] with two classes, bright on the left and bright on the right;
/// its logits are `gain` times the halves' means. Without gradients if `detached`.
inline void writeTinyModule(const std::filesystem::path& path, float gain = 20, bool detached = false) {
  torch::jit::Module module("Halves");
  module.register_parameter("gain", at::full({}, gain), false);
  module.define(std::string("def forward(self, x):\n") + (detached ? "    x = x.detach()\n" : "") +
                "    left = torch.mean(x[:, :, :, :8], [1, 2, 3])\n"
                "    right = torch.mean(x[:, :, :, 8:], [1, 2, 3])\n"
                "    return self.gain * torch.stack([left, right], 1)\n");
  module.save(path.string());
}

}  // namespace whorl::test
