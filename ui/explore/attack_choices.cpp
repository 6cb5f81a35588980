// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/explore/attack_choices.h"

#include <QComboBox>
#include <QGridLayout>
#include <QLabel>
#include <QSignalBlocker>
#include <QStandardItemModel>

#include <algorithm>

namespace whorl::ui {
namespace {

QComboBox* addRow(QGridLayout* grid, int line, const QString& title, const char* name, const QString& tip) {
  auto* label = new QLabel(title);
  auto* combo = new QComboBox;
  combo->setObjectName(QString::fromLatin1(name));
  combo->setAccessibleName(title);
  combo->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
  combo->setMinimumContentsLength(8);
  combo->setFocusPolicy(Qt::StrongFocus);
  for (QWidget* widget : {static_cast<QWidget*>(label), static_cast<QWidget*>(combo)}) widget->setToolTip(tip);
  label->setBuddy(combo);
  grid->addWidget(label, line, 0);
  grid->addWidget(combo, line, 1);
  return combo;
}

}  // namespace

QString threatModelTitle(const std::string& name) {
  if (name == kBlackBox) return AttackChoices::tr("Black box");
  if (name == kGreyBox) return AttackChoices::tr("Grey box");
  if (name == kAdaptive) return AttackChoices::tr("Adaptive white box");
  return QString::fromStdString(name);
}

AttackChoices::AttackChoices(const Operation& operation, QWidget* parent) : QWidget(parent), m_operation(operation) {
  auto* grid = new QGridLayout(this);
  grid->setContentsMargins(0, 0, 0, 0);
  grid->setHorizontalSpacing(8);
  grid->setVerticalSpacing(4);
  grid->setColumnStretch(1, 1);
  m_presets =
      addRow(grid, 0, tr("Preset"), "preset",
             tr("A named set of values, as published or usual for a data set. They can be changed afterwards."));
  m_threat = addRow(grid, 1, tr("Attacker"), "threat_model",
                    tr("<p>What the attacker may see:</p><p><b>Black box</b>: the network’s answers only.<br><b>Grey "
                       "box</b>: the network’s gradients too, but nothing of the fingerprints.<br><b>Adaptive white "
                       "box</b>: network and fingerprints; the attack also tries to look genuine to them.</p>"));
  addPresets();
  addThreatModels();
}

void AttackChoices::addPresets() {
  m_presets->addItem(tr("Defaults"));
  m_presets->setItemData(0, tr("The values that this attack has by itself"), Qt::ToolTipRole);
  for (const AttackPresetInfo& preset : m_operation.presets) {
    m_presets->addItem(QString::fromStdString(preset.name));
    QString tip = QString::fromStdString(preset.summary);
    if (preset.threatModel == kAdaptive) {
      tip += (tip.isEmpty() ? QString() : QStringLiteral("\n")) + tr("Also makes the attacker an adaptive white box.");
    }
    m_presets->setItemData(m_presets->count() - 1, tip, Qt::ToolTipRole);
  }
  connect(m_presets, &QComboBox::activated, this, [this](int index) {
    m_lastPreset = m_presets->itemText(index);
    Q_EMIT presetChosen(index == 0 ? AttackPresetInfo{} : m_operation.presets[static_cast<std::size_t>(index - 1)]);
  });
}

void AttackChoices::addThreatModels() {
  for (const char* name : {kBlackBox, kGreyBox, kAdaptive}) {
    m_threat->addItem(threatModelTitle(name), QString::fromLatin1(name));
  }
  offer(kBlackBox, m_operation.threatModel == kBlackBox ? QString() : tr("This attack needs the network’s gradients."),
        tr("Sees the network’s answers only"));
  offer(kGreyBox, {}, tr("Sees the network and its gradients, nothing of the fingerprints"));
  setFingerprinted(false);
  connect(m_threat, &QComboBox::activated, this,
          [this](int index) { Q_EMIT threatModelChosen(m_threat->itemData(index).toString().toStdString()); });
}

void AttackChoices::setFingerprinted(bool fingerprinted) {
  offer(kAdaptive,
        m_operation.adaptiveParameters.empty() ? tr("This attack has no adaptive form.")
        : fingerprinted                        ? QString()
                                               : tr("This model has no fingerprints to adapt to."),
        tr("Sees network and fingerprints, and tries to look genuine to both"));
}

void AttackChoices::offer(const char* threatModel, const QString& obstacle, const QString& tip) {
  const int index = m_threat->findData(QString::fromLatin1(threatModel));
  if (auto* items = qobject_cast<QStandardItemModel*>(m_threat->model())) {
    items->item(index)->setEnabled(obstacle.isEmpty());
  }
  m_threat->setItemData(index, obstacle.isEmpty() ? tip : obstacle, Qt::ToolTipRole);
}

void AttackChoices::showStep(const StepRequest& request) {
  const QSignalBlocker quietPresets(m_presets), quietThreat(m_threat);
  const std::string threat = request.threatModel.empty() ? kGreyBox : request.threatModel;
  m_threat->setCurrentIndex(m_threat->findData(QString::fromStdString(threat)));
  int match = -1;
  const auto fits = [&](const AttackPresetInfo& preset) { return withPreset(m_operation, request, preset) == request; };
  // A preset may be the same as the defaults: then its name is the one that was chosen.
  for (std::size_t i = 0; i < m_operation.presets.size(); ++i) {
    const int row = static_cast<int>(i) + 1;
    if (fits(m_operation.presets[i]) && (match < 0 || m_presets->itemText(row) == m_lastPreset)) match = row;
  }
  const bool nobodyChose = m_lastPreset.isEmpty();
  if (fits({}) && (match < 0 || nobodyChose || m_presets->itemText(0) == m_lastPreset)) match = 0;
  if (match >= 0) m_lastPreset = m_presets->itemText(match);
  m_presets->setPlaceholderText(m_lastPreset.isEmpty() || m_lastPreset == m_presets->itemText(0)
                                    ? tr("Own values")
                                    : tr("%1, changed").arg(m_lastPreset));
  m_presets->setCurrentIndex(match);
}

}  // namespace whorl::ui
