// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QIcon>
#include <QString>

namespace whorl::ui {

/// One of resources/icons/NAME.svg in the colour of the application's text, whatever the theme is when it is drawn.
/// An unknown name gives an empty icon and a warning.
QIcon icon(const QString& name);

}  // namespace whorl::ui
