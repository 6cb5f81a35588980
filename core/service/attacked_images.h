// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>

#include "core/service/types.h"

namespace whorl {

/// Images of a file that an attack wrote: `count` from `first`, fewer at its end. Reads only those. Error(BadInput) for
/// another file.
AttackedImages readAttackedImages(const std::filesystem::path& path, std::int64_t first, std::int64_t count);

}  // namespace whorl
