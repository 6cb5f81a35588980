// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/evaluate/metric.h"

#include <QCoreApplication>

#include <cmath>
#include <limits>

namespace whorl::ui {

namespace {

QString tr(const char* text) { return QCoreApplication::translate("metric", text); }

/// Places in CellFigures::truePositiveRate and evasionRate: 1, 5, 10 %.
constexpr std::size_t kFivePercent = 1;

std::optional<Figure> at(const std::vector<Figure>& figures, std::size_t index) {
  return index < figures.size() ? std::optional(figures[index]) : std::nullopt;
}

std::optional<Figure> alone(double value) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  return Figure{value, kNan, kNan};
}

}  // namespace

std::vector<MetricInfo> metrics() {
  return {
      {GridMetric::AucSuccessful, QStringLiteral("auc_successful"), tr("AUC, successful attacks"),
       tr("Area under the ROC curve, in per cent: clean images against the attacked images that the model then "
          "misclassifies. 50 is chance, 100 is perfect. This is what published tables give.")},
      {GridMetric::AucAll, QStringLiteral("auc_all"), tr("AUC, all attacked images"),
       tr("The same with every attacked image as a positive, failed attempts too.")},
      {GridMetric::SuccessRate, QStringLiteral("success_rate"), tr("Success rate of the attack"),
       tr("Share of the attacked images (correctly classified before) that end up misclassified. The detector has no "
          "say in it, unless the attack is adaptive.")},
      {GridMetric::TruePositives, QStringLiteral("tpr_5"), tr("Detected at 5 % false positives"),
       tr("Share of the successful adversarial images that are rejected at a threshold that rejects 5 % of the clean "
          "ones.")},
      {GridMetric::Evasion, QStringLiteral("evasion_5"), tr("Evasion at 5 % false positives"),
       tr("Share of the attacked images that end up misclassified and accepted, at a threshold that rejects 5 % of the "
          "clean ones: what an attacker gains in the end.")},
      {GridMetric::AveragePrecision, QStringLiteral("average_precision"), tr("Average precision"),
       tr("Area under the precision-recall curve, over successful adversarial images. It depends on how many there are "
          "for each clean one.")},
  };
}

MetricInfo metricInfo(GridMetric metric) {
  for (const MetricInfo& info : metrics()) {
    if (info.metric == metric) return info;
  }
  return metrics().front();
}

GridMetric metricFromId(const QString& id) {
  for (const MetricInfo& info : metrics()) {
    if (info.id == id) return info.metric;
  }
  return GridMetric::AucSuccessful;
}

std::optional<Figure> metricValue(const CellFigures& figures, GridMetric metric) {
  std::optional<Figure> value;
  switch (metric) {
    case GridMetric::AucSuccessful:
      value = figures.aucSuccessful;
      break;
    case GridMetric::AucAll:
      value = figures.aucAll;
      break;
    case GridMetric::SuccessRate:
      value = figures.successRate;
      break;
    case GridMetric::TruePositives:
      value = at(figures.truePositiveRate, kFivePercent);
      break;
    case GridMetric::Evasion:
      value = at(figures.evasionRate, kFivePercent);
      break;
    case GridMetric::AveragePrecision:
      value = alone(figures.averagePrecision);
      break;
  }
  return value && std::isfinite(value->value) ? value : std::nullopt;
}

std::optional<double> publishedDifference(const RecipeCell& cell) {
  if (!cell.published || !cell.figures || !std::isfinite(cell.figures->aucSuccessful.value)) return std::nullopt;
  return 100 * (cell.figures->aucSuccessful.value - *cell.published);
}

QString hundredths(double share) {
  return std::isfinite(share) ? QString::number(100 * share, 'f', 2) : QStringLiteral("–");
}

QString pointsText(double points) {
  const QString size = QString::number(std::abs(points), 'f', 2);
  if (size == u"0.00") return QStringLiteral("±0.00");
  return (points > 0 ? u'+' : u'−') + size;
}

QString intervalText(const Figure& figure) {
  if (!std::isfinite(figure.low) || !std::isfinite(figure.high)) return {};
  return hundredths(figure.low) + u'–' + hundredths(figure.high);
}

}  // namespace whorl::ui
