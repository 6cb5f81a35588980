// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/image/image.h"
#include "core/image/perturbation.h"

namespace whorl {

/// A cloudy pattern [1,height,width] in [0,1]: diamond-square on a torus with a power of two of points, cut to size.
/// `decay`: by which each octave's disturbance is weaker than the one before. As the published fog, whose disturbance
/// is uniform with the square of the octave's weight.
Image plasma(int height, int width, double decay, Random& random);

/// The perturbation of spatter.cpp, which the family of weather lists.
PerturbationDeclaration spatterDeclaration();

}  // namespace whorl
