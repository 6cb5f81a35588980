// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>

#include <functional>

class QWidget;

namespace whorl::ui {

/// Asks for a file to write, of one kind by its ending, and calls `chosen` with it unless the person thinks better of
/// it. Doesn't wait; the dialog goes with `parent`, and so does the call. GUI thread only.
void askWhereToSave(QWidget* parent, const QString& title, const QString& suffix,
                    std::function<void(const QString& path)> chosen);

}  // namespace whorl::ui
