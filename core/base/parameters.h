// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace whorl {

using ParameterValue = std::variant<bool, std::int64_t, double, std::string>;

enum class ParameterType { Boolean, Integer, Real, Choice, Text };

/// One declared parameter. The command line's options, the window's forms, the recipes and the tables in docs/ are all
/// drawn from it; none of them lists parameters by hand.
struct ParameterSpec {
  std::string name;  ///< snake_case, of the list in docs/parameters.md
  ParameterType type = ParameterType::Real;
  ParameterValue defaultValue = 0.0;
  double minimum = 0;  ///< numbers only, inclusive
  double maximum = 0;
  std::string unit;                  ///< "" for none; "[0,1]" for pixel values
  std::string help;                  ///< one line
  std::vector<std::string> choices;  ///< Choice only
  bool logarithmic = false;          ///< a slider should move in powers

  static ParameterSpec real(std::string name, double defaultValue, double minimum, double maximum, std::string unit,
                            std::string help);
  static ParameterSpec integer(std::string name, std::int64_t defaultValue, std::int64_t minimum, std::int64_t maximum,
                               std::string unit, std::string help);
  static ParameterSpec boolean(std::string name, bool defaultValue, std::string help);
  static ParameterSpec choice(std::string name, std::string defaultValue, std::vector<std::string> choices,
                              std::string help);
  static ParameterSpec text(std::string name, std::string defaultValue, std::string help);
};

/// The values of some parameters, by name.
class Parameters {
 public:
  Parameters() = default;
  Parameters(std::initializer_list<std::pair<const std::string, ParameterValue>> values) : m_values(values) {}

  bool has(const std::string& name) const { return m_values.contains(name); }
  void set(const std::string& name, ParameterValue value) { m_values[name] = std::move(value); }
  void remove(const std::string& name) { m_values.erase(name); }

  /// The value of a parameter that is there with that type (an integer is accepted where a real number is asked for);
  /// Error(Internal) otherwise: resolve() was not called.
  bool boolean(const std::string& name) const;
  std::int64_t integer(const std::string& name) const;
  double real(const std::string& name) const;
  const std::string& text(const std::string& name) const;

  const std::map<std::string, ParameterValue>& values() const { return m_values; }
  bool operator==(const Parameters&) const = default;

 private:
  std::map<std::string, ParameterValue> m_values;
};

/// A noun's self-description: an attack, a perturbation, a detector, an objective, an architecture.
struct OperationSpec {
  std::string name;       ///< kebab-case, unique among its kind
  std::string title;      ///< for people
  std::string summary;    ///< one sentence
  std::string reference;  ///< where it is from: authors, year, section
  std::vector<ParameterSpec> parameters;
};

/// Fills in defaults and checks each given value: unknown names, wrong types, values out of range or NaN end in
/// Error(Usage) that names `owner`, the parameter and the allowed range.
Parameters resolve(const std::string& owner, const std::vector<ParameterSpec>& specs, const Parameters& given);

/// Checks one value; converts an integer to a real number where the declaration asks for one.
ParameterValue checked(const std::string& owner, const ParameterSpec& spec, const ParameterValue& value);

/// Reads a value from text such as "0.3", "8/255", "true", "linf". Error(Usage) if it is none.
ParameterValue parseParameter(const std::string& owner, const ParameterSpec& spec, std::string_view text);

/// "0 to 1", "one of linf, l2": for messages, help and docs.
std::string allowedRange(const ParameterSpec& spec);

/// Shortest text that reads back as the same value.
std::string toText(const ParameterValue& value);

nlohmann::json toJson(const Parameters& parameters);
nlohmann::json toJson(const OperationSpec& spec);
/// Values of a JSON object; Error(BadInput) for arrays, objects and null.
Parameters parametersFromJson(const nlohmann::json& object);

}  // namespace whorl
