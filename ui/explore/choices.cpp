// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/explore/choices.h"

#include <QCoreApplication>

#include <nlohmann/json.hpp>

namespace whorl::ui {
namespace {

QString shapeText(const ImageShape& shape) {
  return QCoreApplication::translate("choices", "%1×%2 %3")
      .arg(shape.width)
      .arg(shape.height)
      .arg(shape.channels == 1 ? QCoreApplication::translate("choices", "grey")
                               : QCoreApplication::translate("choices", "colour"));
}

template <class Predicate>
const DatasetInfo* firstAvailable(const std::vector<DatasetInfo>& datasets, Predicate fits) {
  for (const DatasetInfo& info : datasets) {
    if (available(info) && fits(info)) return &info;
  }
  return nullptr;
}

bool usable(const ModelInfo* model) { return model && model->problem.empty(); }

}  // namespace

// docs/model-file.md
std::string trainedOn(const ModelInfo& model) {
  const auto past = nlohmann::json::parse(model.pastJson, nullptr, false);
  if (!past.is_object() || !past.contains("data") || !past["data"].is_object()) return {};
  const auto name = past["data"].find("name");
  return name != past["data"].end() && name->is_string() ? name->get<std::string>() : std::string();
}

bool available(const DatasetInfo& info) { return info.generated || !info.location.empty(); }

bool sameImages(const std::vector<DatasetInfo>& datasets, const ModelInfo& a, const ModelInfo& b) {
  return a.input == b.input && a.classNames == b.classNames && chooseDataset(datasets, a) == chooseDataset(datasets, b);
}

QStringList classNames(const ModelInfo& model) {
  QStringList names;
  for (const std::string& name : model.classNames) names << QString::fromStdString(name);
  return names;
}

const ModelInfo* findModel(const std::vector<ModelInfo>& models, const QString& id) {
  for (const ModelInfo& info : models) {
    if (QString::fromStdString(info.id) == id) return &info;
  }
  return nullptr;
}

const DatasetInfo* findDataset(const std::vector<DatasetInfo>& datasets, const QString& name) {
  for (const DatasetInfo& info : datasets) {
    if (QString::fromStdString(info.name) == name) return &info;
  }
  return nullptr;
}

const ModelInfo* chooseModel(const std::vector<ModelInfo>& models, const std::vector<DatasetInfo>& datasets,
                             const QString& wanted) {
  if (const ModelInfo* model = findModel(models, wanted); usable(model)) return model;
  const DatasetInfo* mnist = findDataset(datasets, QStringLiteral("mnist"));
  if (mnist && available(*mnist)) {
    if (const ModelInfo* model = findModel(models, QStringLiteral("mnist-fingerprint")); usable(model)) return model;
  }
  if (const ModelInfo* model = findModel(models, QStringLiteral("glyphs-fingerprint")); usable(model)) return model;
  for (const bool fingerprinted : {true, false}) {
    for (const ModelInfo& info : models) {
      if (usable(&info) && (info.fingerprints > 0 || !fingerprinted)) return &info;
    }
  }
  return nullptr;
}

const DatasetInfo* chooseDataset(const std::vector<DatasetInfo>& datasets, const ModelInfo& model,
                                 const QString& wanted) {
  if (const DatasetInfo* info = findDataset(datasets, wanted); info && available(*info)) return info;
  const std::string past = trainedOn(model);
  if (const auto* own = firstAvailable(datasets, [&](const auto& info) { return info.name == past; })) return own;
  if (const auto* named =
          firstAvailable(datasets, [&](const auto& info) { return model.name.rfind(info.name, 0) == 0; })) {
    return named;
  }
  if (const auto* alike = firstAvailable(datasets, [&](const auto& info) {
        return info.shape == model.input && info.classNames.size() == model.classNames.size();
      })) {
    return alike;
  }
  return firstAvailable(datasets, [](const auto&) { return true; });
}

QString conversionText(const ImageShape& source, const ImageShape& input, InputFit fit) {
  if (source == input) return shapeText(input);
  const bool sameColours = source.channels == input.channels;
  const QString size = QStringLiteral("%1×%2").arg(source.width).arg(source.height);
  QString text = (sameColours ? size : shapeText(source)) + QStringLiteral(" → ") + shapeText(input);
  if (source.height == input.height && source.width == input.width) return text;
  switch (fit) {
    case InputFit::Fit:
      return text + QCoreApplication::translate("choices", ", fitted");
    case InputFit::Crop:
      return text + QCoreApplication::translate("choices", ", cropped");
    case InputFit::Stretch:
      return text + QCoreApplication::translate("choices", ", stretched");
  }
  return text;
}

}  // namespace whorl::ui
