// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/inline_message.h"

#include <QEvent>
#include <QHBoxLayout>
#include <QLabel>
#include <QPainter>
#include <QToolButton>

#include "ui/style/icons.h"
#include "ui/style/theme.h"

namespace whorl::ui {

InlineMessage::InlineMessage(QWidget* parent) : QFrame(parent) {
  auto* row = new QHBoxLayout(this);
  row->setContentsMargins(10, 4, 4, 4);
  m_icon = new QLabel(this);
  m_icon->setPixmap(icon(QStringLiteral("warning")).pixmap(18, 18));
  m_text = new QLabel(this);
  m_text->setWordWrap(true);
  m_text->setTextFormat(Qt::PlainText);
  m_text->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
  m_text->setObjectName(QStringLiteral("inline_message_text"));
  m_close = new QToolButton(this);
  m_close->setIcon(icon(QStringLiteral("close")));
  m_close->setAutoRaise(true);
  m_close->setToolTip(tr("Dismiss"));
  m_close->setAccessibleName(tr("Dismiss this message"));
  connect(m_close, &QToolButton::clicked, this, [this] { setText({}); });
  row->addWidget(m_icon, 0, Qt::AlignTop);
  row->addWidget(m_text, 1);
  row->addWidget(m_close, 0, Qt::AlignTop);
  hide();
}

void InlineMessage::setText(const QString& text) {
  m_text->setText(text);
  setAccessibleName(text);
  setVisible(!text.isEmpty());
}

QString InlineMessage::text() const { return m_text->text(); }

void InlineMessage::changeEvent(QEvent* event) {
  if (event->type() == QEvent::PaletteChange) m_icon->setPixmap(icon(QStringLiteral("warning")).pixmap(18, 18));
  QFrame::changeEvent(event);
}

void InlineMessage::paintEvent(QPaintEvent*) {
  const Colours ink = colours(palette());
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setPen(QPen(ink.bad, 1));
  painter.setBrush(mix(palette().color(QPalette::Window), ink.bad, 0.12));
  painter.drawRoundedRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5), 5, 5);
}

}  // namespace whorl::ui
