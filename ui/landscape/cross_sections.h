// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QTimer>
#include <QWidget>

#include <optional>
#include <string>

#include "ui/landscape/landscape_controller.h"
#include "ui/landscape/landscape_point.h"

namespace whorl::ui {

class CurvePlot;

/// Two lines through a point of a landscape: what is met on the way from left to right, and from the bottom to the top.
/// GUI thread only.
class CrossSections : public QWidget {
  Q_OBJECT

 public:
  explicit CrossSections(QWidget* parent = nullptr);

  /// What the lines are of. Nothing is drawn before showAt().
  void setSurface(const SharedSurface& surface, const std::string& layer, const QString& title);
  /// A level worth seeing, such as τ.
  void setLevel(std::optional<double> level, const QString& name);
  /// Draws soon: many calls in a row are one.
  void showAt(QPointF point);
  void clear();

  CurvePlot* across() const { return m_across; }
  CurvePlot* upwards() const { return m_upwards; }

 Q_SIGNALS:
  void exportFailed(const QString& problem);

 private:
  void draw();

  CurvePlot* m_across;
  CurvePlot* m_upwards;
  SharedSurface m_surface;
  std::string m_layer;
  QString m_title;
  std::optional<double> m_level;
  QString m_levelName;
  QPointF m_point;
  QTimer m_timer;
};

}  // namespace whorl::ui
