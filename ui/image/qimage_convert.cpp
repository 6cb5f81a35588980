// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/image/qimage_convert.h"

#include <QColor>

#include <algorithm>
#include <cmath>

namespace whorl::ui {
namespace {

int level(double value) { return static_cast<int>(std::lround(std::clamp(value, 0.0, 1.0) * 255)); }

QRgb blend(const QColor& from, const QColor& to, double amount) {
  const auto channel = [amount](int a, int b) { return static_cast<int>(std::lround(a + (b - a) * amount)); };
  return qRgb(channel(from.red(), to.red()), channel(from.green(), to.green()), channel(from.blue(), to.blue()));
}

/// Diverging: blue for less, orange for more, the ground for nothing; the square root lets small changes show.
QRgb diverging(double value, bool dark) {
  static const QColor kLess(0x0072b2), kMore(0xd55e00), kLessDark(0x56b4e9), kMoreDark(0xf0902c);
  const QColor ground = dark ? QColor(0x17, 0x1a, 0x1f) : QColor(0xfa, 0xfa, 0xfa);
  const double amount = std::sqrt(std::clamp(std::abs(value), 0.0, 1.0));
  if (value < 0) return blend(ground, dark ? kLessDark : kLess, amount);
  return blend(ground, dark ? kMoreDark : kMore, amount);
}

}  // namespace

QImage toQImage(const Image& image) {
  const auto [channels, height, width] = image.shape;
  if (image.pixels.empty()) return {};
  QImage out(width, height, QImage::Format_RGB32);
  for (int y = 0; y < height; ++y) {
    auto* line = reinterpret_cast<QRgb*>(out.scanLine(y));
    for (int x = 0; x < width; ++x) {
      if (channels == 1) {
        const int grey = level(image.at(0, y, x));
        line[x] = qRgb(grey, grey, grey);
      } else {
        line[x] = qRgb(level(image.at(0, y, x)), level(image.at(1, y, x)), level(image.at(2, y, x)));
      }
    }
  }
  return out;
}

double largestDifference(const Image& a, const Image& b) {
  if (a.shape != b.shape) return 0;
  double largest = 0;
  for (std::size_t i = 0; i < a.pixels.size(); ++i) {
    largest = std::max(largest, std::abs(static_cast<double>(b.pixels[i]) - a.pixels[i]));
  }
  return largest;
}

QImage differenceImage(const Image& a, const Image& b, double amplification, DifferenceChannels channels, bool dark) {
  if (a.shape != b.shape || a.pixels.empty()) return {};
  QImage out(a.shape.width, a.shape.height, QImage::Format_RGB32);
  const bool colour = a.shape.channels >= 3 && channels == DifferenceChannels::All;
  const int channel = std::clamp(static_cast<int>(channels) - 1, 0, a.shape.channels - 1);
  const auto change = [&](int c, int y, int x) {
    return (static_cast<double>(b.at(c, y, x)) - a.at(c, y, x)) * amplification;
  };
  for (int y = 0; y < a.shape.height; ++y) {
    auto* line = reinterpret_cast<QRgb*>(out.scanLine(y));
    for (int x = 0; x < a.shape.width; ++x) {
      if (colour) {
        const auto around = [&](int c) { return level(0.5 + 0.5 * change(c, y, x)); };
        line[x] = qRgb(around(0), around(1), around(2));
      } else {
        line[x] = diverging(change(channel, y, x), dark);
      }
    }
  }
  return out;
}

}  // namespace whorl::ui
