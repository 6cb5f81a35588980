// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/detect/statistic.h"

namespace whorl {

/// Noise-induced change of the log-odds (Roth, Kilcher, Hofmann 2019): with y the predicted class,
/// max_z (E_η[g_yz(x,η)] − μ_yz) / σ_yz, g_yz(x,η) = (h_z − h_y)(x + η) − (h_z − h_y)(x); μ and σ are those of g over
/// training images predicted as y and over the noise. One noise law and no thresholds of their own for the pairs; the
/// noise is the same for all images. Parameters odds_noise, odds_sigma, odds_draws, odds_images.
StatisticEntry oddsStatistic();

}  // namespace whorl
