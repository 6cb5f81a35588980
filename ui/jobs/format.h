// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>

#include <cstdint>
#include <exception>
#include <optional>

#include "core/service/types.h"

namespace whorl::ui {

// Numbers as people read them: sensible digits, always a unit. Any thread.

/// "under a second", "12 s", "3 min 05 s", "1 h 02 min"; "" for negative or unusable numbers.
QString durationText(double seconds);
/// "11.6 MB" (powers of 1000); "0 bytes".
QString bytesText(std::uint64_t bytes);
/// "4,150/s", "0.25/s": three significant digits, whole above 100.
QString rateText(double perSecond);
/// 0.9957 → "99.57 %".
QString percentText(double share, int decimals = 2);
/// "60,000"
QString countText(std::int64_t count);
/// Four significant digits, without superfluous zeros: "0.0124", "1.5e-05"; "–" for NaN.
QString numberText(double value, int digits = 4);

/// What a job has thrown, as sentences for an inline message; "" for null.
QString errorText(const std::exception_ptr& error);

}  // namespace whorl::ui
