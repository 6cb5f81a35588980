// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/landscape/landscape_controller.h"

#include <mutex>
#include <utility>

#include "ui/session/engine_session.h"

namespace whorl::ui {

/// What the worker and the GUI thread share of one request. It outlives both, as each holds it.
struct LandscapeController::Channel {
  std::mutex mutex;
  SharedPlane plane;
  SharedSurface surface;  ///< the newest that was not shown
};

LandscapeController::LandscapeController(EngineSession* session, QObject* parent)
    : QObject(parent), m_session(session) {
  m_timer.setInterval(kLookMs);
  connect(&m_timer, &QTimer::timeout, this, &LandscapeController::handOver);
}

std::uint64_t LandscapeController::ask(LandscapeRequest request, std::shared_ptr<const Image> image,
                                       const QString& title) {
  const auto query = std::make_shared<Query>(Query{std::move(request), std::move(image), title});
  const bool idle = !m_requests.running();
  const std::uint64_t asked =
      m_requests.ask([this, query](std::uint64_t number) { return start(query, number); }, m_session->ready());
  if (idle && m_requests.running()) Q_EMIT busyChanged(true);
  return asked;
}

std::shared_ptr<Job> LandscapeController::start(const std::shared_ptr<Query>& query, std::uint64_t number) {
  m_channel = std::make_shared<Channel>();
  m_runningNumber = number;
  const auto& asked = query->request;
  const std::int64_t quick = std::int64_t{kQuickResolution} * kQuickResolution;
  const bool longWork = asked.weights || asked.resolution > kQuickResolution ||
                        (asked.ball && asked.ball->directions * asked.resolution > quick);
  const Lane lane = longWork ? Lane::Batch : Lane::Interactive;
  auto job = m_session->run(
      this, lane, query->title,
      [query, channel = m_channel](Engine& engine, const JobContext& context) {
        if (query->image) query->request.image = *query->image;
        LandscapeHooks hooks;
        hooks.onStart = [&](const LandscapeResult& start) {
          const std::lock_guard lock(channel->mutex);
          channel->plane = std::make_shared<const LandscapeResult>(start);
        };
        hooks.onLevel = [&](const Surface& level) {
          const std::lock_guard lock(channel->mutex);
          channel->surface = std::make_shared<const Surface>(level);
        };
        return engine.landscape(query->request, context, hooks).seconds;
      },
      [this, number](double seconds) {
        handOver();
        ended();
        if (m_requests.isNewest(number)) Q_EMIT finished(number, seconds);
      },
      [this, number](const Error& error) {
        ended();
        if (m_requests.isNewest(number)) Q_EMIT failed(number, error);
      });
  m_timer.start();
  return job;
}

void LandscapeController::handOver() {
  if (!m_channel || !m_requests.isNewest(m_runningNumber)) return;
  SharedPlane plane;
  SharedSurface surface;
  {
    const std::lock_guard lock(m_channel->mutex);
    plane = std::exchange(m_channel->plane, nullptr);
    surface = std::exchange(m_channel->surface, nullptr);
  }
  const std::uint64_t number = m_runningNumber;
  if (plane) Q_EMIT started(number, plane);
  if (surface && m_requests.isNewest(number)) Q_EMIT refined(number, surface);
  if (!m_requests.running() || !m_requests.isNewest(number)) return;
  const Progress progress = m_requests.running()->progress();
  Q_EMIT progressed(progress.done, progress.total);
}

void LandscapeController::ended() {
  m_timer.stop();
  m_channel.reset();
  m_requests.ended();
  Q_EMIT busyChanged(m_requests.running() != nullptr);
}

}  // namespace whorl::ui
