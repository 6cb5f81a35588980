// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/evaluate/recipe_bar.h"

#include <QComboBox>
#include <QFileInfo>
#include <QHBoxLayout>
#include <QLabel>
#include <QStandardItemModel>
#include <QToolButton>

#include <algorithm>

#include "ui/style/icons.h"

namespace whorl::ui {

namespace {

/// What somebody who has chosen nothing yet sees: the published table on the shipped model.
constexpr char kFirst[] = "mnist-greybox";

}  // namespace

RecipeBar::RecipeBar(QWidget* parent)
    : QWidget(parent),
      m_recipe(new QComboBox),
      m_preset(new QComboBox),
      m_open(new QToolButton),
      m_edit(new QToolButton) {
  m_recipe->setObjectName(QStringLiteral("recipe"));
  m_recipe->setAccessibleName(tr("Recipe"));
  m_recipe->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
  m_recipe->setMinimumContentsLength(24);
  m_preset->setObjectName(QStringLiteral("preset"));
  m_preset->setAccessibleName(tr("Preset"));
  m_preset->setToolTip(tr("“Quick” is for a laptop; “paper” takes the published numbers of images and steps."));
  m_preset->setSizeAdjustPolicy(QComboBox::AdjustToContents);
  m_open->setText(tr("Open…"));
  m_open->setIcon(icon(QStringLiteral("open")));
  m_open->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
  m_open->setToolTip(tr("Opens a recipe file (TOML) of your own."));
  m_open->setAccessibleName(tr("Open a recipe file"));
  m_edit->setText(tr("Edit"));
  m_edit->setObjectName(QStringLiteral("edit_recipe"));
  m_edit->setToolTip(
      tr("Opens the recipe’s file in your editor; F5 reads it again. Save a recipe that came with Whorl "
         "under another name, and open that."));
  m_edit->setAccessibleName(tr("Edit the recipe file"));
  m_edit->setSizePolicy(QSizePolicy::Preferred, QSizePolicy::MinimumExpanding);
  auto* recipeLabel = new QLabel(tr("&Recipe"));
  recipeLabel->setBuddy(m_recipe);
  auto* presetLabel = new QLabel(tr("&Preset"));
  presetLabel->setBuddy(m_preset);
  auto* line = new QHBoxLayout(this);
  line->setContentsMargins(0, 0, 0, 0);
  line->addWidget(recipeLabel);
  line->addWidget(m_recipe, 1);
  line->addWidget(m_open);
  line->addWidget(m_edit);
  line->addSpacing(8);
  line->addWidget(presetLabel);
  line->addWidget(m_preset);
  connect(m_open, &QToolButton::clicked, this, &RecipeBar::openWanted);
  connect(m_edit, &QToolButton::clicked, this, &RecipeBar::editWanted);
  connect(m_recipe, qOverload<int>(&QComboBox::activated), this, [this] {
    fillPresets();
    Q_EMIT chosen();
  });
  connect(m_preset, qOverload<int>(&QComboBox::activated), this, &RecipeBar::chosen);
}

void RecipeBar::setRecipes(const std::vector<RecipeInfo>& recipes) {
  const RecipeInfo* before = recipe();
  const QString id = before ? QString::fromStdString(before->id) : QString();
  const QString preset = this->preset();
  m_recipes = recipes;
  std::erase_if(m_opened, [&](const RecipeInfo& opened) {
    return std::any_of(recipes.begin(), recipes.end(), [&](const RecipeInfo& one) { return one.id == opened.id; });
  });
  fill(id);
  if (const int place = m_preset->findData(preset); place >= 0) m_preset->setCurrentIndex(place);
}

void RecipeBar::addOpened(const RecipeInfo& recipe) {
  if (!recipe.problem.empty()) return;
  const QString id = QString::fromStdString(recipe.id);
  if (!knows(id)) m_opened.push_back(recipe);
  fill(id);
  Q_EMIT chosen();
}

void RecipeBar::fill(const QString& wanted) {
  m_recipe->clear();
  int first = -1;
  for (const auto* list : {&m_opened, &m_recipes}) {
    for (const RecipeInfo& info : *list) {
      const bool sound = info.problem.empty();
      const QString title = QString::fromStdString(info.title.empty() ? info.id : info.title);
      m_recipe->addItem(sound ? title : tr("⚠ %1").arg(title), QString::fromStdString(info.id));
      const int row = m_recipe->count() - 1;
      m_recipe->setItemData(row, QString::fromStdString(sound ? info.summary : info.problem), Qt::ToolTipRole);
      if (sound && first < 0) first = row;
    }
  }
  int place = m_recipe->findData(wanted);
  if (place < 0) place = m_recipe->findData(QLatin1String(kFirst));
  m_recipe->setCurrentIndex(place >= 0 ? place : first);
  fillPresets();
}

void RecipeBar::fillPresets() {
  m_preset->clear();
  if (const RecipeInfo* info = recipe()) {
    for (const std::string& preset : info->presets) {
      m_preset->addItem(QString::fromStdString(preset), QString::fromStdString(preset));
    }
  }
  m_preset->setEnabled(m_preset->count() > 1);
  m_edit->setEnabled(recipe() && !recipe()->path.empty());
}

bool RecipeBar::choose(const QString& id, const QString& preset) {
  const int place = m_recipe->findData(id);
  if (place < 0) return false;
  m_recipe->setCurrentIndex(place);
  fillPresets();
  if (const int row = m_preset->findData(preset); row >= 0) m_preset->setCurrentIndex(row);
  Q_EMIT chosen();
  return true;
}

const RecipeInfo* RecipeBar::recipe() const {
  const std::string id = m_recipe->currentData().toString().toStdString();
  for (const auto* list : {&m_opened, &m_recipes}) {
    for (const RecipeInfo& info : *list) {
      if (info.id == id) return &info;
    }
  }
  return nullptr;
}

QString RecipeBar::preset() const { return m_preset->currentData().toString(); }

bool RecipeBar::knows(const QString& id) const { return m_recipe->findData(id) >= 0; }

}  // namespace whorl::ui
