// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QObject>
#include <QString>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <thread>
#include <type_traits>

#include "core/service/engine.h"

namespace whorl::ui {

/// What somebody who knows a job's plan expects of it.
struct JobForecast {
  std::optional<double> fraction;     ///< how far it is in time, 0 to 1
  std::optional<double> secondsLeft;  ///< nothing: nobody can say
};

/// The engine as the window uses it: loaded on a thread of its own after the first paint, its jobs' results brought
/// back to the GUI thread. All methods and signals belong to the GUI thread.
class EngineSession : public QObject {
  Q_OBJECT

 public:
  explicit EngineSession(QObject* parent = nullptr);
  /// With an engine that is there already (tests).
  explicit EngineSession(std::shared_ptr<Engine> engine, QObject* parent = nullptr);
  /// Asks all jobs to stop and waits for the workers.
  ~EngineSession() override;

  /// Loads the engine on a thread of its own; engineReady or engineFailed follows. Asked for again while a load is
  /// under way, or after one has succeeded, it does nothing.
  void load(const EngineOptions& options);
  /// The same with another way to make an engine (tests). `make` is called on the loading thread.
  void load(std::function<std::shared_ptr<Engine>()> make);
  bool ready() const { return m_engine != nullptr; }
  /// Only when ready().
  Engine& engine() const { return *m_engine; }

  /// Queues `work` on an engine worker. When it has ended, `done` or `failed` is called on the GUI thread, unless
  /// `context` has died. A cancelled job calls `failed` with ErrorKind::Cancelled. The job is announced by jobAdded
  /// (before this returns). Neither `done` nor `failed` is called before this has returned. Only when ready().
  template <class Work, class Done>
  std::shared_ptr<Job> run(QObject* context, Lane lane, const QString& title, Work work, Done done,
                           std::function<void(const Error&)> failed) {
    using Result = std::invoke_result_t<Work, Engine&, const JobContext&>;
    if constexpr (std::is_void_v<Result>) {
      return start(
          context, lane, title,
          [engine = m_engine.get(), work = std::move(work)](JobContext& job) { work(*engine, job); }, std::move(done),
          std::move(failed));
    } else {
      auto result = std::make_shared<std::optional<Result>>();
      return start(
          context, lane, title,
          [engine = m_engine.get(), result, work = std::move(work)](JobContext& job) { *result = work(*engine, job); },
          [result, done = std::move(done)] { done(std::move(**result)); }, std::move(failed));
    }
  }

  /// Tells what is expected of a job; that goes before what its steps a second let one guess.
  void tellForecast(const std::shared_ptr<Job>& job, const JobForecast& forecast) { Q_EMIT jobForecast(job, forecast); }
  /// Tells everybody that a model was added, changed or removed.
  void announceModels() { Q_EMIT modelsChanged(); }

 Q_SIGNALS:
  void engineReady();
  void engineFailed(const QString& message);
  /// A job was queued. Lane::Interactive jobs are not announced: they are too many and too short.
  void jobAdded(const std::shared_ptr<whorl::Job>& job);
  void jobChanged(const std::shared_ptr<whorl::Job>& job);
  void jobForecast(const std::shared_ptr<whorl::Job>& job, const whorl::ui::JobForecast& forecast);
  void modelsChanged();

 private:
  /// What is known of a job until it has ended.
  struct Task;
  /// The workers' way to this object, which may die before them.
  struct Relay;

  std::shared_ptr<Job> start(QObject* context, Lane lane, const QString& title, std::function<void(JobContext&)> work,
                             std::function<void()> done, std::function<void(const Error&)> failed);

  void taskChanged(std::uint64_t key);
  void finish(const Task& task);

  std::shared_ptr<Engine> m_engine;
  std::shared_ptr<Relay> m_relay;
  std::map<std::uint64_t, std::shared_ptr<Task>> m_tasks;
  std::uint64_t m_nextTask = 1;
  bool m_loading = false;
  std::jthread m_loader;
};

/// An error for people: what happened and, where there is something, what to do.
QString errorText(const Error& error);

}  // namespace whorl::ui
