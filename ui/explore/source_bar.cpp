// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/explore/source_bar.h"

#include <QAction>
#include <QComboBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QSignalBlocker>
#include <QStandardItemModel>
#include <QToolButton>

#include "ui/commands/command_registry.h"
#include "ui/explore/image_source.h"

namespace whorl::ui {

SourceBar::SourceBar(CommandRegistry* commands, QWidget* parent) : QWidget(parent) {
  auto* row = new QHBoxLayout(this);
  row->setContentsMargins(0, 0, 0, 0);
  row->setSpacing(6);
  m_models = addCombo(row, tr("Model"), QStringLiteral("model"), tr("The network that looks at the image"));
  m_datasets = addCombo(row, tr("Images"), QStringLiteral("dataset"), tr("Test images of a data set, or opened files"));
  m_fit =
      addCombo(row, tr("Resize"), QStringLiteral("fit"),
               tr("<p>How an image of another size becomes the network’s input: <b>Fit</b> keeps all of it and fills "
                  "the rest, <b>Crop</b> cuts its middle out, <b>Stretch</b> distorts it. Grey and colour are "
                  "converted too; what the network sees is what is shown.</p>"));
  m_fit->addItems({tr("Fit"), tr("Crop"), tr("Stretch")});
  m_fit->setMinimumContentsLength(6);
  row->addStretch(1);
  for (const char* id :
       {"image.open", "image.paste", "image.previous", "image.next", "image.random", "edit.undo", "edit.redo"}) {
    QAction* action = commands->action(QString::fromLatin1(id));
    if (!action) continue;
    auto* button = new QToolButton(this);
    button->setDefaultAction(action);
    button->setAutoRaise(true);
    button->setIconSize({20, 20});
    button->setAccessibleName(QString(action->text()).remove(QLatin1Char('&')));
    row->addWidget(button);
  }
  connect(m_models, &QComboBox::currentIndexChanged, this,
          [this] { Q_EMIT modelChosen(m_models->currentData().toString()); });
  connect(m_datasets, &QComboBox::currentIndexChanged, this,
          [this] { Q_EMIT datasetChosen(m_datasets->currentData().toString()); });
  connect(m_fit, &QComboBox::currentIndexChanged, this, [this] { Q_EMIT fitChosen(fit()); });
}

QComboBox* SourceBar::addCombo(QHBoxLayout* row, const QString& label, const QString& name, const QString& tip) {
  auto* text = new QLabel(label, this);
  auto* combo = new QComboBox(this);
  combo->setObjectName(name);
  combo->setAccessibleName(label);
  combo->setToolTip(tip);
  text->setToolTip(tip);
  text->setBuddy(combo);
  text->setForegroundRole(QPalette::PlaceholderText);
  combo->setSizeAdjustPolicy(QComboBox::AdjustToContents);
  combo->setMaximumWidth(220);
  row->addWidget(text);
  row->addWidget(combo);
  row->addSpacing(6);
  return combo;
}

void SourceBar::setModels(const std::vector<ModelInfo>& models, const QString& current) {
  const QSignalBlocker quiet(m_models);
  m_models->clear();
  for (const ModelInfo& info : models) {
    const QString name = QString::fromStdString(info.name);
    m_models->addItem(name, QString::fromStdString(info.id));
    const int row = m_models->count() - 1;
    const QString tip =
        info.problem.empty()
            ? tr("%1, %2, %3")
                  .arg(QString::fromStdString(info.architecture), QString::fromStdString(toText(info.input)),
                       info.fingerprints > 0 ? tr("%1 fingerprints").arg(info.fingerprints) : tr("no fingerprints"))
            : QString::fromStdString(info.problem);
    m_models->setItemData(row, tip, Qt::ToolTipRole);
    if (!info.problem.empty()) {
      if (auto* items = qobject_cast<QStandardItemModel*>(m_models->model())) items->item(row)->setEnabled(false);
    }
  }
  m_models->setCurrentIndex(m_models->findData(current));
  m_models->setEnabled(m_models->count() > 0);
}

void SourceBar::setDatasets(const std::vector<DatasetInfo>& datasets, bool files, const QString& attacked,
                            const QString& current) {
  const QSignalBlocker quiet(m_datasets);
  m_datasets->clear();
  for (const DatasetInfo& info : datasets) {
    if (!info.generated && info.location.empty()) continue;  // the Train page fetches them
    m_datasets->addItem(QString::fromStdString(info.title), QString::fromStdString(info.name));
  }
  if (!attacked.isEmpty()) m_datasets->addItem(attacked, ImageSource::kAttacked);
  if (files) m_datasets->addItem(tr("Opened files"), QString());
  m_datasets->setCurrentIndex(m_datasets->findData(current));
}

void SourceBar::setFit(InputFit fit) {
  const QSignalBlocker quiet(m_fit);
  m_fit->setCurrentIndex(static_cast<int>(fit));
}

InputFit SourceBar::fit() const { return static_cast<InputFit>(m_fit->currentIndex()); }

}  // namespace whorl::ui
