// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/jobs/format.h"

#include <QTest>

#include <cmath>
#include <limits>

#include "ui/jobs/rate_meter.h"

using namespace whorl;
using namespace whorl::ui;

class FormatTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void durations() {
    QCOMPARE(durationText(0.4), QStringLiteral("under a second"));
    QCOMPARE(durationText(12.4), QStringLiteral("12 s"));
    QCOMPARE(durationText(59.6), QStringLiteral("1 min 00 s"));
    QCOMPARE(durationText(185), QStringLiteral("3 min 05 s"));
    QCOMPARE(durationText(3725), QStringLiteral("1 h 02 min"));
    QCOMPARE(durationText(-1), QString());
    QCOMPARE(durationText(std::numeric_limits<double>::infinity()), QString());
  }

  void sizesAndCounts() {
    QCOMPARE(bytesText(0), QStringLiteral("0 bytes"));
    QCOMPARE(bytesText(999), QStringLiteral("999 bytes"));
    QCOMPARE(bytesText(11594722), QStringLiteral("11.6 MB"));
    QCOMPARE(bytesText(170498071), QStringLiteral("170 MB"));
    QCOMPARE(bytesText(999999), QStringLiteral("1.0 MB"));
    QCOMPARE(countText(60000), QStringLiteral("60,000"));
    QCOMPARE(percentText(0.9957), QStringLiteral("99.57 %"));
    QCOMPARE(percentText(std::nan("")), QStringLiteral("–"));
    QCOMPARE(numberText(0.0123456), QStringLiteral("0.01235"));
    QCOMPARE(rateText(4150.2), QStringLiteral("4,150/s"));
    QCOMPARE(rateText(0.25), QStringLiteral("0.25/s"));
    QCOMPARE(rateText(0), QString());
  }

  void errorsSayWhatAndWhatToDo() {
    const auto thrown =
        std::make_exception_ptr(Error(ErrorKind::Failed, "the disk is full", "m.safetensors", "free some"));
    const QString text = errorText(thrown);
    QVERIFY(text.contains("he disk is full"));
    QVERIFY(text.contains("m.safetensors"));
    QVERIFY(text.contains("ree some"));
    QCOMPARE(errorText(std::exception_ptr()), QString());
    QVERIFY(!errorText(std::make_exception_ptr(7)).isEmpty());
  }

  void rateOfSteadyWorkIsExact() {
    RateMeter meter;
    QVERIFY(!meter.secondsLeft(0, 100));
    for (int i = 0; i <= 20; ++i) meter.update(i * 50, i * 0.5);
    QCOMPARE(meter.rate(), 100.0);
    QCOMPARE(*meter.secondsLeft(1000, 4000), 30.0);
    QVERIFY(!meter.secondsLeft(1000, 0));
  }

  void pausesDoNotSlowItDown() {
    RateMeter meter;
    meter.update(0, 0);
    meter.update(100, 1);
    meter.skipGap();
    meter.update(100, 1000);
    meter.update(200, 1001);
    QCOMPARE(meter.rate(), 100.0);
  }

  void goingBackwardsStartsAnew() {
    RateMeter meter;
    meter.update(0, 0);
    meter.update(100, 1);
    meter.update(5, 2);
    QCOMPARE(meter.rate(), 0.0);
    meter.update(15, 3);
    QCOMPARE(meter.rate(), 10.0);
  }

  void followsAChangeOfSpeed() {
    RateMeter meter;
    for (int i = 0; i <= 100; ++i) meter.update(i * 100, i);
    for (int i = 1; i <= 60; ++i) meter.update(10000 + i * 10, 100 + i);
    QVERIFY(meter.rate() > 9.9 && meter.rate() < 11);
  }
};

QTEST_GUILESS_MAIN(FormatTest)
#include "format_test.moc"
