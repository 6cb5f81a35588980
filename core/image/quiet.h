// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

namespace whorl {

/// While one lives, what its thread writes to std::cerr is dropped; other threads are heard. OpenCV's decoders report
/// what they throw there as well, whatever its log level is, and the error is ours to tell. Lives in one scope, may
/// nest.
class QuietErrorStream {
 public:
  QuietErrorStream();
  ~QuietErrorStream();
  QuietErrorStream(const QuietErrorStream&) = delete;
  QuietErrorStream& operator=(const QuietErrorStream&) = delete;
};

}  // namespace whorl
