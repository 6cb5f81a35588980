// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/landscape/ball_view.h"

#include <QComboBox>
#include <QFormLayout>
#include <QLabel>
#include <QMenu>
#include <QProgressBar>
#include <QPushButton>
#include <QSignalBlocker>
#include <QSplitter>
#include <QStandardItemModel>
#include <QToolButton>
#include <QVBoxLayout>

#include <algorithm>
#include <utility>

#include "ui/jobs/format.h"
#include "ui/landscape/landscape_point.h"
#include "ui/landscape/surface_export.h"
#include "ui/landscape/view_head.h"
#include "ui/plots/curve_plot.h"
#include "ui/session/engine_session.h"
#include "ui/style/icons.h"
#include "ui/widgets/column_area.h"
#include "ui/widgets/inline_message.h"
#include "ui/widgets/parameter_form.h"
#include "ui/widgets/save_dialog.h"
#include "ui/widgets/seed_box.h"

namespace whorl::ui {
namespace {

/// What costs nothing beside any other value: it comes along, so that it can be looked at without waiting.
const char* const kAlways[] = {"cross_entropy", "margin", "confidence", "predicted"};

double usualRadius(const std::string& norm) { return norm == "l2" ? 5 : 0.5; }

std::vector<ParameterSpec> shapeSpecs(const std::string& norm) {
  auto radius = ParameterSpec::real("range", usualRadius(norm), 1e-2, 50, "", "The largest distance from the image");
  radius.logarithmic = true;
  auto rays = ParameterSpec::integer("directions", 64, 4, 10'000, "", "Random rays; more are the same and others");
  rays.logarithmic = true;
  return {ParameterSpec::choice("norm", "l2", {"l2", "linf"},
                                "Of the distance; l2: all directions alike, linf: uniform noise in a box"),
          radius, rays,
          ParameterSpec::choice("resolution", "21", {"11", "21", "41", "65"}, "Distances from 0 to the radius"),
          ParameterSpec::boolean("clip", false, "Bring all points into the pixel box [0,1]")};
}

/// A curve of a value's distribution.
struct Statistic {
  const char* suffix;
  const char* label;
  CurvePlot::Line line;
};
constexpr Statistic kStatistics[] = {{"_median", QT_TRANSLATE_NOOP("BallView", "median"), CurvePlot::Line::Solid},
                                     {"_mean", QT_TRANSLATE_NOOP("BallView", "mean"), CurvePlot::Line::Solid},
                                     {"_q05", QT_TRANSLATE_NOOP("BallView", "5 %"), CurvePlot::Line::Dashed},
                                     {"_q95", QT_TRANSLATE_NOOP("BallView", "95 %"), CurvePlot::Line::Dashed},
                                     {"_min", QT_TRANSLATE_NOOP("BallView", "least"), CurvePlot::Line::Dashed},
                                     {"_max", QT_TRANSLATE_NOOP("BallView", "largest"), CurvePlot::Line::Dashed}};

/// Of classes and of the accept region there are shares alone.
std::optional<std::string> shareLayer(const std::string& value) {
  if (value == "predicted") return "predicted_same";
  if (value == "accepted") return "accepted_mean";
  return std::nullopt;
}

}  // namespace

BallView::BallView(EngineSession* session, QWidget* parent)
    : QWidget(parent),
      m_session(session),
      m_controller(new LandscapeController(session, this)),
      m_value(new QComboBox),
      m_shape(new ParameterForm),
      m_seed(new SeedBox),
      m_plot(new CurvePlot(tr("In random directions"), tr("distance from the image"), CurvePlot::Scale::Linear)),
      m_message(new InlineMessage),
      m_summary(new QLabel),
      m_progress(new QProgressBar),
      m_stop(new QPushButton(icon(QStringLiteral("stop")), tr("Stop"))),
      m_export(new QToolButton),
      m_norm("l2") {
  build();
  connectParts();
  m_summary->setText(tr("Waiting for Explore’s image…"));
}

QWidget* BallView::makeForm() {
  m_value->setObjectName(QStringLiteral("ball_value"));
  m_value->setAccessibleName(tr("Value over the distance"));
  m_value->setFocusPolicy(Qt::StrongFocus);
  m_shape->setSpecs(shapeSpecs(m_norm));
  m_seed->setToolTip(tr("Of the directions"));
  auto* form = new QWidget;
  auto* rows = new QFormLayout;
  rows->setContentsMargins(0, 0, 0, 0);
  rows->addRow(tr("&Seed"), m_seed);
  auto* note = new QLabel(
      tr("Random directions say what noise does, not what an attack finds: hardly any of them goes up the loss."));
  note->setWordWrap(true);
  note->setForegroundRole(QPalette::PlaceholderText);
  auto* column = new QVBoxLayout(form);
  column->setContentsMargins(12, 10, 8, 10);
  column->setSpacing(6);
  auto* top = new QFormLayout;
  top->addRow(tr("&Value"), m_value);
  column->addLayout(top);
  column->addWidget(m_shape);
  column->addLayout(rows);
  column->addWidget(note);
  column->addStretch(1);
  return form;
}

QWidget* BallView::makeTop() {
  prepareHead({m_summary, m_progress, m_stop, m_export}, QStringLiteral("ball"),
              [this](QMenu* menu) { fillMenu(menu); });
  m_progress->setAccessibleName(tr("Images that are computed"));
  m_stop->setToolTip(tr("Leaves the picture as it is."));
  return headRow({m_summary, m_progress, m_stop, m_export});
}

void BallView::build() {
  auto* area = new ColumnArea;
  area->setWidget(makeForm());
  area->setMinimumWidth(286);
  m_plot->setObjectName(QStringLiteral("ball_plot"));
  m_plot->setXScale(CurvePlot::XScale::Numbers);
  m_message->setObjectName(QStringLiteral("ball_message"));
  auto* middle = new QWidget;
  auto* column = new QVBoxLayout(middle);
  column->setContentsMargins(6, 10, 12, 8);
  column->setSpacing(6);
  column->addWidget(makeTop());
  column->addWidget(m_message);
  column->addWidget(m_plot, 1);
  auto* splitter = new QSplitter(Qt::Horizontal);
  splitter->setChildrenCollapsible(false);
  splitter->addWidget(area);
  splitter->addWidget(middle);
  splitter->setStretchFactor(0, 0);
  splitter->setStretchFactor(1, 1);
  splitter->setSizes({290, 890});
  auto* whole = new QVBoxLayout(this);
  whole->setContentsMargins(0, 0, 0, 0);
  whole->addWidget(splitter);
}

void BallView::connectParts() {
  m_soon.setSingleShot(true);
  m_soon.setInterval(kDebounceMs);
  connect(&m_soon, &QTimer::timeout, this, &BallView::ask);
  connect(m_value, &QComboBox::currentIndexChanged, this, &BallView::showValue);
  connect(m_shape, &ParameterForm::valueChanged, this, [this](const QString& name) {
    if (name != u"norm") return;
    // A radius that nobody set is the norm's.
    Parameters kept = m_shape->values();
    const std::string norm = kept.text("norm");
    if (kept.real("range") == usualRadius(m_norm)) kept.set("range", usualRadius(norm));
    m_norm = norm;
    m_shape->setValues(kept);
  });
  connect(m_shape, &ParameterForm::valuesChanged, this, &BallView::askSoon);
  connect(m_seed, &SeedBox::edited, this, &BallView::askSoon);
  connect(m_controller, &LandscapeController::busyChanged, this, [this](bool busy) {
    m_progress->setVisible(busy);
    m_stop->setVisible(busy);
    if (busy) m_progress->setRange(0, 0);
  });
  connect(m_controller, &LandscapeController::refined, this, [this](std::uint64_t, const SharedSurface& surface) {
    m_surface = surface;
    draw();
    showSummary();
  });
  connect(m_controller, &LandscapeController::progressed, this, [this](std::int64_t done, std::int64_t total) {
    m_progress->setRange(0, static_cast<int>(total));
    m_progress->setValue(static_cast<int>(done));
  });
  connect(m_controller, &LandscapeController::finished, this, [this] {
    m_complete = true;
    showSummary();
    Q_EMIT completed();
  });
  connect(m_controller, &LandscapeController::failed, this, [this](std::uint64_t, const Error& error) {
    if (error.kind() == ErrorKind::Cancelled) return;  // what is there stays
    m_message->setText(errorText(error));
    m_plot->clear();
    m_surface.reset();
    m_summary->clear();
    Q_EMIT failed(errorText(error));
  });
  connect(m_stop, &QPushButton::clicked, this, [this] {
    m_soon.stop();
    m_controller->cancel();
  });
  connect(m_plot, &CurvePlot::exportFailed, m_message, &InlineMessage::setText);
}

void BallView::setValues(const std::vector<LandscapeValueInfo>& values) {
  m_values.clear();
  std::copy_if(values.begin(), values.end(), std::back_inserter(m_values),
               [](const LandscapeValueInfo& info) { return !info.perClass && !info.needsDetector; });
  m_loaded = true;
  fillValues();
  takeUp();
  askSoon();
}

void BallView::fillValues() {
  const QString last = m_value->currentData().toString();
  const QSignalBlocker quiet(m_value);
  m_value->clear();
  const auto* items = qobject_cast<QStandardItemModel*>(m_value->model());
  for (const LandscapeValueInfo& info : m_values) {
    m_value->addItem(QString::fromStdString(info.spec.title), QString::fromStdString(info.spec.name));
    const bool lacks = (info.needsFingerprints && m_subject.model.fingerprints == 0) ||
                       (info.needsThreshold && !m_subject.model.threshold);
    const QString summary = QString::fromStdString(info.spec.summary);
    const int row = m_value->count() - 1;
    m_value->setItemData(row, lacks ? summary + QStringLiteral(". ") + tr("The model has no fingerprints.") : summary,
                         Qt::ToolTipRole);
    if (lacks && items) items->item(row)->setEnabled(false);
  }
  // The margin says at which distance the class changes.
  int row = m_value->findData(last.isEmpty() ? QStringLiteral("margin") : last);
  if (row >= 0 && items && !items->item(row)->isEnabled()) row = m_value->findData(QStringLiteral("margin"));
  m_value->setCurrentIndex(std::max(0, row));
}

void BallView::takeUp() {
  if (m_restored.empty()) return;
  const QSignalBlocker quiet(m_value);
  const int row = m_value->findData(QString::fromStdString(keptText(m_restored, "ball_choices", "value")));
  if (row >= 0) m_value->setCurrentIndex(row);
  m_shape->setValues(keptSection(m_restored, "ball"));
  m_norm = m_shape->values().text("norm");
  bool isNumber = false;
  const auto seed = QString::fromStdString(keptText(m_restored, "ball_choices", "seed")).toULongLong(&isNumber);
  if (isNumber) m_seed->setSeed(seed);
  m_restored.clear();
}

PageState BallView::state() const {
  if (!m_loaded) return m_restored;  // not taken up yet
  return {{"ball_choices",
           {{"value", m_value->currentData().toString().toStdString()}, {"seed", std::to_string(m_seed->seed())}}},
          {"ball", m_shape->values()}};
}

void BallView::setSubject(const BallSubject& subject) {
  const bool otherModel = subject.model.id != m_subject.model.id;
  const bool same = !otherModel && m_subject.image && *subject.image == *m_subject.image &&
                    subject.label == m_subject.label && subject.title == m_subject.title;
  m_subject = subject;
  if (otherModel) fillValues();
  if (!same) askSoon();
}

void BallView::askSoon() {
  m_due = true;
  if (isVisible()) m_soon.start();
}

LandscapeRequest BallView::request() const {
  const Parameters shape = m_shape->values();
  LandscapeRequest request;
  request.model = m_subject.model.id;
  request.label = m_subject.label;
  request.ball = BallLandscape{shape.text("norm"), shape.integer("directions")};
  request.range = shape.real("range");
  request.resolution = std::stoi(shape.text("resolution"));
  request.clip = shape.boolean("clip");
  request.seed = m_seed->seed();
  request.values.assign(std::begin(kAlways), std::end(kAlways));
  const std::string own = m_value->currentData().toString().toStdString();
  if (std::find(request.values.begin(), request.values.end(), own) == request.values.end()) {
    request.values.push_back(own);
  }
  return request;
}

void BallView::ask() {
  if (!isVisible() || !m_loaded || !m_subject.image) return;
  m_due = false;
  m_message->setText({});
  m_complete = false;
  m_asked = request();
  m_controller->ask(m_asked, m_subject.image, tr("Ball around %1").arg(m_subject.title));
}

void BallView::showValue() {
  const std::string value = m_value->currentData().toString().toStdString();
  const bool known = std::find(m_asked.values.begin(), m_asked.values.end(), value) != m_asked.values.end();
  if (!m_surface || !known) return askSoon();
  draw();
}

void BallView::draw() {
  m_plot->clear();
  const std::string value = m_value->currentData().toString().toStdString();
  std::pair<double, double> range;
  const auto add = [&](const std::string& name, const QString& label, CurvePlot::Line line) {
    const SurfaceLayer* layer = findLayer(*m_surface, name);
    if (!layer) return;
    const QString key = QString::fromStdString(name);
    if (m_plot->empty()) range = {layer->values.front(), layer->values.front()};
    m_plot->declare(key, label, line);
    for (std::size_t i = 0; i < layer->values.size(); ++i) {
      m_plot->append(key, m_surface->x[i], layer->values[i]);
      range = {std::min(range.first, layer->values[i]), std::max(range.second, layer->values[i])};
    }
  };
  if (const auto share = shareLayer(value)) {
    m_plot->setScale(CurvePlot::Scale::Share);
    add(*share, value == "predicted" ? tr("share with the image’s class") : tr("share that is accepted"),
        CurvePlot::Line::Solid);
    range = {0, 1};
  } else {
    m_plot->setScale(CurvePlot::Scale::Linear);
    for (const Statistic& each : kStatistics) add(value + each.suffix, tr(each.label), each.line);
  }
  const double room = range.second > range.first ? 0.05 * (range.second - range.first) : 0.5;
  m_plot->setFrame(QRectF(m_surface->x.front(), range.first - room, m_surface->x.back() - m_surface->x.front(),
                          range.second - range.first + 2 * room));
}

void BallView::showSummary() {
  if (!m_surface) return;
  QString text = tr("%1 random directions from %2, as %3 sees them.")
                     .arg(m_asked.ball->directions)
                     .arg(m_subject.title, QString::fromStdString(m_subject.model.name));
  const SurfaceLayer* same = findLayer(*m_surface, "predicted_same");
  if (same) {
    text += u' ' + tr("At a distance of %1 the class is the image’s on %2 of them.")
                       .arg(numberText(m_surface->x.back(), 3), percentText(same->values.back(), 1));
  }
  if (!m_complete) text += u' ' + tr("More directions follow.");
  m_summary->setText(text);
}

void BallView::fillMenu(QMenu* menu) {
  for (const char* suffix : {"png", "svg", "pdf"}) {
    const QString name = QString::fromLatin1(suffix);
    menu->addAction(tr("All values as %1…").arg(name.toUpper()), this, [this, name] { exportWithDialog(name); });
  }
  menu->addSeparator();
  addValueExports(menu, this, [this](const QString& suffix) { exportWithDialog(suffix); });
}

void BallView::exportData(const QString& path) {
  if (!m_surface) return;
  saveSurface(m_session, this, m_surface, path, [this](const QString& problem) { m_message->setText(problem); });
}

void BallView::exportWithDialog(const QString& suffix) {
  askWhereToSave(this, tr("Export the ball"), suffix, [this](const QString& path) { exportData(path); });
}

void BallView::showEvent(QShowEvent* event) {
  QWidget::showEvent(event);
  if (m_due) m_soon.start();
}

void BallView::hideEvent(QHideEvent* event) {
  QWidget::hideEvent(event);
  // Nobody looks: the engine is for whoever is looked at now.
  const bool unfinished = m_soon.isActive() || m_controller->busy();
  m_soon.stop();
  m_controller->cancel();
  m_due = m_due || unfinished;
}

}  // namespace whorl::ui
