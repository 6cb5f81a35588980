// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QPointF>
#include <QWidget>

#include <memory>
#include <optional>
#include <vector>

#include "core/service/theory_types.h"

namespace whorl::ui {

/// The plane of a toy problem: the fingerprint loss in colour, what is accepted shaded, the border between classes,
/// points, fingerprints as arrows, and an attack's way. Wheel zooms, double click or Home shows all; the arrow keys
/// move a cross (with Shift in large steps), Space or Enter presses there. The context menu exports. GUI thread only.
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
  /// What the model answers to the points of setData(), and each one's fingerprint loss: whose acceptance is true (the
  /// answer is right) and whose false is then told by rings and, over the plane, by colours.
  void setVerdicts(const std::vector<int>& classes, const std::vector<double>& scores);
  /// Accepted regions in two colours: true where the answer is the label of the nearest point, false elsewhere.
  void setRegions(bool coloured);
  void showAll();
  void setTitle(const QString& title) { m_title = title; }

  /// Fingerprint loss and class at the field's nearest point; nothing outside, or without a field.
  std::optional<std::pair<double, int>> valueAt(const QPointF& place) const;
  void copyToClipboard();
  /// By the ending: png (twofold resolution), svg, pdf, or csv of the field. "" or what went wrong.
  QString exportTo(const QString& path);

  // What is shown, for tests and for people who can't see it.
  double shownScore(int column, int row) const;
  bool shownAccepted(int column, int row) const;
  int shownPoints(int label) const;
  /// Of an accepted place: 1 true, 2 false, 0 not accepted; without colours 1 for all accepted ones.
  int shownRegion(int column, int row) const;
  int shownFalselyAccepted() const;
  std::optional<QPointF> cross() const { return m_cross; }
  int shownArrows() const;
  int shownSteps() const;
  /// Where a point of the plane is in this widget.
  QPointF positionOf(const PlanarPoint& point) const;

 Q_SIGNALS:
  /// The left button was pressed, or moved while pressed, over that place.
  void pressed(QPointF place, bool moved);
  /// The cursor is over that place; nothing: it left.
  void hovered(std::optional<QPointF> place);
  void exportFailed(const QString& problem);

 protected:
  bool event(QEvent* event) override;
  bool eventFilter(QObject* watched, QEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;
  void contextMenuEvent(QContextMenuEvent* event) override;
  void focusInEvent(QFocusEvent* event) override;
  void focusOutEvent(QFocusEvent* event) override;
  void changeEvent(QEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;

 private:
  struct Parts;
  void drawBorder();
  void drawAccepted();
  void drawRings();
  void findNearest();
  void moveCross(int columns, int rows);
  void drawCross();
  void exportWithDialog(const QString& suffix);
  void applyColours();
  void redraw();

  std::unique_ptr<Parts> m_parts;
  PlanarField m_field;
  PlanarData m_data;
  PlanarBox m_box{{-6, -6}, 12};
  std::vector<int> m_classes;       ///< of the data, as the model sees them
  std::vector<double> m_scores;     ///< of the data
  std::vector<int> m_nearestLabel;  ///< by the field's index; empty until it is needed
  std::optional<QPointF> m_cross;   ///< of the keyboard
  QString m_title;
  double m_threshold = 0;
  bool m_coloured = false;
};

/// The colour of a class in plots, light or dark.
QColor planarClassColour(int label, const QPalette& palette);

}  // namespace whorl::ui
