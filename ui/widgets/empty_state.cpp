// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/empty_state.h"

#include <QEvent>
#include <QLabel>
#include <QPushButton>
#include <QVBoxLayout>

#include "ui/style/icons.h"

namespace whorl::ui {

EmptyState::EmptyState(QWidget* parent) : QWidget(parent) {
  auto* column = new QVBoxLayout(this);
  column->setSpacing(12);
  m_sign = new QLabel(this);
  m_sign->setAlignment(Qt::AlignCenter);
  m_title = new QLabel(this);
  m_title->setAlignment(Qt::AlignCenter);
  QFont font = m_title->font();
  font.setPointSizeF(font.pointSizeF() * 1.5);
  font.setBold(true);
  m_title->setFont(font);
  m_text = new QLabel(this);
  m_text->setAlignment(Qt::AlignCenter);
  m_text->setWordWrap(true);
  m_text->setMaximumWidth(560);
  m_text->setTextInteractionFlags(Qt::TextSelectableByMouse);
  m_action = new QPushButton(this);
  m_action->setObjectName(QStringLiteral("empty_action"));
  connect(m_action, &QPushButton::clicked, this, &EmptyState::actionWanted);
  column->addStretch(2);
  column->addWidget(m_sign);
  column->addWidget(m_title);
  column->addWidget(m_text, 0, Qt::AlignHCenter);
  column->addWidget(m_action, 0, Qt::AlignHCenter);
  column->addStretch(3);
}

void EmptyState::set(const QString& icon, const QString& title, const QString& text, const QString& action) {
  m_icon = icon;
  m_title->setText(title);
  m_text->setText(text);
  m_text->setMinimumWidth(text.size() > 60 ? 480 : 0);
  m_action->setText(action);
  m_action->setVisible(!action.isEmpty());
  drawSign();
}

QString EmptyState::title() const { return m_title->text(); }

void EmptyState::drawSign() {
  if (!m_icon.isEmpty()) m_sign->setPixmap(icon(m_icon).pixmap(QSize(56, 56), devicePixelRatioF()));
}

void EmptyState::changeEvent(QEvent* event) {
  if (event->type() == QEvent::PaletteChange) drawSign();
  QWidget::changeEvent(event);
}

}  // namespace whorl::ui
