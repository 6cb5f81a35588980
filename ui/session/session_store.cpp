// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/session/session_store.h"

#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <QSaveFile>
#include <QStandardPaths>

#include <exception>

#include <nlohmann/json.hpp>

namespace whorl::ui {
namespace {

constexpr int kVersion = 1;
constexpr qint64 kLargestFile = 1 << 20;
constexpr const char* kFits[] = {"fit", "crop", "stretch"};

InputFit fitFromName(const std::string& name) {
  if (name == "crop") return InputFit::Crop;
  return name == "stretch" ? InputFit::Stretch : InputFit::Fit;
}

nlohmann::json pageJson(const PageState& state) {
  nlohmann::json json = nlohmann::json::object();
  for (const auto& [section, values] : state) json[section] = toJson(values);
  return json;
}

PageState pageFromJson(const nlohmann::json& json) {
  PageState state;
  for (const auto& [section, values] : json.items()) state[section] = parametersFromJson(values);
  return state;
}

template <class Value>
const Value* kept(const PageState& state, const std::string& section, const std::string& name) {
  const auto found = state.find(section);
  if (found == state.end() || !found->second.has(name)) return nullptr;
  return std::get_if<Value>(&found->second.values().at(name));
}

}  // namespace

std::string keptText(const PageState& state, const std::string& section, const std::string& name,
                     const std::string& otherwise) {
  const auto* text = kept<std::string>(state, section, name);
  return text ? *text : otherwise;
}

bool keptFlag(const PageState& state, const std::string& section, const std::string& name, bool otherwise) {
  const bool* flag = kept<bool>(state, section, name);
  return flag ? *flag : otherwise;
}

Parameters keptSection(const PageState& state, const std::string& section) {
  const auto found = state.find(section);
  return found == state.end() ? Parameters{} : found->second;
}

QByteArray toJsonText(const SessionState& state) {
  nlohmann::json steps = nlohmann::json::array();
  for (const StepRequest& step : state.steps) {
    steps.push_back({{"operation", step.operation},
                     {"enabled", step.enabled},
                     {"parameters", toJson(step.parameters)},
                     {"threat_model", step.threatModel}});
  }
  const nlohmann::json json = {{"whorl_session", kVersion},
                               {"model", state.model.toStdString()},
                               {"dataset", state.dataset.toStdString()},
                               {"index", state.index},
                               {"fit", kFits[static_cast<int>(state.fit)]},
                               {"seed", state.seed},
                               {"steps", steps},
                               {"landscape", pageJson(state.landscape)},
                               {"theory", pageJson(state.theory)},
                               {"similar", pageJson(state.similar)}};
  return QByteArray::fromStdString(json.dump(2));
}

std::optional<SessionState> sessionFromJson(const QByteArray& text) {
  try {
    const auto json = nlohmann::json::parse(text.begin(), text.end());
    if (json.at("whorl_session").get<int>() != kVersion) return std::nullopt;
    SessionState state;
    state.model = QString::fromStdString(json.at("model").get<std::string>());
    state.dataset = QString::fromStdString(json.at("dataset").get<std::string>());
    state.index = std::max<std::int64_t>(0, json.at("index").get<std::int64_t>());
    state.fit = fitFromName(json.at("fit").get<std::string>());
    state.seed = json.at("seed").get<std::uint64_t>();
    for (const auto& step : json.at("steps")) {
      state.steps.push_back({step.at("operation").get<std::string>(), parametersFromJson(step.at("parameters")),
                             step.at("enabled").get<bool>(), step.value("threat_model", std::string())});
    }
    // Sessions of before these pages kept anything have none of it.
    state.landscape = pageFromJson(json.value("landscape", nlohmann::json::object()));
    state.theory = pageFromJson(json.value("theory", nlohmann::json::object()));
    state.similar = pageFromJson(json.value("similar", nlohmann::json::object()));
    return state;
  } catch (const std::exception&) {
    return std::nullopt;  // a session that can't be read is no session; nothing of the person's own is in it
  }
}

SessionStore::SessionStore(const QString& folder)
    : m_path(QDir(folder.isEmpty() ? QStandardPaths::writableLocation(QStandardPaths::AppDataLocation) : folder)
                 .filePath(QStringLiteral("session.json"))) {}

std::optional<SessionState> SessionStore::read() const {
  QFile file(m_path);
  if (!file.open(QIODevice::ReadOnly) || file.size() > kLargestFile) return std::nullopt;
  return sessionFromJson(file.readAll());
}

bool SessionStore::write(const SessionState& state) const {
  QDir().mkpath(QFileInfo(m_path).path());
  QSaveFile file(m_path);
  if (!file.open(QIODevice::WriteOnly)) return false;
  const QByteArray text = toJsonText(state);
  return file.write(text) == text.size() && file.commit();
}

}  // namespace whorl::ui
