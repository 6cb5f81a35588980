// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/jobs/format.h"

#include <QCoreApplication>
#include <QLocale>

#include <cmath>

#include "ui/session/engine_session.h"

namespace whorl::ui {

namespace {

/// The texts are English, so are the numbers within them.
QLocale numbers() { return QLocale(QLocale::English, QLocale::UnitedStates); }

QString tr(const char* text) { return QCoreApplication::translate("format", text); }

}  // namespace

QString durationText(double seconds) {
  if (!std::isfinite(seconds) || seconds < 0) return {};
  if (seconds < 1) return tr("under a second");
  const auto whole = static_cast<std::int64_t>(std::llround(seconds));
  if (whole < 60) return tr("%1 s").arg(whole);
  if (whole < 3600) return tr("%1 min %2 s").arg(whole / 60).arg(whole % 60, 2, 10, QLatin1Char('0'));
  return tr("%1 h %2 min").arg(whole / 3600).arg(whole % 3600 / 60, 2, 10, QLatin1Char('0'));
}

QString bytesText(std::uint64_t bytes) {
  if (bytes < 1000) return tr("%1 bytes").arg(bytes);
  static const char* const kUnits[] = {"kB", "MB", "GB", "TB"};
  double value = static_cast<double>(bytes) / 1000;
  int unit = 0;
  while (value >= 999.5 && unit < 3) {
    value /= 1000;
    ++unit;
  }
  return numbers().toString(value, 'f', value < 99.95 ? 1 : 0) + u' ' + QLatin1String(kUnits[unit]);
}

QString rateText(double perSecond) {
  if (!std::isfinite(perSecond) || perSecond <= 0) return {};
  const QString value =
      perSecond >= 100 ? numbers().toString(std::llround(perSecond)) : numbers().toString(perSecond, 'g', 3);
  return tr("%1/s").arg(value);
}

QString percentText(double share, int decimals) {
  return std::isfinite(share) ? tr("%1 %").arg(numbers().toString(share * 100, 'f', decimals)) : QStringLiteral("–");
}

QString countText(std::int64_t count) { return numbers().toString(static_cast<qlonglong>(count)); }

QString numberText(double value, int digits) {
  return std::isnan(value) ? QStringLiteral("–") : QString::number(value, 'g', digits);
}

QString errorText(const std::exception_ptr& error) {
  if (!error) return {};
  try {
    std::rethrow_exception(error);
  } catch (const Error& e) {
    return errorText(e);
  } catch (const std::exception& e) {
    return QString::fromUtf8(e.what());
  } catch (...) {
    return tr("An unknown error ended the work.");
  }
}

}  // namespace whorl::ui
