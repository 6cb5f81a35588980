// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QStringList>
#include <QWidget>

#include <memory>
#include <optional>
#include <vector>

#include "ui/landscape/landscape_controller.h"

class QLabel;

namespace whorl::ui {

class EngineSession;
class HeatMapView;

/// The same plane of images as another landscape's, as a second model sees it, in the same colours. GUI thread only.
class BesideMap : public QWidget {
  Q_OBJECT

 public:
  /// `session` and `first`, the map that it stands beside, outlive it.
  BesideMap(EngineSession* session, HeatMapView* first, QWidget* parent = nullptr);

  HeatMapView* map() const { return m_map; }
  /// What stands above the first map, so that both are named and alike: whoever places that map places this. Hidden as
  /// long as there is one model.
  QLabel* firstName() const { return m_firstName; }
  const std::optional<ModelInfo>& model() const { return m_model; }
  /// None: nothing is shown, and the first map has its own colour scale again.
  void setModel(const std::optional<ModelInfo>& model);
  void setColours(const LandscapeColours& colours);
  void setAxes(const QString& x, const QString& y);
  /// `request` is the first landscape's, `name` its model's, `plane` what came of it. Values that the second model
  /// can't have are left out.
  void ask(LandscapeRequest request, const QString& name, const SharedPlane& plane,
           const std::vector<LandscapeValueInfo>& values, std::shared_ptr<const Image> image);
  void setLayer(const std::string& layer, const QString& title);
  bool busy() const { return m_controller->busy(); }
  /// Leaves the picture as fine as it is.
  void cancel() { m_controller->cancel(); }
  /// Takes the picture away, and says why.
  void clear(const QString& why);
  /// Both maps' colours go over what both span.
  void shareScale();

 Q_SIGNALS:
  void busyChanged(bool busy);
  void completed();
  void failed(const QString& message);

 private:
  /// The values, or that the model has none of those in colour.
  void show();
  void pickAlike(const HeatMapView* from, HeatMapView* to);

  LandscapeController* m_controller;
  HeatMapView* m_first;
  HeatMapView* m_map;
  QLabel* m_firstName;
  QLabel* m_name;
  std::optional<ModelInfo> m_model;
  SharedPlane m_plane;  ///< the first one's
  SharedPlane m_own;
  SharedSurface m_surface;
};

}  // namespace whorl::ui
