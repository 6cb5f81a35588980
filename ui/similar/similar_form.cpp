// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/similar/similar_form.h"

#include <QComboBox>
#include <QDir>
#include <QFormLayout>
#include <QGroupBox>
#include <QHBoxLayout>
#include <QSignalBlocker>
#include <QSpinBox>
#include <QVBoxLayout>

#include <algorithm>
#include <limits>
#include <utility>

#include "ui/explore/choices.h"
#include "ui/explore/step_panel.h"
#include "ui/explore/step_stack.h"

namespace whorl::ui {
namespace {

/// No name of a data set.
const QString kFolder = QStringLiteral(":folder");
const QString kChooseFolder = QStringLiteral(":choose");

/// Sections of what is kept: "step 0", "step 0 values", …
const std::string kStep = "step ";
const std::string kValues = " values";
constexpr std::size_t kMostSteps = 100;

/// Chooses the entry with that data if there is one; silently.
bool choose(QComboBox* box, const QString& data) {
  const int found = box->findData(data);
  if (found < 0) return false;
  const QSignalBlocker blocker(box);
  box->setCurrentIndex(found);
  return true;
}

}  // namespace

SimilarForm::SimilarForm(QWidget* parent)
    : QWidget(parent),
      m_source(new QComboBox),
      m_count(new QSpinBox),
      m_layer(new QComboBox),
      m_measure(new QComboBox),
      m_stack(new StepStack(this)),
      m_steps(new StepPanel(m_stack, nullptr, StepPanel::Kind::NaturalOnly)) {
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(12, 10, 6, 8);
  column->setSpacing(10);
  column->addWidget(makeImages());
  column->addWidget(makePerturbation());
  column->addStretch(1);
}

QWidget* SimilarForm::makeImages() {
  auto* group = new QGroupBox(tr("Images and models"));
  auto* form = new QFormLayout(group);
  form->setRowWrapPolicy(QFormLayout::WrapAllRows);
  m_source->setObjectName(QStringLiteral("similar_source"));
  m_source->setToolTip(tr("Where neighbours are looked for"));
  m_count->setObjectName(QStringLiteral("similar_count"));
  m_count->setRange(0, std::numeric_limits<int>::max());
  m_count->setSpecialValueText(tr("all"));
  m_count->setGroupSeparatorShown(true);
  m_count->setValue(kFirstCount);
  m_count->setToolTip(tr("The data set’s first so many test images; 0 for all"));
  m_layer->setObjectName(QStringLiteral("similar_layer"));
  m_layer->setToolTip(tr("The activations that are compared; “features” is the last hidden layer"));
  m_measure->setObjectName(QStringLiteral("similar_measure"));
  m_measure->setToolTip(tr("Between features of length 1: the squared Euclidean distance, or one minus the cosine"));
  form->addRow(tr("&Images"), m_source);
  form->addRow(tr("H&ow many"), m_count);
  const QString names[] = {tr("&Model"), tr("Model &beside it")};
  for (std::size_t i = 0; i < m_models.size(); ++i) {
    m_models[i] = new QComboBox;
    m_models[i]->setObjectName(i == 0 ? QStringLiteral("similar_model") : QStringLiteral("similar_other"));
    m_models[i]->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    form->addRow(names[i], m_models[i]);
    connect(m_models[i], &QComboBox::activated, this, [this] {
      Q_EMIT modelsChanged();
      Q_EMIT choiceChanged();
    });
  }
  form->addRow(tr("&Layer"), m_layer);
  form->addRow(tr("&Distance"), m_measure);
  connect(m_source, &QComboBox::activated, this, &SimilarForm::sourceChosen);
  connect(m_count, &QSpinBox::editingFinished, this, &SimilarForm::choiceChanged);
  connect(m_layer, &QComboBox::activated, this, &SimilarForm::choiceChanged);
  connect(m_measure, &QComboBox::activated, this, &SimilarForm::queryChanged);
  return group;
}

QWidget* SimilarForm::makePerturbation() {
  auto* group = new QGroupBox(tr("What happens to the query"));
  auto* column = new QVBoxLayout(group);
  m_steps->setObjectName(QStringLiteral("similar_steps"));
  column->addWidget(m_steps);
  connect(m_stack, &StepStack::changed, this, &SimilarForm::queryChanged);
  connect(m_steps, &StepPanel::seedChanged, this, &SimilarForm::queryChanged);
  return group;
}

void SimilarForm::setLists(const SimilarLists& lists) {
  const SimilarChoice before = choice();
  const QString source = m_source->currentData().toString();
  m_lists = lists;
  fillModels();
  const ModelInfo* model = chooseModel(m_lists.models, m_lists.datasets, before.models[0]);
  if (model) choose(m_models[0], QString::fromStdString(model->id));
  // Beside it the first other one that is for the same images.
  if (!before.models[0].isEmpty()) {
    choose(m_models[1], before.models[1]);
  } else if (model) {
    for (const ModelInfo& other : m_lists.models) {
      if (other.id == model->id || !other.problem.empty() || !sameImages(m_lists.datasets, *model, other)) continue;
      choose(m_models[1], QString::fromStdString(other.id));
      break;
    }
  }
  m_source->clear();
  for (const DatasetInfo& info : m_lists.datasets) {
    if (available(info)) m_source->addItem(QString::fromStdString(info.title), QString::fromStdString(info.name));
  }
  if (!m_folder.isEmpty()) m_source->addItem(QDir(m_folder).dirName(), kFolder);
  m_source->addItem(tr("A folder…"), kChooseFolder);
  const DatasetInfo* own = model ? chooseDataset(m_lists.datasets, *model) : nullptr;
  if (!choose(m_source, source) && own) choose(m_source, QString::fromStdString(own->name));
  m_lastSource = m_source->currentIndex();
  if (m_measure->count() == 0) {
    for (const std::string& name : m_lists.distances) {
      m_measure->addItem(name == "l2"       ? tr("Euclidean, squared")
                         : name == "cosine" ? tr("Cosine")
                                            : QString::fromStdString(name),
                         QString::fromStdString(name));
    }
  }
  Operations operations;
  for (const PerturbationInfo& each : m_lists.perturbations) {
    Operation operation{each.spec};
    operation.family = each.family;
    operations.push_back(std::move(operation));
  }
  m_steps->setOperations(operations);
  m_listed = true;
  takeUp();
}

void SimilarForm::fillModels() {
  for (std::size_t i = 0; i < m_models.size(); ++i) {
    m_models[i]->clear();
    if (i == 1) m_models[i]->addItem(tr("None"), QString());
    for (const ModelInfo& info : m_lists.models) {
      if (info.problem.empty()) {
        m_models[i]->addItem(QString::fromStdString(info.name), QString::fromStdString(info.id));
      }
    }
  }
}

void SimilarForm::setLayers(const std::vector<std::string>& layers) {
  const QString before = m_layer->currentText();
  m_layer->clear();
  for (const std::string& layer : layers) {
    m_layer->addItem(QString::fromStdString(layer), QString::fromStdString(layer));
  }
  // What an earlier session had comes before the first layer, once.
  const QString wanted = std::exchange(m_wantedLayer, {});
  if (wanted.isEmpty() || !choose(m_layer, wanted)) choose(m_layer, before);
}

void SimilarForm::sourceChosen() {
  if (m_source->currentData().toString() == kChooseFolder) {
    const QSignalBlocker blocker(m_source);
    m_source->setCurrentIndex(m_lastSource);
    Q_EMIT folderWanted();
    return;
  }
  m_lastSource = m_source->currentIndex();
  m_count->setEnabled(dataset() != nullptr);
  Q_EMIT choiceChanged();
}

void SimilarForm::setFolder(const QString& folder) {
  insertFolder(folder);
  Q_EMIT choiceChanged();
}

void SimilarForm::insertFolder(const QString& folder) {
  m_folder = folder;
  const QSignalBlocker blocker(m_source);
  int at = m_source->findData(kFolder);
  if (at < 0) {
    at = m_source->count() - 1;
    m_source->insertItem(at, QString(), kFolder);
  }
  m_source->setItemText(at, QDir(folder).dirName());
  m_source->setItemData(at, folder, Qt::ToolTipRole);
  m_source->setCurrentIndex(at);
  m_lastSource = at;
  m_count->setEnabled(false);
}

SimilarChoice SimilarForm::choice() const {
  SimilarChoice choice;
  const QString source = m_source->currentData().toString();
  if (source == kFolder) {
    choice.folder = m_folder;
  } else if (source != kChooseFolder) {
    choice.dataset = source;
    choice.count = m_count->value();
  }
  for (std::size_t i = 0; i < m_models.size(); ++i) choice.models[i] = m_models[i]->currentData().toString();
  choice.layer = m_layer->currentText().toStdString();
  return choice;
}

const DatasetInfo* SimilarForm::dataset() const {
  return findDataset(m_lists.datasets, m_source->currentData().toString());
}

QString SimilarForm::modelName(std::size_t which) const { return m_models[which]->currentText(); }

std::vector<StepRequest> SimilarForm::steps() const { return m_stack->requests(); }

std::uint64_t SimilarForm::seed() const { return m_steps->seed(); }

std::string SimilarForm::measure() const { return m_measure->currentData().toString().toStdString(); }

PageState SimilarForm::state() const {
  if (!m_listed) return m_restored;
  const SimilarChoice now = choice();
  PageState state;
  Parameters& page = state["page"];
  page.set("dataset", now.dataset.toStdString());
  page.set("folder", m_folder.toStdString());
  page.set("count", static_cast<std::int64_t>(m_count->value()));
  page.set("model", now.models[0].toStdString());
  page.set("other", now.models[1].toStdString());
  page.set("layer", now.layer);
  page.set("measure", measure());
  page.set("seed", std::to_string(seed()));
  const auto requests = steps();
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const std::string name = kStep + std::to_string(i);
    state[name].set("operation", requests[i].operation);
    state[name].set("enabled", requests[i].enabled);
    state[name + kValues] = requests[i].parameters;
  }
  return state;
}

void SimilarForm::takeUp() {
  const PageState kept = std::exchange(m_restored, {});
  if (kept.empty()) return;
  const auto text = [&kept](const char* name) { return QString::fromStdString(keptText(kept, "page", name)); };
  if (choose(m_models[0], text("model"))) choose(m_models[1], text("other"));
  const Parameters page = keptSection(kept, "page");
  if (page.has("count")) {
    const auto* count = std::get_if<std::int64_t>(&page.values().at("count"));
    const QSignalBlocker blocker(m_count);
    if (count) m_count->setValue(static_cast<int>(std::clamp<std::int64_t>(*count, 0, m_count->maximum())));
  }
  if (!text("folder").isEmpty() && QDir(text("folder")).exists()) insertFolder(text("folder"));
  if (choose(m_source, text("dataset"))) m_count->setEnabled(true);
  m_lastSource = m_source->currentIndex();
  choose(m_measure, text("measure"));
  m_wantedLayer = text("layer");
  bool isSeed = false;
  const std::uint64_t seed = text("seed").toULongLong(&isSeed);
  if (isSeed) m_steps->setSeed(seed);
  takeUpSteps(kept);
}

void SimilarForm::takeUpSteps(const PageState& kept) {
  Operations operations;
  for (const PerturbationInfo& each : m_lists.perturbations) operations.push_back({each.spec});
  std::vector<StepRequest> steps;
  for (std::size_t i = 0; i < kMostSteps; ++i) {
    const std::string name = kStep + std::to_string(i);
    const std::string operation = keptText(kept, name, "operation");
    if (operation.empty()) break;
    steps.push_back({operation, keptSection(kept, name + kValues), keptFlag(kept, name, "enabled", true)});
  }
  m_stack->replaceAll(usableSteps(operations, steps));
}

}  // namespace whorl::ui
