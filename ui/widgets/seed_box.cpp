// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/seed_box.h"

#include <QKeyEvent>
#include <QValidator>

#include <limits>

namespace whorl::ui {
namespace {

class SeedValidator : public QValidator {
 public:
  using QValidator::QValidator;

  State validate(QString& text, int&) const override {
    if (text.isEmpty()) return Intermediate;
    for (const QChar digit : text) {
      if (digit < u'0' || digit > u'9') return Invalid;
    }
    bool fits = false;
    text.toULongLong(&fits);
    return fits ? Acceptable : Invalid;
  }
};

}  // namespace

SeedBox::SeedBox(QWidget* parent) : QLineEdit(parent) {
  setValidator(new SeedValidator(this));
  setText(QStringLiteral("0"));
  connect(this, &QLineEdit::editingFinished, this, &SeedBox::take);
}

void SeedBox::setSeed(std::uint64_t seed) {
  m_seed = seed;
  setText(QString::number(seed));
}

void SeedBox::keyPressEvent(QKeyEvent* event) {
  const bool up = event->key() == Qt::Key_Up;
  if (!up && event->key() != Qt::Key_Down) return QLineEdit::keyPressEvent(event);
  take();
  if (up && m_seed < std::numeric_limits<std::uint64_t>::max()) change(m_seed + 1);
  if (!up && m_seed > 0) change(m_seed - 1);
}

void SeedBox::take() {
  bool fits = false;
  const std::uint64_t seed = text().toULongLong(&fits);
  change(fits ? seed : m_seed);
}

void SeedBox::change(std::uint64_t seed) {
  const bool other = seed != m_seed;
  setSeed(seed);
  if (other) Q_EMIT edited();
}

}  // namespace whorl::ui
