// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/experiment/comparison.h"
#include "core/service/engine.h"

namespace whorl {

/// A row's training spelled out: its preset's values, then its own. Error(BadInput) with the recipe's line for a preset
/// that isn't there, Error(Usage) for parameters that the objective doesn't have.
TrainRequest trainingOf(const Engine& engine, const Comparison& comparison, const ComparedModel& model);

}  // namespace whorl
