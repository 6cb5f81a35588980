// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QWidget>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/service/landscape_types.h"
#include "ui/session/session_store.h"

class QComboBox;
class QFormLayout;
class QLabel;

namespace whorl::ui {

class DirectionBox;
class MaskBox;
class ParameterForm;
class SeedBox;

/// What the engine knows of landscapes.
struct LandscapeLists {
  std::vector<LandscapeDirectionInfo> directions;
  std::vector<LandscapeValueInfo> values;
  std::vector<DetectorInfo> detectors;  ///< those that learn nothing
  LandscapeColours colours;
};

/// What a landscape is to be made around.
struct LandscapeSubject {
  ModelInfo model;
  std::int64_t images = 0;            ///< of the data set that the image is from, 0 where it can't be used
  std::optional<StepRequest> attack;  ///< the last of Explore's steps that is one
  QString attackTitle;
  Image image;                             ///< what a mask is painted over
  std::vector<ParameterSpec> attackSpecs;  ///< of what can be changed here
};

/// A layer as people choose it.
struct LayerChoice {
  std::string value;  ///< of LandscapeRequest::values
  std::string layer;  ///< of the surface: another name where a value has one a class
  QString title;
};

/// Everything that a landscape is made of. GUI thread only.
class LandscapeForm : public QWidget {
  Q_OBJECT

 public:
  /// Two directions that span a plane.
  using Axes = std::pair<StepRequest, StepRequest>;

  explicit LandscapeForm(QWidget* parent = nullptr);

  void setLists(const LandscapeLists& lists);
  const LandscapeLists& lists() const { return m_lists; }
  void setSubject(const LandscapeSubject& subject);

  /// The axes to try, one pair after the other: where people haven't chosen, an attack may have left the image as it
  /// is, or a gradient may be 0.
  std::vector<Axes> axes() const;
  /// Into a request: values, range, resolution, scale, clip, seed, attack, detector. `distances`: fingerprint distances
  /// are wanted in any case, where there are fingerprints.
  void fill(LandscapeRequest& request, bool distances) const;
  LayerChoice layer() const;
  /// What is missing, for people; "" if there is nothing.
  QString problem() const;
  MaskBox* mask() const { return m_mask; }
  /// None for a model without fingerprints.
  std::optional<double> threshold() const;

  PageState state() const;
  /// What setLists() begins with; before it.
  void restore(const PageState& state) { m_restored = state; }

 Q_SIGNALS:
  /// Another landscape is wanted.
  void changed();
  /// Another value of the same landscape, which may be known.
  void layerChanged();
  void thresholdChanged();
  /// Somebody changed the attack's budget here.
  void attackEdited(const whorl::Parameters& parameters, const QString& name);

 private:
  void fillLayers();
  void showDetectors();
  void showMask();
  void showModel();
  void showAttack(bool other);
  double usualRange() const;
  void takeUp();

  LandscapeLists m_lists;
  LandscapeSubject m_subject;
  std::vector<LayerChoice> m_layers;
  QFormLayout* m_rows;
  QComboBox* m_layer;
  QComboBox* m_detector;
  DirectionBox* m_across;
  DirectionBox* m_upwards;
  MaskBox* m_mask;
  ParameterForm* m_shape;
  ParameterForm* m_threshold;
  ParameterForm* m_attackForm;
  QLabel* m_attack;
  SeedBox* m_seed;
  PageState m_restored;
  std::string m_wantedLayer;  ///< of the last session
  bool m_layerTouched = false;
  bool m_rangeTouched = false;
};

}  // namespace whorl::ui
