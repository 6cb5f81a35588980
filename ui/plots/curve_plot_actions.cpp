// SPDX-License-Identifier: GPL-3.0-or-later
// What a person does with a plot, and its texts: apart from curve_plot.cpp, which alone pays for QCustomPlot's header.
#include <QContextMenuEvent>
#include <QKeyEvent>
#include <QLabel>
#include <QMenu>

#include <algorithm>
#include <cmath>

#include "ui/jobs/format.h"
#include "ui/plots/curve_plot.h"
#include "ui/widgets/own_keys.h"
#include "ui/widgets/save_dialog.h"

namespace whorl::ui {

namespace {

QString glyph(CurvePlot::Line line) {
  switch (line) {
    case CurvePlot::Line::Solid:
      return QStringLiteral("━");
    case CurvePlot::Line::Dashed:
      return QStringLiteral("╍");
    case CurvePlot::Line::Points:
      return QStringLiteral("●");
    case CurvePlot::Line::Steps:
      return QStringLiteral("▬");
  }
  return {};
}

}  // namespace

bool CurvePlot::empty() const {
  return std::all_of(m_curves.begin(), m_curves.end(), [](const auto& c) { return c->series.empty(); });
}

std::optional<double> CurvePlot::lastX(const QString& key) const {
  for (const auto& known : m_curves) {
    if (known->key == key && !known->series.empty()) return known->series.last().x;
  }
  return std::nullopt;
}

std::size_t CurvePlot::pointCount(const QString& key) const {
  for (const auto& known : m_curves) {
    if (known->key == key) return known->series.size();
  }
  return 0;
}

CurvePlot::Curve& CurvePlot::curve(const QString& key) {
  for (const auto& known : m_curves) {
    if (known->key == key) return *known;
  }
  declare(key, key, Line::Solid);
  return *m_curves.back();
}

QString CurvePlot::xText(double x) const {
  switch (m_xScale) {
    case XScale::Counts:
      return countText(std::llround(x));
    case XScale::Numbers:
      return numberText(x, 3);
    case XScale::Share:
    case XScale::LogarithmicShare:
      return percentText(x);
  }
  return {};
}

std::optional<double> CurvePlot::valueAt(const Curve& curve, std::optional<double> x) const {
  if (curve.series.empty() || (m_quiet && !x)) return std::nullopt;
  if (!x) return curve.series.last().y;
  return m_quiet && curve.line != Line::Steps ? curve.series.between(*x) : curve.series.nearest(*x).y;
}

QString CurvePlot::valuesText(std::optional<double> x) const {
  QStringList parts;
  for (const auto& curve : m_curves) {
    if (curve->series.empty()) continue;
    const auto value = valueAt(*curve, x);
    const QString text = !value ? QString() : m_scale == Scale::Share ? percentText(*value) : numberText(*value, 3);
    parts << QStringLiteral("%1 %2").arg(curve->label, text).trimmed();
  }
  return parts.join(QStringLiteral(", "));
}

namespace {

/// A name that lines aren't broken in: neither at blanks nor at hyphens ("BIM-b").
QString unbroken(const QString& name) {
  return name.toHtmlEscaped().replace(u' ', QStringLiteral("&nbsp;")).replace(u'-', QStringLiteral("&#8209;"));
}

}  // namespace

void CurvePlot::updateLegend() {
  QString html = QStringLiteral("<b>%1</b>").arg(m_title.toHtmlEscaped());
  if (m_cursor) {
    html += QStringLiteral("&nbsp; <span style='color:%1'>%2 %3</span>")
                .arg(m_colours.axis.name(), m_xLabel.toHtmlEscaped(), xText(*m_cursor));
  }
  for (std::size_t i = 0; i < m_curves.size(); ++i) {
    const Curve& curve = *m_curves[i];
    if (curve.series.empty()) continue;
    const auto value = valueAt(curve, m_cursor);
    const QString text = !value ? QString() : m_scale == Scale::Share ? percentText(*value) : numberText(*value, 3);
    html += QStringLiteral(" &nbsp; <span style='color:%1'>%2</span>&nbsp;%3&nbsp;<b>%4</b>")
                .arg(m_colours.colour(i).name(), glyph(curve.line), unbroken(curve.label), text);
  }
  m_legend->setText(html);
  setAccessibleDescription(valuesText(m_cursor));
}

bool CurvePlot::event(QEvent* event) {
  claimKeys(event, {Qt::Key_Plus, Qt::Key_Minus, Qt::Key_Left, Qt::Key_Right, Qt::Key_Up, Qt::Key_Down, Qt::Key_Home,
                    Qt::Key_0});
  return QWidget::event(event);
}

void CurvePlot::keyPressEvent(QKeyEvent* event) {
  if (event->matches(QKeySequence::Copy)) return copyToClipboard();
  switch (event->key()) {
    case Qt::Key_Plus:
      return zoom(0.8);
    case Qt::Key_Minus:
      return zoom(1.25);
    case Qt::Key_Left:
      return pan(-0.1, 0);
    case Qt::Key_Right:
      return pan(0.1, 0);
    case Qt::Key_Up:
      return pan(0, 0.1);
    case Qt::Key_Down:
      return pan(0, -0.1);
    case Qt::Key_Home:
    case Qt::Key_0:
      return resetView();
    default:
      QWidget::keyPressEvent(event);
  }
}

void CurvePlot::contextMenuEvent(QContextMenuEvent* event) {
  auto* menu = new QMenu(this);
  menu->setAttribute(Qt::WA_DeleteOnClose);
  menu->addAction(tr("Show all"), this, &CurvePlot::resetView);
  QAction* logarithmic = menu->addAction(tr("Logarithmic values"));
  logarithmic->setCheckable(true);
  logarithmic->setChecked(m_scale == Scale::Logarithmic);
  logarithmic->setEnabled(m_scale != Scale::Share);
  connect(logarithmic, &QAction::toggled, this, [this](bool on) { setScale(on ? Scale::Logarithmic : Scale::Linear); });
  menu->addSeparator();
  menu->addAction(tr("Copy picture"), this, &CurvePlot::copyToClipboard)->setEnabled(!empty());
  for (const char* suffix : {"png", "svg", "pdf"}) {
    menu->addAction(tr("Export %1…").arg(QString::fromLatin1(suffix).toUpper()), this,
                    [this, suffix] { exportWithDialog(QString::fromLatin1(suffix)); })
        ->setEnabled(!empty());
  }
  menu->addAction(tr("Export data as CSV…"), this, [this] { exportWithDialog(QStringLiteral("csv")); })
      ->setEnabled(!empty());
  menu->popup(event->globalPos());
}

QString CurvePlot::csv() const {
  QString text = QStringLiteral("curve,x,y\n");
  for (const auto& curve : m_curves) {
    QString name = curve->key;
    if (name.contains(u',') || name.contains(u'"')) name = u'"' + name.replace(u'"', QStringLiteral("\"\"")) + u'"';
    for (const CurvePoint& point : curve->series.points()) {
      text +=
          QStringLiteral("%1,%2,%3\n").arg(name, QString::number(point.x, 'g', 17), QString::number(point.y, 'g', 17));
    }
  }
  return text;
}

void CurvePlot::exportWithDialog(const QString& suffix) {
  askWhereToSave(this, tr("Export “%1”").arg(m_title), suffix, [this](const QString& path) {
    const QString problem = exportTo(path);
    if (!problem.isEmpty()) Q_EMIT exportFailed(problem);
  });
}

}  // namespace whorl::ui
