// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>
#include <QWidget>

#include <optional>
#include <string>
#include <vector>

#include "core/service/landscape_types.h"

class QComboBox;

namespace whorl::ui {

class ParameterForm;

/// One axis of a landscape: a way to leave the image with its parameters, or "Automatic". GUI thread only.
class DirectionBox : public QWidget {
  Q_OBJECT

 public:
  DirectionBox(const QString& title, const QString& name, QWidget* parent = nullptr);

  void setDirections(const std::vector<LandscapeDirectionInfo>& directions);
  /// Greys what needs an attack or a data set where there is none; `images` of the data set, 0 without one.
  void setPossible(bool attack, std::int64_t images);
  /// None for "Automatic", and for what isn't possible as things are.
  std::optional<StepRequest> direction() const;
  /// What is chosen goes along a mask.
  bool ofMask() const;
  /// "" for "Automatic", whether it is possible or not; and its parameters.
  std::string name() const;
  Parameters parameters() const;
  /// Without emitting changed. An unknown name is "Automatic".
  void choose(const std::string& name, const Parameters& parameters);

 Q_SIGNALS:
  void changed();

 private:
  const LandscapeDirectionInfo* chosen() const;
  bool possible(const LandscapeDirectionInfo& info) const;
  void showParameters();

  std::vector<LandscapeDirectionInfo> m_directions;
  bool m_attack = false;
  std::int64_t m_images = 0;
  QComboBox* m_choice;
  ParameterForm* m_form;
};

/// "Attack’s path, component 2", for an axis.
QString directionText(const StepRequest& direction, const std::vector<LandscapeDirectionInfo>& known);

}  // namespace whorl::ui
