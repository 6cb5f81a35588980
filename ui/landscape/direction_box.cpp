// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/landscape/direction_box.h"

#include <QComboBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QSignalBlocker>
#include <QStandardItemModel>
#include <QVBoxLayout>

#include <algorithm>

#include "ui/widgets/parameter_form.h"

namespace whorl::ui {

DirectionBox::DirectionBox(const QString& title, const QString& name, QWidget* parent)
    : QWidget(parent), m_choice(new QComboBox), m_form(new ParameterForm) {
  m_choice->setObjectName(name);
  m_choice->setAccessibleName(title);
  m_choice->setFocusPolicy(Qt::StrongFocus);
  m_form->setObjectName(name + QStringLiteral("_parameters"));
  auto* label = new QLabel(title);
  label->setBuddy(m_choice);
  label->setMinimumWidth(64);
  auto* row = new QHBoxLayout;
  row->addWidget(label);
  row->addWidget(m_choice, 1);
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(4);
  column->addLayout(row);
  column->addWidget(m_form);
  m_form->hide();
  connect(m_choice, &QComboBox::currentIndexChanged, this, [this] {
    showParameters();
    Q_EMIT changed();
  });
  connect(m_form, &ParameterForm::valuesChanged, this, &DirectionBox::changed);
}

void DirectionBox::setDirections(const std::vector<LandscapeDirectionInfo>& directions) {
  m_directions = directions;
  const QSignalBlocker quiet(m_choice);
  m_choice->clear();
  m_choice->addItem(tr("Automatic"), QString());
  m_choice->setItemData(0, tr("Along the attack’s path where there is one, else along the gradient’s sign"),
                        Qt::ToolTipRole);
  for (const LandscapeDirectionInfo& info : m_directions) {
    m_choice->addItem(QString::fromStdString(info.spec.title), QString::fromStdString(info.spec.name));
    m_choice->setItemData(m_choice->count() - 1, QString::fromStdString(info.spec.summary), Qt::ToolTipRole);
  }
  setPossible(m_attack, m_images);
  showParameters();
}

void DirectionBox::setPossible(bool attack, std::int64_t images) {
  const bool otherImages = images != m_images;
  m_attack = attack;
  m_images = images;
  auto* items = qobject_cast<QStandardItemModel*>(m_choice->model());
  for (std::size_t i = 0; i < m_directions.size() && items; ++i) {
    const LandscapeDirectionInfo& info = m_directions[i];
    const bool there = possible(info);
    QStandardItem* item = items->item(static_cast<int>(i) + 1);
    item->setEnabled(there);
    const QString summary = QString::fromStdString(info.spec.summary);
    const QString why = info.needsAttack ? tr("There is no attack among Explore’s steps.")
                                         : tr("The image’s data set isn’t the model’s.");
    item->setToolTip(there ? summary : summary + QStringLiteral(". ") + why);
  }
  if (otherImages && chosen() && chosen()->needsDataset) showParameters();
}

const LandscapeDirectionInfo* DirectionBox::chosen() const {
  const int row = m_choice->currentIndex() - 1;
  return row < 0 || row >= static_cast<int>(m_directions.size()) ? nullptr
                                                                 : &m_directions[static_cast<std::size_t>(row)];
}

bool DirectionBox::possible(const LandscapeDirectionInfo& info) const {
  return (m_attack || !info.needsAttack) && (m_images > 0 || !info.needsDataset);
}

std::optional<StepRequest> DirectionBox::direction() const {
  const LandscapeDirectionInfo* info = chosen();
  if (!info || !possible(*info)) return std::nullopt;
  return StepRequest{info->spec.name, m_form->values()};
}

bool DirectionBox::ofMask() const { return chosen() && chosen()->needsMask; }

std::string DirectionBox::name() const { return m_choice->currentData().toString().toStdString(); }

Parameters DirectionBox::parameters() const { return m_form->values(); }

void DirectionBox::choose(const std::string& name, const Parameters& parameters) {
  const QSignalBlocker quiet(m_choice);
  m_choice->setCurrentIndex(std::max(0, m_choice->findData(QString::fromStdString(name))));
  showParameters();
  m_form->setValues(parameters);
}

void DirectionBox::showParameters() {
  const LandscapeDirectionInfo* info = chosen();
  std::vector<ParameterSpec> specs = info ? info->spec.parameters : std::vector<ParameterSpec>{};
  for (ParameterSpec& spec : specs) {
    if (spec.name == "index" && info->needsDataset && m_images > 0) spec.maximum = static_cast<double>(m_images - 1);
  }
  m_form->setSpecs(specs, m_form->values());
  m_form->setVisible(!specs.empty());
}

QString directionText(const StepRequest& direction, const std::vector<LandscapeDirectionInfo>& known) {
  const auto found =
      std::find_if(known.begin(), known.end(), [&](const auto& info) { return info.spec.name == direction.operation; });
  if (found == known.end()) return QString::fromStdString(direction.operation);
  QString text = QString::fromStdString(found->spec.title);
  for (const ParameterSpec& spec : found->spec.parameters) {
    if (!direction.parameters.has(spec.name)) continue;
    const ParameterValue& value = direction.parameters.values().at(spec.name);
    if (spec.type != ParameterType::Integer && value == spec.defaultValue) continue;
    const QString shown = spec.type == ParameterType::Choice ? choiceTitle(std::get<std::string>(value)).toLower()
                                                             : QString::fromStdString(toText(value));
    text += QStringLiteral(", %1 %2").arg(parameterTitle(spec.name).toLower(), shown);
  }
  return text;
}

}  // namespace whorl::ui
