// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>
#include <QStringList>
#include <QWidget>

#include <string>
#include <vector>

#include "core/service/landscape_types.h"
#include "ui/session/session_store.h"

class QComboBox;
class QLabel;
class QListWidget;

namespace whorl::ui {

class ParameterForm;
class SeedBox;

/// What the engine knows of landscapes of networks.
struct WeightLists {
  std::vector<WeightDirectionInfo> directions;
  std::vector<LandscapeValueInfo> values;
  std::vector<ModelInfo> models;
  std::vector<DatasetInfo> datasets;
};

/// Everything that a landscape of networks is made of, around one model. GUI thread only.
class WeightForm : public QWidget {
  Q_OBJECT

 public:
  explicit WeightForm(QWidget* parent = nullptr);

  void setLists(const WeightLists& lists);
  /// The network in the middle, or at the start.
  void setModel(const ModelInfo& model);
  const ModelInfo& model() const { return m_model; }

  /// What is missing, for people; "" if there is nothing.
  QString problem() const;
  /// Into a request.
  void fill(LandscapeRequest& request) const;
  /// The value in colour and its title.
  std::string layer() const;
  QString layerTitle() const;
  const WeightDirectionInfo* direction() const;
  /// Names of the other models that are chosen, in the request's order.
  QStringList otherNames() const;

  PageState state() const;
  /// What setLists() begins with; before it.
  void restore(const PageState& state) { m_restored = state; }

 Q_SIGNALS:
  /// Another landscape is wanted.
  void changed();
  /// Another value of the same landscape, which may be known.
  void layerChanged();

 private:
  void fillValues();
  void fillModels();
  void fillDatasets();
  void showDirection();
  std::vector<const ModelInfo*> others() const;

  void takeUp();

  PageState m_restored;
  QStringList m_wantedOthers;    ///< of the last session
  QString m_wantedDataset;       ///< that a person chose, now or in the last session
  std::string m_shownDirection;  ///< whose usual range stands there
  WeightLists m_lists;
  ModelInfo m_model;
  QComboBox* m_value;
  QLabel* m_name;
  QComboBox* m_direction;
  ParameterForm* m_directionForm;
  QLabel* m_othersTitle;
  QListWidget* m_others;
  QComboBox* m_dataset;
  ParameterForm* m_sample;
  ParameterForm* m_shape;
  SeedBox* m_seed;
};

}  // namespace whorl::ui
