// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/explore/explore_controller.h"

#include <mutex>
#include <optional>
#include <utility>

#include "ui/session/engine_session.h"

namespace whorl::ui {
namespace {

struct Answer {
  ExploreResult result;
  Trace trace;
};

/// What the model says of an image that was attacked, before the attack.
struct Clean {
  const Image& image;
  Verdict verdict;
};

std::optional<Clean> judgeClean(Engine& engine, const ExploreQuery& query, const JobContext& context) {
  if (!query.clean || query.clean->shape != query.image->shape) return {};
  try {
    return Clean{*query.clean,
                 engine.judge({query.request.model, *query.clean, {*query.clean}, query.request.device}, context)
                     .front()
                     .verdict};
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::BadInput) throw;
    return {};  // another model's size
  }
}

/// The change since before the attack, not since the image that the steps began with.
void tellFrom(const Clean& clean, Engine& engine, const ExploreQuery& query, const JobContext& context,
              ExploreResult& result) {
  result.norms =
      engine.judge({query.request.model, clean.image, {result.result}, query.request.device}, context).front().norms;
  result.input = clean.image;
  result.before = clean.verdict;
}

}  // namespace

/// What the worker and the GUI thread share of one request. It outlives both, as each holds it.
struct ExploreController::Channel {
  /// More than the engine sends between two looks; a GUI thread that is away for longer misses the oldest.
  static constexpr std::size_t kMostWaiting = 64;

  std::mutex mutex;
  std::optional<ExploreResult> start;
  std::vector<ExploreStep> waiting;

  void put(const ExploreStep& step) {
    const std::lock_guard lock(mutex);
    if (waiting.size() >= kMostWaiting) waiting.erase(waiting.begin());
    waiting.push_back(step);
  }
};

ExploreController::ExploreController(EngineSession* session, QObject* parent) : QObject(parent), m_session(session) {
  m_timer.setInterval(kLiveMs);
  connect(&m_timer, &QTimer::timeout, this, &ExploreController::handOver);
}

std::uint64_t ExploreController::ask(ExploreQuery query) {
  const auto shared = std::make_shared<ExploreQuery>(std::move(query));
  const bool idle = !m_requests.running();
  const std::uint64_t asked =
      m_requests.ask([this, shared](std::uint64_t number) { return start(shared, number); }, m_session->ready());
  if (idle && m_requests.running()) Q_EMIT busyChanged(true);
  return asked;
}

std::shared_ptr<Job> ExploreController::start(const std::shared_ptr<ExploreQuery>& query, std::uint64_t number) {
  m_channel = std::make_shared<Channel>();
  m_runningNumber = number;
  auto job = m_session->run(
      this, Lane::Interactive, tr("Explore"),
      [query, channel = m_channel](Engine& engine, const JobContext& context) {
        query->request.image = *query->image;
        const auto clean = judgeClean(engine, *query, context);
        ExploreHooks hooks;
        hooks.onStart = [&](const ExploreResult& start) {
          const std::lock_guard lock(channel->mutex);
          channel->start = start;
          if (clean) channel->start->input = clean->image;
          if (clean) channel->start->before = clean->verdict;
        };
        hooks.onStep = [&](const ExploreStep& step) { channel->put(step); };
        Answer answer{engine.explore(query->request, context, hooks), {}};
        if (clean) tellFrom(*clean, engine, *query, context, answer.result);
        answer.trace = std::make_shared<const std::vector<AttackTracePoint>>(std::exchange(answer.result.trace, {}));
        return answer;
      },
      [this, number](const Answer& answer) {
        ended();
        if (m_requests.isNewest(number)) Q_EMIT finished(number, answer.result, answer.trace);
      },
      [this, number](const Error& error) {
        ended();
        if (m_requests.isNewest(number)) Q_EMIT failed(number, errorText(error));
      });
  m_timer.start();
  return job;
}

void ExploreController::handOver() {
  if (!m_channel || !m_requests.isNewest(m_runningNumber)) return;
  std::vector<ExploreStep> steps;
  std::optional<ExploreResult> start;
  {
    const std::lock_guard lock(m_channel->mutex);
    if (m_channel->waiting.empty() || !m_channel->start) return;
    steps = std::exchange(m_channel->waiting, {});
    start = m_channel->start;
  }
  Q_EMIT stepped(m_runningNumber, *start, steps);
}

void ExploreController::ended() {
  m_timer.stop();
  m_channel.reset();
  m_requests.ended();
  Q_EMIT busyChanged(m_requests.running() != nullptr);
}

}  // namespace whorl::ui
