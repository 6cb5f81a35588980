// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/evaluate/grid_text.h"

#include <QFileInfo>

#include <cmath>

namespace whorl::ui {

namespace {

QString escaped(const QString& text, GridFormat format) {
  QString cell = text;
  switch (format) {
    case GridFormat::Text:
      return cell.replace(u'\t', u' ').replace(u'\n', u' ');
    case GridFormat::Csv:
      if (!cell.contains(u',') && !cell.contains(u'"') && !cell.contains(u'\n')) return cell;
      return u'"' + cell.replace(u'"', QStringLiteral("\"\"")) + u'"';
    case GridFormat::Markdown: {
      QString out;
      for (const QChar c : cell.replace(u'\n', u' ')) {
        if (QStringView(u"\\`*_{}[]<>#|~&$").contains(c)) out += u'\\';
        out += c;
      }
      return out;
    }
    case GridFormat::Latex: {
      QString out;
      for (const QChar c : cell.replace(u'\n', u' ')) {
        if (QStringView(u"{}&%$#_").contains(c)) {
          out += u'\\';
          out += c;
        } else if (c == u'\\') {
          out += QStringLiteral("\\textbackslash{}");
        } else if (c == u'~') {
          out += QStringLiteral("\\textasciitilde{}");
        } else if (c == u'^') {
          out += QStringLiteral("\\textasciicircum{}");
        } else if (c == u'<') {
          out += QStringLiteral("\\textless{}");
        } else if (c == u'>') {
          out += QStringLiteral("\\textgreater{}");
        } else if (c == u'−') {
          out += QStringLiteral("$-$");
        } else if (c == u'±') {
          out += QStringLiteral("$\\pm$");
        } else if (c == u'–') {
          out += QStringLiteral("--");
        } else if (c == u'ε') {
          out += QStringLiteral("$\\varepsilon$");
        } else {
          out += c;
        }
      }
      return out;
    }
  }
  return cell;
}

QString valueText(const GridModel& model, const RecipeCell* cell) {
  if (!cell) return {};
  if (cell->state == CellState::Failed) return GridModel::tr("failed");
  const auto value = cell->figures ? metricValue(*cell->figures, model.metric()) : std::nullopt;
  if (!value) return QStringLiteral("–");
  const auto difference = model.metric() == GridMetric::AucSuccessful ? publishedDifference(*cell) : std::nullopt;
  return hundredths(value->value) + (difference ? QStringLiteral(" (%1)").arg(pointsText(*difference)) : QString());
}

QString line(const QStringList& cells, GridFormat format) {
  switch (format) {
    case GridFormat::Text:
      return cells.join(u'\t') + u'\n';
    case GridFormat::Csv:
      return cells.join(u',') + u'\n';
    case GridFormat::Markdown:
      return QStringLiteral("| ") + cells.join(QStringLiteral(" | ")) + QStringLiteral(" |\n");
    case GridFormat::Latex:
      return cells.join(QStringLiteral(" & ")) + QStringLiteral(" \\\\\n");
  }
  return {};
}

QString table(const GridModel& model, GridFormat format) {
  QStringList header{escaped(metricInfo(model.metric()).title, format)};
  QString rules = QStringLiteral("| --- |");
  for (const std::string& attack : model.result().attacks) {
    header << escaped(QString::fromStdString(attack), format);
    rules += QStringLiteral(" ---: |");
  }
  QString text = line(header, format);
  if (format == GridFormat::Markdown) text += rules + u'\n';
  if (format == GridFormat::Latex) {
    text = QStringLiteral("% needs \\usepackage{booktabs}\n\\begin{tabular}{l%1}\n\\toprule\n%2\\midrule\n")
               .arg(QString(model.columnCount(), u'r'), text);
  }
  for (int row = 0; row < model.rowCount(); ++row) {
    QStringList cells{escaped(model.headerData(row, Qt::Vertical, Qt::DisplayRole).toString(), format)};
    for (int column = 0; column < model.columnCount(); ++column) {
      cells << escaped(valueText(model, model.cell(model.index(row, column))), format);
    }
    text += line(cells, format);
  }
  return format == GridFormat::Latex ? text + QStringLiteral("\\bottomrule\n\\end{tabular}\n") : text;
}

QString number(double value) { return std::isfinite(value) ? QString::number(value, 'g', 17) : QString(); }

void addFigure(QStringList& cells, const std::optional<Figure>& figure) {
  if (figure) {
    cells << number(figure->value) << number(figure->low) << number(figure->high);
  } else {
    cells << QString() << QString() << QString();
  }
}

QString csv(const GridModel& model) {
  QStringList header{QStringLiteral("detector,attack,model,threat_model,state,problem,attacked,successes")};
  for (const char* name : {"success_rate", "auc_successful", "auc_all", "tpr_1", "tpr_5", "tpr_10", "evasion_1",
                           "evasion_5", "evasion_10", "combined_accuracy"}) {
    header << QStringLiteral("%1,%1_low,%1_high").arg(QLatin1String(name));
  }
  header << QStringLiteral("average_precision,detection_accuracy,mean_l2,mean_linf,published,published_source,seconds");
  QString text = line(header, GridFormat::Csv);
  static const char* const kStates[] = {"waiting", "running", "done", "failed"};
  for (const RecipeCell& cell : model.result().cells) {
    QStringList cells;
    for (const std::string* name : {&cell.detector, &cell.attack, &cell.model, &cell.threatModel}) {
      cells << escaped(QString::fromStdString(*name), GridFormat::Csv);
    }
    cells << QLatin1String(kStates[static_cast<int>(cell.state)])
          << escaped(QString::fromStdString(cell.problem), GridFormat::Csv);
    const CellFigures none;
    const CellFigures& figures = cell.figures ? *cell.figures : none;
    const bool known = cell.figures.has_value();
    cells << (known ? QString::number(figures.attacked) : QString())
          << (known ? QString::number(figures.successes) : QString());
    const auto ifKnown = [known](const Figure& figure) { return known ? std::optional(figure) : std::nullopt; };
    addFigure(cells, ifKnown(figures.successRate));
    addFigure(cells, ifKnown(figures.aucSuccessful));
    addFigure(cells, ifKnown(figures.aucAll));
    for (const auto* rates : {&figures.truePositiveRate, &figures.evasionRate}) {
      for (std::size_t i = 0; i < 3; ++i) {
        addFigure(cells, i < rates->size() ? std::optional((*rates)[i]) : std::nullopt);
      }
    }
    addFigure(cells, figures.combinedAccuracy);
    for (const double value : {figures.averagePrecision, figures.detectionAccuracy, figures.meanL2, figures.meanLinf}) {
      cells << (known ? number(value) : QString());
    }
    cells << (cell.published ? number(*cell.published) : QString())
          << escaped(QString::fromStdString(cell.publishedSource), GridFormat::Csv) << number(cell.seconds);
    text += line(cells, GridFormat::Csv);
  }
  return text;
}

}  // namespace

QString gridText(const GridModel& model, GridFormat format) {
  return format == GridFormat::Csv ? csv(model) : table(model, format);
}

std::optional<GridFormat> gridFormatOf(const QString& path) {
  const QString suffix = QFileInfo(path).suffix().toLower();
  if (suffix == u"csv") return GridFormat::Csv;
  if (suffix == u"md") return GridFormat::Markdown;
  if (suffix == u"tex") return GridFormat::Latex;
  if (suffix == u"txt") return GridFormat::Text;
  return std::nullopt;
}

}  // namespace whorl::ui
