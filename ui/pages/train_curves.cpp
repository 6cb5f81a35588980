// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/pages/train_curves.h"

#include <QSplitter>
#include <QVBoxLayout>

#include "ui/plots/curve_plot.h"
#include "ui/session/engine_session.h"

namespace whorl::ui {

namespace {

/// "validation_accuracy" → "validation accuracy", "auc" → "AUC".
QString metricLabel(const std::string& name) {
  QString label = QString::fromStdString(name).replace(u'_', u' ');
  return label.replace(QStringLiteral("auc"), QStringLiteral("AUC"));
}

bool contains(const std::string& name, const char* part) { return name.find(part) != std::string::npos; }

}  // namespace

TrainCurves::TrainCurves(QWidget* parent)
    : QWidget(parent),
      m_loss(new CurvePlot(tr("Loss"), tr("step"), CurvePlot::Scale::Logarithmic)),
      m_share(new CurvePlot(tr("Correct"), tr("step"), CurvePlot::Scale::Share)),
      m_rate(new CurvePlot(tr("Learning rate"), tr("step"), CurvePlot::Scale::Linear)) {
  m_loss->setObjectName(QStringLiteral("lossPlot"));
  m_share->setObjectName(QStringLiteral("sharePlot"));
  m_rate->setObjectName(QStringLiteral("ratePlot"));
  m_loss->hideXLabel();
  m_share->hideXLabel();
  auto* splitter = new QSplitter(Qt::Vertical);
  for (CurvePlot* plot : {m_loss, m_share, m_rate}) {
    splitter->addWidget(plot);
    connect(plot, &CurvePlot::exportFailed, this, &TrainCurves::exportFailed);
  }
  splitter->setStretchFactor(0, 5);
  splitter->setStretchFactor(1, 4);
  splitter->setStretchFactor(2, 2);
  splitter->setChildrenCollapsible(false);
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(0, 0, 0, 0);
  column->addWidget(splitter);
}

void TrainCurves::clear() {
  for (CurvePlot* plot : {m_loss, m_share, m_rate}) plot->clear();
}

void TrainCurves::add(const std::vector<TrainEvent>& events) {
  for (const TrainEvent& event : events) {
    for (const Metric& metric : event.metrics) {
      if (contains(metric.name, "per_second")) continue;  // figures, not curves
      CurvePlot* plot = m_loss;
      if (contains(metric.name, "learning_rate")) plot = m_rate;
      if (contains(metric.name, "accuracy") || contains(metric.name, "auc")) plot = m_share;
      const bool perEpoch = metric.name.starts_with("validation_") || metric.name.starts_with("test_");
      const QString key = QString::fromStdString(metric.name);
      // At an epoch's end its means come as well, under the names of the steps' own figures.
      if (plot->lastX(key) == static_cast<double>(event.step)) continue;
      if (plot->pointCount(key) == 0) {
        plot->declare(key, metricLabel(metric.name), perEpoch ? CurvePlot::Line::Points : CurvePlot::Line::Solid);
      }
      plot->append(key, static_cast<double>(event.step), metric.value);
    }
    if (event.epochEnd) {
      for (CurvePlot* plot : {m_loss, m_share, m_rate}) plot->addMark(static_cast<double>(event.step));
    }
  }
}

}  // namespace whorl::ui
