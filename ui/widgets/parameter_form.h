// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QWidget>

#include <map>
#include <string>
#include <vector>

#include "core/service/types.h"

namespace whorl::ui {

/// A form drawn from declared parameters: slider and number for bounded numbers, a combo box for choices, a check box
/// for booleans; unit, help as tooltip, reset to the default.
class ParameterForm : public QWidget {
  Q_OBJECT

 public:
  explicit ParameterForm(QWidget* parent = nullptr);

  /// Rebuilds the form; values that are given and still fit are kept, the others take their defaults.
  void setSpecs(const std::vector<ParameterSpec>& specs, const Parameters& values = {});
  /// All values, resolved.
  Parameters values() const;
  /// Changes values without emitting valuesChanged.
  void setValues(const Parameters& values);

 Q_SIGNALS:
  /// A person changed something. Emitted for each movement of a slider.
  void valuesChanged();

 private:
  struct Row;
  void rebuild();

  std::vector<ParameterSpec> m_specs;
  Parameters m_values;
  std::map<std::string, std::vector<QWidget*>> m_editors;
};

}  // namespace whorl::ui
