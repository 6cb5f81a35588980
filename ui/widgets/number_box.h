// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QDoubleSpinBox>

#include <utility>
#include <vector>

namespace whorl::ui {

/// A number as people write it: "0.3", "1e-4", "8/255"; shown with as many digits as it needs, at most five. It takes
/// the mouse wheel only when it has the focus, so that scrolling past a form changes nothing.
class NumberBox : public QDoubleSpinBox {
  Q_OBJECT

 public:
  explicit NumberBox(QWidget* parent = nullptr);

  /// A value that means something else, and its name for people; both are taken when typed.
  void setSpecialText(double value, const QString& text);

  QString textFromValue(double value) const override;
  double valueFromText(const QString& text) const override;
  QValidator::State validate(QString& text, int& position) const override;

 protected:
  void wheelEvent(QWheelEvent* event) override;

 private:
  std::vector<std::pair<double, QString>> m_special;
};

}  // namespace whorl::ui
