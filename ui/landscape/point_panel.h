// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QStringList>
#include <QWidget>

#include <optional>

#include "ui/landscape/landscape_controller.h"
#include "ui/landscape/landscape_point.h"

class QLabel;
class QPushButton;

namespace whorl::ui {

/// A point of a landscape: its image, and all that is known of it. GUI thread only.
class PointPanel : public QWidget {
  Q_OBJECT

 public:
  explicit PointPanel(QWidget* parent = nullptr);

  /// `heading`: which point it is. Both must have been computed.
  void showPoint(const QString& heading, const LandscapeResult& plane, const Surface& surface,
                 const LandscapePoint& point, const QStringList& classNames, std::optional<double> threshold);
  void clear();

 Q_SIGNALS:
  void openWanted();

 private:
  QLabel* m_heading;
  QLabel* m_picture;
  QLabel* m_verdict;
  QLabel* m_figures;
  QPushButton* m_open;
};

}  // namespace whorl::ui
