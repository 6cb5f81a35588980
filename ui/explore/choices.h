// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>
#include <QStringList>

#include <vector>

#include "core/service/types.h"

namespace whorl::ui {

// What to show when nobody has said: plain rules over the engine's lists.

/// Whether its images are here or can be made.
bool available(const DatasetInfo& info);

/// `wanted` if it can be used; otherwise the MNIST model if MNIST is here, the Glyphs model, any fingerprinted one,
/// any. Null if there is none.
const ModelInfo* chooseModel(const std::vector<ModelInfo>& models, const std::vector<DatasetInfo>& datasets,
                             const QString& wanted);

/// The available data set that a model was trained on, or the one that is most like it. Null if there is none.
const DatasetInfo* chooseDataset(const std::vector<DatasetInfo>& datasets, const ModelInfo& model,
                                 const QString& wanted = {});

/// Whether two models are looked at on the same images: two of one data set are compared on whatever is shown, a model
/// of another data set brings its own.
bool sameImages(const std::vector<DatasetInfo>& datasets, const ModelInfo& a, const ModelInfo& b);

/// Name of the data set in a model's past; "" if it isn't said.
std::string trainedOn(const ModelInfo& model);

/// In the order of the logits.
QStringList classNames(const ModelInfo& model);
const ModelInfo* findModel(const std::vector<ModelInfo>& models, const QString& id);
const DatasetInfo* findDataset(const std::vector<DatasetInfo>& datasets, const QString& name);

/// "28×28 grey", "640×480 → 32×32 colour, cropped", "640×480 colour → 28×28 grey, fitted".
QString conversionText(const ImageShape& source, const ImageShape& input, InputFit fit);

}  // namespace whorl::ui
