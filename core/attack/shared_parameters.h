// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>

#include "core/base/parameters.h"

/// Declarations that attacks share, so that a parameter has one meaning everywhere.
namespace whorl::parameter {

ParameterSpec epsilon(double defaultValue, double maximum);
ParameterSpec stepSize(double defaultValue, std::string whenZero);
ParameterSpec steps(std::int64_t defaultValue);
ParameterSpec restarts();
ParameterSpec randomStart(bool defaultValue);
ParameterSpec startLaw();
ParameterSpec loss();
ParameterSpec targeted(bool defaultValue = false);
ParameterSpec stop(const std::string& defaultValue);
ParameterSpec stepSchedule();
ParameterSpec momentum(double defaultValue);
ParameterSpec learningRate(double defaultValue);
ParameterSpec confidence();
/// Of minimal-norm attacks.
ParameterSpec lineSearch(std::int64_t defaultValue);

}  // namespace whorl::parameter
