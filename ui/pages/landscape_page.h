// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QElapsedTimer>
#include <QStringList>
#include <QTimer>
#include <QWidget>

#include <memory>
#include <optional>
#include <vector>

#include "ui/landscape/heat_map_view.h"
#include "ui/landscape/landscape_controller.h"
#include "ui/landscape/landscape_form.h"

class QCheckBox;
class QComboBox;
class QLabel;
class QProgressBar;
class QPushButton;
class QStackedLayout;
class QTabBar;
class QToolButton;

namespace whorl::ui {

class BallView;
class BesideMap;
class CrossSections;
class EmptyState;
class EngineSession;
class ExplorePage;
class InlineMessage;
class PointPanel;
class StepStack;
class WeightView;

/// The Landscape page: what the model says of all images on a plane through Explore's image, with the attack's path on
/// it; or of networks around the model's own. It follows Explore's image, model and steps, and computes only while it
/// is looked at. GUI thread only.
class LandscapePage : public QWidget {
  Q_OBJECT

 public:
  /// After a slider has moved, so long until it is asked.
  static constexpr int kDebounceMs = 120;

  /// Both outlive the page.
  LandscapePage(EngineSession* session, ExplorePage* explore, StepStack* steps, QWidget* parent = nullptr);

  HeatMapView* map() const { return m_map; }
  LandscapeForm* form() const { return m_form; }
  CrossSections* sections() const { return m_sections; }
  BesideMap* beside() const { return m_beside; }
  LandscapeController* controller() const { return m_controller; }
  WeightView* weights() const { return m_weights; }
  BallView* ball() const { return m_ball; }
  /// What is shown is all that was asked for.
  bool complete() const { return m_complete; }

  PageState state() const;
  /// What the page begins with; before the engine's lists are read.
  void restore(const PageState& state);

  /// Makes the picked point the image of the Explore page.
  void openPicked();
  /// The values of the layer that is shown, or of all: by the ending, as the engine writes them.
  void exportData(const QString& path);
  void exportDataWithDialog(const QString& suffix);

 Q_SIGNALS:
  /// The finest level is shown.
  void completed();
  /// A landscape could not be made.
  void failed(const QString& message);
  void exploreWanted();

 protected:
  void showEvent(QShowEvent* event) override;
  void hideEvent(QHideEvent* event) override;

 private:
  void build();
  QWidget* makeTop();
  QWidget* makeRight();
  void connectParts();
  /// Shows the chosen space, and of images a picture, or why there is none.
  void showSpace();
  void showEmpty(bool empty);
  /// Whether somebody looks at images.
  bool lookedAt() const;
  /// Nobody looks any more.
  void leave();
  void loadLists();
  /// Explore's image, model or steps have changed.
  void follow();
  std::optional<LandscapeSubject> subject() const;
  void askSoon();
  void askNow();
  void ask();
  void showPlane(const SharedPlane& plane);
  void showSurface(const SharedSurface& surface);
  void showLayer();
  void fillBeside();
  void chooseBeside();
  void askBeside();
  void showThreshold();
  void showOverlays();
  void showPoint();
  void showFailure(const Error& error);
  void showBusy();
  void editAttack(const Parameters& parameters, const QString& name);
  QString summary(const LandscapeResult& plane) const;

  /// What a landscape is of, in words. Explore may have gone on to another image meanwhile.
  struct Words {
    QString title;  ///< of the image
    QString model;
    std::optional<int> label;
    QString across;
    QString upwards;
  };

  EngineSession* m_session;
  ExplorePage* m_explore;
  StepStack* m_steps;
  LandscapeController* m_controller;
  LandscapeForm* m_form;
  HeatMapView* m_map;
  PointPanel* m_point;
  CrossSections* m_sections;
  BesideMap* m_beside;
  QComboBox* m_besideModel;
  QWidget* m_right = nullptr;  ///< makes room for a second map
  InlineMessage* m_message;
  EmptyState* m_empty;
  WeightView* m_weights;
  BallView* m_ball;
  QTabBar* m_spaces;
  QStackedLayout* m_layers = nullptr;
  QLabel* m_summary;
  QProgressBar* m_progress;
  QPushButton* m_stop;
  QToolButton* m_export;
  QCheckBox* m_contours;
  QCheckBox* m_borders;
  QCheckBox* m_accepted;
  QCheckBox* m_path;
  QTimer m_soon;
  QElapsedTimer m_sinceAsked;
  LandscapeRequest m_asked;  ///< without its pixels
  Words m_coming;            ///< of what was asked for
  Words m_shown;             ///< of the plane that is there
  std::vector<LandscapeForm::Axes> m_axesLeft;
  QStringList m_classNames;
  QString m_attackTitle;
  QString m_exploreProblem;  ///< why Explore has no image; "" while it may get one
  std::vector<DatasetInfo> m_datasets;
  std::vector<ModelInfo> m_models;
  std::shared_ptr<const Image> m_image;  ///< of what was asked for
  PageState m_restored;
  QString m_wantedBeside;  ///< of the last session
  bool m_loaded = false;
  bool m_nothing = true;  ///< there is no image to look around in
  bool m_due = true;      ///< Explore has changed while nobody looked
  bool m_seen = false;    ///< a level of what was asked for
  bool m_complete = false;
};

}  // namespace whorl::ui
