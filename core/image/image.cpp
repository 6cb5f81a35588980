// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/image/image.h"

namespace whorl {

std::string toText(const ImageShape& shape) {
  return std::to_string(shape.channels) + "x" + std::to_string(shape.height) + "x" + std::to_string(shape.width);
}

}  // namespace whorl
