// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QPointF>
#include <QWidget>

#include <memory>
#include <optional>

#include "core/service/theory_types.h"

namespace whorl::ui {

/// The plane of a toy problem: the fingerprint loss in colour, what is accepted shaded, the border between classes,
/// points, fingerprints as arrows, and an attack's way. Wheel zooms, double click shows all. GUI thread only.
class PlaneView : public QWidget {
  Q_OBJECT

 public:
  explicit PlaneView(QWidget* parent = nullptr);
  ~PlaneView() override;

  void setData(const PlanarData& data, const PlanarBox& box);
  /// In colour from 0 to `top`; accepted below `threshold`.
  void setField(const PlanarField& field, double top, double threshold);
  void setThreshold(double threshold);
  void clearField();
  void setArrows(const PlanarFingerprints& fingerprints);
  void setPath(const std::optional<PlanarTrajectory>& path);
  void showAll();

  // What is shown, for tests and for people who can't see it.
  double shownScore(int column, int row) const;
  bool shownAccepted(int column, int row) const;
  int shownPoints(int label) const;
  int shownArrows() const;
  int shownSteps() const;
  /// Where a point of the plane is in this widget.
  QPointF positionOf(const PlanarPoint& point) const;

 Q_SIGNALS:
  /// The left button was pressed, or moved while pressed, over that place.
  void pressed(QPointF place, bool moved);
  /// The cursor is over that place; nothing: it left.
  void hovered(std::optional<QPointF> place);

 protected:
  bool eventFilter(QObject* watched, QEvent* event) override;
  void changeEvent(QEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;

 private:
  struct Parts;
  void drawBorder();
  void drawAccepted();
  void applyColours();
  void redraw();

  std::unique_ptr<Parts> m_parts;
  PlanarField m_field;
  PlanarData m_data;
  PlanarBox m_box{{-6, -6}, 12};
  double m_threshold = 0;
};

/// The colour of a class in plots, light or dark.
QColor planarClassColour(int label, const QPalette& palette);

}  // namespace whorl::ui
