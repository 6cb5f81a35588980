// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/jobs/jobs_model.h"

#include <QAbstractItemModelTester>
#include <QSignalSpy>
#include <QTest>

#include "tests/ui/ui_test.h"

using namespace whorl;
using namespace whorl::ui;

namespace {

/// A job that is in whatever state the test says.
class SetJob : public Job {
 public:
  explicit SetJob(Lane lane = Lane::Batch) : m_lane(lane) {}
  std::uint64_t id() const override { return 7; }
  std::string title() const override { return "Fetch MNIST"; }
  Lane lane() const override { return m_lane; }
  JobState state() const override { return now; }
  Progress progress() const override { return shown; }
  double seconds() const override { return time; }
  void cancel() override { now = JobState::Stopping; }
  void pause() override { now = JobState::Paused; }
  void resume() override { now = JobState::Running; }
  void wait() override {}
  std::exception_ptr error() const override { return thrown; }

  JobState now = JobState::Running;
  Progress shown;
  double time = 0;
  std::exception_ptr thrown;

 private:
  Lane m_lane;
};

}  // namespace

class JobsModelTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void init() { test::failOnWarnings(); }

  void showsWhatTheJobSays() {
    JobsModel model;
    QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
    auto job = std::make_shared<SetJob>();
    job->shown = {25, 100, "train-images", {{"images_per_second", 4150}}};
    model.add(job);
    model.add(job);  // once is enough
    QCOMPARE(model.rowCount(), 1);
    const JobSnapshot shown = model.snapshot(0);
    QCOMPARE(shown.title, QStringLiteral("Fetch MNIST"));
    QCOMPARE(shown.fraction, 0.25);
    QCOMPARE(shown.rate, QStringLiteral("4,150 images/s"));
    QCOMPARE(shown.message, QStringLiteral("train-images"));
    QVERIFY(shown.canPause && shown.canCancel && !shown.canResume);
    QCOMPARE(model.activeCount(), 1);
  }

  void manyReportsBecomeOneChange() {
    JobsModel model;
    auto job = std::make_shared<SetJob>();
    model.add(job);
    QTest::qWait(150);  // the look that follows adding
    QSignalSpy changes(&model, &JobsModel::dataChanged);
    for (int i = 1; i <= 1000; ++i) {
      job->shown.done = i;
      job->shown.total = 1000;
      model.refreshSoon();
    }
    QVERIFY(changes.wait());
    QCOMPARE(changes.count(), 1);
    QCOMPARE(model.snapshot(0).fraction, 1.0);
  }

  /// Cells of a recipe are no measure of time; who knows its plan says how long it takes.
  void aForecastGoesBeforeTheRate() {
    JobsModel model;
    auto job = std::make_shared<SetJob>();
    job->shown = {0, 100, "training", {}};
    model.add(job);
    model.setForecast(job, {0.4, 125.0});
    QTRY_COMPARE(model.snapshot(0).timeLeft, QStringLiteral("2 min 05 s left"));
    QCOMPARE(model.snapshot(0).fraction, 0.4);
    for (int i = 1; i <= 10; ++i) {  // a rate that says 0.9 s
      job->shown.done = 10 * i - 1;
      job->time = 0.1 * i;
      model.setForecast(job, {0.4, 90.0});
      QTest::qWait(20);
    }
    QTRY_COMPARE(model.snapshot(0).timeLeft, QStringLiteral("1 min 30 s left"));
    model.setForecast(job, {0.9, std::nullopt});
    QTRY_COMPARE(model.snapshot(0).timeLeft, QString());
  }

  void failureStaysWithItsReason() {
    JobsModel model;
    auto job = std::make_shared<SetJob>();
    model.add(job);
    job->thrown = std::make_exception_ptr(Error(ErrorKind::Failed, "no mirror answered", "mnist", "try again later"));
    job->now = JobState::Failed;
    model.refreshSoon();
    QTRY_COMPARE(model.activeCount(), 0);
    const JobSnapshot shown = model.snapshot(0);
    QVERIFY(shown.message.contains("o mirror answered"));
    QVERIFY(shown.message.contains("ry again later"));
    QVERIFY(!shown.canPause && !shown.canCancel && !shown.canResume);
  }

  void buttonsReachTheJob() {
    JobsModel model;
    auto job = std::make_shared<SetJob>(Lane::Training);
    model.add(job);
    model.pause(0);
    QCOMPARE(job->now, JobState::Paused);
    QTRY_VERIFY(model.snapshot(0).canResume);
    model.resume(0);
    QCOMPARE(job->now, JobState::Running);
    model.cancel(0);
    QTRY_COMPARE(model.snapshot(0).state, JobState::Stopping);
    QVERIFY(!model.snapshot(0).canCancel);
  }

  void clearingKeepsWhatRuns() {
    JobsModel model;
    QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
    std::vector<std::shared_ptr<SetJob>> jobs;
    for (int i = 0; i < 4; ++i) {
      jobs.push_back(std::make_shared<SetJob>());
      model.add(jobs.back());
    }
    jobs[0]->now = JobState::Finished;
    jobs[2]->now = JobState::Cancelled;
    model.refreshSoon();
    QTRY_COMPARE(model.activeCount(), 2);
    QCOMPARE(model.rowCount(), 4);
    model.clearEnded();
    QCOMPARE(model.rowCount(), 2);
    QCOMPARE(model.activeCount(), 2);
  }

  void endedJobsAreBounded() {
    JobsModel model;
    for (int i = 0; i < JobsModel::kMostEnded + 20; ++i) {
      auto job = std::make_shared<SetJob>();
      job->now = JobState::Finished;
      model.add(job);
    }
    QTRY_COMPARE(model.rowCount(), JobsModel::kMostEnded);
  }
};

QTEST_GUILESS_MAIN(JobsModelTest)
#include "jobs_model_test.moc"
