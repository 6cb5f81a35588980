// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <vector>

#include "core/detect/detector.h"

namespace whorl {

/// A detector that is a choice of statistics and of what is made of them. Not an interface of the room.
struct StatisticLine {
  OperationSpec spec;
  std::string statistics;                     ///< separated by commas; "": the parameter `statistics` says
  enum class Head { Raw, Logistic, Output };  ///< Output: the parameter `output` says
  Head head = Head::Raw;
  std::string scaling;  ///< of the regression's columns; "": the parameter `scaling` says
  DetectorNeeds needs;  ///< with default parameters

  std::vector<std::string> statisticsOf(const Parameters& parameters) const;
  bool isLogistic(const Parameters& parameters) const;
  std::string scalingOf(const Parameters& parameters) const;
};

/// The table: all of them.
const std::vector<StatisticLine>& statisticLines();

}  // namespace whorl
