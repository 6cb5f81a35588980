// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QPoint>
#include <QString>
#include <QStringList>
#include <QWidget>

#include <optional>
#include <string>
#include <vector>

#include "ui/landscape/landscape_controller.h"
#include "ui/landscape/relief_geometry.h"

class QPainter;

namespace whorl::ui {

/// A landscape as a relief, seen from the side: height and colour are the value. Dragging (or the arrow keys) turns it,
/// the wheel (or + −) zooms, Home and a double click turn it back. Painted without OpenGL, so that it is there on every
/// screen. GUI thread only.
class ReliefView : public QWidget {
  Q_OBJECT

 public:
  /// Cells an axis at most: while it is turned, and at rest.
  static constexpr int kTurningCells = 48;
  static constexpr int kCells = 128;

  explicit ReliefView(QWidget* parent = nullptr);

  void setColours(const LandscapeColours& colours);
  void setAxes(const QString& x, const QString& y);
  /// `path`: points of an attack in the plane, in order.
  void setSurface(const SharedSurface& surface, const std::vector<QPointF>& path);
  /// Which value is shown, and what it is called. `low`, `high`: the scale; none for the least and the largest value.
  void setLayer(const std::string& layer, const QString& title, std::optional<double> low = {},
                std::optional<double> high = {});
  void clear();

  bool empty() const { return !m_surface; }
  const ReliefCamera& camera() const { return m_camera; }
  void setCamera(const ReliefCamera& camera);
  double low() const { return m_low; }
  double high() const { return m_high; }
  /// By the ending: png, svg, pdf. "" or what went wrong.
  QString exportPicture(const QString& path);

 Q_SIGNALS:
  /// The cursor is over a point of the plane, or none.
  void hovered(std::optional<QPointF> point);

 protected:
  bool event(QEvent* event) override;
  void paintEvent(QPaintEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  void mouseMoveEvent(QMouseEvent* event) override;
  void mouseReleaseEvent(QMouseEvent* event) override;
  void mouseDoubleClickEvent(QMouseEvent* event) override;
  void leaveEvent(QEvent* event) override;
  void wheelEvent(QWheelEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;

 private:
  void draw(QPainter& painter, const QRectF& room, const QPalette& palette) const;
  void drawBox(QPainter& painter, const QRectF& room, const QPalette& palette, bool front) const;
  void drawPath(QPainter& painter, const QRectF& room) const;
  void turn(double yaw, double pitch);
  void rebuild();
  QRgb colourOf(double value, double shade) const;
  static QPointF toScreen(QPointF place, const QRectF& room);
  static QPointF fromScreen(QPointF position, const QRectF& room);

  LandscapeColours m_colours;
  QString m_xTitle;
  QString m_yTitle;
  SharedSurface m_surface;
  std::vector<QPointF> m_path;
  std::string m_layer;
  QString m_title;
  std::optional<double> m_wantedLow;
  std::optional<double> m_wantedHigh;
  double m_low = 0;
  double m_high = 1;
  ReliefCamera m_camera;
  std::optional<ReliefGeometry> m_geometry;
  std::optional<ReliefGeometry> m_coarse;  ///< while it is turned
  std::optional<QPoint> m_dragged;         ///< from where
};

}  // namespace whorl::ui
