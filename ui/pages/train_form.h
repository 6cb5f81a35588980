// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QWidget>

#include <vector>

#include "ui/pages/train_lists.h"

class QCheckBox;
class QComboBox;
class QFormLayout;
class QLineEdit;
class QVBoxLayout;

namespace whorl::ui {

class EngineSession;
class ParameterForm;
class SeedBox;
class TrainFetch;

/// Everything that a training run needs, with the parameters drawn from their declarations. GUI thread only.
class TrainForm : public QWidget {
  Q_OBJECT

 public:
  explicit TrainForm(EngineSession* session, QWidget* parent = nullptr);

  /// Fills the lists; what was chosen is kept where it is still there, else the first preset is shown.
  void setLists(const TrainLists& lists);
  const TrainLists& lists() const { return m_lists; }

  /// What the form says, but for output and checkpoint.
  TrainRequest request() const;
  /// Shows a request, such as that of a run to be continued.
  void setRequest(const TrainRequest& request);
  /// Why a run can't start from here, in words; "" if it can.
  QString obstacle() const;

 Q_SIGNALS:
  void changed();
  /// A data set was fetched: the lists are old.
  void fetched();

 private:
  void buildRows();
  QWidget* makeSeedRow();
  void fillCombos();
  void applyPreset(int index);
  void datasetChosen(int index);
  void addFolder();
  void edited();
  void showPreset();
  void objectiveEdited(QCheckBox* box);
  void showObjective(const std::string& objective);
  void showDataset();
  void rebuildParameters();
  std::string objective() const;
  Parameters parameterValues() const;
  DatasetInfo chosenDataset() const;

  EngineSession* m_session;
  TrainLists m_lists;
  QFormLayout* m_rows;
  QComboBox* m_preset;
  QComboBox* m_dataset;
  QComboBox* m_architecture;
  QWidget* m_objectiveBox;
  QVBoxLayout* m_objectiveLines;
  std::vector<QCheckBox*> m_objectives;
  QLineEdit* m_name;
  QCheckBox* m_keepEpochs;
  SeedBox* m_seed;
  QComboBox* m_device;
  TrainFetch* m_fetch;
  QVBoxLayout* m_sections;
  std::vector<ParameterForm*> m_forms;
  std::string m_lastPreset;  ///< that was chosen last; "" for none
  TrainRequest m_asPreset;   ///< what the form said right after that
  Parameters m_given;  ///< values of all parameters that were ever shown, so that they survive a change of objective
  bool m_moreOpen = false;
  bool m_filling = false;
  int m_lastDataset = 0;
};

}  // namespace whorl::ui
