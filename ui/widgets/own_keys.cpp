// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/own_keys.h"

#include <QKeyEvent>

#include <algorithm>

namespace whorl::ui {

void claimKeys(QEvent* event, std::initializer_list<int> keys) {
  if (event->type() != QEvent::ShortcutOverride) return;
  const auto* key = static_cast<QKeyEvent*>(event);
  const bool plain = (key->modifiers() & ~(Qt::KeypadModifier | Qt::ShiftModifier)) == Qt::NoModifier;
  const bool ours = std::find(keys.begin(), keys.end(), key->key()) != keys.end();
  if (key->matches(QKeySequence::Copy) || (plain && ours)) event->accept();
}

}  // namespace whorl::ui
