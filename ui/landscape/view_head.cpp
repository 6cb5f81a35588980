// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/landscape/view_head.h"

#include <QCoreApplication>
#include <QHBoxLayout>
#include <QLabel>
#include <QMenu>
#include <QProgressBar>
#include <QPushButton>
#include <QToolButton>

#include <utility>

#include "ui/style/icons.h"

namespace whorl::ui {

void prepareHead(const ViewHead& head, const QString& name, std::function<void(QMenu*)> fill) {
  head.summary->setObjectName(name + QStringLiteral("_summary"));
  head.summary->setWordWrap(true);
  head.summary->setTextFormat(Qt::PlainText);
  head.summary->setMinimumHeight(2 * head.summary->fontMetrics().lineSpacing());
  head.summary->setAlignment(Qt::AlignLeft | Qt::AlignTop);
  head.progress->setObjectName(name + QStringLiteral("_progress"));
  head.progress->setMaximumHeight(16);
  head.progress->setMaximumWidth(120);
  head.progress->hide();
  head.stop->setObjectName(name + QStringLiteral("_stop"));
  head.stop->hide();
  head.exports->setObjectName(name + QStringLiteral("_export"));
  head.exports->setText(QCoreApplication::translate("landscape", "Export"));
  head.exports->setIcon(icon(QStringLiteral("export")));
  head.exports->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
  head.exports->setPopupMode(QToolButton::InstantPopup);
  auto* menu = new QMenu(head.exports);
  QObject::connect(menu, &QMenu::aboutToShow, menu, [menu, fill = std::move(fill)] {
    menu->clear();
    fill(menu);
  });
  head.exports->setMenu(menu);
}

QWidget* headRow(const ViewHead& head) {
  auto* row = new QWidget;
  auto* line = new QHBoxLayout(row);
  line->setContentsMargins(0, 0, 0, 0);
  line->setSpacing(8);
  line->addWidget(head.summary, 1);
  line->addWidget(head.progress);
  line->addWidget(head.stop);
  line->addWidget(head.exports, 0, Qt::AlignTop);
  return row;
}

}  // namespace whorl::ui
