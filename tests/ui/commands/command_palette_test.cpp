// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/commands/command_palette.h"

#include <QAction>
#include <QLineEdit>
#include <QListWidget>

#include "tests/ui/ui_test.h"
#include "ui/commands/command_registry.h"

using namespace whorl::ui;

class CommandPaletteTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void init() { whorl::test::failOnWarnings(); }

  void ranks() {
    QVERIFY(matchRank("open", "Image: Open images") >= 0);
    QVERIFY(matchRank("oim", "Image: Open images") >= 0);
    QVERIFY(matchRank("open", "Image: Open images") < matchRank("oim", "Image: Open images"));
    QCOMPARE(matchRank("xyz", "Image: Open images"), -1);
    QCOMPARE(matchRank("", "anything"), 0);
  }

  void typesAndRuns() {
    QWidget window;
    window.resize(800, 600);
    CommandRegistry registry;
    QStringList ran;
    registry.add({"a.one", "&First thing", "A", {}, {}, {}}, this, [&] { ran << "one"; });
    registry.add({"a.two", "Second thing", "A", {}, {}, {}}, this, [&] { ran << "two"; });
    registry.add({"a.off", "Second too", "A", {}, {}, {}}, this, [&] { ran << "off"; })->setEnabled(false);
    CommandPalette palette(&registry, &window);
    window.show();
    QVERIFY(!palette.isVisible());
    palette.open();
    auto* edit = palette.findChild<QLineEdit*>();
    auto* list = palette.findChild<QListWidget*>();
    QCOMPARE(list->count(), 2);  // what is off can't be run
    QTest::keyClicks(edit, "secnd");
    QCOMPARE(list->count(), 1);
    QTest::keyClick(edit, Qt::Key_Return);
    QCOMPARE(ran, QStringList({"two"}));
    QVERIFY(!palette.isVisible());
    palette.open();
    QTest::keyClick(edit, Qt::Key_Down);
    QCOMPARE(list->currentRow(), 1);
    QTest::keyClick(edit, Qt::Key_Escape);
    QVERIFY(!palette.isVisible());
    QCOMPARE(ran.size(), 1);
  }
};

QTEST_MAIN(CommandPaletteTest)
#include "command_palette_test.moc"
