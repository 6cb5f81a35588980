// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QImage>
#include <QPoint>
#include <QWidget>

#include <optional>

#include "core/service/types.h"

class QPushButton;
class QSpinBox;
class QToolButton;

namespace whorl::ui {

/// A mask that is painted over an image, pixel by pixel: the left button paints, the right one erases. With the
/// keyboard: arrow keys move a cursor, Space paints there, Delete (or Backspace) erases. GUI thread only.
class MaskPainter : public QWidget {
  Q_OBJECT

 public:
  explicit MaskPainter(QWidget* parent = nullptr);

  /// What is painted over. Another size begins a new mask.
  void setImage(const Image& image);
  /// One channel of the image's size: 1 where it is painted, else 0. No pixels before there is an image.
  const Image& mask() const { return m_mask; }
  /// One channel, of any size: it stays if the image has the same. Without emitting changed.
  void setMask(const Image& mask);
  /// Nothing is painted.
  bool empty() const;
  void clear();
  /// Width of the brush, in pixels of the image; at least 1.
  void setBrush(int pixels);
  /// The left button erases, too.
  void setErasing(bool erasing) { m_erasing = erasing; }

  /// Where a pixel's middle is (tests).
  QPointF positionOf(QPoint pixel) const;
  QSize sizeHint() const override { return {236, 236}; }
  bool hasHeightForWidth() const override { return true; }
  int heightForWidth(int width) const override { return width; }

 Q_SIGNALS:
  /// A stroke has ended, or the mask was cleared.
  void changed();

 protected:
  bool event(QEvent* event) override;
  void paintEvent(QPaintEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  void mouseMoveEvent(QMouseEvent* event) override;
  void mouseReleaseEvent(QMouseEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;

 private:
  QRectF place() const;
  QPoint pixelAt(QPointF position) const;
  /// Sets all pixels of the brush from one place to another.
  void stroke(QPoint from, QPoint to, bool paint);
  void dab(QPoint at, float value);
  void describe();

  QImage m_picture;
  Image m_mask;
  int m_brush = 3;
  bool m_erasing = false;
  bool m_painting = false;
  QPoint m_last;
  QPoint m_cursor;
};

/// The painter with its tools.
class MaskBox : public QWidget {
  Q_OBJECT

 public:
  explicit MaskBox(QWidget* parent = nullptr);
  MaskPainter* painter() const { return m_painter; }
  /// For a session: "" for an empty mask.
  std::string text() const;
  /// Nonsense is left.
  void setText(const std::string& text);

 private:
  MaskPainter* m_painter;
};

}  // namespace whorl::ui
