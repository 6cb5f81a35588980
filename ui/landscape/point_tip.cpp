// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/landscape/point_tip.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QPainter>

#include <cmath>

#include "ui/style/theme.h"

namespace whorl::ui {

QPixmap magnified(const QImage& image, int side, double ratio) {
  if (image.isNull()) return {};
  const int wanted = static_cast<int>(std::lround(side * ratio));
  const bool larger = wanted > std::max(image.width(), image.height());
  QPixmap picture = QPixmap::fromImage(
      image.scaled(wanted, wanted, Qt::KeepAspectRatio, larger ? Qt::FastTransformation : Qt::SmoothTransformation));
  picture.setDevicePixelRatio(ratio);
  return picture;
}

PointTip::PointTip(QWidget* parent) : QFrame(parent), m_picture(new QLabel(this)), m_text(new QLabel(this)) {
  setObjectName(QStringLiteral("point_tip"));
  setAttribute(Qt::WA_TransparentForMouseEvents);
  m_text->setTextFormat(Qt::RichText);
  auto* row = new QHBoxLayout(this);
  row->setContentsMargins(6, 6, 8, 6);
  row->setSpacing(8);
  row->addWidget(m_picture);
  row->addWidget(m_text, 0, Qt::AlignVCenter);
  hide();
}

QString PointTip::text() const { return m_text->text(); }

void PointTip::showAt(const QPoint& position, const QImage& image, const QString& text) {
  constexpr int kAway = 16;
  m_image = image;
  m_picture->setPixmap(magnified(image, kSide, devicePixelRatioF()));
  m_text->setText(text);
  adjustSize();
  const QRect room = parentWidget()->rect();
  QPoint corner = position + QPoint(kAway, kAway);
  if (corner.x() + width() > room.right()) corner.setX(position.x() - kAway - width());
  if (corner.y() + height() > room.bottom()) corner.setY(position.y() - kAway - height());
  move(std::max(corner.x(), 0), std::max(corner.y(), 0));
  show();
  raise();
}

void PointTip::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setPen(QPen(colours(palette()).line, 1));
  painter.setBrush(palette().color(QPalette::Base));
  painter.drawRoundedRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5), 5, 5);
}

}  // namespace whorl::ui
