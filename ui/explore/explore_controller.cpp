// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/explore/explore_controller.h"

#include <utility>

#include "ui/session/engine_session.h"

namespace whorl::ui {

ExploreController::ExploreController(EngineSession* session, QObject* parent) : QObject(parent), m_session(session) {}

std::uint64_t ExploreController::ask(ExploreQuery query) {
  ++m_newest;
  m_pending = std::move(query);
  if (m_running) {
    m_running->cancel();
  } else {
    startPending();
  }
  return m_newest;
}

void ExploreController::cancel() {
  ++m_newest;
  m_pending.reset();
  if (m_running) m_running->cancel();
}

void ExploreController::startPending() {
  if (!m_pending || !m_session->ready()) return;
  const std::uint64_t number = m_newest;
  auto query = std::make_shared<ExploreQuery>(std::move(*m_pending));
  m_pending.reset();
  m_running = m_session->run(
      this, Lane::Interactive, tr("Explore"),
      [query](Engine& engine, const JobContext& context) {
        query->request.image = *query->image;
        return engine.explore(query->request, context);
      },
      [this, number](const ExploreResult& result) {
        ended();
        if (number == m_newest) Q_EMIT finished(number, result);
      },
      [this, number](const Error& error) {
        ended();
        if (number == m_newest) Q_EMIT failed(number, errorText(error));
      });
  Q_EMIT busyChanged(true);
}

void ExploreController::ended() {
  m_running.reset();
  startPending();
  if (!m_running) Q_EMIT busyChanged(false);
}

}  // namespace whorl::ui
