// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QImage>
#include <QPalette>

#include "core/service/types.h"

namespace whorl::ui {

/// What is shown of an image: 8 bits a channel, rounded to nearest; values outside [0,1] are cut.
QImage toQImage(const Image& image);

/// Which channels a difference is drawn from.
enum class DifferenceChannels { All, Red, Green, Blue };

/// The largest |b - a|, 0 for different shapes.
double largestDifference(const Image& a, const Image& b);

/// b - a, times `amplification`: less is blue, more is orange, nothing is the neutral ground (light or dark). Of colour
/// images All draws the three channels around mid-grey. Null if the shapes differ.
QImage differenceImage(const Image& a, const Image& b, double amplification, DifferenceChannels channels, bool dark);

}  // namespace whorl::ui
