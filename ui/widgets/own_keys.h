// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <initializer_list>

class QEvent;

namespace whorl::ui {

/// For a widget's event(): while it has the focus these keys (also with Shift) and Copy are its own, though the window
/// has shortcuts for some of them. Accepts such a ShortcutOverride; other events are left alone.
void claimKeys(QEvent* event, std::initializer_list<int> keys);

}  // namespace whorl::ui
