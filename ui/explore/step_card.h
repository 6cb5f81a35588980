// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QFrame>

#include <optional>

#include "ui/explore/operations.h"
#include "ui/explore/step_stack.h"

class QCheckBox;
class QLabel;
class QToolButton;
class QVBoxLayout;

namespace whorl::ui {

class AttackChoices;
class ParameterForm;

/// One step of the stack: its name and switch, its buttons, its form, and what became of it.
class StepCard : public QFrame {
  Q_OBJECT

 public:
  StepCard(const StackStep& step, const Operation& operation, QWidget* parent = nullptr);

  int id() const { return m_id; }
  const std::string& operation() const { return m_operation.spec.name; }
  /// Shows another state of the same step.
  void showStep(const StackStep& step, bool first, bool last);
  /// What the last run said of it; nothing while it is switched off or unknown.
  void setOutcome(const std::optional<StepOutcome>& outcome);
  /// How far the attack has come that is under way.
  void setRunning(const QString& text);
  /// What an attack of this model can be asked for: a target among so many classes, an adaptive attacker where it has
  /// fingerprints.
  void setModel(int classes, bool fingerprinted);

 Q_SIGNALS:
  void enabledChanged(bool enabled);
  void parametersChanged(const whorl::Parameters& parameters, const QString& parameter);
  /// Several things at once: a preset, another attacker.
  void requestChanged(const whorl::StepRequest& request, const QString& what);
  void moveWanted(int direction);
  void duplicateWanted();
  void removeWanted();

 protected:
  void paintEvent(QPaintEvent* event) override;
  void changeEvent(QEvent* event) override;

 private:
  QToolButton* button(const QString& icon, const QString& text);
  void showOutcome();
  void parameterEdited(const QString& name);
  /// A target class means something to a targeted attack only.
  void showTarget(const Parameters& parameters);

  /// The parameters of the step's threat model, the target among the model's classes.
  void showSpecs();
  void addChoices(QVBoxLayout* column);

  int m_id;
  Operation m_operation;
  StepRequest m_request;
  std::string m_shownThreat;
  int m_classes = 0;
  QCheckBox* m_enabled;
  QToolButton* m_up;
  QToolButton* m_down;
  AttackChoices* m_choices = nullptr;  ///< attacks only
  ParameterForm* m_form;
  QLabel* m_note;
  std::optional<StepOutcome> m_outcome;
};

}  // namespace whorl::ui
