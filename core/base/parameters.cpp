// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/base/parameters.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <type_traits>
#include <utility>

#include <nlohmann/json.hpp>

#include "core/base/error.h"

namespace whorl {
namespace {

constexpr double kHuge = 1e15;  // an integer's bound beyond this says nothing to a person

std::string numberText(double value) {
  std::array<char, 64> buffer;
  const auto [end, ec] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  return ec == std::errc{} ? std::string(buffer.data(), end) : std::string("?");
}

std::string inQuotes(std::string_view text) { return "\"" + std::string(text) + "\""; }

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

template <class Number>
std::optional<Number> readWhole(std::string_view text) {
  text = trimmed(text);
  if (text.starts_with('+')) text.remove_prefix(1);
  Number value{};
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// A decimal number or a fraction of two of them: ε is usually given as 8/255.
std::optional<double> readReal(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return readWhole<double>(text);
  const auto above = readWhole<double>(text.substr(0, slash));
  const auto below = readWhole<double>(text.substr(slash + 1));
  if (!above || !below || *below == 0) return std::nullopt;
  return *above / *below;
}

std::optional<bool> readBoolean(std::string_view text) {
  text = trimmed(text);
  if (text == "true" || text == "yes" || text == "on" || text == "1") return true;
  if (text == "false" || text == "no" || text == "off" || text == "0") return false;
  return std::nullopt;
}

[[noreturn]] void refuse(const std::string& owner, const ParameterSpec& spec, std::string_view given) {
  throw Error(ErrorKind::Usage, spec.name + " must be " + allowedRange(spec) + ", not " + std::string(given), owner,
              spec.help);
}

std::string shown(const ParameterValue& value) {
  return std::holds_alternative<std::string>(value) ? inQuotes(std::get<std::string>(value)) : toText(value);
}

bool within(const ParameterSpec& spec, double value) {
  return value >= spec.minimum && value <= spec.maximum;  // false for NaN
}

template <class T>
const T& get(const std::map<std::string, ParameterValue>& values, const std::string& name) {
  const auto found = values.find(name);
  if (found == values.end()) throw Error(ErrorKind::Internal, "parameter " + name + " was not resolved");
  if (const T* value = std::get_if<T>(&found->second)) return *value;
  throw Error(ErrorKind::Internal, "parameter " + name + " is asked for as another type than it has");
}

std::string typeName(ParameterType type) {
  switch (type) {
    case ParameterType::Boolean:
      return "boolean";
    case ParameterType::Integer:
      return "integer";
    case ParameterType::Real:
      return "real";
    case ParameterType::Choice:
      return "choice";
    case ParameterType::Text:
      return "text";
  }
  return "text";
}

nlohmann::json valueJson(const ParameterValue& value) {
  return std::visit([](const auto& v) { return nlohmann::json(v); }, value);
}

nlohmann::json specJson(const ParameterSpec& spec) {
  nlohmann::json json{{"name", spec.name},
                      {"type", typeName(spec.type)},
                      {"default", valueJson(spec.defaultValue)},
                      {"unit", spec.unit},
                      {"help", spec.help}};
  if (spec.type == ParameterType::Integer || spec.type == ParameterType::Real) {
    // JSON has no infinity: a bound that isn't there is left out.
    if (std::isfinite(spec.minimum)) json["minimum"] = spec.minimum;
    if (std::isfinite(spec.maximum)) json["maximum"] = spec.maximum;
    json["logarithmic"] = spec.logarithmic;
  }
  if (spec.type == ParameterType::Choice) json["choices"] = spec.choices;
  return json;
}

ParameterSpec makeSpec(ParameterType type, std::string name, ParameterValue defaultValue, std::string help) {
  ParameterSpec spec;
  spec.type = type;
  spec.name = std::move(name);
  spec.defaultValue = std::move(defaultValue);
  spec.help = std::move(help);
  return spec;
}

}  // namespace

ParameterSpec ParameterSpec::real(std::string name, double defaultValue, double minimum, double maximum,
                                  std::string unit, std::string help) {
  ParameterSpec spec = makeSpec(ParameterType::Real, std::move(name), defaultValue, std::move(help));
  spec.minimum = minimum;
  spec.maximum = maximum;
  spec.unit = std::move(unit);
  return spec;
}

ParameterSpec ParameterSpec::integer(std::string name, std::int64_t defaultValue, std::int64_t minimum,
                                     std::int64_t maximum, std::string unit, std::string help) {
  ParameterSpec spec = makeSpec(ParameterType::Integer, std::move(name), defaultValue, std::move(help));
  spec.minimum = static_cast<double>(minimum);
  spec.maximum = static_cast<double>(maximum);
  spec.unit = std::move(unit);
  return spec;
}

ParameterSpec ParameterSpec::boolean(std::string name, bool defaultValue, std::string help) {
  return makeSpec(ParameterType::Boolean, std::move(name), defaultValue, std::move(help));
}

ParameterSpec ParameterSpec::choice(std::string name, std::string defaultValue, std::vector<std::string> choices,
                                    std::string help) {
  ParameterSpec spec = makeSpec(ParameterType::Choice, std::move(name), std::move(defaultValue), std::move(help));
  spec.choices = std::move(choices);
  return spec;
}

ParameterSpec ParameterSpec::text(std::string name, std::string defaultValue, std::string help) {
  return makeSpec(ParameterType::Text, std::move(name), std::move(defaultValue), std::move(help));
}

bool Parameters::boolean(const std::string& name) const { return get<bool>(m_values, name); }
std::int64_t Parameters::integer(const std::string& name) const { return get<std::int64_t>(m_values, name); }
const std::string& Parameters::text(const std::string& name) const { return get<std::string>(m_values, name); }

double Parameters::real(const std::string& name) const {
  const auto found = m_values.find(name);
  if (found != m_values.end() && std::holds_alternative<std::int64_t>(found->second)) {
    return static_cast<double>(std::get<std::int64_t>(found->second));
  }
  return get<double>(m_values, name);
}

ParameterValue checked(const std::string& owner, const ParameterSpec& spec, const ParameterValue& value) {
  switch (spec.type) {
    case ParameterType::Boolean:
      if (std::holds_alternative<bool>(value)) return value;
      break;
    case ParameterType::Integer:
      if (const auto* number = std::get_if<std::int64_t>(&value)) {
        if (within(spec, static_cast<double>(*number))) return value;
      }
      break;
    case ParameterType::Real: {
      std::optional<double> number;
      if (const auto* real = std::get_if<double>(&value)) number = *real;
      if (const auto* whole = std::get_if<std::int64_t>(&value)) number = static_cast<double>(*whole);
      if (number && within(spec, *number)) return *number;
      break;
    }
    case ParameterType::Choice:
      if (const auto* text = std::get_if<std::string>(&value)) {
        if (std::find(spec.choices.begin(), spec.choices.end(), *text) != spec.choices.end()) return value;
      }
      break;
    case ParameterType::Text:
      if (std::holds_alternative<std::string>(value)) return value;
      break;
  }
  refuse(owner, spec, shown(value));
}

Parameters resolve(const std::string& owner, const std::vector<ParameterSpec>& specs, const Parameters& given) {
  for (const auto& [name, value] : given.values()) {
    if (std::any_of(specs.begin(), specs.end(), [&name = name](const auto& spec) { return spec.name == name; })) {
      continue;
    }
    std::vector<std::string> known;
    known.reserve(specs.size());
    for (const ParameterSpec& spec : specs) known.push_back(spec.name);
    throw Error(ErrorKind::Usage, "there is no parameter " + inQuotes(name), owner,
                known.empty() ? "it takes none" : "it takes " + joined(known));
  }
  Parameters resolved;
  for (const ParameterSpec& spec : specs) {
    const auto found = given.values().find(spec.name);
    resolved.set(spec.name, checked(owner, spec, found == given.values().end() ? spec.defaultValue : found->second));
  }
  return resolved;
}

ParameterValue parseParameter(const std::string& owner, const ParameterSpec& spec, std::string_view text) {
  switch (spec.type) {
    case ParameterType::Boolean:
      if (const auto value = readBoolean(text)) return *value;
      break;
    case ParameterType::Integer:
      if (const auto value = readWhole<std::int64_t>(text)) return checked(owner, spec, *value);
      break;
    case ParameterType::Real:
      if (const auto value = readReal(text)) return checked(owner, spec, *value);
      break;
    case ParameterType::Choice:
    case ParameterType::Text:
      return checked(owner, spec, std::string(text));
  }
  refuse(owner, spec, inQuotes(text));
}

std::string allowedRange(const ParameterSpec& spec) {
  if (spec.type == ParameterType::Boolean) return "true or false";
  if (spec.type == ParameterType::Text) return "any text";
  if (spec.type == ParameterType::Choice) return "one of " + joined(spec.choices);
  const bool whole = spec.type == ParameterType::Integer;
  const double bound = whole ? kHuge : std::numeric_limits<double>::max();
  const std::string noun = whole ? "a whole number" : "a number";
  const std::string prefix = whole ? "a whole number " : "";
  const bool below = spec.minimum >= -bound;
  const bool above = spec.maximum <= bound;
  if (below && above) return prefix + numberText(spec.minimum) + " to " + numberText(spec.maximum);
  if (below) return noun + " of at least " + numberText(spec.minimum);
  if (above) return noun + " of at most " + numberText(spec.maximum);
  return noun;
}

std::string toText(const ParameterValue& value) {
  return std::visit(
      [](const auto& v) -> std::string {
        using T = std::decay_t<decltype(v)>;
        if constexpr (std::is_same_v<T, bool>) {
          return v ? "true" : "false";
        } else if constexpr (std::is_same_v<T, std::int64_t>) {
          return std::to_string(v);
        } else if constexpr (std::is_same_v<T, double>) {
          return numberText(v);
        } else {
          return v;
        }
      },
      value);
}

nlohmann::json toJson(const Parameters& parameters) {
  nlohmann::json object = nlohmann::json::object();
  for (const auto& [name, value] : parameters.values()) object[name] = valueJson(value);
  return object;
}

nlohmann::json toJson(const OperationSpec& spec) {
  nlohmann::json parameters = nlohmann::json::array();
  for (const ParameterSpec& parameter : spec.parameters) parameters.push_back(specJson(parameter));
  return {{"name", spec.name},
          {"title", spec.title},
          {"summary", spec.summary},
          {"reference", spec.reference},
          {"parameters", std::move(parameters)}};
}

Parameters parametersFromJson(const nlohmann::json& object) {
  if (!object.is_object()) throw Error(ErrorKind::BadInput, "parameters must be a JSON object");
  Parameters parameters;
  for (const auto& [name, value] : object.items()) {
    if (value.is_boolean()) {
      parameters.set(name, value.get<bool>());
    } else if (value.is_number_unsigned() && value.get<std::uint64_t>() > std::numeric_limits<std::int64_t>::max()) {
      throw Error(ErrorKind::BadInput, "the number of parameter " + inQuotes(name) + " is too large");
    } else if (value.is_number_integer()) {
      parameters.set(name, value.get<std::int64_t>());
    } else if (value.is_number_float()) {
      parameters.set(name, value.get<double>());
    } else if (value.is_string()) {
      parameters.set(name, value.get<std::string>());
    } else {
      throw Error(ErrorKind::BadInput,
                  "the value of parameter " + inQuotes(name) + " is not a number, text, true or false");
    }
  }
  return parameters;
}

}  // namespace whorl
