// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/explore/image_panel.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QVBoxLayout>

#include "ui/widgets/chip.h"
#include "ui/widgets/elided_label.h"
#include "ui/widgets/image_view.h"

namespace whorl::ui {
namespace {
constexpr int kHeaderHeight = 24;
}  // namespace

ImagePanel::ImagePanel(const QString& title, ViewState* state, QWidget* parent) : QWidget(parent) {
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(4);
  m_header = new QHBoxLayout;
  m_title = new QLabel(this);
  QFont bold = m_title->font();
  bold.setBold(true);
  m_title->setFont(bold);
  m_detail = new ElidedLabel(this);
  m_detail->setForegroundRole(QPalette::PlaceholderText);
  m_header->addWidget(m_title);
  m_header->addWidget(m_detail, 1);
  // As high as the difference's, which has tools in it: the images stay in line.
  m_title->setMinimumHeight(kHeaderHeight);
  column->addLayout(m_header);
  m_view = new ImageView(state, this);
  column->addWidget(m_view, 1);
  auto* footer = new QHBoxLayout;
  m_caption = new QLabel(this);
  m_caption->setTextFormat(Qt::RichText);
  m_caption->setMinimumWidth(10);
  m_chip = new Chip(this);
  footer->addWidget(m_caption, 1);
  footer->addWidget(m_chip);
  footer->setContentsMargins(0, 0, 0, 0);
  column->addLayout(footer);
  m_caption->setMinimumHeight(m_chip->sizeHint().height());
  setTitle(title);
}

void ImagePanel::setTitle(const QString& title) {
  m_title->setText(title);
  m_view->setAccessibleName(title);
}

void ImagePanel::setDetail(const QString& detail) { m_detail->setText(detail); }

void ImagePanel::setCaption(const QString& caption) { m_caption->setText(caption); }

}  // namespace whorl::ui
