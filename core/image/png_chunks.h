// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <string_view>

namespace whorl {

/// The PNG file with only those chunks that decide pixels (IHDR, PLTE, tRNS, IDAT, IEND), each with the right checksum.
/// libpng prints lines of its own on stderr about damaged chunks and about odd comments or colour profiles, which
/// OpenCV gives nobody a way to turn off; what it doesn't see it doesn't talk about. Error(BadInput) with `where` for
/// one of these chunks whose checksum is wrong. `png` must be whole (ImageHeader::truncated).
std::string pixelChunks(std::string_view png, const std::string& where);

}  // namespace whorl
