// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QObject>
#include <QPoint>
#include <QPointF>

namespace whorl::ui {

/// What views side by side share: zoom, place and the pixel under the cursor.
class ViewState : public QObject {
  Q_OBJECT

 public:
  using QObject::QObject;

  static constexpr double kLargestZoom = 64;

  /// 1 shows the whole image.
  double zoom() const { return m_zoom; }
  /// The image point in the middle of the view, each coordinate in [0,1].
  QPointF centre() const { return m_centre; }
  /// Pixel under the cursor, (-1,-1) for none.
  QPoint hover() const { return m_hover; }

  /// Zooms by `factor` so that `anchor`, an image point in [0,1]², stays where it is.
  void zoomAt(double factor, QPointF anchor);
  /// Moves by a part of the image.
  void panBy(QPointF delta);
  void reset();
  void setHover(QPoint pixel);

 Q_SIGNALS:
  void changed();
  void hoverChanged();

 private:
  void place(double zoom, QPointF centre);

  double m_zoom = 1;
  QPointF m_centre{0.5, 0.5};
  QPoint m_hover{-1, -1};
};

}  // namespace whorl::ui
