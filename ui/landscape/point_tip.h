// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QFrame>
#include <QImage>
#include <QString>

class QLabel;

namespace whorl::ui {

/// The image of a point beside the cursor, with a few words. It never takes the mouse.
class PointTip : public QFrame {
  Q_OBJECT

 public:
  /// Pixels of the picture's longer side.
  static constexpr int kSide = 84;

  explicit PointTip(QWidget* parent);

  /// Beside `position` (of the parent), where it stays inside the parent. `text` is rich.
  void showAt(const QPoint& position, const QImage& image, const QString& text);
  /// The picture at its own size (tests).
  const QImage& image() const { return m_image; }
  QString text() const;

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  QImage m_image;
  QLabel* m_picture;
  QLabel* m_text;
};

/// Scaled to `side` pixels of its longer side: pixels stay squares where it is magnified.
QPixmap magnified(const QImage& image, int side, double ratio);

}  // namespace whorl::ui
