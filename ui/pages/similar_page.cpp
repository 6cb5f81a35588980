// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/pages/similar_page.h"

#include <QDragEnterEvent>
#include <QHBoxLayout>
#include <QLabel>
#include <QMimeData>
#include <QProgressBar>
#include <QPushButton>
#include <QSpinBox>
#include <QSplitter>
#include <QStackedLayout>

#include "ui/explore/image_source.h"
#include "ui/image/qimage_convert.h"
#include "ui/jobs/format.h"
#include "ui/plots/curve_plot.h"
#include "ui/style/icons.h"
#include "ui/widgets/column_area.h"
#include "ui/widgets/empty_state.h"
#include "ui/widgets/image_view.h"
#include "ui/widgets/inline_message.h"
#include "ui/widgets/view_state.h"

namespace whorl::ui {
namespace {

/// The index nearest to 0.95 of SimilarBenchmarkResult::recalls.
constexpr std::size_t kShownRecall = 1;

QString figureText(const SimilarFigure& figure) {
  return SimilarPage::tr("%1 (%2 to %3)")
      .arg(percentText(figure.value, 1), percentText(figure.low, 1), percentText(figure.high, 1));
}

}  // namespace

SimilarPage::SimilarPage(EngineSession* session, QWidget* parent)
    : QWidget(parent),
      m_session(session),
      m_indexer(session),
      m_measurer(session),
      m_done(std::make_shared<std::atomic<std::int64_t>>(0)),
      m_total(std::make_shared<std::atomic<std::int64_t>>(0)),
      m_form(new SimilarForm),
      m_view(new ViewState(this)),
      m_picture(new ImageView(m_view)),
      m_curve(new CurvePlot(tr("Precision"), tr("recall"), CurvePlot::Scale::Share)),
      m_number(new QSpinBox),
      m_file(new QPushButton(icon(QStringLiteral("open")), tr("Open a file…"))),
      m_index(new QPushButton(icon(QStringLiteral("play")), tr("Index"))),
      m_stop(new QPushButton(icon(QStringLiteral("stop")), tr("Stop"))),
      m_measure(new QPushButton(icon(QStringLiteral("evaluate")), tr("Measure"))),
      m_progress(new QProgressBar),
      m_state(new QLabel),
      m_queryTitle(new QLabel),
      m_figures(new QLabel),
      m_message(new InlineMessage),
      m_empty(new EmptyState(this)) {
  for (NeighbourList*& list : m_results) list = new NeighbourList;
  build();
  connectParts();
  setAcceptDrops(true);
  m_empty->set(QStringLiteral("similar"), tr("Starting the engine…"), {});
  m_layers->setCurrentIndex(1);
  showButtons();
}

void SimilarPage::build() {
  auto* area = new ColumnArea;
  area->setWidget(m_form);
  area->setMinimumWidth(286);
  auto* middle = new QWidget;
  auto* column = new QVBoxLayout(middle);
  column->setContentsMargins(6, 10, 12, 8);
  column->setSpacing(6);
  column->addWidget(makeTop());
  column->addWidget(m_message);
  m_message->setObjectName(QStringLiteral("similar_message"));
  auto* splitter = new QSplitter(Qt::Horizontal);
  splitter->setChildrenCollapsible(false);
  splitter->addWidget(makeQuery());
  splitter->addWidget(makeLists());
  splitter->setSizes({360, 520});
  column->addWidget(splitter, 1);
  auto* content = new QSplitter(Qt::Horizontal);
  content->setChildrenCollapsible(false);
  content->addWidget(area);
  content->addWidget(middle);
  content->setStretchFactor(1, 1);
  content->setSizes({290, 880});
  m_layers = new QStackedLayout(this);
  m_layers->addWidget(content);
  m_layers->addWidget(m_empty);
}

QWidget* SimilarPage::makeTop() {
  m_index->setObjectName(QStringLiteral("similar_index"));
  m_index->setToolTip(tr("Computes the features of the images, or of those that are new; they are kept on disk"));
  m_stop->setObjectName(QStringLiteral("similar_stop"));
  m_stop->setToolTip(tr("What is indexed is kept: “Index” goes on from there"));
  m_progress->setObjectName(QStringLiteral("similar_progress"));
  m_progress->setAccessibleName(tr("Progress"));
  m_progress->setMaximumSize(140, 16);
  m_state->setObjectName(QStringLiteral("similar_state"));
  m_state->setWordWrap(true);
  m_state->setTextFormat(Qt::PlainText);
  m_state->setForegroundRole(QPalette::PlaceholderText);
  auto* top = new QWidget;
  auto* row = new QHBoxLayout(top);
  row->setContentsMargins(0, 0, 0, 0);
  row->setSpacing(8);
  row->addWidget(m_index);
  row->addWidget(m_stop);
  row->addWidget(m_progress);
  row->addWidget(m_state, 1);
  return top;
}

QWidget* SimilarPage::makeQuery() {
  m_picture->setPlaceholder(tr("Open an image to look for,\nor drop one here"));
  m_picture->setAccessibleName(tr("The query, as it is looked for"));
  m_queryTitle->setObjectName(QStringLiteral("similar_query"));
  m_queryTitle->setTextFormat(Qt::PlainText);
  m_number->setObjectName(QStringLiteral("similar_number"));
  m_number->setAccessibleName(tr("Number of the test image"));
  m_number->setToolTip(tr("Which test image of the data set is looked for"));
  m_number->setKeyboardTracking(false);
  m_file->setObjectName(QStringLiteral("similar_file"));
  m_measure->setObjectName(QStringLiteral("similar_measure_button"));
  m_measure->setToolTip(
      tr("Distorts images of the data set as is set on the left (or in all usual ways, if nothing is), and tells how "
         "many of those that are called duplicates are some"));
  m_figures->setObjectName(QStringLiteral("similar_figures"));
  m_figures->setWordWrap(true);
  m_figures->setTextFormat(Qt::PlainText);
  m_figures->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
  m_curve->setXScale(CurvePlot::XScale::Share);
  m_curve->setFrame(QRectF(QPointF(0, 0), QPointF(1, 1.02)));
  m_curve->setQuietLegend(true);
  auto* box = new QWidget;
  auto* column = new QVBoxLayout(box);
  column->setContentsMargins(0, 0, 6, 0);
  auto* controls = new QHBoxLayout;
  auto* label = new QLabel(tr("&Query"));
  label->setBuddy(m_number);
  controls->addWidget(label);
  controls->addWidget(m_number, 1);
  controls->addWidget(m_file);
  column->addLayout(controls);
  column->addWidget(m_queryTitle);
  column->addWidget(m_picture, 1);
  auto* measuring = new QHBoxLayout;
  measuring->addWidget(m_measure);
  measuring->addWidget(m_figures, 1);
  column->addLayout(measuring);
  column->addWidget(m_curve, 1);
  return box;
}

QWidget* SimilarPage::makeLists() {
  auto* box = new QWidget;
  auto* row = new QHBoxLayout(box);
  row->setContentsMargins(6, 0, 0, 0);
  row->setSpacing(12);
  for (std::size_t i = 0; i < m_results.size(); ++i) {
    m_results[i]->setObjectName(i == 0 ? QStringLiteral("neighbours") : QStringLiteral("neighbours_other"));
    row->addWidget(m_results[i], 1);
  }
  return box;
}

void SimilarPage::connectParts() {
  connect(m_session, &EngineSession::engineReady, this, &SimilarPage::loadLists);
  connect(m_session, &EngineSession::modelsChanged, this, [this] {
    if (!m_begun) return;
    m_begun = false;
    loadLists();
  });
  connect(m_session, &EngineSession::engineFailed, this, [this](const QString& message) {
    m_empty->set(QStringLiteral("warning"), tr("The engine could not be started"), message);
  });
  connect(m_form, &SimilarForm::modelsChanged, this, &SimilarPage::fetchLayers);
  connect(m_form, &SimilarForm::choiceChanged, this, &SimilarPage::choiceChanged);
  connect(m_form, &SimilarForm::queryChanged, this, &SimilarPage::askSoon);
  connect(m_form, &SimilarForm::folderWanted, this, &SimilarPage::chooseFolder);
  connect(m_index, &QPushButton::clicked, this, &SimilarPage::index);
  connect(m_stop, &QPushButton::clicked, this, &SimilarPage::stop);
  connect(m_measure, &QPushButton::clicked, this, &SimilarPage::measure);
  connect(m_file, &QPushButton::clicked, this, &SimilarPage::chooseFile);
  connect(m_number, &QSpinBox::valueChanged, this, &SimilarPage::fetchQuery);
  connect(m_picture, &ImageView::neighbourWanted, m_number, [this](int direction) { m_number->stepBy(direction); });
  for (JobFollower* follower : {&m_indexer, &m_measurer}) {
    connect(follower, &JobFollower::beat, this, &SimilarPage::showProgress);
  }
  for (std::size_t i = 0; i < m_results.size(); ++i) {
    connect(m_results[i], &NeighbourList::openWanted, this, [this, i](const QString& name) { open(i, name); });
    connect(m_results[i], &NeighbourList::searchWanted, this, [this, i](const QString& name) { searchFor(i, name); });
  }
  connect(m_curve, &CurvePlot::exportFailed, m_message, &InlineMessage::setText);
  m_soon.setSingleShot(true);
  m_soon.setInterval(kDebounceMs);
  connect(&m_soon, &QTimer::timeout, this, &SimilarPage::ask);
}

void SimilarPage::showEvent(QShowEvent* event) {
  QWidget::showEvent(event);
  loadLists();
}

void SimilarPage::dragEnterEvent(QDragEnterEvent* event) {
  if (!localFiles(event->mimeData()).isEmpty()) event->acceptProposedAction();
}

void SimilarPage::dropEvent(QDropEvent* event) {
  const QStringList files = localFiles(event->mimeData());
  if (files.isEmpty()) return;
  event->acceptProposedAction();
  openFile(files.first());
}

void SimilarPage::choiceChanged() {
  const SimilarChoice now = m_form->choice();
  const DatasetInfo* data = m_form->dataset();
  m_number->setEnabled(data != nullptr);
  if (m_indexed != now) {
    forget(tr("Press “Index” to search these images."));
  }
  showButtons();
}

void SimilarPage::forget(const QString& words) {
  m_indexed.reset();
  m_indexFiles = {};
  m_queries.cancel();
  for (std::size_t i = 0; i < m_results.size(); ++i) {
    m_results[i]->setTitle(m_form->modelName(i));
    m_results[i]->clear(words);
  }
  m_results[1]->setVisible(!m_form->choice().models[1].isEmpty());
  m_curve->clear();
  m_figures->clear();
}

void SimilarPage::showIndexed(const std::vector<SimilarIndexResult>& results) {
  const SimilarIndexResult& first = results.front();
  QString text = tr("%1 images indexed (%2 new, %3 features each)")
                     .arg(countText(first.images), countText(first.added), countText(first.dimension));
  if (first.sizes > 1) text += tr("; of %1 sizes").arg(first.sizes);
  if (!first.duplicates.empty()) {
    text += tr("; %n group(s) equal byte for byte", nullptr, static_cast<int>(first.duplicates.size()));
  }
  m_state->setText(text + u'.');
  if (first.problems.empty()) return;
  // Some are named; all of them are in the tool tip.
  QStringList names;
  for (const SimilarProblem& each : first.problems) {
    names << QString::fromStdString(each.name + ": " + each.problem);
  }
  constexpr int kNamed = 3;
  QString message = tr("%n file(s) could not be read: ", nullptr, static_cast<int>(names.size()));
  message += names.mid(0, kNamed).join(QStringLiteral("; "));
  if (names.size() > kNamed) message += QStringLiteral("; …");
  m_message->setText(message);
  constexpr int kInTip = 30;
  m_message->setToolTip(names.mid(0, kInTip).join(u'\n'));
}

void SimilarPage::showFound(const Found& found) {
  m_picture->setImage(toQImage(*found.query));
  for (std::size_t i = 0; i < m_results.size(); ++i) {
    if (m_indexFiles[i].empty()) continue;
    m_results[i]->setTitle(m_form->modelName(i));
    m_results[i]->showNeighbours(found.neighbours[i]);
  }
}

void SimilarPage::showMeasured(const SimilarBenchmarkResult& result) {
  m_curve->clear();
  QString text = tr("Precision at %1 recall over %2 images: ")
                     .arg(percentText(result.recalls[kShownRecall], 0), countText(result.images));
  QStringList parts;
  for (std::size_t m = 0; m < result.pooled.models.size(); ++m) {
    const SimilarModelFigures& figures = result.pooled.models[m];
    const QString name = m_form->modelName(m);
    m_curve->declare(name, name, m == 0 ? CurvePlot::Line::Solid : CurvePlot::Line::Dashed);
    for (const SimilarCurvePoint& point : figures.curve) m_curve->append(name, point.recall, point.precision);
    parts << tr("%1 %2").arg(name, figureText(figures.precisions[kShownRecall]));
  }
  if (!result.pooled.differences.empty()) {
    const SimilarFigure& difference = result.pooled.differences.front().precisions[kShownRecall];
    parts << tr("difference %1 (%2 to %3) points")
                 .arg(numberText(100 * difference.value, 3), numberText(100 * difference.low, 3),
                      numberText(100 * difference.high, 3));
  }
  m_figures->setText(text + parts.join(QStringLiteral("; ")) + u'.');
}

void SimilarPage::showProgress() {
  const auto total = static_cast<int>(m_total->load());
  m_progress->setRange(0, total);
  m_progress->setValue(static_cast<int>(m_done->load()));
  showButtons();
}

void SimilarPage::showButtons() {
  const SimilarChoice choice = m_form->choice();
  const bool busy = indexing() || measuring();
  const bool chosen = !choice.models[0].isEmpty() && (!choice.dataset.isEmpty() || !choice.folder.isEmpty());
  m_index->setEnabled(!busy && chosen && !choice.layer.empty());
  m_measure->setEnabled(!busy && chosen && !choice.layer.empty());
  m_stop->setVisible(busy);
  m_progress->setVisible(busy);
}

}  // namespace whorl::ui
