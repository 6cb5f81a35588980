// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>
#include <QWidget>

#include <memory>
#include <string>
#include <vector>

#include "core/service/types.h"

class QGridLayout;

namespace whorl::ui {

/// "Step size" for step_size, "ε" for epsilon.
QString parameterTitle(const std::string& name);
/// "L∞" for linf, "First success" for first_success.
QString choiceTitle(const std::string& name);

/// A form drawn from declared parameters: slider and number for bounded numbers, a combo box for choices, a check box
/// for booleans; unit, help as tooltip, reset to the default. Numbers may be typed as fractions ("8/255"). Each
/// editor's objectName is its parameter's name, each slider's is that name and "_slider", each reset button's "_reset".
class ParameterForm : public QWidget {
  Q_OBJECT

 public:
  explicit ParameterForm(QWidget* parent = nullptr);
  ~ParameterForm() override;

  /// Rebuilds the form; values that are given and still fit are kept, the others take their defaults.
  void setSpecs(const std::vector<ParameterSpec>& specs, const Parameters& values = {});
  /// All values, resolved.
  Parameters values() const { return m_values; }
  /// Changes values without emitting valuesChanged. Values that don't fit, and names that aren't in the form, are left.
  void setValues(const Parameters& values);
  /// A parameter that means nothing as things are can be hidden; its value stays.
  void setRowVisible(const std::string& name, bool visible);

 Q_SIGNALS:
  /// A person changed something. Emitted for each movement of a slider.
  void valuesChanged();
  /// The same, with the parameter's name (to merge changes for undo). Emitted before valuesChanged.
  void valueChanged(const QString& name);

 private:
  struct Row;
  void addRow(const ParameterSpec& spec);
  void addNumber(Row& row, int line);
  static int specialTexts(Row& row);
  void addChoice(Row& row, int line);
  void addText(Row& row, int line);
  void addBoolean(Row& row, int line);
  void addReset(Row& row, int line);
  /// Shows the row's value in its editors, silently.
  void showValue(Row& row);
  /// A person's change.
  void edit(Row& row, const ParameterValue& value);

  QGridLayout* m_grid = nullptr;
  Parameters m_values;
  std::vector<std::unique_ptr<Row>> m_rows;
};

}  // namespace whorl::ui
