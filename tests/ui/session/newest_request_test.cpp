// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/session/newest_request.h"

#include <QTest>

#include <vector>

#include "core/base/scheduler.h"

using namespace whorl;
using namespace whorl::ui;

namespace {

/// Runs nothing; knows whether it was cancelled.
class IdleJob : public Job {
 public:
  bool cancelled = false;

  std::uint64_t id() const override { return 1; }
  std::string title() const override { return "idle"; }
  Lane lane() const override { return Lane::Interactive; }
  JobState state() const override { return cancelled ? JobState::Stopping : JobState::Running; }
  Progress progress() const override { return {}; }
  double seconds() const override { return 0; }
  void cancel() override { cancelled = true; }
  void pause() override {}
  void resume() override {}
  void wait() override {}
  std::exception_ptr error() const override { return nullptr; }
};

bool isCancelled(const std::shared_ptr<Job>& job) { return static_cast<const IdleJob&>(*job).cancelled; }

}  // namespace

class NewestRequestTest : public QObject {
  Q_OBJECT

  std::vector<std::uint64_t> m_started;

  NewestRequest::Start start() {
    return [this](std::uint64_t number) {
      m_started.push_back(number);
      return std::make_shared<IdleJob>();
    };
  }

 private Q_SLOTS:
  void init() { m_started.clear(); }

  void startsAtOnceWhereNothingRuns() {
    NewestRequest requests;
    const auto number = requests.ask(start(), /*ready=*/true);
    QCOMPARE(m_started, std::vector<std::uint64_t>{number});
    QVERIFY(requests.running() && !requests.waiting() && requests.isNewest(number));
    requests.ended();
    QVERIFY(!requests.running());
  }

  void onlyTheNewestFollowsWhatRuns() {
    NewestRequest requests;
    const auto first = requests.ask(start(), true);
    const auto job = requests.running();
    const auto second = requests.ask(start(), true);
    QVERIFY(isCancelled(job));
    const auto third = requests.ask(start(), true);
    QVERIFY(requests.waiting() && !requests.isNewest(second) && requests.isNewest(third));
    requests.ended();
    QCOMPARE(m_started, (std::vector<std::uint64_t>{first, third}));  // the second never was
    QVERIFY(requests.running() && !requests.waiting());
  }

  void waitsForTheEngine() {
    NewestRequest requests;
    requests.ask(start(), /*ready=*/false);
    QVERIFY(m_started.empty() && requests.waiting() && !requests.running());
    requests.ended();  // the engine is there
    QCOMPARE(m_started.size(), std::size_t{1});
  }

  void cancelForgetsWhatWaits() {
    NewestRequest requests;
    const auto first = requests.ask(start(), true);
    const auto job = requests.running();
    requests.ask(start(), true);
    requests.cancel();
    QVERIFY(isCancelled(job) && !requests.waiting() && !requests.isNewest(first));
    requests.ended();
    QCOMPARE(m_started.size(), std::size_t{1});
  }

  void itsEndCancelsWhatRuns() {
    std::shared_ptr<Job> job;
    {
      NewestRequest requests;
      requests.ask(start(), true);
      job = requests.running();
    }
    QVERIFY(isCancelled(job));
  }
};

QTEST_APPLESS_MAIN(NewestRequestTest)
#include "newest_request_test.moc"
