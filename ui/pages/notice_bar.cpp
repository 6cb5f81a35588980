// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/pages/notice_bar.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QPainter>
#include <QPushButton>
#include <QToolButton>

#include "ui/style/icons.h"

namespace whorl::ui {

NoticeBar::NoticeBar(QWidget* parent)
    : QFrame(parent), m_text(new QLabel), m_action(new QPushButton), m_close(new QToolButton) {
  m_text->setWordWrap(true);
  m_text->setTextFormat(Qt::PlainText);
  m_text->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
  m_action->setObjectName(QStringLiteral("noticeAction"));
  m_close->setIcon(icon(QStringLiteral("close")));
  m_close->setAutoRaise(true);
  m_close->setToolTip(tr("Dismiss"));
  m_close->setAccessibleName(tr("Dismiss this message"));
  auto* line = new QHBoxLayout(this);
  line->setContentsMargins(10, 5, 5, 5);
  line->addWidget(m_text, 1);
  line->addWidget(m_action);
  line->addWidget(m_close);
  connect(m_action, &QPushButton::clicked, this, &NoticeBar::actionClicked);
  connect(m_close, &QToolButton::clicked, this, [this] {
    dismiss();
    Q_EMIT dismissed();
  });
  hide();
}

void NoticeBar::showNotice(const QString& text, const QString& action) {
  m_text->setText(text);
  setAccessibleName(text);
  m_action->setText(action);
  m_action->setVisible(!action.isEmpty());
  show();
}

void NoticeBar::dismiss() {
  m_text->clear();
  hide();
}

QString NoticeBar::text() const { return m_text->text(); }

void NoticeBar::paintEvent(QPaintEvent*) {
  QColor tint = palette().color(QPalette::Highlight);
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setPen(QPen(tint, 1));
  tint.setAlphaF(0.14F);
  painter.setBrush(tint);
  painter.drawRoundedRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5), 5, 5);
}

}  // namespace whorl::ui
