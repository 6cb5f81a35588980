// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>
#include <QTimer>
#include <QWidget>

#include <memory>
#include <optional>
#include <vector>

#include "ui/plots/plot_colours.h"

class QLabel;

namespace whorl::ui {

/// Small curves above each other over one common axis, such as the steps of an attack: each with its name, and its
/// value under the mouse or else at the cursor. Pressing and dragging scrubs, the wheel zooms along the axis, double
/// click shows all. The context menu copies and exports. Drawn at most 20 times a second; a move of the cursor draws
/// the cursor only. GUI thread only.
class TracePlot : public QWidget {
  Q_OBJECT

 public:
  struct Row {
    QString key;    ///< in CSV
    QString label;  ///< for people
    QString tip;
  };

  TracePlot(const QString& title, const QString& xLabel, const std::vector<Row>& rows, QWidget* parent = nullptr);
  ~TracePlot() override;

  /// Removes all points, marks and levels.
  void clear();
  /// Points come in the order of x; one value a row, NaN for one that isn't known yet.
  void append(double x, const std::vector<double>& values);
  /// A value that became known.
  void setValue(std::size_t row, std::size_t point, double value);
  /// A dashed level in a row, such as a threshold; nothing for none.
  void setLevel(std::size_t row, std::optional<double> level);
  /// Where the cursor stands.
  void setCursor(std::optional<double> x);
  /// A dotted line through all rows: what the attack handed back.
  void setMark(std::optional<double> x);
  /// The values of what was handed back, one a row, NaN for one that isn't known: told while the cursor stands nowhere.
  /// Empty: the newest values.
  void setReturned(std::vector<double> values);

  std::size_t pointCount() const { return m_x.size(); }
  /// Text of a row's value: under the mouse, else at the cursor, else what was handed back, else the newest.
  QString valueText(std::size_t row) const;
  /// "step,loss,margin" lines, C locale; values that aren't known are empty.
  QString csv() const;
  void copyToClipboard();
  /// By the name's ending: png, svg, pdf or csv, on white, with axes. "" or what went wrong.
  QString exportTo(const QString& path);
  /// How often the curves were drawn (tests).
  int redraws() const { return m_redraws; }

 Q_SIGNALS:
  /// A person pressed or dragged there.
  void scrubbed(double x);
  void exportFailed(const QString& problem);

 protected:
  void changeEvent(QEvent* event) override;
  void showEvent(QShowEvent* event) override;
  void contextMenuEvent(QContextMenuEvent* event) override;
  bool eventFilter(QObject* watched, QEvent* event) override;

 private:
  struct Canvas;
  void build();
  void redrawSoon();
  void redraw();
  void fitRows();
  void showCursor();
  void showValues();
  void applyColours(const PlotColours& colours);
  void setAxesShown(bool shown);
  double xAt(double pixel) const;
  std::optional<std::size_t> nearest(double x) const;
  bool exportSvg(const QString& path);
  void exportWithDialog(const QString& suffix);

  QString m_title;
  QString m_xLabel;
  std::vector<Row> m_rows;
  std::vector<double> m_x;
  std::vector<std::vector<double>> m_values;  ///< by row, then point
  std::vector<std::optional<double>> m_levels;
  std::vector<QLabel*> m_texts;
  std::unique_ptr<Canvas> m_canvas;
  std::optional<double> m_cursor;
  std::optional<double> m_hover;
  std::optional<double> m_mark;
  std::vector<double> m_returned;
  PlotColours m_colours;
  QTimer m_timer;
  bool m_zoomed = false;
  int m_redraws = 0;
};

}  // namespace whorl::ui
