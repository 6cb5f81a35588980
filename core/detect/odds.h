// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/detect/statistic.h"

namespace whorl {

/// Noise-induced change of the log-odds (Roth, Kilcher, Hofmann 2019): with y the predicted class,
/// max_z (E_η[g_yz(x,η)] − μ_yz) / σ_yz, g_yz(x,η) = (h_z − h_y)(x + η) − (h_z − h_y)(x); μ and σ are those of g over
/// training images predicted as y and over the noise. With odds_pair_fpr each pair has a threshold of its own,
/// max_z (… − τ_yz), as published: the score is above 0 where one of them is passed. One noise law; the noise is the
/// same for all images. Parameters odds_noise, odds_sigma, odds_draws, odds_images, odds_pair_fpr.
StatisticEntry oddsStatistic();

}  // namespace whorl
