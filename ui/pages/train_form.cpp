// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/pages/train_form.h"

#include <QAbstractItemView>
#include <QCheckBox>
#include <QComboBox>
#include <QFileDialog>
#include <QFormLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QRandomGenerator>
#include <QScopedValueRollback>
#include <QVBoxLayout>

#include <algorithm>

#include "ui/pages/train_fetch.h"
#include "ui/pages/train_section.h"
#include "ui/session/engine_session.h"
#include "ui/widgets/parameter_form.h"
#include "ui/widgets/seed_box.h"

namespace whorl::ui {

namespace {

QString text(const std::string& value) { return QString::fromStdString(value); }

void select(QComboBox* combo, const std::string& data) {
  const int index = combo->findData(text(data));
  if (index >= 0) combo->setCurrentIndex(index);
}

QString withReference(const OperationSpec& spec) {
  const QString summary = text(spec.summary);
  return spec.reference.empty() ? summary : QStringLiteral("%1\n%2").arg(summary, text(spec.reference));
}

}  // namespace

TrainForm::TrainForm(EngineSession* session, QWidget* parent)
    : QWidget(parent),
      m_session(session),
      m_rows(new QFormLayout),
      m_preset(new QComboBox),
      m_dataset(new QComboBox),
      m_architecture(new QComboBox),
      m_objectiveBox(new QWidget),
      m_objectiveLines(new QVBoxLayout(m_objectiveBox)),
      m_name(new QLineEdit),
      m_keepEpochs(new QCheckBox(tr("Keep the network of each &epoch"))),
      m_seed(new SeedBox),
      m_device(new QComboBox),
      m_fetch(new TrainFetch(session)),
      m_sections(new QVBoxLayout) {
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(12, 12, 12, 12);
  column->setSpacing(10);
  column->addLayout(m_rows);
  column->addLayout(m_sections);
  column->addStretch(1);
  m_sections->setSpacing(8);
  buildRows();

  connect(m_preset, &QComboBox::activated, this, &TrainForm::applyPreset);
  connect(m_dataset, &QComboBox::activated, this, &TrainForm::datasetChosen);
  connect(m_architecture, &QComboBox::activated, this, &TrainForm::edited);
  connect(m_device, &QComboBox::activated, this, &TrainForm::changed);
  connect(m_fetch, &TrainFetch::fetched, this, &TrainForm::fetched);
}

void TrainForm::buildRows() {
  for (QComboBox* combo : {m_preset, m_dataset, m_architecture, m_device}) {
    combo->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    combo->setMinimumContentsLength(16);
    combo->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
  }
  m_preset->setObjectName(QStringLiteral("preset"));
  m_dataset->setObjectName(QStringLiteral("dataset"));
  m_architecture->setObjectName(QStringLiteral("architecture"));
  m_device->setObjectName(QStringLiteral("device"));
  m_name->setObjectName(QStringLiteral("modelName"));
  m_seed->setObjectName(QStringLiteral("seed"));
  m_architecture->setToolTip(tr("The network. Choosing a data set suggests one that was designed for its images."));
  m_device->setToolTip(tr("Where the network is computed. “Automatic” takes a GPU where there is one."));
  m_name->setPlaceholderText(tr("made from data set and objective"));
  m_name->setToolTip(tr("How the model is called in lists."));
  m_keepEpochs->setObjectName(QStringLiteral("keepEpochs"));
  m_keepEpochs->setToolTip(tr(
      "Keeps the network of the start and of each epoch’s end beside the model, so that a landscape around it can show "
      "the path of its training."));
  m_objectiveLines->setContentsMargins(0, 0, 0, 0);
  m_objectiveLines->setSpacing(2);

  m_rows->setFieldGrowthPolicy(QFormLayout::ExpandingFieldsGrow);
  m_rows->setVerticalSpacing(7);
  m_rows->addRow(tr("&Preset"), m_preset);
  m_rows->addRow(tr("&Data set"), m_dataset);
  m_rows->addRow(QString(), m_fetch);
  m_rows->addRow(tr("&Network"), m_architecture);
  m_rows->addRow(tr("Objective"), m_objectiveBox);
  m_rows->addRow(tr("Na&me"), m_name);
  m_rows->addRow(tr("&Seed"), makeSeedRow());
  m_rows->addRow(tr("Dev&ice"), m_device);
  m_rows->addRow(QString(), m_keepEpochs);
}

QWidget* TrainForm::makeSeedRow() {
  auto* box = new QWidget;
  box->setToolTip(tr("All randomness of the run comes from this number: the same seed gives the same network."));
  box->setFocusProxy(m_seed);
  auto* roll = new QPushButton(tr("New"));
  roll->setAccessibleName(tr("Draw a new seed"));
  auto* line = new QHBoxLayout(box);
  line->setContentsMargins(0, 0, 0, 0);
  line->addWidget(m_seed, 1);
  line->addWidget(roll);
  connect(roll, &QPushButton::clicked, m_seed,
          [this] { m_seed->setSeed(QRandomGenerator::global()->bounded(1U, 1000000U)); });
  return box;
}

void TrainForm::setLists(const TrainLists& lists) {
  const bool first = m_lists.datasets.empty();
  const TrainRequest before = request();
  m_lists = lists;
  fillCombos();
  if (first && !lists.presets.empty()) {
    // The first that can be started at once.
    const auto here = std::find_if(lists.presets.begin(), lists.presets.end(), [&](const TrainPresetInfo& candidate) {
      const DatasetInfo* data = lists.dataset(candidate.dataset);
      return data != nullptr && (data->generated || !data->location.empty());
    });
    const auto index = here == lists.presets.end() ? 0 : here - lists.presets.begin();
    applyPreset(static_cast<int>(index) + 1);
  } else if (!first) {
    const std::string preset = m_lastPreset;
    setRequest(before);
    m_lastPreset = preset;
    showPreset();
  } else {
    rebuildParameters();
    showDataset();
  }
}

void TrainForm::fillCombos() {
  const QScopedValueRollback guard(m_filling, true);
  m_preset->clear();
  m_preset->addItem(tr("Own values"), QString());
  for (const auto& preset : m_lists.presets) m_preset->addItem(text(preset.title), text(preset.name));
  // The list may be wider than its button: titles are read to their end before one is chosen.
  m_preset->view()->setMinimumWidth(m_preset->view()->sizeHintForColumn(0) + 32);
  m_dataset->clear();
  for (const auto& dataset : m_lists.datasets) m_dataset->addItem(text(dataset.title), text(dataset.name));
  m_dataset->addItem(tr("A folder of images…"), QString());
  m_dataset->setItemData(m_dataset->count() - 1,
                         tr("FOLDER/train/CLASS/* and FOLDER/test/CLASS/*: one folder a class."), Qt::ToolTipRole);
  m_architecture->clear();
  for (const auto& architecture : m_lists.architectures) {
    m_architecture->addItem(text(architecture.title), text(architecture.name));
    const QString shape = text(toText(architecture.input)).replace(u'x', u'×');
    m_architecture->setItemData(m_architecture->count() - 1,
                                tr("Designed for images of %1. %2").arg(shape, text(architecture.reference)),
                                Qt::ToolTipRole);
  }
  const QVariant device = m_device->currentData();
  m_device->clear();
  m_device->addItem(tr("Automatic (%1)").arg(text(m_lists.info.device)), QStringLiteral("auto"));
  for (const auto& name : m_lists.info.devices) m_device->addItem(text(name), text(name));
  m_device->setCurrentIndex(std::max(0, m_device->findData(device)));

  for (QCheckBox* box : m_objectives) delete box;
  m_objectives.clear();
  for (const OperationSpec& spec : m_lists.objectives) {
    auto* box = new QCheckBox(text(spec.title));
    box->setObjectName(QStringLiteral("objective_") + text(spec.name));
    box->setToolTip(withReference(spec));
    m_objectiveLines->addWidget(box);
    m_objectives.push_back(box);
    connect(box, &QCheckBox::clicked, this, [this, box] { objectiveEdited(box); });
  }
  if (!m_objectives.empty()) m_objectives.front()->setChecked(true);
}

void TrainForm::applyPreset(int index) {
  const std::string name = m_preset->itemData(index).toString().toStdString();
  for (const TrainPresetInfo& preset : m_lists.presets) {
    if (preset.name != name) continue;
    TrainRequest request = this->request();
    request.dataset = preset.dataset;
    request.architecture = preset.architecture;
    request.objective = preset.objective;
    request.parameters = preset.parameters;
    setRequest(request);
    m_lastPreset = name;
    m_asPreset = this->request();
    showPreset();
    return;
  }
}

void TrainForm::setRequest(const TrainRequest& request) {
  {
    const QScopedValueRollback guard(m_filling, true);
    if (m_dataset->findData(text(request.dataset)) < 0 && !request.dataset.empty()) {
      m_dataset->insertItem(m_dataset->count() - 1, text(request.dataset), text(request.dataset));
    }
    select(m_dataset, request.dataset);
    m_lastDataset = m_dataset->currentIndex();
    select(m_architecture, request.architecture);
    select(m_device, request.device);
    m_name->setText(text(request.modelName));
    m_keepEpochs->setChecked(request.keepEpochs);
    m_seed->setSeed(request.seed);
    showObjective(request.objective);
    m_lastPreset.clear();
    showPreset();
    m_given = request.parameters;
    m_forms.clear();  // what they show is the last request's, and would win over this one's
    rebuildParameters();
    showDataset();
  }
  Q_EMIT changed();
}

void TrainForm::datasetChosen(int index) {
  if (m_dataset->itemData(index).toString().isEmpty()) return addFolder();
  m_lastDataset = index;
  // A network that fits, if the present one doesn't.
  const DatasetInfo dataset = chosenDataset();
  const ArchitectureInfo* now = m_lists.architecture(m_architecture->currentData().toString().toStdString());
  if (now == nullptr || !madeFor(*now, dataset)) {
    for (const ArchitectureInfo& other : m_lists.architectures) {
      if (!madeFor(other, dataset)) continue;
      select(m_architecture, other.name);
      break;
    }
  }
  edited();
}

void TrainForm::addFolder() {
  m_dataset->setCurrentIndex(m_lastDataset);
  auto* dialog = new QFileDialog(this, tr("Folder with train/CLASS/* and test/CLASS/*"));
  dialog->setAttribute(Qt::WA_DeleteOnClose);
  dialog->setFileMode(QFileDialog::Directory);
  dialog->setOption(QFileDialog::ShowDirsOnly);
  connect(dialog, &QFileDialog::fileSelected, this, [this](const QString& path) {
    if (m_dataset->findData(path) < 0) m_dataset->insertItem(m_dataset->count() - 1, path, path);
    m_dataset->setCurrentIndex(m_dataset->findData(path));
    datasetChosen(m_dataset->currentIndex());
  });
  dialog->open();
}

void TrainForm::objectiveEdited(QCheckBox* box) {
  // A run needs an objective: the last one can't be switched off.
  if (objective().empty()) box->setChecked(true);
  rebuildParameters();
  edited();
}

void TrainForm::edited() {
  if (m_filling) return;
  showPreset();
  showDataset();
  Q_EMIT changed();
}

/// The preset by its name, or what became of it.
void TrainForm::showPreset() {
  const TrainRequest now = request();
  const int index = m_lastPreset.empty() ? -1 : m_preset->findData(text(m_lastPreset));
  const bool same = now.dataset == m_asPreset.dataset && now.architecture == m_asPreset.architecture &&
                    now.objective == m_asPreset.objective && now.parameters == m_asPreset.parameters;
  m_preset->setItemText(0, index > 0 && !same ? tr("%1, changed").arg(m_preset->itemText(index)) : tr("Own values"));
  m_preset->setCurrentIndex(index > 0 && same ? index : 0);
  m_preset->setToolTip(
      tr("<p><b>%1</b></p><p>A set of values that is known to work. Everything below can be changed afterwards.</p>")
          .arg(m_preset->currentText().toHtmlEscaped()));
}

void TrainForm::showObjective(const std::string& objective) {
  const std::vector<std::string> terms = objectiveTerms(objective);
  for (std::size_t i = 0; i < m_objectives.size(); ++i) {
    m_objectives[i]->setChecked(std::find(terms.begin(), terms.end(), m_lists.objectives[i].name) != terms.end());
  }
}

std::string TrainForm::objective() const {
  std::vector<std::string> terms;
  for (std::size_t i = 0; i < m_objectives.size(); ++i) {
    if (m_objectives[i]->isChecked()) terms.push_back(m_lists.objectives[i].name);
  }
  return joinTerms(terms);
}

DatasetInfo TrainForm::chosenDataset() const {
  const std::string name = m_dataset->currentData().toString().toStdString();
  if (const DatasetInfo* known = m_lists.dataset(name)) return *known;
  DatasetInfo folder;
  folder.name = folder.title = folder.location = name;
  return folder;
}

void TrainForm::showDataset() { m_fetch->setDataset(chosenDataset()); }

void TrainForm::rebuildParameters() {
  const Parameters shown = parameterValues();
  for (const auto& [name, value] : shown.values()) m_given.set(name, value);
  while (QLayoutItem* item = m_sections->takeAt(0)) {
    delete item->widget();
    delete item;
  }
  m_forms.clear();
  for (const ParameterGroup& group : groupParameters(m_lists, objective())) {
    auto* form = new ParameterForm;
    form->setSpecs(group.specs, m_given);
    connect(form, &ParameterForm::valuesChanged, this, &TrainForm::edited);
    QString title = group.important ? tr("Training") : tr("More settings");
    for (const OperationSpec& spec : m_lists.objectives) {
      if (spec.name == group.objective) title = text(spec.title);
    }
    auto* section = new TrainSection(title, form, group.important || m_moreOpen);
    if (!group.important) {
      connect(section, &TrainSection::toggled, this, [this](bool open) { m_moreOpen = open; });
    }
    m_sections->addWidget(section);
    m_forms.push_back(form);
  }
}

Parameters TrainForm::parameterValues() const {
  Parameters values;
  for (const ParameterForm* form : m_forms) {
    const Parameters shown = form->values();
    for (const auto& [name, value] : shown.values()) values.set(name, value);
  }
  return values;
}

TrainRequest TrainForm::request() const {
  TrainRequest request;
  request.dataset = m_dataset->currentData().toString().toStdString();
  request.architecture = m_architecture->currentData().toString().toStdString();
  request.objective = objective();
  request.parameters = parameterValues();
  request.seed = m_seed->seed();
  request.device = m_device->count() > 0 ? m_device->currentData().toString().toStdString() : "auto";
  request.modelName = m_name->text().trimmed().toStdString();
  request.keepEpochs = m_keepEpochs->isChecked();
  return request;
}

QString TrainForm::obstacle() const {
  if (m_lists.datasets.empty() || m_lists.architectures.empty()) return tr("The engine is still being loaded.");
  const DatasetInfo dataset = chosenDataset();
  if (dataset.name.empty()) return tr("Choose a data set.");
  if (!dataset.generated && dataset.location.empty()) {
    return tr("%1 is not on this machine yet: fetch it first.").arg(text(dataset.title));
  }
  const ArchitectureInfo* network = m_lists.architecture(m_architecture->currentData().toString().toStdString());
  return network == nullptr ? tr("Choose a network.") : QString();
}

}  // namespace whorl::ui
