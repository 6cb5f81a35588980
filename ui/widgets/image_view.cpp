// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/image_view.h"

#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QWheelEvent>

#include <algorithm>
#include <cmath>

#include "ui/style/theme.h"
#include "ui/widgets/view_state.h"

namespace whorl::ui {

ImageView::ImageView(ViewState* state, QWidget* parent) : QWidget(parent), m_state(state) {
  setMouseTracking(true);
  setFocusPolicy(Qt::StrongFocus);
  setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Expanding);
  connect(state, &ViewState::changed, this, qOverload<>(&QWidget::update));
  connect(state, &ViewState::hoverChanged, this, qOverload<>(&QWidget::update));
}

void ImageView::setImage(const QImage& image) {
  m_image = image;
  update();
}

void ImageView::setPlaceholder(const QString& text) {
  m_placeholder = text;
  update();
}

QRectF ImageView::target() const {
  if (m_image.isNull()) return {};
  const QRectF area = QRectF(rect()).adjusted(1, 1, -1, -1);
  const double fit = std::min(area.width() / m_image.width(), area.height() / m_image.height());
  const double scale = fit * m_state->zoom();
  const QSizeF size(m_image.width() * scale, m_image.height() * scale);
  const QPointF middle(m_state->centre().x() * size.width(), m_state->centre().y() * size.height());
  return {area.center() - middle, size};
}

QPointF ImageView::toImage(QPointF position) const {
  const QRectF whole = target();
  if (whole.isEmpty()) return {0.5, 0.5};
  return {(position.x() - whole.x()) / whole.width(), (position.y() - whole.y()) / whole.height()};
}

void ImageView::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  const Colours ink = colours(palette());
  painter.fillRect(rect(), ink.canvas);
  if (m_image.isNull()) {
    painter.setPen(ink.muted);
    painter.drawText(rect().adjusted(12, 12, -12, -12), Qt::AlignCenter | Qt::TextWordWrap, m_placeholder);
  } else {
    const QRectF whole = target();
    const double scale = whole.width() / m_image.width();
    painter.setRenderHint(QPainter::SmoothPixmapTransform, scale * devicePixelRatioF() < 1);
    painter.drawImage(whole, m_image);
    const QPoint pixel = m_state->hover();
    if (m_image.rect().contains(pixel)) {
      const QRectF box(whole.x() + pixel.x() * scale, whole.y() + pixel.y() * scale, scale, scale);
      painter.setPen(QPen(Qt::black, 3));
      painter.drawRect(box);
      painter.setPen(QPen(Qt::white, 1));
      painter.drawRect(box);
    }
  }
  painter.setPen(QPen(hasFocus() ? palette().color(QPalette::Highlight) : ink.line, 1));
  painter.drawRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5));
}

void ImageView::wheelEvent(QWheelEvent* event) {
  if (m_image.isNull() || event->angleDelta().y() == 0) {
    event->ignore();
    return;
  }
  m_state->zoomAt(std::pow(1.0015, event->angleDelta().y()), toImage(event->position()));
  event->accept();
}

void ImageView::mousePressEvent(QMouseEvent* event) { m_dragFrom = event->position(); }

void ImageView::mouseMoveEvent(QMouseEvent* event) {
  if (m_image.isNull()) return;
  if (event->buttons() & Qt::LeftButton) {
    const QRectF whole = target();
    const QPointF moved = m_dragFrom - event->position();
    m_dragFrom = event->position();
    m_state->panBy({moved.x() / whole.width(), moved.y() / whole.height()});
  }
  const QPointF at = toImage(event->position());
  const QPoint pixel(static_cast<int>(std::floor(at.x() * m_image.width())),
                     static_cast<int>(std::floor(at.y() * m_image.height())));
  m_state->setHover(m_image.rect().contains(pixel) ? pixel : QPoint(-1, -1));
}

void ImageView::mouseDoubleClickEvent(QMouseEvent*) { m_state->reset(); }

void ImageView::leaveEvent(QEvent*) { m_state->setHover({-1, -1}); }

void ImageView::keyPressEvent(QKeyEvent* event) {
  const double part = 0.1 / m_state->zoom();
  const bool zoomed = m_state->zoom() > 1;
  switch (event->key()) {
    case Qt::Key_Left:
      return zoomed ? m_state->panBy({-part, 0}) : Q_EMIT neighbourWanted(-1);
    case Qt::Key_Right:
      return zoomed ? m_state->panBy({part, 0}) : Q_EMIT neighbourWanted(1);
    case Qt::Key_Up:
      return zoomed ? m_state->panBy({0, -part}) : Q_EMIT neighbourWanted(-1);
    case Qt::Key_Down:
      return zoomed ? m_state->panBy({0, part}) : Q_EMIT neighbourWanted(1);
    case Qt::Key_Plus:
    case Qt::Key_Equal:
      return m_state->zoomAt(1.25, m_state->centre());
    case Qt::Key_Minus:
      return m_state->zoomAt(0.8, m_state->centre());
    case Qt::Key_0:
      return m_state->reset();
    case Qt::Key_Space:
      if (!event->isAutoRepeat()) Q_EMIT blinkWanted(true);
      return;
    default:
      QWidget::keyPressEvent(event);
  }
}

void ImageView::keyReleaseEvent(QKeyEvent* event) {
  if (event->key() == Qt::Key_Space) {
    if (!event->isAutoRepeat()) Q_EMIT blinkWanted(false);
    return;
  }
  QWidget::keyReleaseEvent(event);
}

}  // namespace whorl::ui
