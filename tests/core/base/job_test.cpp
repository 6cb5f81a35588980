// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/base/job.h"

#include <QtTest/QtTest>
#include <stop_token>

#include "core/base/error.h"

using namespace whorl;

class JobTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void anEmptyContextNeverStops() {
    const JobContext context;
    context.step();
    context.report({1, 2, "fine", {}});
    QVERIFY(!context.stopRequested());
  }

  void stopEndsAtTheNextStep() {
    std::stop_source source;
    const JobContext context(source.get_token(), nullptr);
    context.step();
    source.request_stop();
    try {
      context.step();
      QFAIL("went on");
    } catch (const Error& error) {
      QCOMPARE(error.kind(), ErrorKind::Cancelled);
    }
  }

  void stopDuringTheYieldIsSeen() {
    std::stop_source source;
    const JobContext context(source.get_token(), nullptr, [&] { source.request_stop(); });
    QVERIFY_EXCEPTION_THROWN(context.step(), Error);
  }

  void reportsReachTheSink() {
    std::vector<Progress> seen;
    const JobContext context({}, [&](const Progress& progress) { seen.push_back(progress); });
    context.report({3, 10, "third", {{"loss", 0.5}}});
    QCOMPARE(seen.size(), std::size_t{1});
    QCOMPARE(seen[0].done, std::int64_t{3});
    QCOMPARE(seen[0].metrics, (std::vector<Metric>{{"loss", 0.5}}));
  }
};

QTEST_APPLESS_MAIN(JobTest)
#include "job_test.moc"
