// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/landscape/plot_frame.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/landscape/contour.h"

namespace whorl {
namespace {

constexpr double kTick = 4;
constexpr double kSize = 11;

std::pair<double, double> widened(std::pair<double, double> range) {
  if (range.second > range.first) return range;
  const double more = range.first == 0 ? 1 : std::abs(range.first) * 0.05;
  return {range.first - more, range.second + more};
}

/// The part of a step from a to b that is within [0, 1] on both axes.
bool cut(DrawnPoint& a, DrawnPoint& b) {
  double from = 0;
  double to = 1;
  const double dx = b.x - a.x;
  const double dy = b.y - a.y;
  for (const auto& [way, room] : {std::pair{-dx, a.x}, {dx, 1 - a.x}, {-dy, a.y}, {dy, 1 - a.y}}) {
    if (way == 0 && room < 0) return false;
    if (way < 0) from = std::max(from, room / way);
    if (way > 0) to = std::min(to, room / way);
  }
  if (from > to) return false;
  b = {a.x + dx * to, a.y + dy * to};
  a = {a.x + dx * from, a.y + dy * from};
  return true;
}

/// Round numbers in a range, ends included.
std::vector<double> ticks(std::pair<double, double> range, int wanted) {
  const double slack = (range.second - range.first) * 1e-6;
  return contourLevels(range.first - slack, range.second + slack, wanted);
}

}  // namespace

PlotFrame::PlotFrame(DrawnPoint corner, double width, double height, std::pair<double, double> x,
                     std::pair<double, double> y)
    : m_corner(corner), m_width(width), m_height(height), m_x(widened(x)), m_y(widened(y)) {}

DrawnPoint PlotFrame::at(double x, double y) const {
  return {m_corner.x + (x - m_x.first) / (m_x.second - m_x.first) * m_width,
          m_corner.y + (m_y.second - y) / (m_y.second - m_y.first) * m_height};
}

std::vector<std::vector<DrawnPoint>> PlotFrame::inside(const std::vector<std::pair<double, double>>& line) const {
  std::vector<std::vector<DrawnPoint>> parts;
  const auto share = [this](const std::pair<double, double>& point) -> DrawnPoint {
    return {(point.first - m_x.first) / (m_x.second - m_x.first),
            (point.second - m_y.first) / (m_y.second - m_y.first)};
  };
  const auto place = [this](const DrawnPoint& share) -> DrawnPoint {
    return {m_corner.x + share.x * m_width, m_corner.y + (1 - share.y) * m_height};
  };
  bool open = false;
  for (std::size_t i = 1; i < line.size(); ++i) {
    DrawnPoint from = share(line[i - 1]);
    DrawnPoint to = share(line[i]);
    const DrawnPoint end = to;
    const bool numbers = std::isfinite(from.x) && std::isfinite(from.y) && std::isfinite(to.x) && std::isfinite(to.y);
    if (!numbers || !cut(from, to)) {
      open = false;
      continue;
    }
    if (!open) parts.push_back({place(from)});
    parts.back().push_back(place(to));
    open = to.x == end.x && to.y == end.y;
  }
  return parts;
}

void PlotFrame::drawXTicks(Drawing& drawing, int wanted, bool grid) const {
  DrawnLines lines{{}, grid ? kGridGrey : kInk, grid ? 0.6 : 0.8};
  const double bottom = m_corner.y + m_height;
  for (const double value : ticks(m_x, wanted)) {
    const double x = at(value, m_y.first).x;
    lines.lines.push_back({{x, grid ? m_corner.y : bottom}, {x, grid ? bottom : bottom + kTick}});
    drawing.items.emplace_back(
        DrawnText{{x, bottom + kTick + kSize}, shortNumber(value), TextAnchor::Middle, kInk, kSize});
  }
  drawing.items.emplace_back(std::move(lines));
}

void PlotFrame::drawYTicks(Drawing& drawing, int wanted, bool grid) const {
  DrawnLines lines{{}, grid ? kGridGrey : kInk, grid ? 0.6 : 0.8};
  for (const double value : ticks(m_y, wanted)) {
    const double y = at(m_x.first, value).y;
    lines.lines.push_back({{grid ? m_corner.x : m_corner.x - kTick, y}, {grid ? m_corner.x + m_width : m_corner.x, y}});
    drawing.items.emplace_back(
        DrawnText{{m_corner.x - kTick - 3, y + kSize / 3}, shortNumber(value), TextAnchor::End, kInk, kSize});
  }
  drawing.items.emplace_back(std::move(lines));
}

void PlotFrame::drawBox(Drawing& drawing) const {
  const DrawnPoint end{m_corner.x + m_width, m_corner.y + m_height};
  drawing.items.emplace_back(
      DrawnLines{{{m_corner, {end.x, m_corner.y}, end, {m_corner.x, end.y}, m_corner}}, kInk, 0.8});
}

void PlotFrame::drawTitles(Drawing& drawing, const std::string& below, const std::string& beside) const {
  if (!below.empty()) {
    drawing.items.emplace_back(DrawnText{{m_corner.x + m_width / 2, m_corner.y + m_height + kTick + 2.6 * kSize},
                                         below,
                                         TextAnchor::Middle,
                                         kInk,
                                         kSize});
  }
  if (!beside.empty()) {
    drawing.items.emplace_back(
        DrawnText{{m_corner.x - 48, m_corner.y + m_height / 2}, beside, TextAnchor::Middle, kInk, kSize, true});
  }
}

std::pair<double, double> finiteRange(const std::vector<double>& values) {
  double least = std::numeric_limits<double>::infinity();
  double largest = -least;
  for (const double value : values) {
    if (!std::isfinite(value)) continue;
    least = std::min(least, value);
    largest = std::max(largest, value);
  }
  return least <= largest ? std::pair(least, largest) : std::pair(0.0, 1.0);
}

}  // namespace whorl
