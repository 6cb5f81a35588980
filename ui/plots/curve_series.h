// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <vector>

namespace whorl::ui {

struct CurvePoint {
  double x = 0;
  double y = 0;

  bool operator==(const CurvePoint&) const = default;
};

/// A curve of bounded length, whatever the length of the run: when it is full, neighbours are averaged two by two, and
/// from then on each point stands for twice as many values. Values that aren't finite are kept out.
class CurveSeries {
 public:
  static constexpr std::size_t kMostPoints = 2000;

  void append(double x, double y);
  void clear() { *this = CurveSeries(); }

  /// In the order of x; the values that don't fill a point yet are its last.
  std::vector<CurvePoint> points() const;
  std::size_t size() const { return m_points.size() + (m_pending > 0 ? 1 : 0); }
  bool empty() const { return size() == 0; }
  /// How many values a point stands for: 1, 2, 4, …
  std::size_t stride() const { return m_stride; }
  /// The newest value as it came.
  CurvePoint last() const { return m_last; }

  /// The value of the point nearest to `x`. Only when not empty().
  CurvePoint nearest(double x) const;
  /// The value on the straight line between the neighbours of `x`; beyond the ends, that of the end. Where the curve
  /// jumps, the higher one. Only when not empty().
  double between(double x) const;

 private:
  void halve();

  std::vector<CurvePoint> m_points;
  CurvePoint m_sum;
  CurvePoint m_last;
  std::size_t m_pending = 0;
  std::size_t m_stride = 1;
};

}  // namespace whorl::ui
