// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

#include "core/image/image.h"

namespace whorl {

/// What the trial of a TorchScript module may cost.
struct TorchScriptLimits {
  double seconds = 60;                                 ///< by the clock; and of one processor's time
  std::uint64_t memoryBytes = std::uint64_t{4} << 30;  ///< beside what LibTorch itself maps
};

/// Loads the module in a process of its own (the helper whorl-torchscript-probe) and asks it there for logits and for a
/// gradient of two grey images, because a TorchScript file is a program: it may never end, take all memory or crash.
/// Returns where loadTorchScript() in this process may be tried. Error(BadInput) says what the module did instead;
/// Error(Failed) where the helper can't be found or started: then nothing is loaded at all. Error(Cancelled) within a
/// tenth of a second of a stop. No sandbox: the helper may write no files, but it runs with the user's rights.
void probeTorchScript(const std::filesystem::path& path, const ImageShape& input, const std::vector<double>& mean,
                      const std::vector<double>& scale, const TorchScriptLimits& limits = {},
                      const std::stop_token& stop = {});

/// The environment variable that names the helper's file where it does not lie beside the program or the engine.
inline constexpr const char* kTorchScriptProbeVariable = "WHORL_TORCHSCRIPT_PROBE";

}  // namespace whorl
