// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/nn/batch_workers.h"

#include <QTest>

#include <atomic>
#include <stdexcept>
#include <vector>

using namespace whorl;

class BatchWorkersTest : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void resultsComeInOrder_data() {
    QTest::addColumn<int>("workers");
    QTest::newRow("one") << 1;
    QTest::newRow("four") << 4;
  }
  void resultsComeInOrder() {
    QFETCH(int, workers);
    std::vector<std::int64_t> order;
    BatchWorkers<std::int64_t> pool(50, workers, 1);
    pool.run(
        [](std::int64_t batch) {
          // The first batches take longest, so that later ones are ready before.
          volatile double work = 0;
          for (std::int64_t k = 0; k < (50 - batch) * 2000; ++k) work = work + 1;
          return batch * batch;
        },
        [&](std::int64_t batch, std::int64_t&& result) {
          QCOMPARE(result, batch * batch);
          order.push_back(batch);
        });
    QCOMPARE(order.size(), 50U);
    for (std::size_t k = 0; k < order.size(); ++k) QCOMPARE(order[k], static_cast<std::int64_t>(k));
  }

  void fewResultsWaitAtOnce() {
    std::atomic<int> begun{0};
    int delivered = 0;
    int most = 0;
    BatchWorkers<int> pool(200, 3, 1);
    pool.run([&](std::int64_t) { return ++begun; },
             [&](std::int64_t, int&&) {
               ++delivered;
               most = std::max(most, begun.load() - delivered);
             });
    QCOMPARE(delivered, 200);
    QVERIFY2(most <= 6, qPrintable(QString::number(most)));
  }

  void theFirstProblemStopsAll() {
    for (const bool inWork : {true, false}) {
      std::atomic<int> begun{0};
      BatchWorkers<int> pool(1000, 4, 1);
      const auto run = [&] {
        pool.run(
            [&](std::int64_t batch) {
              ++begun;
              if (inWork && batch == 5) throw std::runtime_error("five");
              return 0;
            },
            [&](std::int64_t batch, int&&) {
              if (!inWork && batch == 5) throw std::runtime_error("five");
            });
      };
      QVERIFY_EXCEPTION_THROWN(run(), std::runtime_error);
      QVERIFY(begun < 1000);
    }
  }

  void threadsAreDealtOut() {
    const int before = at::get_num_threads();
    std::atomic<bool> right{true};
    BatchWorkers<int> pool(8, 2, 1);
    pool.run(
        [&](std::int64_t) {
          if (at::get_num_threads() != 1) right = false;
          return 0;
        },
        [](std::int64_t, int&&) {});
    QVERIFY(right);
    QCOMPARE(at::get_num_threads(), before);
  }

  void nothingToDo() {
    BatchWorkers<int> pool(0, 3, 1);
    pool.run([](std::int64_t) { return 0; }, [](std::int64_t, int&&) { QFAIL("there was nothing"); });
  }
};

QTEST_APPLESS_MAIN(BatchWorkersTest)
#include "batch_workers_test.moc"
