// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/pages/model_past.h"

#include <QCoreApplication>
#include <QFileInfo>
#include <QLocale>

#include <algorithm>
#include <set>

#include <nlohmann/json.hpp>

#include "ui/jobs/format.h"
#include "ui/widgets/parameter_form.h"

namespace whorl::ui {

namespace {

using Json = nlohmann::json;

QString tr(const char* text) { return QCoreApplication::translate("ModelPast", text); }

/// An object, whatever the text is.
Json parsePast(const std::string& text) {
  Json past = Json::parse(text, nullptr, false);
  return past.is_object() ? past : Json::object();
}

QString stringAt(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? QString::fromStdString(found->get<std::string>()) : QString();
}

QString datasetOf(const Json& past) {
  const auto data = past.find("data");
  if (data != past.end() && data->is_object()) return stringAt(*data, "name");
  return stringAt(past, "dataset");
}

QString scalarText(const std::string& key, const Json& value) {
  if (value.is_null()) return QStringLiteral("–");
  if (value.is_boolean()) return value.get<bool>() ? tr("yes") : tr("no");
  if (value.is_string()) return QString::fromStdString(value.get<std::string>());
  if (value.is_number_integer()) {
    return key == "seed" ? QString::fromStdString(value.dump()) : countText(value.get<std::int64_t>());
  }
  const double number = value.get<double>();
  if (key.ends_with("accuracy") || key.ends_with("auc")) return percentText(number);
  if (key == "seconds") return durationText(number);
  if (key.ends_with("per_second")) return countText(static_cast<std::int64_t>(number));
  return numberText(number);
}

/// "epoch 4: loss 0.012, accuracy 99.6 %"
QString objectLine(const Json& object) {
  QStringList parts;
  for (const auto& [key, value] : object.items()) {
    if (!value.is_structured()) parts << parameterTitle(key) + u' ' + scalarText(key, value);
  }
  return parts.join(QStringLiteral(", "));
}

void flatten(const QString& section, const std::string& key, const Json& value, std::vector<ModelProperty>& out) {
  const QString name = parameterTitle(key);
  if (value.is_object()) {
    const QString inner = section.isEmpty() ? name : section + QStringLiteral(", ") + name.toLower();
    for (const auto& [innerKey, innerValue] : value.items()) flatten(inner, innerKey, innerValue, out);
  } else if (value.is_array() && !value.empty() && value.front().is_object()) {
    int line = 0;
    for (const Json& item : value) out.push_back({name, tr("%1").arg(++line), objectLine(item)});
  } else if (value.is_array()) {
    QStringList parts;
    for (const Json& item : value) parts << (item.is_structured() ? QStringLiteral("…") : scalarText(key, item));
    out.push_back({section.isEmpty() ? tr("Run") : section, name, parts.join(QStringLiteral(", "))});
  } else {
    out.push_back({section.isEmpty() ? tr("Run") : section, name, scalarText(key, value)});
  }
}

void addModelFacts(const ModelEntry& entry, std::vector<ModelProperty>& out) {
  const ModelInfo& info = entry.info;
  const auto add = [&](const QString& name, const QString& value) {
    if (!value.isEmpty()) out.push_back({tr("Model"), name, value});
  };
  if (!info.problem.empty()) add(tr("Problem"), QString::fromStdString(info.problem));
  add(tr("Network"), QString::fromStdString(info.architecture));
  add(tr("Parameters"), info.parameters > 0 ? countText(info.parameters) : QString());
  if (info.input.size() > 0) add(tr("Input"), QString::fromStdString(toText(info.input)).replace(u'x', u'×'));
  QStringList classes;
  for (const std::string& name : info.classNames) classes << QString::fromStdString(name);
  add(tr("Classes"), classes.join(QStringLiteral(", ")));
  add(tr("Data set"), entry.dataset);
  add(tr("Objective"), entry.objective);
  if (entry.testAccuracy) add(tr("Test accuracy"), percentText(*entry.testAccuracy));
  add(tr("Fingerprints N"), info.fingerprints > 0 ? countText(info.fingerprints) : tr("none"));
  if (info.threshold) add(tr("Threshold τ"), numberText(*info.threshold));
  add(tr("Gradients"), info.differentiable ? tr("yes") : tr("no: gradient attacks can't be used"));
  if (entry.bytes) add(tr("Size"), bytesText(*entry.bytes));
  add(tr("SHA-256"), QString::fromStdString(info.sha256));
  add(tr("File"), QString::fromStdString(info.path));
}

}  // namespace

ModelEntry describeModel(const ModelInfo& info) {
  ModelEntry entry;
  entry.info = info;
  const Json past = parsePast(info.pastJson);
  entry.dataset = datasetOf(past);
  entry.objective = stringAt(past, "objective");
  if (const auto recipe = past.find("recipe");
      entry.objective.isEmpty() && recipe != past.end() && recipe->is_object()) {
    entry.objective = stringAt(*recipe, "objective");
  }
  const auto accuracy = past.find("test_accuracy");
  if (accuracy != past.end() && accuracy->is_number()) entry.testAccuracy = accuracy->get<double>();
  entry.trained = QDateTime::fromString(stringAt(past, "started"), Qt::ISODate);
  const QFileInfo file(QString::fromStdString(info.path));
  if (file.isFile()) {
    entry.bytes = static_cast<std::uint64_t>(file.size());
    if (!entry.trained.isValid()) entry.trained = file.lastModified();
  }
  return entry;
}

std::vector<ModelProperty> modelProperties(const ModelEntry& entry) {
  std::vector<ModelProperty> properties;
  addModelFacts(entry, properties);
  if (entry.info.pastJson.empty()) return properties;
  const Json past = Json::parse(entry.info.pastJson, nullptr, false);
  if (!past.is_object()) {
    properties.push_back({tr("Run"), tr("Past"), tr("The file's record of its past can't be read.")});
    return properties;
  }
  // Said above already.
  static const std::set<std::string> kSaid = {"test_accuracy", "objective", "architecture", "dataset", "threshold"};
  std::vector<ModelProperty> nested;
  for (const auto& [key, value] : past.items()) {
    if (!kSaid.contains(key)) flatten(QString(), key, value, value.is_structured() ? nested : properties);
  }
  // Histories are long: last.
  std::stable_partition(nested.begin(), nested.end(),
                        [](const ModelProperty& property) { return property.section != tr("History"); });
  properties.insert(properties.end(), nested.begin(), nested.end());
  return properties;
}

std::vector<ComparedProperty> compareModels(const std::vector<ModelEntry>& entries) {
  std::vector<ComparedProperty> lines;
  for (std::size_t model = 0; model < entries.size(); ++model) {
    for (const ModelProperty& property : modelProperties(entries[model])) {
      auto line = std::find_if(lines.begin(), lines.end(), [&](const ComparedProperty& known) {
        return known.section == property.section && known.name == property.name;
      });
      if (line == lines.end()) {
        // At the end of its section, so that sections stay together.
        const auto sameSection = std::find_if(lines.rbegin(), lines.rend(),
                                              [&](const auto& known) { return known.section == property.section; });
        line = lines.insert(sameSection.base() == lines.begin() ? lines.end() : sameSection.base(),
                            {property.section, property.name, std::vector<QString>(entries.size()), false});
      }
      line->values[model] = property.value;
    }
  }
  for (ComparedProperty& line : lines) {
    line.differs =
        std::any_of(line.values.begin(), line.values.end(), [&](const QString& v) { return v != line.values.front(); });
  }
  return lines;
}

}  // namespace whorl::ui
