// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QWidget>

#include <string>

#include "ui/explore/operations.h"

class QComboBox;

namespace whorl::ui {

/// What an attack's card has above its parameters: named sets of values, and what the attacker may see.
class AttackChoices : public QWidget {
  Q_OBJECT

 public:
  explicit AttackChoices(const Operation& operation, QWidget* parent = nullptr);

  void showStep(const StepRequest& request);
  /// Whether the model has fingerprints that an adaptive attack could work against.
  void setFingerprinted(bool fingerprinted);

 Q_SIGNALS:
  /// One without a name means the defaults.
  void presetChosen(const whorl::AttackPresetInfo& preset);
  void threatModelChosen(const std::string& threatModel);

 private:
  void addPresets();
  void addThreatModels();
  /// A choice that isn't to be had is greyed, and its tooltip says why.
  void offer(const char* threatModel, const QString& obstacle, const QString& tip);

  Operation m_operation;
  QComboBox* m_presets = nullptr;
  QComboBox* m_threat = nullptr;
  QString m_lastPreset;
};

/// "Grey box" for "grey-box"; the name itself for one that isn't known here.
QString threatModelTitle(const std::string& name);

}  // namespace whorl::ui
