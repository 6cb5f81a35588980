// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/explore/step_panel.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QMenu>
#include <QToolButton>
#include <QVBoxLayout>

#include <algorithm>
#include <optional>

#include "ui/explore/choices.h"
#include "ui/explore/step_card.h"
#include "ui/explore/step_stack.h"
#include "ui/style/icons.h"
#include "ui/widgets/column_area.h"
#include "ui/widgets/inline_message.h"
#include "ui/widgets/seed_box.h"

namespace whorl::ui {
namespace {

/// "noise" as a menu's title.
QString familyTitle(const std::string& family) {
  const QString name = QString::fromStdString(family);
  return name.left(1).toUpper() + name.mid(1);
}

}  // namespace

StepPanel::StepPanel(StepStack* stack, QWidget* parent, Kind kind) : QWidget(parent), m_stack(stack), m_kind(kind) {
  build();
  connect(stack, &StepStack::changed, this, &StepPanel::sync);
  sync();
}

void StepPanel::build() {
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(0, 0, 0, 0);
  auto* header = new QHBoxLayout;
  auto* title = new QLabel(tr("Steps"), this);
  QFont font = title->font();
  font.setBold(true);
  font.setPointSizeF(font.pointSizeF() * 1.15);
  title->setFont(font);
  header->addWidget(title, 1);
  auto* add = new QToolButton(this);
  const bool all = m_kind == Kind::All;
  add->setObjectName(all ? QStringLiteral("add_step") : QStringLiteral("add_natural_step"));
  add->setText(tr("Add step"));
  add->setIcon(icon(QStringLiteral("add")));
  add->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
  add->setPopupMode(QToolButton::InstantPopup);
  add->setToolTip(all ? tr("Add an attack or a natural change to the stack") : tr("Add a natural change to the stack"));
  m_menu = new QMenu(tr("Add step"), this);
  add->setMenu(m_menu);
  header->addWidget(add);
  column->addLayout(header);

  m_problem = new InlineMessage(this);
  column->addWidget(m_problem);

  auto* content = new QWidget(this);
  content->setMinimumWidth(264);
  m_list = new QVBoxLayout(content);
  m_list->setContentsMargins(0, 0, 2, 0);
  m_list->setSpacing(8);
  m_empty = new QLabel(all ? tr("No steps: the result is the original.\n\nAdd an attack to look for a picture that the "
                                "model gets wrong, or a natural change to see what it can bear.")
                           : tr("The image as it is. Add what may have happened to a copy of it."),
                       content);
  m_empty->setWordWrap(true);
  m_empty->setForegroundRole(QPalette::PlaceholderText);
  m_list->addWidget(m_empty);
  m_list->addStretch(1);
  if (all) {
    auto* area = new ColumnArea(this);
    area->setWidget(content);
    column->addWidget(area, 1);
  } else {
    column->addWidget(content);
  }
  addSeed(column);
}

void StepPanel::addSeed(QVBoxLayout* column) {
  auto* row = new QHBoxLayout;
  auto* label = new QLabel(tr("Seed"), this);
  m_seed = new SeedBox(this);
  m_seed->setObjectName(m_kind == Kind::All ? QStringLiteral("seed") : QStringLiteral("natural_seed"));
  m_seed->setAccessibleName(tr("Seed"));
  const QString tip = tr("The same seed gives the same random numbers: noise, random starts");
  label->setToolTip(tip);
  m_seed->setToolTip(tip);
  label->setBuddy(m_seed);
  label->setForegroundRole(QPalette::PlaceholderText);
  row->addWidget(label);
  row->addWidget(m_seed, 1);
  column->addLayout(row);
  connect(m_seed, &SeedBox::edited, this, &StepPanel::seedChanged);
}

std::uint64_t StepPanel::seed() const { return m_seed->seed(); }

void StepPanel::setSeed(std::uint64_t seed) { m_seed->setSeed(seed); }

void StepPanel::setOperations(const Operations& operations) {
  m_operations = operations;
  fillMenu();
  sync();
}

void StepPanel::fillMenu() {
  m_menu->clear();
  qDeleteAll(m_menu->findChildren<QMenu*>(QString(), Qt::FindDirectChildrenOnly));
  m_menu->setToolTipsVisible(true);
  for (const bool attacks : {true, false}) {
    if (attacks && m_kind == Kind::NaturalOnly) continue;
    m_menu->addSection(attacks ? tr("Attacks") : tr("Natural changes"));
    for (const Operation& operation : m_operations) {
      if (operation.attack == attacks) addToMenu(attacks ? m_menu : naturalMenu(operation), operation);
    }
  }
}

void StepPanel::addToMenu(QMenu* menu, const Operation& operation) {
  const QString title = QString::fromStdString(operation.spec.title);
  QAction* action = menu->addAction(title, this, [this, name = operation.spec.name, title] {
    if (const Operation* chosen = findOperation(m_operations, name)) {
      m_stack->add(firstRequest(*chosen, m_dataset), title);
    }
  });
  action->setObjectName(QString::fromStdString(operation.spec.name));
  action->setToolTip(QString::fromStdString(operation.spec.summary));
}

QMenu* StepPanel::naturalMenu(const Operation& operation) {
  constexpr auto kMostInOneMenu = 8;
  const auto natural =
      std::count_if(m_operations.begin(), m_operations.end(), [](const Operation& each) { return !each.attack; });
  if (natural <= kMostInOneMenu || operation.family.empty()) return m_menu;
  const QString name = QStringLiteral("family_") + QString::fromStdString(operation.family);
  if (auto* menu = m_menu->findChild<QMenu*>(name)) return menu;
  QMenu* menu = m_menu->addMenu(familyTitle(operation.family));
  menu->setObjectName(name);
  menu->setToolTipsVisible(true);
  return menu;
}

StepCard* StepPanel::makeCard(int index) {
  const StackStep& step = m_stack->steps()[static_cast<std::size_t>(index)];
  const Operation* operation = findOperation(m_operations, step.request.operation);
  if (!operation) return nullptr;
  auto* card = new StepCard(step, *operation, this);
  const int id = step.id;
  connect(card, &StepCard::enabledChanged, m_stack, [this, id](bool on) { m_stack->setEnabled(id, on); });
  connect(card, &StepCard::parametersChanged, m_stack,
          [this, id](const Parameters& values, const QString& name) { m_stack->setParameters(id, values, name); });
  connect(card, &StepCard::requestChanged, m_stack,
          [this, id](const StepRequest& request, const QString& what) { m_stack->replace(id, request, what); });
  card->setModel(m_classes, m_fingerprinted);
  connect(card, &StepCard::moveWanted, m_stack, [this, id](int direction) { m_stack->move(id, direction); });
  connect(card, &StepCard::duplicateWanted, m_stack, [this, id] { m_stack->duplicate(id); });
  connect(card, &StepCard::removeWanted, m_stack, [this, id] { m_stack->remove(id); });
  return card;
}

/// Cards that are still there stay, with their focus and their sliders under the mouse.
void StepPanel::sync() {
  const auto& steps = m_stack->steps();
  std::vector<StepCard*> cards;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    StepCard* card = nullptr;
    for (StepCard* old : m_cards) {
      if (old && old->id() == steps[i].id) card = old;
    }
    if (!card) card = makeCard(static_cast<int>(i));
    if (!card) continue;
    cards.push_back(card);
    card->showStep(steps[i], i == 0, i + 1 == steps.size());
  }
  for (StepCard* old : m_cards) {
    if (std::find(cards.begin(), cards.end(), old) == cards.end()) {
      old->hide();
      old->deleteLater();  // its own button may have asked for this
    }
  }
  if (cards != m_cards) {
    for (StepCard* card : m_cards) m_list->removeWidget(card);
    for (std::size_t i = 0; i < cards.size(); ++i) m_list->insertWidget(static_cast<int>(i) + 1, cards[i]);
    m_cards = cards;
  }
  for (StepCard* card : m_cards) card->setVisible(true);
  m_empty->setVisible(m_cards.empty());
}

void StepPanel::setOutcomes(const std::vector<StepOutcome>& outcomes) {
  std::size_t next = 0;
  const auto& steps = m_stack->steps();
  for (std::size_t i = 0; i < m_cards.size() && i < steps.size(); ++i) {
    std::optional<StepOutcome> outcome;
    if (steps[i].request.enabled && next < outcomes.size() && outcomes[next].operation == steps[i].request.operation) {
      outcome = outcomes[next++];
    }
    m_cards[i]->setOutcome(outcome);
  }
}

void StepPanel::setRunning(std::size_t position, const QString& text) {
  if (position < m_cards.size()) m_cards[position]->setRunning(text);
}

void StepPanel::setModel(const ModelInfo& model) {
  m_classes = static_cast<int>(model.classNames.size());
  m_fingerprinted = model.fingerprints > 0;
  m_dataset = trainedOn(model);
  for (StepCard* card : m_cards) card->setModel(m_classes, m_fingerprinted);
}

void StepPanel::setProblem(const QString& text) { m_problem->setText(text); }

}  // namespace whorl::ui
