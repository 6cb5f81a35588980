// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QPointF>
#include <QRectF>

#include <optional>
#include <string>
#include <vector>

#include "core/service/landscape_types.h"

namespace whorl::ui {

/// From where a relief is seen: parallel projection.
struct ReliefCamera {
  double yaw = -0.6;   ///< radians around the vertical axis
  double pitch = 0.6;  ///< radians above the horizon, 0.05 to π/2
  double zoom = 1;

  bool operator==(const ReliefCamera&) const = default;
  /// `position` within the cube [−½,½]³, third coordinate up → place in the unit square's scale, y down.
  QPointF place(double u, double v, double w) const;
};

/// A surface's values as heights over a square, in the order in which they must be painted.
class ReliefGeometry {
 public:
  struct Face {
    QPointF corners[4];
    double value = 0;  ///< mean of the corners
    double shade = 1;  ///< 0.7 turned away from the light to 1 towards it
  };

  /// Heights between `low` and `high`, cut there. At most `cells` cells an axis: of finer surfaces every n-th point is
  /// taken, and the last. Copies what it needs.
  ReliefGeometry(const Surface& surface, const std::vector<double>& values, double low, double high, int cells);

  int columns() const { return static_cast<int>(m_x.size()); }
  int rows() const { return static_cast<int>(m_y.size()); }
  /// From far to near. Cells with a corner that isn't finite are left out.
  std::vector<Face> faces(const ReliefCamera& camera) const;
  /// Where a point of the plane lies on the relief; none outside it or where it isn't finite.
  std::optional<QPointF> place(const ReliefCamera& camera, double x, double y) const;
  /// The value there, between the four points around it.
  std::optional<double> valueAt(double x, double y) const;
  /// The nearest face's middle under a place, in the plane's coordinates; none beside the relief.
  std::optional<QPointF> pointAt(const ReliefCamera& camera, QPointF place) const;

 private:
  double height(int column, int row) const;
  double u(int column) const;
  double v(int row) const;
  template <class Visit>
  void visit(const ReliefCamera& camera, Visit visit) const;

  std::vector<double> m_x;
  std::vector<double> m_y;
  std::vector<double> m_values;  ///< row by row
  double m_low;
  double m_high;
};

}  // namespace whorl::ui
