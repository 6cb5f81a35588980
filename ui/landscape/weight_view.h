// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QStringList>
#include <QTimer>
#include <QWidget>

#include <optional>

#include "ui/landscape/landscape_controller.h"

class QLabel;
class QProgressBar;
class QPushButton;
class QStackedLayout;
class QToolButton;

namespace whorl::ui {

class CrossSections;
class CurvePlot;
class EngineSession;
class HeatMapView;
class InlineMessage;
class WeightForm;

/// Landscapes of networks: a plane as a heat map, a line or a bend as a curve. Computes only while it is looked at; a
/// first picture by few images, which then become more. GUI thread only.
class WeightView : public QWidget {
  Q_OBJECT

 public:
  static constexpr int kDebounceMs = 200;

  /// `session` outlives it.
  explicit WeightView(EngineSession* session, QWidget* parent = nullptr);

  WeightForm* form() const { return m_form; }
  HeatMapView* map() const { return m_map; }
  CurvePlot* curve() const { return m_curve; }
  LandscapeController* controller() const { return m_controller; }
  const SharedSurface& surface() const { return m_surface; }
  /// What is shown is all that was asked for.
  bool complete() const { return m_complete; }

  void setColours(const LandscapeColours& colours);
  /// The network that it is about: Explore's.
  void setModel(const ModelInfo& model);
  /// By the ending, as the engine writes them.
  void exportData(const QString& path);

 Q_SIGNALS:
  void completed();
  void failed(const QString& message);

 protected:
  void showEvent(QShowEvent* event) override;
  void hideEvent(QHideEvent* event) override;

 private:
  void build();
  QWidget* makeTop();
  void connectParts();
  void loadLists();
  void askSoon();
  void ask();
  void showPlane(const SharedPlane& plane);
  void showSurface(const SharedSurface& surface);
  void showLayer();
  void drawCurve();
  void showProgress();
  void exportDataWithDialog(const QString& suffix);

  EngineSession* m_session;
  LandscapeController* m_controller;
  WeightForm* m_form;
  HeatMapView* m_map;
  CurvePlot* m_curve;
  CrossSections* m_sections;
  InlineMessage* m_message;
  QLabel* m_summary;
  QProgressBar* m_progress;
  QPushButton* m_stop;
  QToolButton* m_export;
  QStackedLayout* m_pictures = nullptr;
  QTimer m_soon;
  SharedSurface m_surface;
  LandscapeRequest m_asked;
  /// Names of the model and of the first other one, and the direction's title: of what was asked for, and of the
  /// picture that is there. The form may say something else by then.
  QStringList m_coming;
  QStringList m_shown;
  bool m_whole = false;  ///< the picture that is there has all its images
  bool m_loaded = false;
  bool m_due = true;
  bool m_complete = false;
};

}  // namespace whorl::ui
