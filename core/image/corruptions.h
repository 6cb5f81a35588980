// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <vector>

namespace whorl {

/// Perturbations that are measured together, each at severities 1 to 5.
struct CorruptionSuite {
  std::string name;
  std::string title;
  std::string reference;
  std::vector<std::string> perturbations;  ///< of perturbations(), all with severities
};

/// The table.
const std::vector<CorruptionSuite>& corruptionSuites();
/// Error(Usage) that lists the known names.
const CorruptionSuite& findCorruptionSuite(const std::string& name);

}  // namespace whorl
