// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QWidget>

#include <cstdint>
#include <vector>

#include "ui/explore/operations.h"

class QLabel;
class QMenu;
class QVBoxLayout;

namespace whorl::ui {

class InlineMessage;
class SeedBox;
class StepCard;
class StepStack;

/// The stack of steps as cards, with a menu of what can be added.
///
/// Of natural changes alone it lies in a column among others: it has no scroll bar of its own, and its words speak of a
/// query.
class StepPanel : public QWidget {
  Q_OBJECT

 public:
  enum class Kind { All, NaturalOnly };

  explicit StepPanel(StepStack* stack, QWidget* parent = nullptr, Kind kind = Kind::All);

  void setOperations(const Operations& operations);
  /// What its attacks can be asked for.
  void setModel(const ModelInfo& model);
  QMenu* addMenu() const { return m_menu; }
  /// Outcomes of the enabled steps, in order.
  void setOutcomes(const std::vector<StepOutcome>& outcomes);
  /// How far the attack at `position` of the stack has come.
  void setRunning(std::size_t position, const QString& text);
  /// What went wrong with the steps; "" for nothing.
  void setProblem(const QString& text);
  std::uint64_t seed() const;
  void setSeed(std::uint64_t seed);

 Q_SIGNALS:
  void seedChanged();

 private:
  void build();
  void addSeed(QVBoxLayout* column);
  void fillMenu();
  void addToMenu(QMenu* menu, const Operation& operation);
  /// The menu for a natural change: of its family where there are many, so that no menu is longer than a screen.
  QMenu* naturalMenu(const Operation& operation);
  void sync();
  StepCard* makeCard(int index);

  StepStack* m_stack;
  Kind m_kind;
  Operations m_operations;
  std::vector<StepCard*> m_cards;
  int m_classes = 0;
  bool m_fingerprinted = false;
  std::string m_dataset;  ///< that the model was trained on
  QMenu* m_menu;
  InlineMessage* m_problem;
  QVBoxLayout* m_list;
  QLabel* m_empty;
  SeedBox* m_seed;
};

}  // namespace whorl::ui
