// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QWidget>

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "core/service/perturbation_types.h"
#include "core/service/types.h"

class QComboBox;
class QLabel;
class QSpinBox;

namespace whorl::ui {

class ParameterForm;
class SeedBox;

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
  /// The perturbation with its values; nothing for none.
  std::optional<StepRequest> step() const;
  std::uint64_t seed() const;
  std::string measure() const;

 Q_SIGNALS:
  /// Something that an index is made of.
  void choiceChanged();
  /// One of the models: their layers are wanted.
  void modelsChanged();
  /// The perturbation, the seed or the distance.
  void queryChanged();
  void folderWanted();

 private:
  QWidget* makeImages();
  QWidget* makePerturbation();
  void fillModels();
  void sourceChosen();
  void showParameters();
  const PerturbationInfo* perturbation() const;

  SimilarLists m_lists;
  QString m_folder;
  int m_lastSource = 0;
  QComboBox* m_source;
  QSpinBox* m_count;
  std::array<QComboBox*, 2> m_models{};
  QComboBox* m_layer;
  QComboBox* m_measure;
  QComboBox* m_perturbation;
  QLabel* m_summary;
  ParameterForm* m_parameters;
  SeedBox* m_seed;
};

}  // namespace whorl::ui
