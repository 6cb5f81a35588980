// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/pages/theory_page.h"

#include <QCheckBox>
#include <QComboBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QSignalBlocker>
#include <QSlider>
#include <QSplitter>
#include <QStackedLayout>
#include <QVBoxLayout>

#include <algorithm>
#include <cmath>
#include <mutex>

#include "ui/session/engine_session.h"
#include "ui/style/icons.h"
#include "ui/theory/plane_view.h"
#include "ui/theory/theory_form.h"
#include "ui/widgets/column_area.h"
#include "ui/widgets/empty_state.h"
#include "ui/widgets/inline_message.h"

namespace whorl::ui {
namespace {

constexpr int kSliderSteps = 1000;

QString percentText(double share) {
  return std::isfinite(share) ? QObject::tr("%1 %").arg(100 * share, 0, 'f', 1) : QObject::tr("none");
}

}  // namespace

/// The newest frame, from the worker to the GUI thread. It outlives both, as each holds it.
struct TheoryPage::Channel {
  std::mutex mutex;
  std::optional<TheoryFrame> newest;

  void put(const TheoryFrame& frame) {
    const std::lock_guard lock(mutex);
    newest = frame;
  }
  std::optional<TheoryFrame> take() {
    const std::lock_guard lock(mutex);
    return std::exchange(newest, std::nullopt);
  }
};

TheoryPage::TheoryPage(EngineSession* session, QWidget* parent)
    : QWidget(parent),
      m_session(session),
      m_follower(session),
      m_form(new TheoryForm),
      m_brush(new QComboBox),
      m_learn(new QPushButton(tr("Learn"))),
      m_stop(new QPushButton(tr("Stop"))),
      m_clear(new QPushButton(tr("Clear points"))),
      m_slider(new QSlider(Qt::Horizontal)),
      m_regions(new QCheckBox(tr("True and false regions"))),
      m_tau(new QLabel),
      m_cursor(new QLabel),
      m_state(new QLabel),
      m_problem(new InlineMessage),
      m_empty(new EmptyState(this)) {
  auto* scroll = new ColumnArea;
  scroll->setWidget(m_form);
  auto* middle = new QWidget;
  auto* column = new QVBoxLayout(middle);
  column->setContentsMargins(12, 10, 12, 8);
  column->addWidget(makeTop());
  column->addWidget(m_problem);
  column->addWidget(makePlanes(), 1);
  column->addWidget(makeThreshold());
  auto* content = new QSplitter(Qt::Horizontal);
  content->addWidget(scroll);
  content->addWidget(middle);
  content->setStretchFactor(1, 1);
  content->setChildrenCollapsible(false);
  content->setSizes({330, 830});
  m_layers = new QStackedLayout(this);
  m_layers->addWidget(content);
  m_layers->addWidget(m_empty);
  m_empty->set(QStringLiteral("theory"), tr("Starting the engine…"), {});
  m_layers->setCurrentIndex(1);

  connect(m_form, &TheoryForm::dataChanged, this, &TheoryPage::fetchData);
  connect(m_form, &TheoryForm::modelChanged, this, [this] {
    if (m_result && !learning()) m_state->setText(tr("Press “Learn” to see what the changes do."));
  });
  connect(m_form, &TheoryForm::attackChanged, this, &TheoryPage::attack);
  connect(&m_follower, &JobFollower::beat, this, &TheoryPage::showFrame);
  connect(session, &EngineSession::engineReady, this, &TheoryPage::reload);
  connect(session, &EngineSession::engineFailed, this, [this](const QString& message) {
    m_empty->set(QStringLiteral("warning"), tr("The engine could not be started"), message);
  });
  showButtons();
}

QWidget* TheoryPage::makeTop() {
  m_learn->setObjectName(QStringLiteral("learn"));
  m_learn->setIcon(icon(QStringLiteral("play")));
  m_learn->setToolTip(tr("Learns these points twice, without and with fingerprints, from the same first weights"));
  m_stop->setObjectName(QStringLiteral("theory_stop"));
  m_stop->setIcon(icon(QStringLiteral("stop")));
  m_clear->setObjectName(QStringLiteral("clear_points"));
  m_clear->setToolTip(tr("An empty plane, to paint on"));
  m_brush->setObjectName(QStringLiteral("brush"));
  m_brush->setAccessibleName(tr("What a click on a plane does"));
  m_brush->setToolTip(tr("What a click on a plane does"));
  m_brush->addItem(tr("A click starts an attack"), kAttackBrush);
  for (int label = 0; label < planar::kMostClasses; ++label) m_brush->addItem(tr("Paint class %1").arg(label), label);
  m_state->setObjectName(QStringLiteral("theory_state"));
  m_state->setForegroundRole(QPalette::PlaceholderText);
  auto* top = new QWidget;
  auto* row = new QHBoxLayout(top);
  row->setContentsMargins(0, 0, 0, 0);
  row->addWidget(m_learn);
  row->addWidget(m_stop);
  row->addSpacing(8);
  row->addWidget(m_brush);
  row->addWidget(m_clear);
  row->addWidget(m_state, 1);
  connect(m_learn, &QPushButton::clicked, this, &TheoryPage::learn);
  connect(m_stop, &QPushButton::clicked, this, &TheoryPage::stop);
  connect(m_clear, &QPushButton::clicked, this, &TheoryPage::clearPoints);
  return top;
}

QWidget* TheoryPage::makePlanes() {
  auto* box = new QWidget;
  auto* row = new QHBoxLayout(box);
  row->setContentsMargins(0, 0, 0, 0);
  row->setSpacing(12);
  for (std::size_t i = 0; i < 2; ++i) {
    const QString title = i == 0 ? tr("Without fingerprints") : tr("With fingerprints");
    auto* heading = new QLabel(title);
    QFont bold = heading->font();
    bold.setBold(true);
    heading->setFont(bold);
    m_views[i] = new PlaneView;
    m_views[i]->setAccessibleName(title);
    m_views[i]->setToolTip(
        tr("Dark: the fingerprint loss is low. Lighter: accepted, it is below τ. Dots: the border between classes.\n"
           "White arrows: the fingerprints' shifts. Yellow: an attack's way, its end a diamond. Orange rings: points "
           "that are accepted with a wrong answer. Wheel: zoom, double click: all. Arrow keys move a cross, Space "
           "paints or attacks there."));
    m_words[i] = new QLabel;
    m_words[i]->setObjectName(i == 0 ? QStringLiteral("words_plain") : QStringLiteral("words_fingerprinted"));
    m_words[i]->setWordWrap(true);
    m_words[i]->setMinimumHeight(3 * fontMetrics().lineSpacing());
    m_words[i]->setAlignment(Qt::AlignTop | Qt::AlignLeft);
    auto* column = new QVBoxLayout;
    column->addWidget(heading);
    column->addWidget(m_views[i], 1);
    column->addWidget(m_words[i]);
    row->addLayout(column, 1);
    m_views[i]->setTitle(title);
    m_views[i]->setObjectName(i == 0 ? QStringLiteral("plane_plain") : QStringLiteral("plane_fingerprinted"));
    connect(m_views[i], &PlaneView::pressed, this, &TheoryPage::pressed);
    connect(m_views[i], &PlaneView::hovered, this, &TheoryPage::showCursor);
    connect(m_views[i], &PlaneView::exportFailed, m_problem, &InlineMessage::setText);
  }
  return box;
}

QWidget* TheoryPage::makeThreshold() {
  m_slider->setObjectName(QStringLiteral("tau"));
  m_slider->setRange(0, kSliderSteps);
  m_slider->setAccessibleName(tr("Threshold τ"));
  m_slider->setToolTip(tr("Points whose fingerprint loss is below τ are accepted, on both sides"));
  auto* label = new QLabel(tr("T&hreshold τ"));
  label->setBuddy(m_slider);
  m_tau->setMinimumWidth(fontMetrics().horizontalAdvance(QStringLiteral("0.0000")));
  m_regions->setObjectName(QStringLiteral("regions"));
  m_regions->setToolTip(
      tr("Colours what is accepted falsely orange: where the answer isn’t the class of the nearest "
         "point"));
  m_cursor->setObjectName(QStringLiteral("cursor_values"));
  m_cursor->setMinimumHeight(fontMetrics().lineSpacing());
  auto* box = new QWidget;
  auto* column = new QVBoxLayout(box);
  column->setContentsMargins(0, 0, 0, 0);
  column->addWidget(m_cursor);
  auto* row = new QHBoxLayout;
  column->addLayout(row);
  row->addWidget(label);
  row->addWidget(m_slider, 1);
  row->addWidget(m_tau);
  row->addWidget(m_regions);
  connect(m_regions, &QCheckBox::toggled, this, [this](bool on) {
    for (PlaneView* view : m_views) view->setRegions(on);
  });
  connect(m_slider, &QSlider::valueChanged, this, [this](int value) {
    m_threshold = m_top * value / kSliderSteps;
    showThreshold();
    attack();
  });
  return box;
}

void TheoryPage::showEvent(QShowEvent* event) {
  QWidget::showEvent(event);
  reload();
}

void TheoryPage::reload() {
  if (m_begun || !isVisible() || !m_session->ready()) return;
  m_begun = true;
  m_session->run(
      this, Lane::Interactive, tr("List toy problems"),
      [](Engine& engine, const JobContext&) { return engine.theoryLists(); },
      [this](const TheoryLists& lists) {
        if (lists.toys.empty() || lists.models.empty()) return;
        m_layers->setCurrentIndex(0);
        m_form->restore(m_restored);
        m_form->setLists(lists);
        takeUp();
      },
      [this](const Error& error) {
        m_empty->set(QStringLiteral("warning"), tr("The toy problems could not be listed"), errorText(error));
      });
}

void TheoryPage::fetchData() {
  if (m_form->painted()) return;  // they are here
  const std::uint64_t asked = ++m_dataAsked;
  m_session->run(
      this, Lane::Interactive, tr("Draw points"),
      [request = m_form->request()](Engine& engine, const JobContext& context) {
        return engine.theoryData(request, context);
      },
      [this, asked](const PlanarData& data) {
        if (asked != m_dataAsked) return;
        const bool first = m_data.empty() && !m_result;
        showData(data);
        if (first) learn();  // something to look at
      },
      [this, asked](const Error& error) {
        if (asked == m_dataAsked) m_problem->setText(errorText(error));
      });
}

void TheoryPage::showData(const PlanarData& data) {
  stop();
  m_data = data;
  m_problem->setText({});
  forgetResult();
  for (PlaneView* view : m_views) view->setData(data, boxAround(data));
  showButtons();
}

void TheoryPage::forgetResult() {
  m_result.reset();
  m_start.reset();
  for (NewestRequest& attacks : m_attacks) attacks.cancel();
  for (PlaneView* view : m_views) {
    view->clearField();
    view->setArrows({});
  }
  for (QLabel* words : m_words) words->clear();
  m_state->setText(tr("Press “Learn”, or paint more points."));
}

void TheoryPage::learn() {
  if (learning() || m_data.empty()) return;
  m_problem->setText({});
  TheoryRequest request = m_form->request();
  if (request.toy == "painted") request.points = m_data;
  m_channel = std::make_shared<Channel>();
  m_start.reset();
  for (NewestRequest& attacks : m_attacks) attacks.cancel();
  for (PlaneView* view : m_views) view->setPath({});
  m_follower.run(
      Lane::Batch, tr("Learn a toy problem"),
      [request, channel = m_channel](Engine& engine, const JobContext& context) {
        return engine.theory(request, context, {[channel](const TheoryFrame& frame) { channel->put(frame); }});
      },
      [this](const TheoryResult& result) { showResult(result); },
      [this](const Error& error) {
        if (error.kind() != ErrorKind::Cancelled) m_problem->setText(errorText(error));
        // What stands there is half learnt: back to what the words and the threshold are of.
        if (const auto before = m_result) {
          showResult(*before);
        } else {
          forgetResult();
        }
        m_state->setText(tr("Stopped. Press “Learn” to begin anew."));
        showButtons();
      });
  m_state->setText(tr("Learning…"));
  showButtons();
}

void TheoryPage::stop() {
  if (learning()) m_follower.job()->cancel();
}

void TheoryPage::showFrame() {
  const std::optional<TheoryFrame> frame = m_channel ? m_channel->take() : std::nullopt;
  if (!frame || !(frame->plain.box == boxAround(m_data))) return;
  double top = 0;
  for (const PlanarField* field : {&frame->plain, &frame->fingerprinted}) {
    top = std::max(top, *std::max_element(field->scores.begin(), field->scores.end()));
  }
  m_views[0]->setField(frame->plain, top, 0);
  m_views[1]->setField(frame->fingerprinted, top, 0);
  m_state->setText(tr("Epoch %1 of %2: cross-entropy %3, fingerprint loss %4")
                       .arg(frame->epoch)
                       .arg(frame->epochs)
                       .arg(frame->loss.crossEntropy, 0, 'g', 3)
                       .arg(frame->loss.fingerprint, 0, 'g', 3));
}

void TheoryPage::showResult(const TheoryResult& result) {
  showButtons();
  if (result.data != m_data) return;  // of points that are gone
  m_result = result;
  m_top = 1e-9;
  for (const bool with : {false, true}) {
    for (const double score : result.side(with).field.scores) m_top = std::max(m_top, score);
  }
  m_threshold = result.threshold;
  {
    const QSignalBlocker blocker(m_slider);
    m_slider->setValue(static_cast<int>(std::lround(kSliderSteps * m_threshold / m_top)));
  }
  for (const bool with : {false, true}) {
    view(with)->setField(result.side(with).field, m_top, m_threshold);
    view(with)->setArrows(result.fingerprintsOf(with));
    view(with)->setVerdicts(result.side(with).classes, result.side(with).scores);
  }
  m_state->setText(tr("Click a point of a plane to start an attack there."));
  showThreshold();
}

void TheoryPage::showThreshold() {
  m_tau->setText(QString::number(m_threshold, 'f', 3));
  if (!m_result) return;
  for (const bool with : {false, true}) {
    const TheorySide& side = m_result->side(with);
    view(with)->setThreshold(m_threshold);
    const AcceptedShares shares = acceptedShares(m_threshold, m_result->data, side.scores, side.classes, side.field);
    m_words[with ? 1 : 0]->setText(
        tr("Accuracy %1. Accepted: %2 of the correctly classified points, %3 of the misclassified, %4 of the plane.")
            .arg(percentText(shares.accuracy), percentText(shares.acceptedCorrect), percentText(shares.acceptedWrong),
                 percentText(shares.acceptedArea)));
  }
}

void TheoryPage::showButtons() {
  m_learn->setEnabled(!learning() && !m_data.empty());
  m_stop->setEnabled(learning());
  m_clear->setEnabled(!m_data.empty());
  m_slider->setEnabled(m_result.has_value());
}

void TheoryPage::pressed(const QPointF& place, bool moved) {
  const int brush = m_brush->currentData().toInt();
  const PlanarPoint at{place.x(), place.y()};
  if (brush != kAttackBrush) return paint(at, brush);
  if (moved || !m_result) return;
  m_start = at;
  attack();
}

}  // namespace whorl::ui
