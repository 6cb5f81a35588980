// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QComboBox>
#include <QSignalSpy>

#include "tests/ui/ui_test.h"

// What tests do with a window, over any engine.

namespace whorl::test {

/// Does `act` and waits until `sender` sends `signal`.
template <class Sender, class Signal, class Act>
bool waitsFor(Sender* sender, Signal signal, Act act, int milliseconds = 20'000) {
  QSignalSpy spy(sender, signal);
  act();
  return QTest::qWaitFor([&spy] { return spy.count() > 0; }, milliseconds);
}

/// Chooses what a combo box calls so; there must be one.
inline void choose(QComboBox* box, const QString& text) {
  const int row = box->findText(text);
  if (row < 0) qFatal("no such choice: %s", qPrintable(text));
  box->setCurrentIndex(row);
}

}  // namespace whorl::test
