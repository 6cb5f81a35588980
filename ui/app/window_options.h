// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QSize>
#include <QString>
#include <QStringList>

#include <optional>

#include "ui/style/theme.h"

namespace whorl::ui {

/// What `whorl` was called with.
struct WindowOptions {
  QString dataFolder;
  QStringList files;
  QString page;
  std::optional<Theme> theme;
  QString firstPicture;  ///< write the window's first picture here, and leave
  QString model;         ///< model to begin with
  QSize size;
  bool help = false;
  bool version = false;
  QString problem;  ///< what is wrong with the call; "" for nothing

  /// Needs no display.
  bool withoutWindow() const { return help || version || !problem.isEmpty(); }
};

/// `arguments` begins with the program's name. Needs no application.
WindowOptions parseWindowOptions(const QStringList& arguments);
QString windowHelpText();

}  // namespace whorl::ui
