// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/pages/train_section.h"

#include <QToolButton>
#include <QVBoxLayout>

namespace whorl::ui {

TrainSection::TrainSection(const QString& title, QWidget* content, bool open, QWidget* parent)
    : QWidget(parent), m_header(new QToolButton), m_content(content), m_open(open) {
  m_header->setText(title);
  m_header->setAutoRaise(true);
  m_header->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
  m_header->setAccessibleDescription(tr("Folds this part of the form"));
  m_header->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
  QFont bold = m_header->font();
  bold.setBold(true);
  m_header->setFont(bold);
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(2);
  column->addWidget(m_header);
  column->addWidget(content);
  setOpen(open);
  connect(m_header, &QToolButton::clicked, this, [this] {
    setOpen(!m_open);
    Q_EMIT toggled(m_open);
  });
}

void TrainSection::setOpen(bool open) {
  m_open = open;
  m_header->setArrowType(open ? Qt::DownArrow : Qt::RightArrow);
  m_header->setAccessibleName(open ? tr("%1, open").arg(m_header->text()) : tr("%1, folded").arg(m_header->text()));
  m_content->setVisible(open);
}

}  // namespace whorl::ui
