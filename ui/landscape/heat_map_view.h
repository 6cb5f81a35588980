// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QPointF>
#include <QString>
#include <QStringList>
#include <QWidget>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ui/landscape/heat_map_canvas.h"
#include "ui/landscape/landscape_controller.h"
#include "ui/landscape/landscape_point.h"

class QLabel;
class QMenu;
class QToolButton;

namespace whorl::ui {

class PointTip;
class ReliefView;

/// What is drawn over the colours.
struct HeatMapOverlays {
  bool contours = true;
  bool borders = true;   ///< between classes, with their names
  bool accepted = true;  ///< the region below τ
  bool path = true;      ///< of the attack
};

/// A landscape from above, or (with the button in its corner) as a relief. From above the image of the point under the
/// cursor stands beside the cursor, with its class and value. A click picks a point, double click (or Enter) chooses
/// it; wheel zooms, dragging pans, Home shows all, + − zoom; the arrow keys move the picked point. The context menu
/// copies and exports. GUI thread only.
class HeatMapView : public QWidget {
  Q_OBJECT

 public:
  explicit HeatMapView(QWidget* parent = nullptr);
  ~HeatMapView() override;

  void setColours(const LandscapeColours& colours);
  /// Titles of the axes: "Gradient sign".
  void setAxes(const QString& x, const QString& y);
  /// Keeps room for the longest legend: maps of one size beside each other show one range alike.
  void setAlignedLegend(bool aligned);
  /// A new plane: what was shown goes with the old one. `attack` is what its path is called.
  void setPlane(const SharedPlane& plane, const QStringList& classNames, const QString& attack);
  void setSurface(const SharedSurface& surface);
  /// Which value is in colour, and what it is called.
  void setLayer(const std::string& layer, const QString& title);
  /// τ of the accept region; none: there is none.
  void setThreshold(std::optional<double> threshold);
  void setOverlays(const HeatMapOverlays& overlays);
  /// Colours and contours over this range instead of the layer's own: of two maps that are to be compared.
  void setCommonRange(const std::optional<std::pair<double, double>>& range);
  /// Least and largest value of the layer; none where nothing is shown.
  std::optional<std::pair<double, double>> valueRange() const;
  /// Least and largest value in colour.
  std::pair<double, double> shownRange() const { return m_shown; }
  /// Seen from the side instead of from above, in the same colours.
  void setRelief(bool on);
  ReliefView* relief() const { return m_relief; }
  /// Nothing is shown but these words.
  void clear(const QString& why);

  const SharedPlane& plane() const { return m_plane; }
  const SharedSurface& surface() const { return m_surface; }
  const std::string& layer() const { return m_layer; }
  bool empty() const { return !m_surface || !m_plane; }
  /// The point that was picked: the middle at first.
  std::optional<LandscapePoint> picked() const;
  void pick(QPointF point);
  const HeatMapCanvas& canvas() const { return m_canvas; }
  PointTip* tip() const { return m_tip; }

  void showAll();
  void copyToClipboard();
  /// By the ending: png, svg, pdf. "" or what went wrong.
  QString exportPicture(const QString& path);
  /// Adds what can be done with the picture to a menu.
  void fillMenu(QMenu* menu);

 Q_SIGNALS:
  /// The cursor is at a point, or left.
  void hovered(const std::optional<whorl::ui::LandscapePoint>& point);
  void pickedChanged();
  /// Somebody wants to go on with the picked point.
  void chosen();
  /// Data export: a file name's ending, without the dot.
  void exportDataWanted(const QString& suffix);
  void exportFailed(const QString& problem);

 protected:
  bool event(QEvent* event) override;
  void changeEvent(QEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;
  void contextMenuEvent(QContextMenuEvent* event) override;
  bool eventFilter(QObject* watched, QEvent* event) override;

 private:
  /// Its points are networks: there are no images of them.
  bool ofNetworks() const { return m_plane->images.middle.pixels.empty(); }
  void place();
  void showRelief();
  std::vector<QPointF> pathPoints() const;
  void drawField();
  void drawOverlays();
  void drawContours(const SurfaceLayer& layer);
  void drawBorders();
  void drawAccepted();
  void drawPath();
  void showTip(const QPoint& position);
  void hideTip();
  void step(int columns, int rows);
  void exportWithDialog(const QString& suffix);
  QString describe(const LandscapePoint& point) const;

  HeatMapCanvas m_canvas;
  QLabel* m_placeholder;
  PointTip* m_tip;
  ReliefView* m_relief;
  QToolButton* m_fromTheSide;
  SharedPlane m_plane;
  SharedSurface m_surface;
  QStringList m_names;
  QString m_attack;
  std::string m_layer;
  QString m_layerTitle;
  std::optional<double> m_threshold;
  std::optional<std::pair<double, double>> m_common;
  std::pair<double, double> m_shown;
  std::vector<double> m_field;  ///< what is drawn, kept: fresh memory of this size costs more than filling it
  HeatMapOverlays m_overlays;
  QPointF m_picked;
  QPoint m_pressed;
};

}  // namespace whorl::ui
