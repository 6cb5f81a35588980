// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QFrame>

#include <optional>

#include "ui/explore/operations.h"
#include "ui/explore/step_stack.h"

class QCheckBox;
class QLabel;
class QToolButton;

namespace whorl::ui {

class ParameterForm;

/// One step of the stack: its name and switch, its buttons, its form, and what became of it.
class StepCard : public QFrame {
  Q_OBJECT

 public:
  StepCard(const StackStep& step, const Operation& operation, QWidget* parent = nullptr);

  int id() const { return m_id; }
  const std::string& operation() const { return m_operation; }
  /// Shows another state of the same step.
  void showStep(const StackStep& step, bool first, bool last);
  /// What the last run said of it; nothing while it is switched off or unknown.
  void setOutcome(const std::optional<StepOutcome>& outcome);

 Q_SIGNALS:
  void enabledChanged(bool enabled);
  void parametersChanged(const whorl::Parameters& parameters, const QString& parameter);
  void moveWanted(int direction);
  void duplicateWanted();
  void removeWanted();

 protected:
  void paintEvent(QPaintEvent* event) override;
  void changeEvent(QEvent* event) override;

 private:
  QToolButton* button(const QString& icon, const QString& text);
  void showOutcome();
  /// A target class means something to a targeted attack only.
  void showTarget(const Parameters& parameters);

  int m_id;
  std::string m_operation;
  QCheckBox* m_enabled;
  QToolButton* m_up;
  QToolButton* m_down;
  ParameterForm* m_form;
  QLabel* m_note;
  std::optional<StepOutcome> m_outcome;
};

}  // namespace whorl::ui
