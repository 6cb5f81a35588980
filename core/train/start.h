// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <filesystem>
#include <string>

#include "core/nn/network.h"

namespace whorl {

/// Gives `network` the weights of a model file or of a training checkpoint, and returns the file's SHA-256.
/// Error(BadInput) for other files, other architectures, inputs, classes or normalisations (a model must see images as
/// training does).
std::string loadStart(Network& network, const std::filesystem::path& file);

}  // namespace whorl
