// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/theory/theory_form.h"

#include <QComboBox>
#include <QFormLayout>
#include <QLabel>
#include <QVBoxLayout>

#include <algorithm>

#include "ui/widgets/parameter_form.h"
#include "ui/widgets/seed_box.h"

namespace whorl::ui {
namespace {

QLabel* heading(const QString& text, QWidget* buddy = nullptr) {
  auto* label = new QLabel(text);
  QFont bold = label->font();
  bold.setBold(true);
  label->setFont(bold);
  label->setContentsMargins(0, 6, 0, 0);
  label->setBuddy(buddy);
  return label;
}

QComboBox* choice(const char* name, const QString& accessible) {
  auto* box = new QComboBox;
  box->setObjectName(QString::fromLatin1(name));
  box->setAccessibleName(accessible);
  box->setFocusPolicy(Qt::StrongFocus);
  return box;
}

void fill(QComboBox* box, const std::vector<OperationSpec>& specs) {
  box->clear();
  for (const OperationSpec& spec : specs) {
    box->addItem(QString::fromStdString(spec.title), QString::fromStdString(spec.name));
    const QString source = spec.reference.empty() ? QString() : QStringLiteral(" (%1)").arg(spec.reference.c_str());
    box->setItemData(box->count() - 1, QString::fromStdString(spec.summary) + source, Qt::ToolTipRole);
  }
}

/// Its parameters; none for another name.
std::vector<ParameterSpec> parametersOf(const std::vector<OperationSpec>& specs, const QComboBox* box) {
  for (const OperationSpec& spec : specs) {
    if (spec.name == box->currentData().toString().toStdString()) return spec.parameters;
  }
  return {};
}

Parameters keptOr(const PageState& state, const std::string& section, const Parameters& otherwise) {
  return state.contains(section) ? keptSection(state, section) : otherwise;
}

}  // namespace

TheoryForm::TheoryForm(QWidget* parent)
    : QWidget(parent),
      m_toy(choice("theory_toy", tr("Toy problem"))),
      m_model(choice("theory_model", tr("Model"))),
      m_attack(choice("theory_attack", tr("Attack"))),
      m_toyForm(new ParameterForm),
      m_modelForm(new ParameterForm),
      m_fingerprintForm(new ParameterForm),
      m_attackForm(new ParameterForm),
      m_fingerprints(new QWidget),
      m_seed(new SeedBox) {
  m_seed->setToolTip(tr("Of the points, the network's first weights, and the fingerprints"));
  auto* arrows = new QVBoxLayout(m_fingerprints);
  arrows->setContentsMargins(0, 0, 0, 0);
  arrows->addWidget(heading(tr("Fingerprints")));
  arrows->addWidget(m_fingerprintForm);
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(12, 10, 8, 10);
  column->setSpacing(6);
  column->addWidget(heading(tr("&Data"), m_toy));
  column->addWidget(m_toy);
  column->addWidget(m_toyForm);
  column->addWidget(heading(tr("M&odel"), m_model));
  column->addWidget(m_model);
  column->addWidget(m_modelForm);
  column->addWidget(m_fingerprints);
  column->addWidget(heading(tr("A&ttack"), m_attack));
  column->addWidget(m_attack);
  column->addWidget(m_attackForm);
  auto* rows = new QFormLayout;
  rows->addRow(tr("&Seed"), m_seed);
  column->addLayout(rows);
  column->addStretch(1);

  connect(m_toy, &QComboBox::activated, this, &TheoryForm::showToy);
  connect(m_model, &QComboBox::activated, this, &TheoryForm::showModel);
  connect(m_attack, &QComboBox::activated, this, &TheoryForm::showAttack);
  connect(m_toyForm, &ParameterForm::valuesChanged, this, &TheoryForm::dataChanged);
  connect(m_modelForm, &ParameterForm::valuesChanged, this, &TheoryForm::modelChanged);
  connect(m_fingerprintForm, &ParameterForm::valuesChanged, this, &TheoryForm::modelChanged);
  connect(m_attackForm, &ParameterForm::valuesChanged, this, &TheoryForm::attackChanged);
  connect(m_seed, &SeedBox::edited, this, &TheoryForm::dataChanged);
}

void TheoryForm::setLists(const TheoryLists& lists) {
  m_lists = lists;
  fill(m_toy, lists.toys);
  m_toy->addItem(tr("Painted points"), QStringLiteral("painted"));
  m_toy->setItemData(m_toy->count() - 1, tr("Choose a class above the planes, and paint"), Qt::ToolTipRole);
  fill(m_model, lists.models);
  fill(m_attack, lists.attacks);
  m_attack->setCurrentIndex(std::max(0, m_attack->findData(QStringLiteral("pgd"))));
  m_fingerprintForm->setSpecs(lists.fingerprints, keptSection(m_restored, "fingerprints"));
  chooseRestored();
  showAttack();
  showModel();
  showToy();
  m_restored.clear();
}

void TheoryForm::chooseRestored() {
  const auto choose = [this](QComboBox* box, const char* name) {
    const QString kept = QString::fromStdString(keptText(m_restored, "choices", name));
    if (!kept.isEmpty() && box->findData(kept) >= 0) box->setCurrentIndex(box->findData(kept));
  };
  choose(m_toy, "toy");
  choose(m_model, "model");
  choose(m_attack, "attack");
  bool isNumber = false;
  const auto seed = QString::fromStdString(keptText(m_restored, "choices", "seed")).toULongLong(&isNumber);
  if (isNumber) m_seed->setSeed(seed);
}

PageState TheoryForm::state() const {
  const auto chosen = [](const QComboBox* box) { return box->currentData().toString().toStdString(); };
  return {{"choices",
           {{"toy", chosen(m_toy)},
            {"model", chosen(m_model)},
            {"attack", chosen(m_attack)},
            {"seed", std::to_string(m_seed->seed())}}},
          {"toy", m_toyForm->values()},
          {"model", m_modelForm->values()},
          {"fingerprints", m_fingerprintForm->values()},
          {"attack", m_attackForm->values()}};
}

TheoryRequest TheoryForm::request() const {
  TheoryRequest request;
  request.toy = m_toy->currentData().toString().toStdString();
  request.toyParameters = m_toyForm->values();
  request.model = m_model->currentData().toString().toStdString();
  request.modelParameters = m_modelForm->values();
  if (m_fingerprints->isVisibleTo(this)) request.fingerprintParameters = m_fingerprintForm->values();
  request.seed = m_seed->seed();
  return request;
}

StepRequest TheoryForm::attack() const {
  return {m_attack->currentData().toString().toStdString(), m_attackForm->values()};
}

bool TheoryForm::painted() const { return m_toy->currentData().toString() == u"painted"; }

void TheoryForm::choosePainted() {
  if (painted()) return;
  m_toy->setCurrentIndex(m_toy->findData(QStringLiteral("painted")));
  m_toyForm->setSpecs({});
}

void TheoryForm::showToy() {
  m_toyForm->setSpecs(parametersOf(m_lists.toys, m_toy), keptSection(m_restored, "toy"));
  Q_EMIT dataChanged();
}

void TheoryForm::showModel() {
  m_modelForm->setSpecs(parametersOf(m_lists.models, m_model), keptOr(m_restored, "model", m_modelForm->values()));
  const std::string name = m_model->currentData().toString().toStdString();
  const bool line = std::count(m_lists.lineModels.begin(), m_lists.lineModels.end(), name) > 0;
  m_fingerprints->setVisible(!line);
  Q_EMIT modelChanged();
}

void TheoryForm::showAttack() {
  m_attackForm->setSpecs(parametersOf(m_lists.attacks, m_attack), keptOr(m_restored, "attack", m_attackForm->values()));
  Q_EMIT attackChanged();
}

}  // namespace whorl::ui
