// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/own_keys.h"

#include <QKeyEvent>
#include <QTest>

using namespace whorl::ui;

class OwnKeysTest : public QObject {
  Q_OBJECT

  static bool claimed(QEvent::Type type, int key, Qt::KeyboardModifiers modifiers = Qt::NoModifier) {
    QKeyEvent event(type, key, modifiers);
    event.ignore();
    claimKeys(&event, {Qt::Key_Left, Qt::Key_Home});
    return event.isAccepted();
  }

 private Q_SLOTS:
  void theseKeysAndCopyAreItsOwn() {
    QVERIFY(claimed(QEvent::ShortcutOverride, Qt::Key_Left));
    QVERIFY(claimed(QEvent::ShortcutOverride, Qt::Key_Home, Qt::ShiftModifier));
    QVERIFY(claimed(QEvent::ShortcutOverride, Qt::Key_Left, Qt::KeypadModifier));
    QVERIFY(claimed(QEvent::ShortcutOverride, Qt::Key_C, Qt::ControlModifier));
  }

  void othersAreTheWindows() {
    QVERIFY(!claimed(QEvent::ShortcutOverride, Qt::Key_Right));
    QVERIFY(!claimed(QEvent::ShortcutOverride, Qt::Key_Left, Qt::AltModifier));  // the previous image
    QVERIFY(!claimed(QEvent::ShortcutOverride, Qt::Key_Home, Qt::ControlModifier));
    QVERIFY(!claimed(QEvent::KeyPress, Qt::Key_Left));
    QEvent other(QEvent::Enter);
    other.ignore();
    claimKeys(&other, {Qt::Key_Left});
    QVERIFY(!other.isAccepted());
  }
};

QTEST_MAIN(OwnKeysTest)
#include "own_keys_test.moc"
