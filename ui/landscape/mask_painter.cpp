// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/landscape/mask_painter.h"

#include <QButtonGroup>
#include <QHBoxLayout>
#include <QKeyEvent>
#include <QLabel>
#include <QMouseEvent>
#include <QPainter>
#include <QSpinBox>
#include <QToolButton>
#include <QVBoxLayout>

#include <algorithm>
#include <cmath>

#include "ui/image/qimage_convert.h"
#include "ui/widgets/own_keys.h"

namespace whorl::ui {
namespace {

constexpr QColor kPaint(0xFF, 0x8A, 0x4C, 170);
/// More is no image that is painted pixel by pixel.
constexpr int kMostSide = 4096;

bool painted(const Image& mask) {
  return std::any_of(mask.pixels.begin(), mask.pixels.end(), [](float value) { return value > 0; });
}

}  // namespace

MaskPainter::MaskPainter(QWidget* parent) : QWidget(parent) {
  setFocusPolicy(Qt::StrongFocus);
  setAccessibleName(tr("Mask"));
  setToolTip(
      tr("Paint where pixels are to change: left button paints, right button erases. Or with the keyboard: arrow keys "
         "move the cursor, Space paints, Delete erases."));
  setCursor(Qt::CrossCursor);
  QSizePolicy policy(QSizePolicy::Expanding, QSizePolicy::Preferred);
  policy.setHeightForWidth(true);
  setSizePolicy(policy);
  setMinimumSize(120, 120);
}

void MaskPainter::setImage(const Image& image) {
  m_picture = toQImage(image);
  const ImageShape wanted{1, image.shape.height, image.shape.width};
  if (m_mask.shape != wanted) {
    m_mask = {wanted, std::vector<float>(static_cast<std::size_t>(wanted.size()), 0.0F)};
    m_cursor = {wanted.width / 2, wanted.height / 2};
  }
  update();
}

void MaskPainter::setMask(const Image& mask) {
  if (mask.shape.channels != 1 || std::ssize(mask.pixels) != mask.shape.size()) return;
  if (!m_picture.isNull() && (mask.shape.width != m_picture.width() || mask.shape.height != m_picture.height())) return;
  m_mask = mask;
  update();
}

bool MaskPainter::empty() const { return !painted(m_mask); }

void MaskPainter::clear() {
  if (empty()) return;
  std::fill(m_mask.pixels.begin(), m_mask.pixels.end(), 0.0F);
  update();
  describe();
  Q_EMIT changed();
}

void MaskPainter::setBrush(int pixels) { m_brush = std::max(1, pixels); }

QRectF MaskPainter::place() const {
  if (m_picture.isNull()) return {};
  const double scale =
      std::min(width() / static_cast<double>(m_picture.width()), height() / static_cast<double>(m_picture.height()));
  const QSizeF size(m_picture.width() * scale, m_picture.height() * scale);
  return {QPointF((width() - size.width()) / 2, (height() - size.height()) / 2), size};
}

QPoint MaskPainter::pixelAt(QPointF position) const {
  const QRectF where = place();
  const auto share = [](double from, double of, int count) {
    return static_cast<int>(std::floor(std::clamp(from / of, -1.0, 2.0) * count));
  };
  return {share(position.x() - where.left(), where.width(), m_picture.width()),
          share(position.y() - where.top(), where.height(), m_picture.height())};
}

QPointF MaskPainter::positionOf(QPoint pixel) const {
  const QRectF where = place();
  return {where.left() + (pixel.x() + 0.5) * where.width() / m_picture.width(),
          where.top() + (pixel.y() + 0.5) * where.height() / m_picture.height()};
}

void MaskPainter::dab(QPoint at, float value) {
  const int before = (m_brush - 1) / 2;
  const double radius = m_brush / 2.0;
  for (int dy = 0; dy < m_brush; ++dy) {
    for (int dx = 0; dx < m_brush; ++dx) {
      // Round from 4 pixels on; smaller ones are squares.
      if (m_brush > 3 && std::hypot(dx + 0.5 - radius, dy + 0.5 - radius) > radius) continue;
      const int x = at.x() - before + dx;
      const int y = at.y() - before + dy;
      if (x < 0 || y < 0 || x >= m_mask.shape.width || y >= m_mask.shape.height) continue;
      m_mask.pixels[static_cast<std::size_t>(y) * m_mask.shape.width + x] = value;
    }
  }
}

void MaskPainter::stroke(QPoint from, QPoint to, bool paint) {
  const int steps = std::max({1, std::abs(to.x() - from.x()), std::abs(to.y() - from.y())});
  for (int i = 0; i <= steps; ++i) {
    dab({from.x() + (to.x() - from.x()) * i / steps, from.y() + (to.y() - from.y()) * i / steps}, paint ? 1.0F : 0.0F);
  }
  update();
}

void MaskPainter::describe() {
  const auto count = std::count_if(m_mask.pixels.begin(), m_mask.pixels.end(), [](float value) { return value > 0; });
  setAccessibleDescription(tr("%1 pixels are painted; the cursor is at column %2, row %3")
                               .arg(count)
                               .arg(m_cursor.x() + 1)
                               .arg(m_cursor.y() + 1));
}

bool MaskPainter::event(QEvent* event) {
  claimKeys(event,
            {Qt::Key_Left, Qt::Key_Right, Qt::Key_Up, Qt::Key_Down, Qt::Key_Space, Qt::Key_Delete, Qt::Key_Backspace});
  return QWidget::event(event);
}

void MaskPainter::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  const QRectF where = place();
  if (m_picture.isNull()) return;
  painter.drawImage(where, m_picture);
  QImage over(m_mask.shape.width, m_mask.shape.height, QImage::Format_ARGB32);
  over.fill(Qt::transparent);
  for (int y = 0; y < m_mask.shape.height; ++y) {
    for (int x = 0; x < m_mask.shape.width; ++x) {
      if (m_mask.at(0, y, x) > 0) over.setPixelColor(x, y, kPaint);
    }
  }
  painter.drawImage(where, over);
  if (!hasFocus()) return;
  const QSizeF cell(where.width() / m_picture.width(), where.height() / m_picture.height());
  const QRectF box(where.left() + m_cursor.x() * cell.width(), where.top() + m_cursor.y() * cell.height(), cell.width(),
                   cell.height());
  painter.setPen(QPen(Qt::black, 3));
  painter.drawRect(box);
  painter.setPen(QPen(Qt::white, 1));
  painter.drawRect(box);
}

void MaskPainter::mousePressEvent(QMouseEvent* event) {
  const bool known = event->button() == Qt::LeftButton || event->button() == Qt::RightButton;
  if (m_picture.isNull() || !known) return QWidget::mousePressEvent(event);
  m_painting = true;
  m_last = pixelAt(event->position());
  m_cursor = {std::clamp(m_last.x(), 0, m_mask.shape.width - 1), std::clamp(m_last.y(), 0, m_mask.shape.height - 1)};
  stroke(m_last, m_last, event->button() == Qt::LeftButton && !m_erasing);
}

void MaskPainter::mouseMoveEvent(QMouseEvent* event) {
  if (!m_painting) return QWidget::mouseMoveEvent(event);
  const QPoint now = pixelAt(event->position());
  stroke(m_last, now, event->buttons().testFlag(Qt::LeftButton) && !m_erasing);
  m_last = now;
}

void MaskPainter::mouseReleaseEvent(QMouseEvent* event) {
  if (!m_painting) return QWidget::mouseReleaseEvent(event);
  m_painting = false;
  describe();
  Q_EMIT changed();
}

void MaskPainter::keyPressEvent(QKeyEvent* event) {
  if (m_picture.isNull()) return QWidget::keyPressEvent(event);
  const int key = event->key();
  const bool paint = key == Qt::Key_Space;
  if (paint || key == Qt::Key_Delete || key == Qt::Key_Backspace) {
    stroke(m_cursor, m_cursor, paint && !m_erasing);
    describe();
    Q_EMIT changed();
    return;
  }
  const int dx = (key == Qt::Key_Right) - (key == Qt::Key_Left);
  const int dy = (key == Qt::Key_Down) - (key == Qt::Key_Up);
  if (dx == 0 && dy == 0) return QWidget::keyPressEvent(event);
  m_cursor = {std::clamp(m_cursor.x() + dx, 0, m_mask.shape.width - 1),
              std::clamp(m_cursor.y() + dy, 0, m_mask.shape.height - 1)};
  describe();
  update();
}

MaskBox::MaskBox(QWidget* parent) : QWidget(parent), m_painter(new MaskPainter) {
  m_painter->setObjectName(QStringLiteral("mask_painter"));
  auto* tools = new QHBoxLayout;
  tools->setSpacing(4);
  auto* group = new QButtonGroup(this);
  const auto tool = [&](const QString& text, const QString& name, bool checkable) {
    auto* button = new QToolButton;
    button->setText(text);
    button->setObjectName(name);
    button->setCheckable(checkable);
    if (checkable) group->addButton(button);
    tools->addWidget(button);
    return button;
  };
  tool(tr("Brush"), QStringLiteral("mask_brush"), true)->setChecked(true);
  auto* eraser = tool(tr("Eraser"), QStringLiteral("mask_eraser"), true);
  auto* clear = tool(tr("Clear"), QStringLiteral("mask_clear"), false);
  auto* width = new QSpinBox;
  width->setObjectName(QStringLiteral("mask_width"));
  width->setAccessibleName(tr("Width of the brush in pixels"));
  width->setToolTip(width->accessibleName());
  width->setRange(1, 64);
  width->setValue(3);
  width->setSuffix(tr(" px"));
  tools->addStretch(1);
  tools->addWidget(width);
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(4);
  column->addWidget(m_painter);
  column->addLayout(tools);
  connect(eraser, &QToolButton::toggled, m_painter, &MaskPainter::setErasing);
  connect(clear, &QToolButton::clicked, m_painter, &MaskPainter::clear);
  connect(width, &QSpinBox::valueChanged, m_painter, &MaskPainter::setBrush);
}

std::string MaskBox::text() const {
  if (m_painter->empty()) return {};
  const Image& mask = m_painter->mask();
  QByteArray bits((mask.shape.size() + 7) / 8, '\0');
  for (std::size_t i = 0; i < mask.pixels.size(); ++i) {
    if (mask.pixels[i] <= 0) continue;
    char& byte = bits[static_cast<qsizetype>(i / 8)];
    byte = static_cast<char>(static_cast<unsigned char>(byte) | (1U << (i % 8)));
  }
  const QByteArray size = QByteArray::number(mask.shape.width) + 'x' + QByteArray::number(mask.shape.height);
  return (size + ' ' + bits.toBase64()).toStdString();
}

void MaskBox::setText(const std::string& text) {
  const QList<QByteArray> parts = QByteArray::fromStdString(text).split(' ');
  const QList<QByteArray> size = parts[0].split('x');
  if (parts.size() != 2 || size.size() != 2) return;
  const ImageShape shape{1, size[1].toInt(), size[0].toInt()};
  if (shape.width < 1 || shape.height < 1 || shape.width > kMostSide || shape.height > kMostSide) return;
  const QByteArray bits = QByteArray::fromBase64(parts[1]);
  if (bits.size() != (shape.size() + 7) / 8) return;
  Image mask{shape, std::vector<float>(static_cast<std::size_t>(shape.size()), 0.0F)};
  for (std::size_t i = 0; i < mask.pixels.size(); ++i) {
    const auto byte = static_cast<unsigned char>(bits[static_cast<qsizetype>(i / 8)]);
    if ((byte >> (i % 8) & 1U) != 0) mask.pixels[i] = 1;
  }
  m_painter->setMask(mask);
}

}  // namespace whorl::ui
