// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QWidget>

#include "core/service/theory_types.h"
#include "core/service/types.h"
#include "ui/session/session_store.h"

class QComboBox;

namespace whorl::ui {

class ParameterForm;
class SeedBox;

/// What a toy problem is made of: its data, its model, its fingerprints, and the attack that a click starts. GUI thread
/// only.
class TheoryForm : public QWidget {
  Q_OBJECT

 public:
  explicit TheoryForm(QWidget* parent = nullptr);

  void setLists(const TheoryLists& lists);
  /// Without painted points and threshold.
  TheoryRequest request() const;
  StepRequest attack() const;
  /// "painted" is among the toys: somebody paints.
  void choosePainted();
  bool painted() const;

  PageState state() const;
  /// What setLists() begins with; before it.
  void restore(const PageState& state) { m_restored = state; }

 Q_SIGNALS:
  void dataChanged();   ///< other points are wanted
  void modelChanged();  ///< the same points are to be learned otherwise
  void attackChanged();

 private:
  void showToy();
  void showModel();
  void showAttack();
  void chooseRestored();

  TheoryLists m_lists;
  PageState m_restored;
  QComboBox* m_toy;
  QComboBox* m_model;
  QComboBox* m_attack;
  ParameterForm* m_toyForm;
  ParameterForm* m_modelForm;
  ParameterForm* m_fingerprintForm;
  ParameterForm* m_attackForm;
  QWidget* m_fingerprints;
  SeedBox* m_seed;
};

}  // namespace whorl::ui
