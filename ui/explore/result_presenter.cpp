// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/explore/result_presenter.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "ui/explore/step_panel.h"
#include "ui/explore/timeline.h"
#include "ui/explore/trace_judge.h"
#include "ui/explore/verdict_panel.h"
#include "ui/explore/views_panel.h"
#include "ui/jobs/format.h"

namespace whorl::ui {
namespace {

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
constexpr Timeline::Returned kNothing{{}, kUnknown, kUnknown, kUnknown, kUnknown};

/// What is known of an iterate's distance before the engine has been asked.
ImageNorms knownNorms(const AttackTracePoint& point) {
  return {-1, kUnknown, point.l2, point.linf, kUnknown, kUnknown};
}

std::optional<std::size_t> placeOf(const Image& image, const Trace& trace) {
  const auto found = std::find_if(trace->rbegin(), trace->rend(), [&](const auto& p) { return p.image == image; });
  if (found == trace->rend()) return std::nullopt;
  return static_cast<std::size_t>(trace->rend() - found) - 1;
}

/// How far the largest other logit is above the label's.
double marginOf(const Verdict& verdict, int label) {
  const auto own = static_cast<std::size_t>(label);
  if (label < 0 || own >= verdict.logits.size() || verdict.logits.size() < 2) return kUnknown;
  double other = -std::numeric_limits<double>::infinity();
  for (std::size_t k = 0; k < verdict.logits.size(); ++k) {
    if (k != own) other = std::max(other, verdict.logits[k]);
  }
  return other - verdict.logits[own];
}

Timeline::Returned returned(const ExploreResult& result, const Trace& trace, int label) {
  const double score = result.after.fingerprintDistances.empty() ? kUnknown : result.after.score;
  return {placeOf(result.result, trace), marginOf(result.after, label), result.norms.l2, result.norms.linf, score};
}

}  // namespace

QString summariseIterate(const Verdict& verdict, std::int64_t step, const QStringList& names) {
  const QString name = names.value(verdict.predicted, QString::number(verdict.predicted));
  QString text = ResultPresenter::tr("Step %1: the model sees “%2”").arg(countText(step), name);
  if (!verdict.threshold || verdict.fingerprintDistances.empty()) return text + u'.';
  return text + (verdict.accepted ? ResultPresenter::tr(", and a fingerprint agrees.")
                                  : ResultPresenter::tr(", but no class’s fingerprint agrees."));
}

ResultPresenter::ResultPresenter(EngineSession* session, const Parts& parts, QObject* parent)
    : QObject(parent), m_parts(parts), m_judge(new TraceJudge(session, this)) {
  connect(m_parts.timeline, &Timeline::positionChanged, this, &ResultPresenter::showIterate);
  connect(m_judge, &TraceJudge::judged, this, &ResultPresenter::judged);
  connect(m_judge, &TraceJudge::failed, this, &ResultPresenter::failed);
}

void ResultPresenter::ask(const Question& question) {
  m_asked = question;
  m_livePlace.reset();
  m_live.reset();
  m_judge->clear();
}

void ResultPresenter::showLive(const ExploreResult& soFar, const std::vector<ExploreStep>& steps) {
  const ExploreStep& newest = steps.back();
  if (m_livePlace != newest.position) {
    m_livePlace = newest.position;
    m_livePoints.take();
    m_parts.timeline->startLive(soFar.before.threshold);
  }
  std::vector<ExploreStep> own;
  for (const ExploreStep& step : steps) {
    if (step.position != newest.position) continue;
    own.push_back(step);
    m_livePoints.add(step.point);
  }
  m_parts.timeline->addLive(own);
  m_shown = m_asked;
  m_result.reset();
  m_trace.reset();
  m_live = soFar;
  m_live->result = newest.point.image;
  m_live->after = newest.verdict;
  m_live->norms = knownNorms(newest.point);
  const QString step = countText(newest.point.step);
  show(*m_live, tr("Step %1…").arg(step), summariseIterate(newest.verdict, newest.point.step, m_shown.classNames));
  m_parts.steps->setRunning(newest.position,
                            tr("Running: step %1, margin %2").arg(step, numberText(newest.point.margin, 3)));
}

void ResultPresenter::showResult(const ExploreResult& result, const Trace& trace) {
  m_livePlace.reset();
  m_live.reset();
  m_shown = m_asked;
  m_result = result;
  m_parts.steps->setOutcomes(result.steps);
  setTrace(trace);
}

void ResultPresenter::setTrace(const Trace& trace) {
  m_trace = trace && !trace->empty() ? trace : nullptr;
  m_parts.timeline->setTrace(
      m_trace, m_trace ? returned(*m_result, m_trace, m_shown.label.value_or(m_result->before.predicted)) : kNothing,
      m_result->before.threshold);
  showIterate(std::nullopt);
  if (m_trace) m_judge->start(m_shown.model, std::make_shared<const Image>(m_result->input), m_trace);
}

void ResultPresenter::stopped() {
  if (!m_live || !m_livePlace) return;
  m_result = std::exchange(m_live, std::nullopt);
  auto points = std::make_shared<std::vector<AttackTracePoint>>(m_livePoints.take());
  m_parts.steps->setRunning(*std::exchange(m_livePlace, std::nullopt),
                            tr("Stopped at step %1").arg(countText(points->back().step)));
  setTrace(points);
}

void ResultPresenter::clear(const QString& why) {
  m_livePlace.reset();
  m_live.reset();
  m_result.reset();
  m_trace.reset();
  m_judge->clear();
  m_parts.timeline->clear();
  m_parts.steps->setOutcomes({});
  m_parts.views->clear(why);
  m_parts.verdict->clear(why);
}

void ResultPresenter::showNothing() {
  m_livePlace.reset();
  m_live.reset();
  if (!m_result) m_parts.views->clear({});
  if (!m_result) m_parts.verdict->clear({});
  if (!m_result) m_parts.timeline->clear();
  m_parts.steps->setOutcomes(m_result ? m_result->steps : std::vector<StepOutcome>{});
}

void ResultPresenter::showIterate(std::optional<std::size_t> index) {
  if (!m_result) return;
  if (!index || !m_trace || *index >= m_trace->size()) {
    show(*m_result, {}, summarise(*m_result, m_shown.classNames, m_shown.attacked, m_shown.label));
    return;
  }
  const AttackTracePoint& point = (*m_trace)[*index];
  ExploreResult shown = *m_result;
  shown.result = point.image;
  const JudgedImage* judged = m_judge->at(*index);
  if (!judged) m_judge->prefer(*index);
  shown.after = judged ? judged->verdict : Verdict{};
  shown.norms = judged ? judged->norms : knownNorms(point);
  show(shown, tr("Step %1").arg(countText(point.step)),
       judged ? summariseIterate(judged->verdict, point.step, m_shown.classNames)
              : tr("Step %1: asking the model…").arg(countText(point.step)));
}

void ResultPresenter::show(const ExploreResult& shown, const QString& title, const QString& summary) {
  m_parts.views->setResult(shown, m_shown.classNames, m_shown.detail);
  const QString fromRun = m_shown.fromRun.isEmpty() ? QString() : tr("Attacked by %1, in the run").arg(m_shown.fromRun);
  m_parts.views->setResultTitle(title.isEmpty() ? fromRun : title);
  m_parts.verdict->setResult(shown, m_shown.classNames, summary);
}

void ResultPresenter::judged(const std::vector<std::size_t>& indices) {
  const auto place = m_parts.timeline->position();
  for (std::size_t index : indices) {
    const JudgedImage* judged = m_judge->at(index);
    if (!judged->verdict.fingerprintDistances.empty()) m_parts.timeline->setScore(index, judged->verdict.score);
    if (place == index) showIterate(place);
  }
}

}  // namespace whorl::ui
