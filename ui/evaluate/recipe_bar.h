// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QWidget>

#include <optional>
#include <vector>

#include "core/service/recipe_types.h"

class QComboBox;
class QToolButton;

namespace whorl::ui {

/// Which recipe, and with which of its presets. GUI thread only.
class RecipeBar : public QWidget {
  Q_OBJECT

 public:
  explicit RecipeBar(QWidget* parent = nullptr);

  /// The recipes that there are, keeping the choice and the files that were opened.
  void setRecipes(const std::vector<RecipeInfo>& recipes);
  /// A file that was opened; it is chosen, unless it has a problem.
  void addOpened(const RecipeInfo& recipe);
  /// False where there is no such recipe.
  bool choose(const QString& id, const QString& preset = {});

  /// Null while there is none.
  const RecipeInfo* recipe() const;
  QString preset() const;
  bool knows(const QString& id) const;

 Q_SIGNALS:
  /// Another recipe or preset.
  void chosen();
  void openWanted();
  void editWanted();

 private:
  void fill(const QString& wanted);
  void fillPresets();

  std::vector<RecipeInfo> m_recipes;
  std::vector<RecipeInfo> m_opened;
  QComboBox* m_recipe;
  QComboBox* m_preset;
  QToolButton* m_open;
  QToolButton* m_edit;
};

}  // namespace whorl::ui
