// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/session/engine_session.h"

#include <QMetaObject>
#include <QPointer>

#include <atomic>
#include <exception>
#include <mutex>
#include <utility>

namespace whorl::ui {
namespace {

Error toError(const std::exception_ptr& thrown, JobState state) {
  if (thrown) {
    try {
      std::rethrow_exception(thrown);
    } catch (const Error& error) {
      return error;
    } catch (const std::exception& error) {
      return Error(ErrorKind::Internal, error.what());
    } catch (...) {
      return Error(ErrorKind::Internal, "something unknown was thrown");
    }
  }
  if (state == JobState::Cancelled) return Error(ErrorKind::Cancelled, "cancelled");
  return Error(ErrorKind::Internal, "the work failed without saying why");
}

}  // namespace

struct EngineSession::Task {
  std::shared_ptr<Job> job;
  Lane lane = Lane::Interactive;
  QPointer<QObject> context;
  std::function<void()> done;
  std::function<void(const Error&)> failed;
  /// Shared with the workers: whether the GUI thread has been told and hasn't looked yet, so that a flood of reports
  /// is one event at a time.
  std::shared_ptr<std::atomic<bool>> told = std::make_shared<std::atomic<bool>>(false);
};

struct EngineSession::Relay {
  std::mutex mutex;
  EngineSession* session = nullptr;

  template <class Call>
  void post(Call call) {
    const std::lock_guard lock(mutex);
    if (session) QMetaObject::invokeMethod(session, std::move(call), Qt::QueuedConnection);
  }
};

EngineSession::EngineSession(QObject* parent) : EngineSession(nullptr, parent) {}

EngineSession::EngineSession(std::shared_ptr<Engine> engine, QObject* parent)
    : QObject(parent), m_engine(std::move(engine)), m_relay(std::make_shared<Relay>()) {
  m_relay->session = this;
}

EngineSession::~EngineSession() {
  {
    const std::lock_guard lock(m_relay->mutex);
    m_relay->session = nullptr;
  }
  // Work holds a plain pointer to the engine (a worker must never own the last reference: it would join itself), so it
  // has to be over before the engine is let go.
  for (const auto& [key, task] : m_tasks) task->job->cancel();
  for (const auto& [key, task] : m_tasks) task->job->wait();
}

void EngineSession::load(const EngineOptions& options) {
  load([options] { return loadEngine(options); });
}

void EngineSession::load(std::function<std::shared_ptr<Engine>()> make) {
  if (m_engine || m_loading) return;
  m_loading = true;
  m_loader = std::jthread([this, relay = m_relay, make = std::move(make)] {
    std::shared_ptr<Engine> engine;
    QString problem;
    try {
      engine = make();
    } catch (const Error& error) {
      problem = errorText(error);
    } catch (const std::exception& error) {
      problem = QString::fromUtf8(error.what());
    }
    relay->post([this, engine = std::move(engine), problem]() mutable {
      m_loading = false;
      m_engine = std::move(engine);
      if (m_engine) {
        Q_EMIT engineReady();
      } else {
        Q_EMIT engineFailed(problem.isEmpty() ? tr("The engine could not be loaded.") : problem);
      }
    });
  });
}

std::shared_ptr<Job> EngineSession::start(QObject* context, Lane lane, const QString& title,
                                          std::function<void(JobContext&)> work, std::function<void()> done,
                                          std::function<void(const Error&)> failed) {
  const std::uint64_t key = m_nextTask++;
  auto task = std::make_shared<Task>();
  task->lane = lane;
  task->context = context;
  task->done = std::move(done);
  task->failed = std::move(failed);
  m_tasks[key] = task;

  const auto tell = [this, key, relay = m_relay, told = task->told](const Job&) {
    if (!told->exchange(true)) relay->post([this, key] { taskChanged(key); });
  };
  task->job = m_engine->submit(lane, title.toStdString(), std::move(work), JobObserver{tell, tell});
  if (lane != Lane::Interactive) Q_EMIT jobAdded(task->job);
  return task->job;
}

void EngineSession::taskChanged(std::uint64_t key) {
  const auto found = m_tasks.find(key);
  if (found == m_tasks.end()) return;
  const std::shared_ptr<Task> task = found->second;
  task->told->store(false);  // before the state is read: a later change posts again
  const bool ended = isTerminal(task->job->state());
  if (ended) m_tasks.erase(found);
  if (task->lane != Lane::Interactive) Q_EMIT jobChanged(task->job);
  if (ended) finish(*task);
}

void EngineSession::finish(const Task& task) {
  if (!task.context) return;
  const JobState state = task.job->state();
  if (state == JobState::Finished) {
    if (task.done) task.done();
  } else if (task.failed) {
    task.failed(toError(task.job->error(), state));
  }
}

QString errorText(const Error& error) {
  QString text = QString::fromStdString(error.message());
  if (!text.isEmpty()) text[0] = text[0].toUpper();
  if (!error.where().empty()) text = QString::fromStdString(error.where()) + QStringLiteral(": ") + text;
  if (!error.hint().empty()) {
    QString hint = QString::fromStdString(error.hint());
    hint[0] = hint[0].toUpper();
    if (!text.endsWith(QLatin1Char('.'))) text += QLatin1Char('.');
    text += QLatin1Char(' ') + hint;
  }
  return text;
}

}  // namespace whorl::ui
