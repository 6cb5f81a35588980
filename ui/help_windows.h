// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/service/types.h"

class QWidget;

namespace whorl::ui {

class CommandRegistry;

/// All commands with a shortcut, by group, and what the mouse and plain keys do. Not modal.
void openShortcutWindow(const CommandRegistry* commands, QWidget* parent);
/// Version, libraries, licence. Not modal.
void openAboutWindow(const EngineInfo& info, QWidget* parent);

}  // namespace whorl::ui
