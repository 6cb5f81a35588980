// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QRectF>
#include <QString>
#include <QTimer>
#include <QWidget>

#include <memory>
#include <optional>
#include <vector>

#include "ui/plots/curve_series.h"
#include "ui/plots/plot_colours.h"

class QCPGraph;
class QLabel;

namespace whorl::ui {

/// A live line plot: curves that grow while work runs. Appending is cheap and never draws; drawing happens at most 20
/// times a second. Wheel zooms, dragging pans, double click (or Home) shows all again, + − and the arrow keys do the
/// same from the keyboard; the values under the cursor stand in the legend. The context menu copies and exports PNG,
/// SVG, PDF and the data as CSV. GUI thread only.
class CurvePlot : public QWidget {
  Q_OBJECT

 public:
  enum class Line {
    Solid,
    Dashed,
    Points,
    Steps
  };  ///< Points: few values, joined by a line. Steps: filled, from each x on
  enum class Scale { Linear, Logarithmic, Share };  ///< Share: values in [0,1], shown as per cent
  enum class XScale { Counts, Numbers, Share, LogarithmicShare };

  static constexpr int kRedrawMs = 50;

  CurvePlot(const QString& title, const QString& xLabel, Scale scale, QWidget* parent = nullptr);
  ~CurvePlot() override;

  /// Adds a curve or renames it. Curves keep their order, and so their colours.
  void declare(const QString& key, const QString& label, Line line);
  /// Adds a point; an unknown key is declared as a solid line.
  void append(const QString& key, double x, double y);
  /// A vertical line, such as the end of an epoch.
  void addMark(double x);
  /// Removes all curves and marks.
  void clear();
  void setScale(Scale scale);
  /// Counts, such as steps, unless it is told otherwise.
  void setXScale(XScale scale);
  /// Shows this, rather than what the points span, until a person zooms: x from left to right, y from top to bottom().
  void setFrame(const QRectF& frame);
  /// The legend tells values only under the cursor, straight between neighbouring points: for curves whose newest point
  /// means nothing.
  void setQuietLegend(bool quiet);
  /// Of plots above each other only the last needs the name below its axis.
  void hideXLabel();
  Scale scale() const { return m_scale; }

  bool empty() const;
  std::size_t pointCount(const QString& key) const;
  /// Where the newest point of a curve is.
  std::optional<double> lastX(const QString& key) const;
  /// Shows everything again and follows new points.
  void resetView();
  /// Whether the view follows new points: until a person zooms or pans.
  bool followsData() const { return m_follow; }
  /// Text of the legend, as a screen reader gets it: newest values, or those at `x`.
  QString valuesText(std::optional<double> x = std::nullopt) const;
  /// "curve,x,y" lines, one a point, C locale.
  QString csv() const;
  void copyToClipboard();
  /// By the name's ending: png (twofold resolution), svg, pdf or csv, on white. "" or what went wrong.
  QString exportTo(const QString& path);

  /// How often it was drawn anew because of data (tests).
  int redraws() const { return m_redraws; }

 Q_SIGNALS:
  /// An export that a person asked for could not be written.
  void exportFailed(const QString& problem);

 protected:
  bool event(QEvent* event) override;
  void changeEvent(QEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;
  void contextMenuEvent(QContextMenuEvent* event) override;
  bool eventFilter(QObject* watched, QEvent* event) override;

 private:
  struct Curve {
    QString key;
    QString label;
    Line line = Line::Solid;
    CurveSeries series;
    QCPGraph* graph = nullptr;
    bool dirty = false;
  };
  struct Canvas;
  Curve& curve(const QString& key);
  QString xText(double x) const;
  std::optional<double> valueAt(const Curve& curve, std::optional<double> x) const;
  void redrawSoon();
  void redraw();
  void applyColours(const PlotColours& colours);
  void fitView();
  void updateLegend();
  void zoom(double factor);
  void pan(double dx, double dy);
  void exportWithDialog(const QString& suffix);
  bool exportSvg(const QString& path, const QSize& size);

  QString m_title;
  QString m_xLabel;
  Scale m_scale;
  XScale m_xScale = XScale::Counts;
  std::optional<QRectF> m_frame;
  bool m_quiet = false;
  std::unique_ptr<Canvas> m_canvas;
  std::vector<std::unique_ptr<Curve>> m_curves;
  std::vector<double> m_marks;
  QLabel* m_legend;
  QTimer m_timer;
  PlotColours m_colours;
  std::optional<double> m_cursor;
  bool m_follow = true;
  int m_redraws = 0;
};

}  // namespace whorl::ui
