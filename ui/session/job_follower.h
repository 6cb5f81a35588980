// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QObject>
#include <QTimer>

#include <functional>
#include <memory>
#include <utility>

#include "ui/session/engine_session.h"

namespace whorl::ui {

/// A long job of a page, one after another, seen from the GUI thread: its states, and a beat at which the page fetches
/// what the worker has collected for it. GUI thread only.
class JobFollower : public QObject {
  Q_OBJECT

 public:
  /// Between two beats: at most 20 a second, however often a worker reports.
  static constexpr int kBeatMs = 50;

  explicit JobFollower(EngineSession* session, QObject* parent = nullptr);
  /// Asks what is under way to stop. Nobody is told of its end.
  ~JobFollower() override;

  /// As EngineSession::run(), and with its promises, for work that has a result. Only while no other job is under way.
  template <class Work, class Done>
  void run(Lane lane, const QString& title, Work work, Done done, std::function<void(const Error&)> failed) {
    const auto ended = [this, done = std::move(done)](const auto& result) {
      end();
      done(result);
    };
    const auto broken = [this, failed = std::move(failed)](const Error& error) {
      end();
      failed(error);
    };
    m_job = m_session->run(this, lane, title, std::move(work), ended, broken);
    m_timer.start();
  }

  /// What is under way, or null.
  Job* job() const { return m_job.get(); }

 Q_SIGNALS:
  /// While a job is under way, and a last time when it has ended, before run()'s `done` or `failed`; job() is still
  /// there then.
  void beat();
  /// It runs, is paused, or is asked to stop, by the page or by somebody else. Its end comes by `done` or `failed`.
  void stateChanged(whorl::JobState state);

 private:
  void end();

  EngineSession* m_session;
  std::shared_ptr<Job> m_job;
  QTimer m_timer;
};

}  // namespace whorl::ui
