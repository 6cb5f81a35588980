// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/explore/timeline.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QSignalBlocker>
#include <QSlider>
#include <QToolButton>
#include <QVBoxLayout>

#include <algorithm>
#include <cmath>
#include <limits>

#include "ui/jobs/format.h"
#include "ui/plots/trace_plot.h"
#include "ui/style/icons.h"

namespace whorl::ui {
namespace {

constexpr std::size_t kScoreRow = 4;
constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

std::vector<TracePlot::Row> rows() {
  return {
      {QStringLiteral("loss"), Timeline::tr("Loss"),
       Timeline::tr("What the attack pushes up (or, as it says, down), at each of its steps")},
      {QStringLiteral("margin"), Timeline::tr("Margin"),
       Timeline::tr("How far the largest other logit is above that of the true class: above 0 the model is fooled")},
      {QStringLiteral("l2"), Timeline::tr("L2 distance"),
       Timeline::tr("Euclidean distance from the picture that the attack began with; pixels are in [0,1]")},
      {QStringLiteral("linf"), Timeline::tr("L∞ distance"), Timeline::tr("The largest change of any value")},
      {QStringLiteral("fingerprint"), Timeline::tr("Fingerprint"),
       Timeline::tr("Distance to the nearest class’s fingerprint; the dashed line is the threshold: "
                    "above it the picture is rejected")}};
}

}  // namespace

Timeline::Timeline(QWidget* parent) : QWidget(parent) {
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(0, 4, 2, 0);
  column->setSpacing(4);
  auto* header = new QHBoxLayout;
  auto* title = new QLabel(tr("Time line"), this);
  QFont bold = title->font();
  bold.setBold(true);
  title->setFont(bold);
  title->setToolTip(tr("The steps of the last attack: go through them, and see what the model made of each."));
  m_place = new QLabel(this);
  m_place->setObjectName(QStringLiteral("timeline_place"));
  m_place->setForegroundRole(QPalette::PlaceholderText);
  header->addWidget(title);
  header->addWidget(m_place, 1, Qt::AlignRight);
  column->addLayout(header);

  auto* line = new QHBoxLayout;
  m_play = new QToolButton(this);
  m_play->setObjectName(QStringLiteral("timeline_play"));
  m_play->setAutoRaise(true);
  m_slider = new QSlider(Qt::Horizontal, this);
  m_slider->setObjectName(QStringLiteral("timeline_slider"));
  m_slider->setAccessibleName(tr("Step of the attack"));
  m_slider->setToolTip(tr("Goes through the attack’s steps; at the right end stands its result."));
  m_slider->setFocusPolicy(Qt::StrongFocus);
  line->addWidget(m_play);
  line->addWidget(m_slider, 1);
  column->addLayout(line);
  m_plot = new TracePlot(tr("Steps of the attack"), QStringLiteral("step"), rows(), this);
  column->addWidget(m_plot, 1);

  m_timer.setInterval(kPlayMs);
  connect(&m_timer, &QTimer::timeout, this, [this] { m_slider->setValue(m_slider->value() + 1); });
  connect(m_slider, &QSlider::valueChanged, this, &Timeline::moved);
  connect(m_play, &QToolButton::clicked, this, &Timeline::playOrStop);
  connect(m_plot, &TracePlot::scrubbed, this, &Timeline::scrub);
  connect(m_plot, &TracePlot::exportFailed, this, &Timeline::exportFailed);
  clear();
}

void Timeline::clear() {
  m_plot->clear();
  setState(State::Empty);
}

void Timeline::startLive(std::optional<double> threshold) {
  m_plot->clear();
  m_plot->setLevel(kScoreRow, threshold);
  m_liveStep = 0;
  setState(State::Live);
}

void Timeline::addLive(const std::vector<ExploreStep>& steps) {
  for (const ExploreStep& step : steps) {
    const AttackTracePoint& point = step.point;
    const double score = step.verdict.fingerprintDistances.empty() ? kUnknown : step.verdict.score;
    m_plot->append(static_cast<double>(point.step), {point.loss, point.margin, point.l2, point.linf, score});
    m_liveStep = point.step;
  }
  showPlace();
}

void Timeline::setTrace(const Trace& trace, const Returned& returned, std::optional<double> threshold) {
  if (!trace || trace->empty()) return clear();
  m_plot->clear();
  m_trace = trace;
  for (const AttackTracePoint& point : *trace) {
    m_plot->append(static_cast<double>(point.step), {point.loss, point.margin, point.l2, point.linf, kUnknown});
  }
  m_plot->setLevel(kScoreRow, threshold);
  m_returned = returned.index;
  if (m_returned) {
    const AttackTracePoint& point = (*trace)[*m_returned];
    m_plot->setMark(static_cast<double>(point.step));
    m_plot->setReturned({point.loss, point.margin, point.l2, point.linf, returned.score});
  } else {
    m_plot->setReturned({kUnknown, returned.margin, returned.l2, returned.linf, returned.score});
  }
  setState(State::Over);
}

void Timeline::setScore(std::size_t index, double score) {
  if (m_trace && index < m_plot->pointCount()) m_plot->setValue(kScoreRow, index, score);
}

void Timeline::setState(State state) {
  m_state = state;
  play(false);
  if (state != State::Over) m_trace.reset();
  {
    const QSignalBlocker quiet(m_slider);
    m_slider->setRange(0, m_trace ? static_cast<int>(m_trace->size()) : 0);
    m_slider->setValue(m_slider->maximum());
    m_slider->setPageStep(std::max(1, m_slider->maximum() / 10));
  }
  m_slider->setEnabled(state == State::Over);
  m_play->setEnabled(state != State::Empty);
  showPlace();
}

std::optional<std::size_t> Timeline::position() const {
  if (!m_trace || m_slider->value() == m_slider->maximum()) return std::nullopt;
  return static_cast<std::size_t>(m_slider->value());
}

void Timeline::setPosition(std::optional<std::size_t> index) {
  m_slider->setValue(index ? static_cast<int>(*index) : m_slider->maximum());
}

void Timeline::scrub(double x) {
  if (!m_trace) return;
  const auto nearest = std::min_element(m_trace->begin(), m_trace->end(), [x](const auto& a, const auto& b) {
    return std::abs(static_cast<double>(a.step) - x) < std::abs(static_cast<double>(b.step) - x);
  });
  play(false);
  setPosition(static_cast<std::size_t>(nearest - m_trace->begin()));
}

void Timeline::moved() {
  if (m_slider->value() == m_slider->maximum()) play(false);
  showPlace();
  Q_EMIT positionChanged(position());
}

void Timeline::playOrStop() {
  if (m_state == State::Live) {
    Q_EMIT stopWanted();
    return;
  }
  const bool on = !m_timer.isActive();
  if (on && m_slider->value() == m_slider->maximum()) m_slider->setValue(0);
  play(on);
}

void Timeline::play(bool on) {
  on ? m_timer.start() : m_timer.stop();
  const bool live = m_state == State::Live;
  const QString text = live ? tr("Stop the attack") : on ? tr("Pause") : tr("Play the attack’s steps");
  m_play->setIcon(icon(live ? QStringLiteral("stop") : on ? QStringLiteral("pause") : QStringLiteral("play")));
  m_play->setToolTip(text);
  m_play->setAccessibleName(text);
}

void Timeline::showPlace() {
  QString text;
  if (m_state == State::Live) {
    text = tr("running: step %1…").arg(countText(m_liveStep));
  } else if (m_trace) {
    const QString last = countText(m_trace->back().step);
    const auto index = position();
    if (index || m_returned) {
      const QString step = countText((*m_trace)[index ? *index : *m_returned].step);
      text = (index ? tr("step %1 of %2") : tr("result: step %1 of %2")).arg(step, last);
    } else {
      text = m_trace->back().step == 1 ? tr("result, after 1 step") : tr("result, after %1 steps").arg(last);
    }
    m_plot->setCursor(index ? std::optional<double>(static_cast<double>((*m_trace)[*index].step)) : std::nullopt);
  } else {
    text = tr("no attack yet");
  }
  m_place->setText(text);
}

}  // namespace whorl::ui
