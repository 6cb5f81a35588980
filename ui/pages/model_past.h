// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QDateTime>
#include <QString>

#include <optional>
#include <vector>

#include "core/service/types.h"

namespace whorl::ui {

/// A model with what its table shows beyond ModelInfo: read from its past and from its file, by a worker.
struct ModelEntry {
  ModelInfo info;
  QString dataset;
  QString objective;
  std::optional<double> testAccuracy;  ///< 0 to 1
  QDateTime trained;                   ///< when the run began, or the file's time; may be invalid
  std::optional<std::uint64_t> bytes;  ///< of the file
};

/// For a worker: looks at the file's size and time.
ModelEntry describeModel(const ModelInfo& info);

/// A property of a model as text, such as {"Training", "Learning rate", "0.002"}.
struct ModelProperty {
  QString section;
  QString name;
  QString value;
};

/// All that is known of a model, readable, in sections: model, results, parameters, run. Lists such as the history of
/// epochs become a line each. A past that is no JSON object is one line that says so.
std::vector<ModelProperty> modelProperties(const ModelEntry& entry);

/// A line of a comparison; `values` has a text for each model, "" where it has none.
struct ComparedProperty {
  QString section;
  QString name;
  std::vector<QString> values;
  bool differs = false;
};

/// Lines up the properties of models by section and name, in the order of the first, then what only others have.
std::vector<ComparedProperty> compareModels(const std::vector<ModelEntry>& entries);

}  // namespace whorl::ui
