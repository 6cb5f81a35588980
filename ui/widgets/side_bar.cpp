// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/side_bar.h"

#include <QAction>
#include <QPainter>
#include <QToolButton>
#include <QVBoxLayout>

#include "ui/style/theme.h"

namespace whorl::ui {
namespace {

/// Draws its state itself: a bar and a tint where the page is, a fainter tint under the mouse.
class PageButton : public QToolButton {
 public:
  using QToolButton::QToolButton;

 protected:
  void paintEvent(QPaintEvent*) override {
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const QColor accent = palette().color(QPalette::Highlight);
    const QColor ground = mix(palette().color(QPalette::Window), palette().color(QPalette::WindowText), 0.04);
    if (isChecked() || underMouse()) {
      painter.setPen(Qt::NoPen);
      painter.setBrush(mix(ground, accent, isChecked() ? 0.2 : 0.1));
      painter.drawRoundedRect(QRectF(rect()).adjusted(5, 2, -5, -2), 6, 6);
    }
    if (isChecked()) painter.fillRect(QRectF(0, 8, 3, height() - 16), accent);
    const QRect sign((width() - 24) / 2, 9, 24, 24);
    icon().paint(&painter, sign);
    QFont text = font();
    text.setBold(isChecked());
    painter.setFont(text);
    painter.setPen(palette().color(QPalette::WindowText));
    painter.drawText(QRect(0, 36, width(), height() - 38), Qt::AlignHCenter | Qt::AlignTop, this->text());
    if (hasFocus()) {
      painter.setPen(QPen(accent, 1.5));
      painter.setBrush(Qt::NoBrush);
      painter.drawRoundedRect(QRectF(rect()).adjusted(5, 2, -5, -2), 6, 6);
    }
  }
};

}  // namespace

SideBar::SideBar(QWidget* parent) : QWidget(parent) {
  m_column = new QVBoxLayout(this);
  m_column->setContentsMargins(0, 8, 0, 8);
  m_column->setSpacing(2);
  m_column->addStretch(1);
  setFixedWidth(84);
  setAccessibleName(tr("Pages"));
}

void SideBar::addPage(QAction* action) {
  auto* button = new PageButton(this);
  button->setDefaultAction(action);
  button->setToolButtonStyle(Qt::ToolButtonTextUnderIcon);
  button->setFixedSize(84, 60);
  button->setFocusPolicy(Qt::StrongFocus);
  button->setAccessibleName(QString(action->text()).remove(QLatin1Char('&')));
  button->setText(button->accessibleName());
  m_column->insertWidget(m_column->count() - 1, button);
}

void SideBar::paintEvent(QPaintEvent*) {
  const Colours ink = colours(palette());
  QPainter painter(this);
  painter.fillRect(rect(), mix(palette().color(QPalette::Window), palette().color(QPalette::WindowText), 0.04));
  painter.fillRect(QRect(width() - 1, 0, 1, height()), ink.line);
}

}  // namespace whorl::ui
