// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/pages/train_section.h"

#include <QToolButton>
#include <QVBoxLayout>

namespace whorl::ui {

TrainSection::TrainSection(const QString& title, QWidget* content, bool open, QWidget* parent)
    : QWidget(parent), m_header(new QToolButton) {
  m_header->setText(title);
  m_header->setCheckable(true);
  m_header->setChecked(open);
  m_header->setAutoRaise(true);
  m_header->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
  m_header->setArrowType(open ? Qt::DownArrow : Qt::RightArrow);
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
  content->setVisible(open);
  connect(m_header, &QToolButton::toggled, this, [this, content](bool on) {
    m_header->setArrowType(on ? Qt::DownArrow : Qt::RightArrow);
    content->setVisible(on);
    Q_EMIT toggled(on);
  });
}

bool TrainSection::isOpen() const { return m_header->isChecked(); }

}  // namespace whorl::ui
