// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QTimer>
#include <QWidget>

#include <memory>
#include <optional>
#include <vector>

#include "ui/landscape/landscape_controller.h"
#include "ui/session/session_store.h"

class QComboBox;
class QLabel;
class QMenu;
class QProgressBar;
class QPushButton;
class QToolButton;

namespace whorl::ui {

class CurvePlot;
class EngineSession;
class InlineMessage;
class ParameterForm;
class SeedBox;

/// The image in a ball's middle.
struct BallSubject {
  ModelInfo model;
  std::shared_ptr<const Image> image;  ///< of the model's input size
  std::optional<int> label;            ///< its true class
  QString title;
};

/// What a model says of images in random directions around one: how a value is distributed over the rays, by the
/// distance. Computes only while it is looked at. GUI thread only.
class BallView : public QWidget {
  Q_OBJECT

 public:
  static constexpr int kDebounceMs = 200;

  /// `session` outlives it.
  explicit BallView(EngineSession* session, QWidget* parent = nullptr);

  /// What can be shown; those with a layer a class, and a detector's score, are left out.
  void setValues(const std::vector<LandscapeValueInfo>& values);
  void setSubject(const BallSubject& subject);

  CurvePlot* plot() const { return m_plot; }
  const SharedSurface& surface() const { return m_surface; }
  /// What is shown is all that was asked for.
  bool complete() const { return m_complete; }
  /// By the ending, as the engine writes them.
  void exportData(const QString& path);

  PageState state() const;
  /// What setValues() begins with; before it.
  void restore(const PageState& state) { m_restored = state; }

 Q_SIGNALS:
  void completed();
  void failed(const QString& message);

 protected:
  void showEvent(QShowEvent* event) override;
  void hideEvent(QHideEvent* event) override;

 private:
  void build();
  QWidget* makeForm();
  QWidget* makeTop();
  void connectParts();
  void fillValues();
  void takeUp();
  void askSoon();
  void ask();
  LandscapeRequest request() const;
  void showValue();
  void draw();
  void showSummary();
  void fillMenu(QMenu* menu);
  void exportWithDialog(const QString& suffix);

  EngineSession* m_session;
  LandscapeController* m_controller;
  QComboBox* m_value;
  ParameterForm* m_shape;
  SeedBox* m_seed;
  CurvePlot* m_plot;
  InlineMessage* m_message;
  QLabel* m_summary;
  QProgressBar* m_progress;
  QPushButton* m_stop;
  QToolButton* m_export;
  QTimer m_soon;
  std::vector<LandscapeValueInfo> m_values;
  BallSubject m_subject;
  SharedSurface m_surface;
  LandscapeRequest m_asked;  ///< without its pixels
  PageState m_restored;
  std::string m_norm;  ///< whose usual radius stands in the form
  bool m_loaded = false;
  bool m_due = true;
  bool m_complete = false;
};

}  // namespace whorl::ui
