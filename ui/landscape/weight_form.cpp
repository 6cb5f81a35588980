// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/landscape/weight_form.h"

#include <QComboBox>
#include <QFormLayout>
#include <QLabel>
#include <QListWidget>
#include <QSignalBlocker>
#include <QStandardItemModel>
#include <QVBoxLayout>

#include <algorithm>

#include "ui/explore/choices.h"
#include "ui/widgets/parameter_form.h"
#include "ui/widgets/seed_box.h"

namespace whorl::ui {
namespace {

QLabel* heading(const QString& text) {
  auto* label = new QLabel(text);
  QFont bold = label->font();
  bold.setBold(true);
  label->setFont(bold);
  label->setContentsMargins(0, 6, 0, 0);
  return label;
}

std::vector<ParameterSpec> sampleSpecs() {
  return {ParameterSpec::integer("count", 1000, 2, 60'000, "", "Images that judge each network; fewer come first"),
          ParameterSpec::choice("split", "test", {"test", "train"}, "Of which part of the data set"),
          ParameterSpec::choice("batch_norm", "auto", {"auto", "keep", "measure"},
                                "BatchNorm's statistics: kept, measured anew at each point on the images that judge "
                                "it, or kept along random directions only")};
}

std::vector<ParameterSpec> shapeSpecs(double range) {
  auto reach = ParameterSpec::real("range", range, 1e-2, 10, "", "How far the landscape goes to either side");
  reach.logarithmic = true;
  return {reach, ParameterSpec::choice("resolution", "25", {"9", "17", "25", "33", "51", "65", "129"},
                                       "Points along each axis; it comes coarse at first and refines")};
}

QComboBox* combo(const QString& name, const QString& title) {
  auto* box = new QComboBox;
  box->setObjectName(name);
  box->setAccessibleName(title);
  box->setFocusPolicy(Qt::StrongFocus);
  return box;
}

}  // namespace

WeightForm::WeightForm(QWidget* parent)
    : QWidget(parent),
      m_value(combo(QStringLiteral("weight_value"), tr("Value in colour"))),
      m_name(new QLabel),
      m_direction(combo(QStringLiteral("weight_direction"), tr("How networks are spread"))),
      m_directionForm(new ParameterForm),
      m_othersTitle(new QLabel),
      m_others(new QListWidget),
      m_dataset(combo(QStringLiteral("weight_dataset"), tr("Data set that judges"))),
      m_sample(new ParameterForm),
      m_shape(new ParameterForm),
      m_seed(new SeedBox) {
  m_name->setObjectName(QStringLiteral("weight_model"));
  m_name->setWordWrap(true);
  m_name->setForegroundRole(QPalette::PlaceholderText);
  m_others->setObjectName(QStringLiteral("weight_models"));
  m_others->setAccessibleName(tr("Other models"));
  m_others->setMaximumHeight(110);
  m_othersTitle->setBuddy(m_others);
  m_othersTitle->setWordWrap(true);
  m_directionForm->setObjectName(QStringLiteral("weight_direction_parameters"));
  m_sample->setSpecs(sampleSpecs());
  m_shape->setSpecs(shapeSpecs(1));
  m_seed->setToolTip(tr("Of random directions, of the images that judge, and of a bend’s training"));
  auto* rows = new QFormLayout;
  rows->setContentsMargins(0, 0, 0, 0);
  rows->addRow(tr("&Seed"), m_seed);
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(12, 10, 8, 10);
  column->setSpacing(6);
  column->addWidget(heading(tr("In colour")));
  column->addWidget(m_value);
  column->addWidget(heading(tr("Network")));
  column->addWidget(m_name);
  column->addWidget(heading(tr("Directions")));
  column->addWidget(m_direction);
  column->addWidget(m_directionForm);
  column->addWidget(m_othersTitle);
  column->addWidget(m_others);
  column->addWidget(m_shape);
  column->addWidget(heading(tr("Judged by")));
  column->addWidget(m_dataset);
  column->addWidget(m_sample);
  column->addLayout(rows);
  column->addStretch(1);

  connect(m_value, &QComboBox::currentIndexChanged, this, &WeightForm::layerChanged);
  connect(m_direction, &QComboBox::currentIndexChanged, this, [this] {
    showDirection();
    Q_EMIT changed();
  });
  connect(m_others, &QListWidget::itemChanged, this, [this] {
    m_wantedOthers.clear();
    Q_EMIT changed();
  });
  connect(m_dataset, &QComboBox::currentIndexChanged, this, [this] {
    m_wantedDataset = m_dataset->currentData().toString();
    Q_EMIT changed();
  });
  for (ParameterForm* form : {m_directionForm, m_sample, m_shape}) {
    connect(form, &ParameterForm::valuesChanged, this, &WeightForm::changed);
  }
  connect(m_seed, &SeedBox::edited, this, &WeightForm::changed);
}

void WeightForm::setLists(const WeightLists& lists) {
  m_lists = lists;
  const QSignalBlocker quiet(m_direction);
  const QString last = m_direction->currentData().toString();
  m_direction->clear();
  for (const WeightDirectionInfo& info : lists.directions) {
    m_direction->addItem(QString::fromStdString(info.spec.title), QString::fromStdString(info.spec.name));
    m_direction->setItemData(m_direction->count() - 1, QString::fromStdString(info.spec.summary), Qt::ToolTipRole);
  }
  m_direction->setCurrentIndex(std::max(0, m_direction->findData(last)));
  fillValues();
  fillModels();
  fillDatasets();
  showDirection();
  takeUp();
}

void WeightForm::takeUp() {
  if (m_restored.empty()) return;
  const QSignalBlocker quiet(m_value), still(m_direction);
  const auto choose = [this](QComboBox* box, const char* name) {
    const int row = box->findData(QString::fromStdString(keptText(m_restored, "weight_choices", name)));
    if (row >= 0) box->setCurrentIndex(row);
  };
  choose(m_direction, "direction");
  showDirection();
  choose(m_value, "value");
  m_directionForm->setValues(keptSection(m_restored, "weight_direction"));
  m_sample->setValues(keptSection(m_restored, "weight_sample"));
  m_shape->setValues(keptSection(m_restored, "weight_shape"));
  bool isNumber = false;
  const auto seed = QString::fromStdString(keptText(m_restored, "weight_choices", "seed")).toULongLong(&isNumber);
  if (isNumber) m_seed->setSeed(seed);
  m_wantedOthers =
      QString::fromStdString(keptText(m_restored, "weight_choices", "models")).split(u'\n', Qt::SkipEmptyParts);
  m_wantedDataset = QString::fromStdString(keptText(m_restored, "weight_choices", "dataset"));
  m_restored.clear();
  fillModels();
  fillDatasets();
}

PageState WeightForm::state() const {
  if (!m_restored.empty()) return m_restored;  // not taken up yet
  const auto chosen = [](const QComboBox* box) { return box->currentData().toString().toStdString(); };
  const QStringList models = m_wantedOthers.isEmpty() ? otherNames() : m_wantedOthers;
  return {{"weight_choices",
           {{"direction", chosen(m_direction)},
            {"value", chosen(m_value)},
            {"seed", std::to_string(m_seed->seed())},
            {"dataset", m_wantedDataset.toStdString()},
            {"models", models.join(u'\n').toStdString()}}},
          {"weight_direction", m_directionForm->values()},
          {"weight_sample", m_sample->values()},
          {"weight_shape", m_shape->values()}};
}

void WeightForm::setModel(const ModelInfo& model) {
  const bool other = model.id != m_model.id;
  m_model = model;
  m_name->setText(tr("%1, as in Explore").arg(QString::fromStdString(model.name)));
  if (!other) return;
  fillValues();
  fillModels();
  fillDatasets();
}

void WeightForm::fillValues() {
  const QString last = m_value->currentData().toString();
  const QSignalBlocker quiet(m_value);
  m_value->clear();
  const auto* items = qobject_cast<QStandardItemModel*>(m_value->model());
  for (const LandscapeValueInfo& info : m_lists.values) {
    m_value->addItem(QString::fromStdString(info.spec.title), QString::fromStdString(info.spec.name));
    const int row = m_value->count() - 1;
    const bool lacks = info.needsFingerprints && m_model.fingerprints == 0;
    QString tip = QString::fromStdString(info.spec.summary);
    if (lacks) tip += QStringLiteral(". ") + tr("The model has no fingerprints.");
    m_value->setItemData(row, tip, Qt::ToolTipRole);
    if (lacks && items) items->item(row)->setEnabled(false);
  }
  const int kept = m_value->findData(last);
  m_value->setCurrentIndex(kept >= 0 && items && items->item(kept)->isEnabled() ? kept : 0);
}

void WeightForm::fillModels() {
  // By name only from the last session, where ids may be paths that are gone: copies of a model share its name.
  QStringList last;
  for (const ModelInfo* each : others()) last << QString::fromStdString(each->id);
  const QSignalBlocker quiet(m_others);
  m_others->clear();
  for (const ModelInfo& info : m_lists.models) {
    const bool fits = info.problem.empty() && info.id != m_model.id && info.architecture == m_model.architecture &&
                      info.input == m_model.input && info.classNames.size() == m_model.classNames.size();
    if (!fits) continue;
    auto* item = new QListWidgetItem(QString::fromStdString(info.name), m_others);
    item->setData(Qt::UserRole, QString::fromStdString(info.id));
    item->setFlags(Qt::ItemIsEnabled | Qt::ItemIsUserCheckable | Qt::ItemIsSelectable);
    const bool chosen = m_wantedOthers.isEmpty() ? last.contains(item->data(Qt::UserRole).toString())
                                                 : m_wantedOthers.contains(item->text());
    item->setCheckState(chosen ? Qt::Checked : Qt::Unchecked);
  }
}

void WeightForm::fillDatasets() {
  const QString last = m_dataset->currentData().toString();
  const QSignalBlocker quiet(m_dataset);
  m_dataset->clear();
  for (const DatasetInfo& info : m_lists.datasets) {
    if (!available(info) || info.shape != m_model.input || info.classNames.size() != m_model.classNames.size())
      continue;
    m_dataset->addItem(QString::fromStdString(info.title), QString::fromStdString(info.name));
  }
  int row = m_wantedDataset.isEmpty() ? -1 : m_dataset->findData(m_wantedDataset);
  if (row < 0) row = m_dataset->findData(QString::fromStdString(trainedOn(m_model)));
  if (row < 0) row = m_dataset->findData(last);
  m_dataset->setCurrentIndex(std::max(row, m_dataset->count() > 0 ? 0 : -1));
}

const WeightDirectionInfo* WeightForm::direction() const {
  const int row = m_direction->currentIndex();
  return row < 0 || row >= static_cast<int>(m_lists.directions.size()) ? nullptr
                                                                       : &m_lists.directions[std::size_t(row)];
}

void WeightForm::showDirection() {
  const WeightDirectionInfo* info = direction();
  if (!info) return;
  m_directionForm->setSpecs(info->spec.parameters, m_directionForm->values());
  m_directionForm->setVisible(!info->spec.parameters.empty());
  const bool others = info->mostModels > 0;
  m_others->setVisible(others);
  m_othersTitle->setVisible(others);
  m_othersTitle->setText(
      info->mostModels == 1 ? tr("To the model")
      : info->mostModels == 2
          ? tr("To the first model, by way of the second, if there is one")
          : tr("Models of the training, the model itself being its last; none: the epochs that its training kept"));
  // The range is the direction's, until somebody sets it; a new list of models leaves it.
  if (m_shownDirection == info->spec.name) return;
  m_shownDirection = info->spec.name;
  Parameters kept = m_shape->values();
  kept.set("range", info->usualRange);
  m_shape->setSpecs(shapeSpecs(info->usualRange), kept);
}

std::vector<const ModelInfo*> WeightForm::others() const {
  std::vector<const ModelInfo*> chosen;
  for (int row = 0; row < m_others->count(); ++row) {
    const QListWidgetItem* item = m_others->item(row);
    if (item->checkState() != Qt::Checked) continue;
    if (const ModelInfo* model = findModel(m_lists.models, item->data(Qt::UserRole).toString()))
      chosen.push_back(model);
  }
  // The list begins with what is newest, a training with what is oldest.
  const WeightDirectionInfo* info = direction();
  if (info && info->mostModels > 2) std::reverse(chosen.begin(), chosen.end());
  return chosen;
}

QStringList WeightForm::otherNames() const {
  QStringList names;
  for (const ModelInfo* each : others()) names << QString::fromStdString(each->name);
  return names;
}

QString WeightForm::problem() const {
  const WeightDirectionInfo* info = direction();
  if (!info) return tr("The engine knows no directions.");
  if (m_dataset->currentIndex() < 0) return tr("No data set is here whose images the model takes.");
  const int chosen = static_cast<int>(others().size());
  if (chosen < info->leastModels) {
    return m_others->count() == 0 ? tr("There is no other model of the architecture %1: train one, or import it.")
                                        .arg(QString::fromStdString(m_model.architecture))
                                  : tr("Choose another model of the same architecture on the left.");
  }
  if (info->mostModels > 0 && chosen > info->mostModels) return tr("Choose at most %1 models.").arg(info->mostModels);
  return {};
}

void WeightForm::fill(LandscapeRequest& request) const {
  const WeightDirectionInfo* info = direction();
  if (!info) return;
  const Parameters sample = m_sample->values();
  const Parameters shape = m_shape->values();
  WeightLandscape weights;
  weights.direction = {info->spec.name, m_directionForm->values()};
  if (info->mostModels > 0) {
    for (const ModelInfo* each : others()) weights.models.push_back(each->id);
  }
  weights.split = sample.text("split");
  weights.count = sample.integer("count");
  weights.batchNorm = sample.text("batch_norm");
  request.weights = std::move(weights);
  request.model = m_model.id;
  request.dataset = m_dataset->currentData().toString().toStdString();
  request.range = shape.real("range");
  request.resolution = std::stoi(shape.text("resolution"));
  request.seed = m_seed->seed();
  // What costs nothing beside the others comes along; fingerprints take N + 1 times as long.
  request.values.clear();
  for (const LandscapeValueInfo& value : m_lists.values) {
    if (!value.needsFingerprints || value.spec.name == layer()) request.values.push_back(value.spec.name);
  }
}

std::string WeightForm::layer() const { return m_value->currentData().toString().toStdString(); }

QString WeightForm::layerTitle() const { return m_value->currentText(); }

}  // namespace whorl::ui
