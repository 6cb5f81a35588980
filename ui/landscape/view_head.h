// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>

#include <functional>

class QLabel;
class QMenu;
class QProgressBar;
class QPushButton;
class QToolButton;
class QWidget;

namespace whorl::ui {

/// What stands above a landscape, whatever it is of.
struct ViewHead {
  QLabel* summary;
  QProgressBar* progress;
  QPushButton* stop;
  QToolButton* exports;
};

/// Sets them up: object names begin with `name` ("landscape" for landscape_stop); progress and stop stay hidden until
/// something runs; `fill` fills the export menu each time it opens.
void prepareHead(const ViewHead& head, const QString& name, std::function<void(QMenu*)> fill);

/// All of it in one row.
QWidget* headRow(const ViewHead& head);

}  // namespace whorl::ui
