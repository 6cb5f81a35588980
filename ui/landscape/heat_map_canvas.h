// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QPalette>
#include <QPixmap>
#include <QPointF>
#include <QRectF>
#include <QString>
#include <QStringList>

#include <memory>
#include <optional>
#include <vector>

#include "core/service/landscape_types.h"

class QWidget;

namespace whorl::ui {

/// Draws a field in colours with lines over it: what a heat map is made of, apart from what it means. Alone with
/// QCustomPlot's header. Nothing is drawn before replot(). GUI thread only.
class HeatMapCanvas {
 public:
  /// Kinds of lines, drawn in this order.
  enum class Lines { High, Low, Borders, Accepted, Path };

  HeatMapCanvas();
  ~HeatMapCanvas();
  HeatMapCanvas(const HeatMapCanvas&) = delete;
  HeatMapCanvas& operator=(const HeatMapCanvas&) = delete;

  /// The plot, without a parent at first: whoever takes it owns it, and must let it live as long as this.
  QWidget* widget() const;

  /// From the least value to the largest; without any the plot is grey.
  void setColours(const LandscapeColours& colours);
  /// `columns` values a row, evenly over `place` (y upwards, so that top() is its least y), rows from the least y.
  void setField(const std::vector<double>& values, int columns, const QRectF& place, bool smooth);
  /// What the colours mean: from low to high; with names each whole number from 0 has one.
  void setScale(const QString& title, double low, double high, const QStringList& names = {});
  void setAxisTitles(const QString& x, const QString& y);
  /// Room for so many rows of the legend, filled or not, so that maps beside each other are equally large.
  void setLegendRows(int rows);
  /// No lines take the kind's name out of the legend.
  void setLines(Lines kind, const std::vector<ContourLine>& lines, const QString& name);
  /// The points of the path are marked, its last one most.
  void setPath(const ContourLine& path, const QString& name);
  void setNames(const std::vector<ClassPlace>& places, const QStringList& names);
  void setMiddle(const QString& name);
  void setPinned(std::optional<QPointF> point);

  /// From a position in the widget to a point, and back.
  QPointF pointAt(QPointF position) const;
  QPointF positionOf(QPointF point) const;
  bool contains(QPointF position) const;

  void showAll();
  /// Below 1 it magnifies.
  void zoom(double factor);
  /// By shares of what is seen.
  void pan(double x, double y);
  /// Light or dark as the palette is.
  void applyPalette(const QPalette& palette);
  void replot();
  /// The crosshair alone.
  void replotPinned();

  QPixmap pixmap();
  /// By the ending, on white: png (twofold resolution), svg, pdf. False where the disk refuses.
  bool save(const QString& path, const QString& title);

  // For tests: what is drawn.
  double fieldAt(int column, int row) const;
  QRgb colourAt(double value) const;
  std::size_t lineCount(Lines kind) const;
  QStringList nameTexts() const;

 private:
  struct Parts;
  void applyColours(const QPalette& palette, bool paper);

  std::unique_ptr<Parts> m_parts;
};

}  // namespace whorl::ui
