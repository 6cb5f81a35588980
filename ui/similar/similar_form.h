// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QWidget>

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "core/service/perturbation_types.h"
#include "core/service/types.h"
#include "ui/session/session_store.h"

class QComboBox;
class QSpinBox;

namespace whorl::ui {

class StepPanel;
class StepStack;

/// What is indexed, and by which models.
struct SimilarChoice {
  QString dataset;  ///< "" for the folder
  QString folder;
  std::int64_t count = 0;         ///< of the data set; 0 for all
  std::array<QString, 2> models;  ///< ids; the second may be ""
  std::string layer;

  bool operator==(const SimilarChoice&) const = default;
};

/// Lists of the engine that the page needs.
struct SimilarLists {
  std::vector<ModelInfo> models;
  std::vector<DatasetInfo> datasets;
  std::vector<PerturbationInfo> perturbations;
  std::vector<std::string> distances;
};

/// The left side of the Similar page: images, models and layer; how the query is perturbed; the distance.
class SimilarForm : public QWidget {
  Q_OBJECT

 public:
  static constexpr int kFirstCount = 1000;  ///< images that are indexed before anybody asks for more

  explicit SimilarForm(QWidget* parent = nullptr);

  /// Chooses the model that Explore begins with, another one like it, and their data set. What was chosen stays where
  /// it is still there.
  void setLists(const SimilarLists& lists);
  /// Layers that both models have; the chosen one stays if it is among them.
  void setLayers(const std::vector<std::string>& layers);
  void setFolder(const QString& folder);

  SimilarChoice choice() const;
  const SimilarLists& lists() const { return m_lists; }
  /// Null for a folder.
  const DatasetInfo* dataset() const;
  QString modelName(std::size_t which) const;
  /// What happens to the query, in order; steps that are switched off among them.
  std::vector<StepRequest> steps() const;
  StepStack* stack() const { return m_stack; }
  std::uint64_t seed() const;
  std::string measure() const;

  /// What is chosen, for the next session.
  PageState state() const;
  /// What an earlier session left: taken up with the lists, as far as it is still there.
  void restore(const PageState& state) { m_restored = state; }

 Q_SIGNALS:
  /// Something that an index is made of.
  void choiceChanged();
  /// One of the models: their layers are wanted.
  void modelsChanged();
  /// The perturbations, the seed or the distance.
  void queryChanged();
  void folderWanted();

 private:
  QWidget* makeImages();
  QWidget* makePerturbation();
  void fillModels();
  void sourceChosen();
  void insertFolder(const QString& folder);
  void takeUp();
  void takeUpSteps(const PageState& kept);

  SimilarLists m_lists;
  QString m_folder;
  int m_lastSource = 0;
  QComboBox* m_source;
  QSpinBox* m_count;
  std::array<QComboBox*, 2> m_models{};
  QComboBox* m_layer;
  QComboBox* m_measure;
  StepStack* m_stack;
  StepPanel* m_steps;
  PageState m_restored;
  QString m_wantedLayer;  ///< of an earlier session, until the layers are there
  bool m_listed = false;
};

}  // namespace whorl::ui
