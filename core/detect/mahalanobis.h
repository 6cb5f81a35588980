// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/detect/statistic.h"

namespace whorl {

/// Smallest Mahalanobis distance of the last hidden layer to a class's mean under the covariance that the classes share
/// (Lee et al. 2018, equations 1 and 2; without their input preprocessing and without earlier layers). Directions in
/// which the training images don't vary don't count.
StatisticEntry mahalanobisStatistic();

}  // namespace whorl
