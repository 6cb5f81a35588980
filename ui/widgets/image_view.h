// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QImage>
#include <QString>
#include <QWidget>

namespace whorl::ui {

class ViewState;

/// One image, drawn with the zoom and place that it shares with its neighbours: nearest neighbour when magnified,
/// smooth when shrunk. Wheel zooms about the cursor, drag pans, double click shows all; + - 0 and the arrow keys by
/// keyboard (arrows pan when zoomed in, and ask for the next or previous image otherwise).
class ImageView : public QWidget {
  Q_OBJECT

 public:
  explicit ImageView(ViewState* state, QWidget* parent = nullptr);

  void setImage(const QImage& image);
  const QImage& image() const { return m_image; }
  /// Shown while there is no image.
  void setPlaceholder(const QString& text);
  QSize sizeHint() const override { return {240, 240}; }
  QSize minimumSizeHint() const override { return {120, 120}; }

 Q_SIGNALS:
  /// +1 next image, -1 previous.
  void neighbourWanted(int direction);
  /// The space bar went down or up.
  void blinkWanted(bool down);

 protected:
  void paintEvent(QPaintEvent* event) override;
  void wheelEvent(QWheelEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  void mouseMoveEvent(QMouseEvent* event) override;
  void mouseDoubleClickEvent(QMouseEvent* event) override;
  void leaveEvent(QEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;
  void keyReleaseEvent(QKeyEvent* event) override;

 private:
  /// Where the whole image lies in widget coordinates.
  QRectF target() const;
  QPointF toImage(QPointF position) const;

  ViewState* m_state;
  QImage m_image;
  QString m_placeholder;
  QPointF m_dragFrom;
};

}  // namespace whorl::ui
