// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/explore/trace_judge.h"

#include <algorithm>
#include <utility>

#include "ui/session/engine_session.h"

namespace whorl::ui {
namespace {

/// All indices below `count`, from coarse to fine: the ends, the middle, the quarters, …
std::vector<std::size_t> coarseToFine(std::size_t count) {
  std::vector<std::size_t> order;
  std::vector<bool> taken(count, false);
  const auto take = [&](std::size_t index) {
    if (index < count && !taken[index]) {
      taken[index] = true;
      order.push_back(index);
    }
  };
  if (count > 0) take(count - 1);
  std::size_t stride = 1;
  while (stride < count) stride *= 2;
  for (; stride > 0; stride /= 2) {
    for (std::size_t index = 0; index < count; index += stride) take(index);
  }
  return order;
}

}  // namespace

TraceJudge::TraceJudge(EngineSession* session, QObject* parent) : QObject(parent), m_session(session) {}

void TraceJudge::start(const std::string& model, std::shared_ptr<const Image> original, Trace trace) {
  clear();
  if (!trace || trace->empty()) return;
  m_model = model;
  m_original = std::move(original);
  m_trace = std::move(trace);
  m_judged.assign(m_trace->size(), std::nullopt);
  m_order = coarseToFine(m_trace->size());
  std::reverse(m_order.begin(), m_order.end());
  next();
}

void TraceJudge::clear() {
  if (m_job) std::exchange(m_job, nullptr)->cancel();
  m_trace.reset();
  m_judged.clear();
  m_order.clear();
  m_preferred.reset();
}

const JudgedImage* TraceJudge::at(std::size_t index) const {
  return index < m_judged.size() && m_judged[index] ? &*m_judged[index] : nullptr;
}

std::vector<std::size_t> TraceJudge::choose() {
  if (const auto wanted = std::exchange(m_preferred, std::nullopt)) {
    const auto found = std::find(m_order.begin(), m_order.end(), *wanted);
    if (found != m_order.end()) std::rotate(found, found + 1, m_order.end());
  }
  const std::size_t count = std::min(kAtOnce, m_order.size());
  std::vector<std::size_t> chosen(m_order.rbegin(), m_order.rbegin() + static_cast<std::ptrdiff_t>(count));
  m_order.resize(m_order.size() - count);
  return chosen;
}

void TraceJudge::next() {
  if (m_order.empty()) return;
  const auto chosen = choose();
  // The images are copied on the worker.
  const auto work = [model = m_model, original = m_original, trace = m_trace, chosen](Engine& engine,
                                                                                      const JobContext& context) {
    JudgeRequest request;
    request.model = model;
    request.original = *original;
    for (std::size_t index : chosen) request.images.push_back((*trace)[index].image);
    return engine.judge(request, context);
  };
  // A job that was cancelled for a newer trace may still come to its end.
  const auto done = [this, chosen, trace = m_trace](const std::vector<JudgedImage>& judged) {
    if (trace != m_trace) return;
    m_job.reset();
    for (std::size_t i = 0; i < chosen.size(); ++i) m_judged[chosen[i]] = judged[i];
    next();
    Q_EMIT this->judged(chosen);
  };
  const auto failed = [this, trace = m_trace](const Error& error) {
    if (trace != m_trace || error.kind() == ErrorKind::Cancelled) return;
    m_job.reset();
    Q_EMIT this->failed(errorText(error));
  };
  m_job = m_session->run(this, Lane::Interactive, tr("Judge the steps"), work, done, failed);
}

}  // namespace whorl::ui
