// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/number_box.h"

#include <QRegularExpression>
#include <QWheelEvent>

#include <optional>

namespace whorl::ui {
namespace {

std::optional<double> number(const QLocale& locale, const QString& text) {
  bool ok = false;
  double value = locale.toDouble(text, &ok);
  if (!ok) value = QLocale::c().toDouble(text, &ok);
  return ok ? std::optional<double>(value) : std::nullopt;
}

std::optional<double> parse(const QLocale& locale, QString text) {
  text = text.trimmed();
  const auto slash = text.indexOf(QLatin1Char('/'));
  if (slash < 0) return number(locale, text);
  const auto above = number(locale, text.left(slash).trimmed());
  const auto below = number(locale, text.mid(slash + 1).trimmed());
  if (!above || !below || *below == 0) return std::nullopt;
  return *above / *below;
}

}  // namespace

NumberBox::NumberBox(QWidget* parent) : QDoubleSpinBox(parent) {
  setDecimals(10);
  setKeyboardTracking(false);
  setFocusPolicy(Qt::StrongFocus);
  setCorrectionMode(QAbstractSpinBox::CorrectToPreviousValue);
  QLocale plain = locale();
  plain.setNumberOptions(QLocale::OmitGroupSeparator);
  setLocale(plain);
}

void NumberBox::setSpecialText(double value, const QString& text) {
  m_special.emplace_back(value, text);
  setSuffix(suffix());  // writes the value again
}

QString NumberBox::textFromValue(double value) const {
  for (const auto& [special, text] : m_special) {
    if (value == special) return text;
  }
  return decimals() == 0 ? locale().toString(value, 'f', 0) : locale().toString(value, 'g', 5);
}

double NumberBox::valueFromText(const QString& text) const {
  for (const auto& [value, name] : m_special) {
    if (text.startsWith(name)) return value;
  }
  return parse(locale(), text.chopped(suffix().size() <= text.size() && text.endsWith(suffix()) ? suffix().size() : 0))
      .value_or(value());
}

QValidator::State NumberBox::validate(QString& text, int&) const {
  QString bare = text;
  if (!suffix().isEmpty() && bare.endsWith(suffix())) bare.chop(suffix().size());
  for (const auto& [value, name] : m_special) {
    if (bare == name) return QValidator::Acceptable;
    if (!bare.isEmpty() && name.startsWith(bare)) return QValidator::Intermediate;
  }
  if (const auto value = parse(locale(), bare)) {
    return *value >= minimum() && *value <= maximum() ? QValidator::Acceptable : QValidator::Intermediate;
  }
  static const QRegularExpression kTyping(QStringLiteral("^[-+0-9.,eE/ ]*$"));
  return kTyping.match(bare).hasMatch() ? QValidator::Intermediate : QValidator::Invalid;
}

void NumberBox::wheelEvent(QWheelEvent* event) {
  if (hasFocus()) {
    QDoubleSpinBox::wheelEvent(event);
  } else {
    event->ignore();
  }
}

}  // namespace whorl::ui
