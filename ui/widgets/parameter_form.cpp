// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/parameter_form.h"

#include <QCheckBox>
#include <QComboBox>
#include <QGridLayout>
#include <QLabel>
#include <QLineEdit>
#include <QSignalBlocker>
#include <QSlider>
#include <QToolButton>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "ui/widgets/number_box.h"

namespace whorl::ui {
namespace {

constexpr int kSliderSteps = 1000;
/// Numbers with a wider range than this (seeds) get no slider: one pixel would be thousands.
constexpr double kWidestSlider = 1e5;

QString words(const std::string& name) {
  QString text = QString::fromStdString(name);
  text.replace(QLatin1Char('_'), QLatin1Char(' ')).replace(QLatin1Char('-'), QLatin1Char(' '));
  if (!text.isEmpty()) text[0] = text[0].toUpper();
  return text;
}

bool isNumber(const ParameterSpec& spec) {
  return spec.type == ParameterType::Integer || spec.type == ParameterType::Real;
}

double toDouble(const ParameterValue& value) {
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return static_cast<double>(*integer);
  if (const auto* real = std::get_if<double>(&value)) return *real;
  return 0;
}

ParameterValue toValue(const ParameterSpec& spec, double number) {
  if (spec.type == ParameterType::Integer) return static_cast<std::int64_t>(std::llround(number));
  return number;
}

int sliderSteps(const ParameterSpec& spec) {
  const double range = spec.maximum - spec.minimum;
  return spec.type == ParameterType::Integer && range <= kSliderSteps ? static_cast<int>(range) : kSliderSteps;
}

/// A slider that moves in powers needs a positive start; from zero it moves with the cube.
double fromFraction(const ParameterSpec& spec, double fraction) {
  if (spec.logarithmic && spec.minimum > 0) return spec.minimum * std::pow(spec.maximum / spec.minimum, fraction);
  if (spec.logarithmic) fraction = fraction * fraction * fraction;
  return spec.minimum + (spec.maximum - spec.minimum) * fraction;
}

double toFraction(const ParameterSpec& spec, double number) {
  if (spec.logarithmic && spec.minimum > 0) {
    return std::log(std::max(number, spec.minimum) / spec.minimum) / std::log(spec.maximum / spec.minimum);
  }
  const double fraction = (number - spec.minimum) / (spec.maximum - spec.minimum);
  return spec.logarithmic ? std::cbrt(fraction) : fraction;
}

/// Two significant digits more than the slider can show, so that 0.3 reads as 0.3.
double rounded(const ParameterSpec& spec, double number) {
  if (number == 0) return 0;
  const double step = std::pow(10.0, std::floor(std::log10(std::abs(number))) - 2);
  return std::clamp(std::round(number / step) * step, spec.minimum, spec.maximum);
}

QString tooltip(const ParameterSpec& spec) {
  QString text = QString::fromStdString(spec.help).toHtmlEscaped();
  if (!spec.unit.empty()) text += QStringLiteral("<br>Unit: %1").arg(QString::fromStdString(spec.unit).toHtmlEscaped());
  text +=
      QStringLiteral("<br><small>%1 · default %2 · <code>%3</code></small>")
          .arg(QString::fromStdString(allowedRange(spec)).toHtmlEscaped(),
               QString::fromStdString(toText(spec.defaultValue)).toHtmlEscaped(), QString::fromStdString(spec.name));
  return QStringLiteral("<p>%1</p>").arg(text);
}

/// Numbers that stand for something else, as the parameters' help says.
std::vector<std::pair<double, QString>> specialValues(const ParameterSpec& spec) {
  std::vector<std::pair<double, QString>> named;
  const auto add = [&](double value, const char* text) {
    if (spec.minimum <= value && value <= spec.maximum) named.emplace_back(value, ParameterForm::tr(text));
  };
  if (spec.name == "step_size") add(0, QT_TR_NOOP("automatic"));
  if (spec.name == "target") {
    add(-1, QT_TR_NOOP("drawn at random"));
    add(-2, QT_TR_NOOP("next class"));
  }
  return named;
}

}  // namespace

QString parameterTitle(const std::string& name) {
  static const std::map<std::string, const char*> kTitles = {
      {"epsilon", QT_TR_NOOP("ε (size)")},
      {"fingerprints", QT_TR_NOOP("Fingerprints")},
      {"fingerprints_per_step", QT_TR_NOOP("Fingerprints a step")},
      {"fingerprint_epsilon", QT_TR_NOOP("Shift size")},
      {"fingerprint_weight", QT_TR_NOOP("Loss weight")},
      {"adversarial_weight", QT_TR_NOOP("Loss weight")},
      {"dx_law", QT_TR_NOOP("Shift law")},
      {"dy_sign", QT_TR_NOOP("Answer sign")},
      {"alpha", QT_TR_NOOP("Answer, others")},
      {"beta", QT_TR_NOOP("Answer, own class")},
      {"dy_scale", QT_TR_NOOP("Answer scale")},
      {"beta2", QT_TR_NOOP("Adam’s β₂")},
      {"detector_weight_search", QT_TR_NOOP("Weight search")},
      {"detector_weight_low", QT_TR_NOOP("Lowest weight")},
      {"detector_weight_high", QT_TR_NOOP("Highest weight")},
      {"detector_weight_scale", QT_TR_NOOP("Search scale")},
      {"detector_weight_decay", QT_TR_NOOP("Weight’s end")},
      {"detector_measure", QT_TR_NOOP("Measure")},
      {"detector_class", QT_TR_NOOP("Accepting class")},
      {"detector_hinge", QT_TR_NOOP("Good enough at")},
      {"detector_gradient", QT_TR_NOOP("Gradient rule")},
      {"detector_warm_start", QT_TR_NOOP("Warm start")},
      {"target_candidates", QT_TR_NOOP("Targets tried")},
  };
  const auto found = kTitles.find(name);
  return found == kTitles.end() ? words(name) : ParameterForm::tr(found->second);
}

QString choiceTitle(const std::string& name) {
  if (name == "linf") return QStringLiteral("L∞ (each pixel)");
  if (name == "l2") return QStringLiteral("L2 (Euclidean)");
  if (name == "l1") return QStringLiteral("L1 (sum)");
  if (name == "l0") return QStringLiteral("L0 (number of pixels)");
  if (name == "uniform_positive") return ParameterForm::tr("Uniform, 0 to size");
  if (name == "uniform") return ParameterForm::tr("Uniform, ± size");
  if (name == "gaussian") return ParameterForm::tr("Normal (Gaussian)");
  return words(name);
}

struct ParameterForm::Row {
  ParameterSpec spec;
  QLabel* label = nullptr;
  NumberBox* number = nullptr;
  QSlider* slider = nullptr;
  QComboBox* choice = nullptr;
  QCheckBox* check = nullptr;
  QLineEdit* text = nullptr;
  QToolButton* reset = nullptr;
  bool hidden = false;
};

ParameterForm::ParameterForm(QWidget* parent) : QWidget(parent) {
  m_grid = new QGridLayout(this);
  m_grid->setContentsMargins(0, 0, 0, 0);
  m_grid->setHorizontalSpacing(8);
  m_grid->setVerticalSpacing(4);
  m_grid->setColumnStretch(1, 1);
}

ParameterForm::~ParameterForm() = default;

void ParameterForm::setSpecs(const std::vector<ParameterSpec>& specs, const Parameters& values) {
  while (QLayoutItem* item = m_grid->takeAt(0)) {
    if (QWidget* widget = item->widget()) {
      widget->disconnect(this);  // hiding it may commit a number that was being typed
      widget->hide();
      widget->deleteLater();  // the change may come from one of these
    }
    delete item;
  }
  m_rows.clear();
  m_values = {};
  for (const ParameterSpec& spec : specs) addRow(spec);
  setValues(values);
}

void ParameterForm::setValues(const Parameters& values) {
  for (const auto& row : m_rows) {
    const auto found = values.values().find(row->spec.name);
    if (found != values.values().end()) {
      try {
        m_values.set(row->spec.name, checked("form", row->spec, found->second));
      } catch (const Error&) {
        // The contract: a value that no longer fits leaves the one that is there.
      }
    }
    showValue(*row);
  }
}

void ParameterForm::setRowVisible(const std::string& name, bool visible) {
  for (const auto& row : m_rows) {
    if (row->spec.name != name) continue;
    row->hidden = !visible;
    QSizePolicy policy = row->reset->sizePolicy();
    policy.setRetainSizeWhenHidden(visible);
    row->reset->setSizePolicy(policy);
    for (QWidget* part :
         std::initializer_list<QWidget*>{row->label, row->number, row->slider, row->choice, row->check, row->text}) {
      if (part) part->setVisible(visible);
    }
    showValue(*row);
  }
}

void ParameterForm::addRow(const ParameterSpec& spec) {
  auto owned = std::make_unique<Row>();
  Row& row = *owned;
  row.spec = spec;
  m_values.set(spec.name, spec.defaultValue);
  const int line = static_cast<int>(m_rows.size());
  row.label = new QLabel(parameterTitle(spec.name), this);
  m_grid->addWidget(row.label, line, 0);
  if (isNumber(spec)) {
    addNumber(row, line);
  } else if (spec.type == ParameterType::Choice) {
    addChoice(row, line);
  } else if (spec.type == ParameterType::Boolean) {
    addBoolean(row, line);
  } else {
    addText(row, line);
  }
  addReset(row, line);

  const QString title = parameterTitle(spec.name);
  const QString tip = tooltip(spec);
  row.label->setToolTip(tip);
  for (QWidget* editor : std::initializer_list<QWidget*>{row.number, row.choice, row.check, row.text}) {
    if (!editor) continue;
    editor->setObjectName(QString::fromStdString(spec.name));
    editor->setAccessibleName(title);
    editor->setAccessibleDescription(QString::fromStdString(spec.help));
    editor->setToolTip(tip);
    row.label->setBuddy(editor);
  }
  m_rows.push_back(std::move(owned));
}

void ParameterForm::addNumber(Row& row, int line) {
  row.number = new NumberBox(this);
  if (row.spec.type == ParameterType::Integer) row.number->setDecimals(0);
  row.number->setRange(row.spec.minimum, row.spec.maximum);
  row.number->setStepType(row.spec.type == ParameterType::Integer && !row.spec.logarithmic
                              ? QAbstractSpinBox::DefaultStepType
                              : QAbstractSpinBox::AdaptiveDecimalStepType);
  // "[0,1]" is the scale of pixel values, not a unit to be read after each number; the tooltip says it.
  if (!row.spec.unit.empty() && row.spec.unit != "[0,1]") {
    row.number->setSuffix(QLatin1Char(' ') + QString::fromStdString(row.spec.unit));
  }
  connect(row.number, &QDoubleSpinBox::valueChanged, this,
          [this, &row](double number) { edit(row, toValue(row.spec, number)); });
  const double range = row.spec.maximum - row.spec.minimum;
  if (range <= 0 || range > kWidestSlider) {
    m_grid->addWidget(row.number, line, 1, 1, 2);
    return;
  }
  const int widest = specialTexts(row);
  row.number->setMinimumWidth(std::max(88, widest));
  row.number->setMaximumWidth(std::max(110, widest));
  row.slider = new QSlider(Qt::Horizontal, this);
  row.slider->setObjectName(QString::fromStdString(row.spec.name) + QStringLiteral("_slider"));
  row.slider->setAccessibleName(parameterTitle(row.spec.name));
  row.slider->setToolTip(tooltip(row.spec));
  row.slider->setRange(0, sliderSteps(row.spec));
  row.slider->setMinimumWidth(56);
  row.slider->setFocusPolicy(Qt::StrongFocus);
  connect(row.slider, &QSlider::valueChanged, this, [this, &row](int position) {
    const double number = fromFraction(row.spec, position / static_cast<double>(row.slider->maximum()));
    edit(row, toValue(row.spec, rounded(row.spec, number)));
  });
  m_grid->addWidget(row.slider, line, 1);
  m_grid->addWidget(row.number, line, 2);
}

/// Names the values that mean something else; returns how much room the names need, 0 for none.
int ParameterForm::specialTexts(Row& row) {
  constexpr int kArrows = 34;  // and margins
  int widest = 0;
  for (const auto& [value, text] : specialValues(row.spec)) {
    row.number->setSpecialText(value, text);
    widest = std::max(widest, row.number->fontMetrics().horizontalAdvance(text) + kArrows);
  }
  return widest;
}

void ParameterForm::addChoice(Row& row, int line) {
  row.choice = new QComboBox(this);
  for (const std::string& choice : row.spec.choices) {
    row.choice->addItem(choiceTitle(choice), QString::fromStdString(choice));
  }
  row.choice->setFocusPolicy(Qt::StrongFocus);
  row.choice->setMinimumContentsLength(6);
  row.choice->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
  connect(row.choice, &QComboBox::currentIndexChanged, this,
          [this, &row](int) { edit(row, row.choice->currentData().toString().toStdString()); });
  m_grid->addWidget(row.choice, line, 1, 1, 2);
}

void ParameterForm::addBoolean(Row& row, int line) {
  row.check = new QCheckBox(this);
  connect(row.check, &QCheckBox::toggled, this, [this, &row](bool on) { edit(row, on); });
  m_grid->addWidget(row.check, line, 1, 1, 2);
}

void ParameterForm::addText(Row& row, int line) {
  row.text = new QLineEdit(this);
  connect(row.text, &QLineEdit::textEdited, this, [this, &row](const QString& text) { edit(row, text.toStdString()); });
  m_grid->addWidget(row.text, line, 1, 1, 2);
}

void ParameterForm::addReset(Row& row, int line) {
  row.reset = new QToolButton(this);
  row.reset->setText(QStringLiteral("↺"));
  row.reset->setAutoRaise(true);
  row.reset->setObjectName(QString::fromStdString(row.spec.name) + QStringLiteral("_reset"));
  const QString tip = tr("Back to the default, %1").arg(QString::fromStdString(toText(row.spec.defaultValue)));
  row.reset->setToolTip(tip);
  row.reset->setAccessibleName(tr("Reset %1").arg(parameterTitle(row.spec.name)));
  QSizePolicy policy = row.reset->sizePolicy();
  policy.setRetainSizeWhenHidden(true);
  row.reset->setSizePolicy(policy);
  connect(row.reset, &QToolButton::clicked, this, [this, &row] { edit(row, row.spec.defaultValue); });
  m_grid->addWidget(row.reset, line, 3);
}

void ParameterForm::showValue(Row& row) {
  const ParameterValue& value = m_values.values().at(row.spec.name);
  if (row.number) {
    const QSignalBlocker quiet(row.number);
    row.number->setValue(toDouble(value));
  }
  if (row.slider && !row.slider->isSliderDown()) {
    const QSignalBlocker quiet(row.slider);
    row.slider->setValue(static_cast<int>(std::lround(toFraction(row.spec, toDouble(value)) * row.slider->maximum())));
  }
  if (row.choice) {
    const QSignalBlocker quiet(row.choice);
    row.choice->setCurrentIndex(row.choice->findData(QString::fromStdString(std::get<std::string>(value))));
  }
  if (row.check) {
    const QSignalBlocker quiet(row.check);
    row.check->setChecked(std::get<bool>(value));
  }
  if (row.text) {
    const QSignalBlocker quiet(row.text);
    const QString text = QString::fromStdString(std::get<std::string>(value));
    if (row.text->text() != text) row.text->setText(text);
  }
  row.reset->setVisible(!row.hidden && value != row.spec.defaultValue);
}

void ParameterForm::edit(Row& row, const ParameterValue& value) {
  if (m_values.values().at(row.spec.name) == value) return;
  m_values.set(row.spec.name, value);
  showValue(row);
  Q_EMIT valueChanged(QString::fromStdString(row.spec.name));
  Q_EMIT valuesChanged();
}

}  // namespace whorl::ui
