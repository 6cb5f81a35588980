// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/base/scheduler.h"

#include <QtTest/QtTest>
#include <atomic>
#include <chrono>
#include <future>
#include <latch>
#include <mutex>
#include <new>
#include <set>
#include <thread>
#include <vector>

#include "core/base/error.h"

using namespace whorl;
using namespace std::chrono_literals;

namespace {

/// What an observer was told, for any thread.
class Diary {
 public:
  JobObserver observer() {
    return {[this](const Job& job) { add(jobStateName(job.state())); },
            [this](const Job& job) { add("progress " + std::to_string(job.progress().done)); }};
  }
  void add(const std::string& entry) {
    const std::lock_guard lock(m_mutex);
    m_entries.push_back(entry);
  }
  std::vector<std::string> entries() const {
    const std::lock_guard lock(m_mutex);
    return m_entries;
  }
  bool contains(const std::string& entry) const {
    const auto all = entries();
    return std::find(all.begin(), all.end(), entry) != all.end();
  }

 private:
  mutable std::mutex m_mutex;
  std::vector<std::string> m_entries;
};

/// Steps until it is stopped; `started` opens once it runs.
std::function<void(JobContext&)> endless(std::promise<void>& started) {
  return [&started](JobContext& context) {
    started.set_value();
    while (true) {
      context.step();
      std::this_thread::yield();
    }
  };
}

std::string errorText(const Job& job, ErrorKind kind) {
  try {
    if (job.error()) std::rethrow_exception(job.error());
    return "no error";
  } catch (const Error& error) {
    return error.kind() == kind ? error.what() : "another kind: " + errorKindName(error.kind());
  }
}

}  // namespace

class SchedulerTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void workRunsAndFinishes() {
    Scheduler scheduler;
    int result = 0;
    const auto job = scheduler.submit(Lane::Batch, "adding", [&](JobContext& context) {
      context.report({1, 2, "half", {{"loss", 0.25}}});
      result = 3;
    });
    job->wait();
    QCOMPARE(result, 3);
    QCOMPARE(job->state(), JobState::Finished);
    QCOMPARE(job->title(), std::string("adding"));
    QCOMPARE(job->lane(), Lane::Batch);
    QCOMPARE(job->progress().done, std::int64_t{1});
    QCOMPARE(job->progress().metrics.size(), std::size_t{1});
    QVERIFY(!job->error());
    const double seconds = job->seconds();
    QVERIFY(seconds > 0);
    QCOMPARE(job->seconds(), seconds);
  }

  void jobsOfALaneRunInOrderOnOneThread() {
    std::atomic<int> starts = 0;
    Scheduler scheduler([&](Lane) { ++starts; });
    std::vector<int> order;
    std::set<std::thread::id> threads;
    std::vector<std::shared_ptr<Job>> jobs;
    for (int i = 0; i < 50; ++i) {
      jobs.push_back(scheduler.submit(Lane::Interactive, "job", [&, i](JobContext&) {
        order.push_back(i);
        threads.insert(std::this_thread::get_id());
      }));
    }
    for (const auto& job : jobs) job->wait();
    for (int i = 0; i < 50; ++i) QCOMPARE(order[static_cast<std::size_t>(i)], i);
    QCOMPARE(threads.size(), std::size_t{1});
    QVERIFY(!threads.contains(std::this_thread::get_id()));
    QVERIFY(starts <= 3);
    for (std::size_t i = 1; i < jobs.size(); ++i) QVERIFY(jobs[i]->id() > jobs[i - 1]->id());
  }

  void lanesRunBesideEachOther() {
    Scheduler scheduler;
    std::latch all(3);  // opens only if all three are running at once
    std::vector<std::shared_ptr<Job>> jobs;
    for (const Lane lane : {Lane::Interactive, Lane::Training, Lane::Batch}) {
      jobs.push_back(scheduler.submit(lane, "meeting", [&](JobContext&) { all.arrive_and_wait(); }));
    }
    for (const auto& job : jobs) job->wait();
    for (const auto& job : jobs) QCOMPARE(job->state(), JobState::Finished);
  }

  void batchLetsInteractiveGoFirst() {
    Scheduler scheduler;
    std::promise<void> batchStarted, interactiveQueued, interactiveStarted, letInteractiveEnd;
    auto letEnd = letInteractiveEnd.get_future();
    auto queued = interactiveQueued.get_future();
    std::atomic<bool> interactiveEnded = false;
    bool endedBeforeNextStep = false;
    const auto batch = scheduler.submit(Lane::Batch, "long", [&](JobContext& context) {
      batchStarted.set_value();
      queued.wait();
      context.step();
      endedBeforeNextStep = interactiveEnded;
    });
    batchStarted.get_future().wait();
    const auto interactive = scheduler.submit(Lane::Interactive, "click", [&](JobContext&) {
      interactiveStarted.set_value();
      letEnd.wait();
      interactiveEnded = true;
    });
    interactiveQueued.set_value();
    interactiveStarted.get_future().wait();
    letInteractiveEnd.set_value();
    interactive->wait();
    batch->wait();
    QVERIFY(endedBeforeNextStep);
  }

  void trainingDoesNotWaitForInteractive() {
    Scheduler scheduler;
    std::promise<void> trainingDone;
    auto done = trainingDone.get_future();
    const auto interactive = scheduler.submit(Lane::Interactive, "click", [&](JobContext&) { done.wait(); });
    const auto training = scheduler.submit(Lane::Training, "train", [](JobContext& context) { context.step(); });
    training->wait();
    trainingDone.set_value();
    interactive->wait();
    QCOMPARE(training->state(), JobState::Finished);
  }

  void batchDoesNotWaitForPausedInteractive() {
    Scheduler scheduler;
    std::promise<void> started;
    const auto interactive = scheduler.submit(Lane::Interactive, "click", endless(started));
    started.get_future().wait();
    interactive->pause();
    const auto batch = scheduler.submit(Lane::Batch, "long", [](JobContext& context) { context.step(); });
    batch->wait();
    QCOMPARE(batch->state(), JobState::Finished);
    interactive->cancel();
    interactive->wait();
  }

  void cancellingStopsAtTheNextStep() {
    Scheduler scheduler;
    Diary diary;
    std::promise<void> started;
    const auto job = scheduler.submit(Lane::Training, "endless", endless(started), diary.observer());
    started.get_future().wait();
    job->cancel();
    QVERIFY(job->state() == JobState::Stopping || job->state() == JobState::Cancelled);
    job->wait();
    QCOMPARE(job->state(), JobState::Cancelled);
    QCOMPARE(errorText(*job, ErrorKind::Cancelled), std::string("cancelled"));
    QCOMPARE(diary.entries().back(), std::string("cancelled"));
    QVERIFY(diary.entries().size() >= 4);  // queued, running, stopping, cancelled, some of them perhaps told late
    job->cancel();                         // nothing more happens
    QCOMPARE(job->state(), JobState::Cancelled);
  }

  void aCancelledBatchJobDoesNotWaitForInteractive() {
    Scheduler scheduler;
    std::promise<void> interactiveMayEnd, interactiveStarted, batchStarted;
    auto mayEnd = interactiveMayEnd.get_future();
    const auto interactive = scheduler.submit(Lane::Interactive, "click", [&](JobContext&) {
      interactiveStarted.set_value();
      mayEnd.wait();
    });
    interactiveStarted.get_future().wait();
    const auto batch = scheduler.submit(Lane::Batch, "long", endless(batchStarted));
    batchStarted.get_future().wait();
    batch->cancel();
    batch->wait();  // while the interactive job still runs
    QCOMPARE(batch->state(), JobState::Cancelled);
    interactiveMayEnd.set_value();
    interactive->wait();
  }

  void queuedJobsAreCancelledAtOnce() {
    Scheduler scheduler;
    std::promise<void> started;
    const auto first = scheduler.submit(Lane::Batch, "first", endless(started));
    started.get_future().wait();
    Diary diary;
    auto captured = std::make_shared<int>(1);
    const std::weak_ptr<int> watch = captured;
    const auto second = scheduler.submit(
        Lane::Batch, "second", [captured](JobContext&) { QFAIL("ran"); }, diary.observer());
    captured = nullptr;
    second->cancel();
    QCOMPARE(second->state(), JobState::Cancelled);
    QCOMPARE(diary.entries(), (std::vector<std::string>{"queued", "cancelled"}));
    QVERIFY(watch.expired());
    QCOMPARE(errorText(*second, ErrorKind::Cancelled), std::string("cancelled"));
    QCOMPARE(second->seconds(), 0.0);
    second->wait();
    first->cancel();
    first->wait();
  }

  void workThatEndsInSpiteOfAStopIsFinished() {
    Scheduler scheduler;
    std::promise<void> started, stopped;
    auto stop = stopped.get_future();
    const auto job = scheduler.submit(Lane::Batch, "last step", [&](JobContext&) {
      started.set_value();
      stop.wait();
    });
    started.get_future().wait();
    job->cancel();
    QCOMPARE(job->state(), JobState::Stopping);
    stopped.set_value();
    job->wait();
    QCOMPARE(job->state(), JobState::Finished);
  }

  void pausedWorkStandsStillUntilResumed() {
    Scheduler scheduler;
    Diary diary;
    std::promise<void> started;
    std::atomic<int> steps = 0;
    const auto job = scheduler.submit(
        Lane::Training, "count",
        [&](JobContext& context) {
          started.set_value();
          while (true) {
            context.step();
            ++steps;
            std::this_thread::yield();
          }
        },
        diary.observer());
    started.get_future().wait();
    QTRY_VERIFY(steps > 0);
    job->pause();
    QCOMPARE(job->state(), JobState::Paused);
    // It may be in the middle of one step; after that the count stands.
    int before = steps;
    QTest::qWait(20);
    QVERIFY(steps <= before + 1);
    before = steps;
    QTest::qWait(20);
    QCOMPARE(steps.load(), before);
    job->resume();
    QCOMPARE(job->state(), JobState::Running);
    QTRY_VERIFY(steps > before);
    job->pause();
    job->cancel();  // also out of a pause
    job->wait();
    QCOMPARE(job->state(), JobState::Cancelled);
    QVERIFY(diary.contains("paused"));
    job->pause();
    job->resume();
    QCOMPARE(job->state(), JobState::Cancelled);
  }

  void aJobPausedInTheQueueWaitsForItsResume() {
    Scheduler scheduler;
    std::promise<void> started;
    const auto first = scheduler.submit(Lane::Batch, "first", endless(started));
    started.get_future().wait();
    std::atomic<bool> ran = false;
    const auto second = scheduler.submit(Lane::Batch, "second", [&](JobContext&) { ran = true; });
    second->pause();
    QCOMPARE(second->state(), JobState::Queued);
    first->cancel();
    QTRY_COMPARE(second->state(), JobState::Paused);
    QVERIFY(!ran);
    second->resume();
    second->wait();
    QVERIFY(ran);
    QCOMPARE(second->state(), JobState::Finished);
  }

  void progressIsThrottledAndTheLastOneIsTold() {
    Scheduler scheduler;
    std::vector<std::chrono::steady_clock::time_point> times;
    std::vector<std::int64_t> seen;
    std::vector<JobState> states;
    JobObserver observer;
    observer.progressed = [&](const Job& job) {
      times.push_back(std::chrono::steady_clock::now());
      seen.push_back(job.progress().done);
    };
    observer.changed = [&](const Job& job) { states.push_back(job.state()); };
    constexpr std::int64_t kReports = 200'000;
    const auto job = scheduler.submit(
        Lane::Batch, "chatty",
        [](JobContext& context) {
          for (std::int64_t i = 1; i <= kReports; ++i) context.report({i, kReports, "", {}});
        },
        observer);
    job->wait();
    QCOMPARE(seen.back(), kReports);
    QVERIFY(seen.size() >= 2);
    const double seconds = job->seconds();
    QVERIFY2(static_cast<double>(seen.size()) <= 2 + seconds / 0.05, qPrintable(QString::number(seen.size())));
    // All but the last are apart; the last comes with the end. 45: the call is a little later than the decision.
    for (std::size_t i = 1; i + 1 < times.size(); ++i) QVERIFY(times[i] - times[i - 1] >= 45ms);
    QCOMPARE(states.back(), JobState::Finished);
  }

  void exceptionsArriveAsOurs() {
    Scheduler scheduler;
    const auto run = [&](std::function<void(JobContext&)> work) {
      auto job = scheduler.submit(Lane::Batch, "failing", std::move(work));
      job->wait();
      return job;
    };
    auto job = run([](JobContext&) { throw Error(ErrorKind::BadInput, "odd", "file"); });
    QCOMPARE(job->state(), JobState::Failed);
    QCOMPARE(errorText(*job, ErrorKind::BadInput), std::string("file: odd"));
    job = run([](JobContext&) { throw std::out_of_range("index 7"); });
    QCOMPARE(job->state(), JobState::Failed);
    QCOMPARE(errorText(*job, ErrorKind::Internal), std::string("index 7"));
    job = run([](JobContext&) { throw std::bad_alloc(); });
    QCOMPARE(errorText(*job, ErrorKind::OutOfMemory), std::string("out of memory (use a smaller batch)"));
    job = run([](JobContext&) { throw 7; });
    QCOMPARE(errorText(*job, ErrorKind::Internal), std::string("an exception of unknown type"));
    job = run([](JobContext&) {});  // the worker lives on
    QCOMPARE(job->state(), JobState::Finished);
  }

  void aWorkerThatCannotStartFailsItsJobs() {
    Scheduler scheduler([](Lane lane) {
      if (lane == Lane::Training) throw std::runtime_error("no device");
    });
    const auto job = scheduler.submit(Lane::Training, "train", [](JobContext&) { QFAIL("ran"); });
    const auto other = scheduler.submit(Lane::Batch, "other", [](JobContext&) {});
    job->wait();
    other->wait();
    QCOMPARE(job->state(), JobState::Failed);
    QCOMPARE(errorText(*job, ErrorKind::Internal), std::string("no device"));
    QCOMPARE(other->state(), JobState::Finished);
  }

  void observersMayCallBack() {
    Scheduler scheduler;
    std::promise<void> started;
    JobObserver observer;
    std::atomic<int> depth = 0, deepest = 0;
    std::shared_ptr<Job> job;
    observer.changed = [&](const Job& changed) {
      deepest = std::max(deepest.load(), ++depth);
      if (changed.state() == JobState::Paused) job->cancel();
      --depth;
    };
    job = scheduler.submit(Lane::Batch, "self-cancelling", endless(started), observer);
    started.get_future().wait();
    job->pause();
    job->wait();
    QCOMPARE(job->state(), JobState::Cancelled);
    QCOMPARE(deepest.load(), 1);  // calls for one job never overlap
  }

  void aThrowingObserverHarmsNobody() {
    Scheduler scheduler;
    JobObserver observer;
    observer.changed = [](const Job&) { throw std::runtime_error("from an observer, as this test wants it"); };
    const auto job = scheduler.submit(
        Lane::Batch, "job", [](JobContext&) {}, observer);
    job->wait();
    QCOMPARE(job->state(), JobState::Finished);
  }

  void whatWorkAndObserversHoldIsLetGo() {
    Scheduler scheduler;
    auto held = std::make_shared<int>(1);
    const std::weak_ptr<int> watch = held;
    JobObserver observer;
    observer.changed = [held](const Job&) {};
    const auto job = scheduler.submit(
        Lane::Batch, "job", [held](JobContext&) {}, observer);
    observer = {};
    held = nullptr;
    job->wait();
    QVERIFY(watch.expired());
  }

  void theDestructorStopsAndWaits() {
    std::vector<std::shared_ptr<Job>> jobs;
    {
      Scheduler scheduler;
      std::vector<std::promise<void>> started(3);
      std::size_t next = 0;
      for (const Lane lane : {Lane::Interactive, Lane::Batch, Lane::Training}) {
        jobs.push_back(scheduler.submit(lane, "endless", endless(started[next++])));
      }
      for (auto& promise : started) promise.get_future().wait();
      jobs.push_back(scheduler.submit(Lane::Training, "queued", [](JobContext&) { QFAIL("ran"); }));
      jobs[2]->pause();
    }
    for (const auto& job : jobs) QCOMPARE(job->state(), JobState::Cancelled);
    jobs[0]->cancel();  // jobs outlive their scheduler
    jobs[0]->wait();
  }

  void workMayHoldTheSchedulersLastOwner() {
    auto scheduler = std::make_shared<Scheduler>();
    const std::weak_ptr<Scheduler> watch = scheduler;
    std::promise<void> released;
    auto wait = std::make_shared<std::shared_future<void>>(released.get_future());
    const auto job = scheduler->submit(Lane::Batch, "owner", [held = scheduler, wait](JobContext&) { wait->wait(); });
    scheduler = nullptr;
    released.set_value();
    job->wait();
    QVERIFY(watch.expired());
    QCOMPARE(job->state(), JobState::Finished);
  }

  void manyThreadsMaySubmitPauseAndCancel() {
    std::atomic<int> ended = 0;
    {
      Scheduler scheduler;
      std::vector<std::thread> threads;
      for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&, t] {
          for (int i = 0; i < 100; ++i) {
            JobObserver observer;
            observer.changed = [&](const Job& job) {
              if (isTerminal(job.state())) ++ended;
            };
            const auto job = scheduler.submit(
                static_cast<Lane>((t + i) % 3), "busy",
                [](JobContext& context) {
                  for (int step = 0; step < 20; ++step) {
                    context.report({step, 20, "", {}});
                    context.step();
                  }
                },
                observer);
            if (i % 3 == 0) job->pause();
            if (i % 5 == 0) job->cancel();
            job->resume();
            if (i % 2 == 0) job->wait();
          }
        });
      }
      for (std::thread& thread : threads) thread.join();
    }
    QVERIFY(ended >= 400);  // each at least once; a late call for an earlier state also sees the last one
  }
};

QTEST_GUILESS_MAIN(SchedulerTest)
#include "scheduler_test.moc"
