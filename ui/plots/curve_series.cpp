// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/plots/curve_series.h"

#include <algorithm>
#include <cmath>

namespace whorl::ui {

void CurveSeries::append(double x, double y) {
  if (!std::isfinite(x) || !std::isfinite(y)) return;
  m_last = {x, y};
  m_sum.x += x;
  m_sum.y += y;
  if (++m_pending < m_stride) return;
  const double count = static_cast<double>(m_pending);
  m_points.push_back({m_sum.x / count, m_sum.y / count});
  m_sum = {};
  m_pending = 0;
  if (m_points.size() >= kMostPoints) halve();
}

void CurveSeries::halve() {
  const std::size_t half = m_points.size() / 2;
  for (std::size_t i = 0; i < half; ++i) {
    const CurvePoint& a = m_points[2 * i];
    const CurvePoint& b = m_points[2 * i + 1];
    m_points[i] = {(a.x + b.x) / 2, (a.y + b.y) / 2};
  }
  m_points.resize(half);
  m_stride *= 2;
}

std::vector<CurvePoint> CurveSeries::points() const {
  std::vector<CurvePoint> all = m_points;
  if (m_pending > 0) {
    const double count = static_cast<double>(m_pending);
    all.push_back({m_sum.x / count, m_sum.y / count});
  }
  return all;
}

CurvePoint CurveSeries::nearest(double x) const {
  const std::vector<CurvePoint> all = points();
  auto after = std::lower_bound(all.begin(), all.end(), x, [](const CurvePoint& p, double at) { return p.x < at; });
  if (after == all.end()) return all.back();
  if (after != all.begin() && x - (after - 1)->x < after->x - x) --after;
  return *after;
}

double CurveSeries::between(double x) const {
  const std::vector<CurvePoint> all = points();
  const auto after =
      std::upper_bound(all.begin(), all.end(), x, [](double at, const CurvePoint& p) { return at < p.x; });
  if (after == all.begin()) return all.front().y;
  const CurvePoint& before = *(after - 1);
  if (after == all.end() || before.x == x) return before.y;
  return before.y + (after->y - before.y) * (x - before.x) / (after->x - before.x);
}

}  // namespace whorl::ui
