// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/evaluate/cell_details.h"

#include <QCoreApplication>

#include <cmath>

#include "ui/evaluate/metric.h"
#include "ui/jobs/format.h"

namespace whorl::ui {

namespace {

QString tr(const char* text) { return QCoreApplication::translate("cell_details", text); }

QString plain(const std::string& text) { return QString::fromStdString(text).toHtmlEscaped(); }

QString row(const QString& name, const QString& value) {
  return QStringLiteral("<tr><td style='padding:1px 18px 1px 0'>%1</td><td>%2</td></tr>").arg(name, value);
}

QString shareText(const Figure& figure) {
  if (!std::isfinite(figure.value)) return QStringLiteral("–");
  const QString interval = intervalText(figure);
  const QString value = QStringLiteral("<b>%1 %</b>").arg(hundredths(figure.value));
  return interval.isEmpty() ? value : tr("%1 (95 % interval %2)").arg(value, interval);
}

QString rates(const std::vector<Figure>& figures) {
  static const char* const kRates[] = {"1 %", "5 %", "10 %"};
  QStringList parts;
  for (std::size_t i = 0; i < figures.size() && i < std::size(kRates); ++i) {
    parts << tr("at %1: %2").arg(QString::fromLatin1(kRates[i]), shareText(figures[i]));
  }
  return parts.isEmpty() ? QStringLiteral("–") : parts.join(QStringLiteral("<br>"));
}

QString figuresText(const CellFigures& figures) {
  QString text;
  text += row(tr("AUC, successful attacks"), shareText(figures.aucSuccessful));
  text += row(tr("AUC, all attacked images"), shareText(figures.aucAll));
  text += row(tr("Success rate"),
              tr("%1 of %2 images: %3")
                  .arg(countText(figures.successes), countText(figures.attacked), shareText(figures.successRate)));
  text += row(tr("Detected, at false positives of"), rates(figures.truePositiveRate));
  text += row(tr("Evasion, at false positives of"), rates(figures.evasionRate));
  if (figures.combinedAccuracy) text += row(tr("Accepted and right, at 5 %"), shareText(*figures.combinedAccuracy));
  text += row(tr("Average precision"), percentText(figures.averagePrecision));
  text += row(tr("Detection accuracy, best threshold"), percentText(figures.detectionAccuracy));
  text += row(tr("Mean distance of successes"),
              tr("L2 %1, Linf %2").arg(numberText(figures.meanL2), numberText(figures.meanLinf)));
  return text;
}

}  // namespace

QString cellDetails(const RecipeCell& cell) {
  QString text =
      QStringLiteral("<h3>%1</h3><table>").arg(tr("%1 against %2").arg(plain(cell.detector), plain(cell.attack)));
  if (cell.state == CellState::Failed) text += row(tr("Failed"), QStringLiteral("<b>%1</b>").arg(plain(cell.problem)));
  if (cell.state == CellState::Running) text += row(tr("State"), tr("being computed"));
  if (cell.state == CellState::Waiting) text += row(tr("State"), tr("not computed yet"));
  if (cell.figures) text += figuresText(*cell.figures);
  if (cell.published) {
    QString published = QStringLiteral("<b>%1 %</b>").arg(hundredths(*cell.published));
    if (const auto difference = publishedDifference(cell)) {
      published += tr(", ours differs by %1 points").arg(pointsText(*difference));
    }
    if (!cell.publishedSource.empty()) published += QStringLiteral("<br>") + plain(cell.publishedSource);
    text += row(tr("Published AUC"), published);
  }
  text += row(tr("Model"), plain(cell.model)) + row(tr("Threat model"), plain(cell.threatModel));
  if (cell.seconds > 0) {
    text += row(cell.state == CellState::Done ? tr("Time") : tr("Expected time"), durationText(cell.seconds));
  }
  if (cell.kept) text += row(tr("Origin"), tr("kept from an earlier run"));
  return text + QStringLiteral("</table>");
}

}  // namespace whorl::ui
