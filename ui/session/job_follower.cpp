// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/session/job_follower.h"

namespace whorl::ui {

JobFollower::JobFollower(EngineSession* session, QObject* parent) : QObject(parent), m_session(session) {
  m_timer.setInterval(kBeatMs);
  connect(&m_timer, &QTimer::timeout, this, &JobFollower::beat);
  connect(session, &EngineSession::jobChanged, this, [this](const std::shared_ptr<Job>& job) {
    if (m_job && job == m_job) Q_EMIT stateChanged(job->state());
  });
}

JobFollower::~JobFollower() {
  if (m_job) m_job->cancel();
}

void JobFollower::end() {
  m_timer.stop();
  Q_EMIT beat();
  m_job.reset();
}

}  // namespace whorl::ui
