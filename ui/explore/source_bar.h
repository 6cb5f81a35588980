// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QWidget>

#include <vector>

#include "core/service/types.h"

class QComboBox;
class QHBoxLayout;
class QLabel;

namespace whorl::ui {

class CommandRegistry;

/// What is looked at, and with which model: model, images, how images are made to fit.
class SourceBar : public QWidget {
  Q_OBJECT

 public:
  explicit SourceBar(CommandRegistry* commands, QWidget* parent = nullptr);

  /// Lists; none of these emits. Broken models are listed but can't be chosen.
  void setModels(const std::vector<ModelInfo>& models, const QString& current);
  /// `files`: whether there are opened files to go back to; `current` "" means them. `attacked`: title of attacked
  /// images that were opened, "" for none.
  void setDatasets(const std::vector<DatasetInfo>& datasets, bool files, const QString& attacked,
                   const QString& current);
  void setFit(InputFit fit);
  InputFit fit() const;

 Q_SIGNALS:
  void modelChosen(const QString& id);
  /// "" for the opened files, ImageSource::kAttacked for attacked images.
  void datasetChosen(const QString& name);
  void fitChosen(whorl::InputFit fit);

 private:
  QComboBox* addCombo(QHBoxLayout* row, const QString& label, const QString& name, const QString& tip);

  QComboBox* m_models;
  QComboBox* m_datasets;
  QComboBox* m_fit;
};

}  // namespace whorl::ui
