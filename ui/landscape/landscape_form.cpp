// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/landscape/landscape_form.h"

#include <QComboBox>
#include <QFormLayout>
#include <QLabel>
#include <QSignalBlocker>
#include <QStandardItemModel>
#include <QVBoxLayout>

#include <algorithm>
#include <cmath>

#include "ui/landscape/direction_box.h"
#include "ui/landscape/mask_painter.h"
#include "ui/widgets/parameter_form.h"
#include "ui/widgets/seed_box.h"

namespace whorl::ui {
namespace {

/// Of models with more classes a value of each class is not offered one by one.
constexpr std::size_t kMostClasses = 20;
/// What costs nothing beside any other value: it comes along, so that it can be looked at without waiting.
const char* const kAlways[] = {"cross_entropy", "margin", "confidence", "predicted"};

QLabel* heading(const QString& text) {
  auto* label = new QLabel(text);
  QFont bold = label->font();
  bold.setBold(true);
  label->setFont(bold);
  label->setContentsMargins(0, 6, 0, 0);
  return label;
}

std::vector<ParameterSpec> shapeSpecs(double range) {
  auto reach =
      ParameterSpec::real("range", range, 1e-3, 10, "", "How far the landscape goes to either side of the image");
  reach.logarithmic = true;
  return {reach,
          ParameterSpec::choice("resolution", "51", {"17", "33", "51", "65", "129", "257", "513"},
                                "Points along each axis; it comes coarse at first and refines"),
          ParameterSpec::choice(
              "scale", "linf", {"linf", "l2"},
              "What 1 means on an axis: the pixel that changes most changes by 1, or an L2 distance of 1"),
          ParameterSpec::boolean("clip", false, "Bring all points into the pixel box [0,1], as an attacker must")};
}

}  // namespace

LandscapeForm::LandscapeForm(QWidget* parent)
    : QWidget(parent),
      m_rows(new QFormLayout),
      m_layer(new QComboBox),
      m_detector(new QComboBox),
      m_across(new DirectionBox(tr("A&cross"), QStringLiteral("across"))),
      m_upwards(new DirectionBox(tr("&Up"), QStringLiteral("upwards"))),
      m_mask(new MaskBox),
      m_shape(new ParameterForm),
      m_threshold(new ParameterForm),
      m_attackForm(new ParameterForm),
      m_attack(new QLabel),
      m_seed(new SeedBox) {
  m_layer->setObjectName(QStringLiteral("landscape_value"));
  m_layer->setAccessibleName(tr("Value in colour"));
  m_layer->setFocusPolicy(Qt::StrongFocus);
  m_detector->setObjectName(QStringLiteral("landscape_detector"));
  m_detector->setAccessibleName(tr("Detector"));
  m_detector->hide();
  m_attack->setObjectName(QStringLiteral("landscape_attack"));
  m_attack->setWordWrap(true);
  m_attack->setForegroundRole(QPalette::PlaceholderText);
  m_seed->setToolTip(tr("Of random directions, and of the attack"));
  m_shape->setSpecs(shapeSpecs(usualRange()));
  showAttack(true);
  m_rows->setContentsMargins(0, 0, 0, 0);
  m_rows->addRow(tr("&Seed"), m_seed);

  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(12, 10, 8, 10);
  column->setSpacing(6);
  column->addWidget(heading(tr("In colour")));
  column->addWidget(m_layer);
  column->addWidget(m_detector);
  column->addWidget(m_threshold);
  column->addWidget(heading(tr("Attack")));
  column->addWidget(m_attack);
  column->addWidget(m_attackForm);
  column->addWidget(heading(tr("Axes")));
  column->addWidget(m_across);
  column->addWidget(m_upwards);
  column->addWidget(m_mask);
  column->addWidget(m_shape);
  column->addLayout(m_rows);
  column->addStretch(1);

  connect(m_layer, &QComboBox::activated, this, [this] {
    m_layerTouched = true;
    m_wantedLayer.clear();
  });
  connect(m_layer, &QComboBox::currentIndexChanged, this, [this] {
    showDetectors();
    Q_EMIT layerChanged();
  });
  connect(m_detector, &QComboBox::currentIndexChanged, this, &LandscapeForm::changed);
  m_mask->hide();
  for (DirectionBox* box : {m_across, m_upwards}) {
    connect(box, &DirectionBox::changed, this, &LandscapeForm::showMask);
    connect(box, &DirectionBox::changed, this, &LandscapeForm::changed);
  }
  connect(m_mask->painter(), &MaskPainter::changed, this, &LandscapeForm::changed);
  connect(m_shape, &ParameterForm::valueChanged, this, [this](const QString& name) {
    if (name == u"range") m_rangeTouched = m_shape->values().real("range") != usualRange();
  });
  connect(m_shape, &ParameterForm::valuesChanged, this, &LandscapeForm::changed);
  connect(m_seed, &SeedBox::edited, this, &LandscapeForm::changed);
  connect(m_threshold, &ParameterForm::valuesChanged, this, &LandscapeForm::thresholdChanged);
  connect(m_attackForm, &ParameterForm::valueChanged, this,
          [this](const QString& name) { Q_EMIT attackEdited(m_attackForm->values(), name); });
}

void LandscapeForm::setLists(const LandscapeLists& lists) {
  m_lists = lists;
  m_across->setDirections(lists.directions);
  m_upwards->setDirections(lists.directions);
  const QSignalBlocker quiet(m_detector);
  m_detector->clear();
  for (const DetectorInfo& info : lists.detectors) {
    m_detector->addItem(QString::fromStdString(info.spec.title), QString::fromStdString(info.spec.name));
    m_detector->setItemData(m_detector->count() - 1, QString::fromStdString(info.spec.summary), Qt::ToolTipRole);
  }
  takeUp();
  fillLayers();
}

/// The range counts as set by a person if it was then.
void LandscapeForm::takeUp() {
  if (m_restored.empty()) return;
  m_across->choose(keptText(m_restored, "choices", "across"), keptSection(m_restored, "across"));
  m_upwards->choose(keptText(m_restored, "choices", "upwards"), keptSection(m_restored, "upwards"));
  m_mask->setText(keptText(m_restored, "choices", "mask"));
  showMask();
  m_wantedLayer = keptText(m_restored, "choices", "layer");
  m_layerTouched = !m_wantedLayer.empty();
  m_rangeTouched = keptFlag(m_restored, "choices", "range_touched", false);
  Parameters shape = keptSection(m_restored, "shape");
  if (!m_rangeTouched) shape.remove("range");
  m_shape->setValues(shape);
  const int detector = m_detector->findData(QString::fromStdString(keptText(m_restored, "choices", "detector")));
  if (detector >= 0) m_detector->setCurrentIndex(detector);
  bool isNumber = false;
  const auto seed = QString::fromStdString(keptText(m_restored, "choices", "seed")).toULongLong(&isNumber);
  if (isNumber) m_seed->setSeed(seed);
  m_restored.clear();
}

PageState LandscapeForm::state() const {
  if (!m_restored.empty()) return m_restored;  // not taken up yet
  const bool kept = m_layerTouched && m_wantedLayer.empty();
  return {{"choices",
           {{"across", m_across->name()},
            {"upwards", m_upwards->name()},
            {"mask", m_mask->text()},
            {"layer", kept ? layer().layer : m_wantedLayer},
            {"range_touched", m_rangeTouched},
            {"detector", m_detector->currentData().toString().toStdString()},
            {"seed", std::to_string(m_seed->seed())}}},
          {"across", m_across->parameters()},
          {"upwards", m_upwards->parameters()},
          {"shape", m_shape->values()}};
}

void LandscapeForm::setSubject(const LandscapeSubject& subject) {
  const bool otherModel = subject.model.id != m_subject.model.id;
  const auto kindOf = [](const LandscapeSubject& about) {
    return about.attack ? about.attack->operation + ":" + about.attack->threatModel : std::string();
  };
  const bool otherAttack = kindOf(subject) != kindOf(m_subject);
  const double lastRange = usualRange();
  m_subject = subject;
  if (!subject.image.pixels.empty()) m_mask->painter()->setImage(subject.image);
  m_across->setPossible(subject.attack.has_value(), subject.images);
  m_upwards->setPossible(subject.attack.has_value(), subject.images);
  if (otherModel) showModel();
  showAttack(otherAttack);
  if (usualRange() == lastRange) return;
  Parameters kept = m_shape->values();
  if (!m_rangeTouched) kept.set("range", usualRange());
  m_shape->setSpecs(shapeSpecs(usualRange()), kept);
}

/// A little further than the attack may go, so that its whole path is seen.
double LandscapeForm::usualRange() const {
  const double usual = m_subject.model.input.channels == 3 ? 0.1 : 0.5;
  if (!m_subject.attack || !m_subject.attack->parameters.has("epsilon")) return usual;
  const ParameterValue& value = m_subject.attack->parameters.values().at("epsilon");
  const double* epsilon = std::get_if<double>(&value);
  if (!epsilon || *epsilon <= 0) return usual;
  const double wanted = std::clamp(1.4 * *epsilon, 1e-3, 10.0);
  const double power = std::pow(10, std::floor(std::log10(wanted)) - 1);
  return std::clamp(std::round(wanted / power) * power, 1e-3, 10.0);
}

void LandscapeForm::showModel() {
  const std::optional<double> own = m_subject.model.fingerprints > 0 ? m_subject.model.threshold : std::nullopt;
  std::vector<ParameterSpec> specs;
  if (own) {
    specs.push_back(ParameterSpec::real("threshold", *own, 0, std::max(5 * *own, 1e-3), "",
                                        "τ: where the fingerprint distance is below, an image is accepted"));
  }
  m_threshold->setSpecs(specs);
  m_threshold->setVisible(own.has_value());
  fillLayers();
}

/// A slider that is being dragged must not be built anew: only another attack brings another form.
void LandscapeForm::showAttack(bool other) {
  const auto& attack = m_subject.attack;
  if (!other) {
    if (attack) m_attackForm->setValues(attack->parameters);
    return;
  }
  m_attack->setText(attack ? tr("%1, as in Explore").arg(m_subject.attackTitle)
                           : tr("None among Explore’s steps: with one its path is drawn here."));
  m_attackForm->setSpecs(attack ? m_subject.attackSpecs : std::vector<ParameterSpec>{},
                         attack ? attack->parameters : Parameters{});
  m_attackForm->setVisible(attack && !m_subject.attackSpecs.empty());
}

void LandscapeForm::fillLayers() {
  const LayerChoice last = layer();
  const bool fingerprinted = m_subject.model.fingerprints > 0;
  const QSignalBlocker quiet(m_layer);
  m_layer->clear();
  m_layers.clear();
  const auto* items = qobject_cast<QStandardItemModel*>(m_layer->model());
  for (const LandscapeValueInfo& info : m_lists.values) {
    const auto& names = m_subject.model.classNames;
    if (info.perClass && names.size() > kMostClasses) continue;
    if (info.needsDetector && m_lists.detectors.empty()) continue;
    const bool lacks = (info.needsFingerprints && !fingerprinted) ||
                       (info.needsThreshold && !m_subject.model.threshold) ||
                       (info.needsGradients && !m_subject.model.differentiable);
    const QString title = QString::fromStdString(info.spec.title);
    for (std::size_t k = 0; k < (info.perClass ? names.size() : 1); ++k) {
      LayerChoice choice{info.spec.name, info.spec.name, title};
      if (info.perClass) {
        choice.layer += "_" + std::to_string(k);
        choice.title = tr("%1: “%2”").arg(title, QString::fromStdString(names[k]));
      }
      m_layers.push_back(choice);
      m_layer->addItem(choice.title);
      const int row = m_layer->count() - 1;
      QString tip = QString::fromStdString(info.spec.summary);
      if (lacks && info.needsGradients) tip += QStringLiteral(". ") + tr("The model gives no gradients.");
      if (lacks && !info.needsGradients) tip += QStringLiteral(". ") + tr("The model has no fingerprints.");
      m_layer->setItemData(row, tip, Qt::ToolTipRole);
      if (lacks && items) items->item(row)->setEnabled(false);
    }
  }
  // What is chosen stays; else the fingerprints are what one is here for.
  int row = -1;
  const auto find = [&](const std::string& wanted) {
    for (int i = 0; i < static_cast<int>(m_layers.size()); ++i) {
      if (m_layers[static_cast<std::size_t>(i)].layer == wanted && items && items->item(i)->isEnabled()) row = i;
    }
  };
  find("cross_entropy");
  find("fingerprint_distance");
  if (m_layerTouched) find(m_wantedLayer.empty() ? last.layer : m_wantedLayer);
  m_layer->setCurrentIndex(row);
  showDetectors();
}

void LandscapeForm::showDetectors() { m_detector->setVisible(layer().value == "detector_score"); }

LayerChoice LandscapeForm::layer() const {
  const int row = m_layer->currentIndex();
  return row < 0 || row >= static_cast<int>(m_layers.size()) ? LayerChoice{} : m_layers[static_cast<std::size_t>(row)];
}

std::optional<double> LandscapeForm::threshold() const {
  const Parameters values = m_threshold->values();
  return values.has("threshold") ? std::optional(values.real("threshold")) : std::nullopt;
}

std::vector<LandscapeForm::Axes> LandscapeForm::axes() const {
  const auto component = [](std::int64_t number) { return StepRequest{"pca", {{"component", number}}}; };
  const StepRequest noise{"rademacher", {}};
  std::vector<Axes> automatic;
  if (m_subject.attack) {
    automatic.emplace_back(component(1), component(2));
    automatic.emplace_back(StepRequest{"adversarial", {}}, noise);
  }
  automatic.emplace_back(StepRequest{"gradient-sign", {}}, noise);
  automatic.emplace_back(StepRequest{"gradient-sign", {{"loss", std::string("margin")}}}, noise);
  automatic.emplace_back(StepRequest{"gaussian", {}}, noise);
  const auto across = m_across->direction();
  const auto upwards = m_upwards->direction();
  if (across && upwards) return {{*across, *upwards}};
  std::vector<Axes> wanted;
  for (Axes& pair : automatic) {
    if (across) pair.first = *across;
    if (upwards) pair.second = *upwards;
    if (pair.first == pair.second) continue;
    if (std::find(wanted.begin(), wanted.end(), pair) == wanted.end()) wanted.push_back(pair);
  }
  return wanted;
}

void LandscapeForm::showMask() { m_mask->setVisible(m_across->ofMask() || m_upwards->ofMask()); }

QString LandscapeForm::problem() const {
  const bool masked = m_across->ofMask() || m_upwards->ofMask();
  return masked && m_mask->painter()->empty() ? tr("Paint the mask on the left: where pixels are to change.")
                                              : QString();
}

void LandscapeForm::fill(LandscapeRequest& request, bool distances) const {
  if (m_across->ofMask() || m_upwards->ofMask()) request.mask = m_mask->painter()->mask();
  const Parameters shape = m_shape->values();
  request.range = shape.real("range");
  request.resolution = std::stoi(shape.text("resolution"));
  request.scale = shape.text("scale");
  request.clip = shape.boolean("clip");
  request.seed = m_seed->seed();
  request.attack = m_subject.attack;
  request.threshold = threshold();
  request.values.assign(std::begin(kAlways), std::end(kAlways));
  if (distances && m_subject.model.fingerprints > 0) request.values.emplace_back("fingerprint_distance");
  const std::string own = layer().value;
  if (std::find(request.values.begin(), request.values.end(), own) == request.values.end() && !own.empty()) {
    request.values.push_back(own);
  }
  request.detector = own == "detector_score" ? m_detector->currentData().toString().toStdString() : std::string();
}

}  // namespace whorl::ui
