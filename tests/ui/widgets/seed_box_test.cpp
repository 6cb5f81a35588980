// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/seed_box.h"

#include <QSignalSpy>

#include <limits>

#include "tests/ui/ui_test.h"

using whorl::ui::SeedBox;

class SeedBoxTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void init() { whorl::test::failOnWarnings(); }

  void takesAnySeed() {
    SeedBox box;
    QSignalSpy edited(&box, &SeedBox::edited);
    box.selectAll();
    QTest::keyClicks(&box, "18446744073709551615");
    QTest::keyClick(&box, Qt::Key_Return);
    QCOMPARE(box.seed(), std::numeric_limits<std::uint64_t>::max());
    QCOMPARE(edited.count(), 1);
    QTest::keyClick(&box, Qt::Key_Up);  // there is none above
    QCOMPARE(edited.count(), 1);
    QTest::keyClick(&box, Qt::Key_Down);
    QCOMPARE(box.text(), QString("18446744073709551614"));
    QCOMPARE(edited.count(), 2);
    box.setSeed(std::uint64_t{1} << 31);
    QCOMPARE(box.text(), QString("2147483648"));
    QCOMPARE(edited.count(), 2);
  }

  void refusesWhatIsNone() {
    SeedBox box;
    box.setSeed(7);
    box.selectAll();
    QTest::keyClicks(&box, "-1x2");
    QCOMPARE(box.text(), QString("12"));
    box.selectAll();
    QTest::keyClicks(&box, "18446744073709551616");  // one too many: the last digit isn't taken
    QCOMPARE(box.text(), QString("1844674407370955161"));
    box.clear();
    QTest::keyClick(&box, Qt::Key_Down);
    QVERIFY(!box.text().isEmpty());
  }
};

QTEST_MAIN(SeedBoxTest)
#include "seed_box_test.moc"
