// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/service/even_trace.h"

#include <QtTest>

using whorl::EvenTrace;

class EvenTraceTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void keepsShortRunsWhole() {
    EvenTrace<int> trace(8);
    QVERIFY(trace.take().empty());
    for (int i = 0; i < 7; ++i) trace.add(i);
    QCOMPARE(trace.take(), (std::vector<int>{0, 1, 2, 3, 4, 5, 6}));
    trace.add(42);  // it begins anew
    QCOMPARE(trace.take(), std::vector<int>{42});
  }

  void thinsLongRunsEvenly() {
    for (const std::size_t most : {2U, 3U, 8U, 9U, 240U}) {
      for (const int length : {1, 2, 3, 8, 9, 10, 17, 100, 239, 240, 241, 1000, 20001}) {
        EvenTrace<int> trace(most);
        for (int i = 0; i < length; ++i) trace.add(i);
        const std::vector<int> kept = trace.take();
        QVERIFY(kept.size() <= most);
        QVERIFY(std::size_t(length) < most || 2 * kept.size() >= most);
        QCOMPARE(kept.front(), 0);
        QCOMPARE(kept.back(), length - 1);
        const int stride = kept.size() > 2 ? kept[1] : 0;
        for (std::size_t i = 0; i + 2 < kept.size(); ++i) QCOMPARE(kept[i + 1] - kept[i], stride);
        QVERIFY(kept.size() < 3 || kept.back() - kept[kept.size() - 2] <= stride);
      }
    }
  }
};

QTEST_APPLESS_MAIN(EvenTraceTest)
#include "even_trace_test.moc"
