// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <charconv>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "core/base/parameters.h"

namespace whorl::cli {

/// An option that the command itself doesn't know: a parameter of the attack, objective, … that was chosen.
struct ExtraOption {
  std::string name;                  ///< as typed, without the dashes
  std::optional<std::string> value;  ///< none: a switch such as --random-start
};

/// How a command takes one of its own options.
enum class KnownOption { No, Flag, WithValue };

/// Takes options that are not `known` (with their values) out of `arguments`. A token that starts with "--" is never
/// taken for a value of an unknown option; `--name=value` says it outright.
std::vector<ExtraOption> takeExtraOptions(std::vector<std::string>& arguments,
                                          const std::function<KnownOption(const std::string& name)>& known);

/// "--step-size" and "--step_size" both name the parameter step_size.
std::string parameterName(const std::string& option);
/// "--step-size"
std::string optionName(const std::string& parameter);

/// Reads the options that `specs` declare and removes them from `extras`. Error(Usage) for values that don't fit and
/// for an option that is given twice.
Parameters takeParameters(const std::string& owner, const std::vector<ParameterSpec>& specs,
                          std::vector<ExtraOption>& extras);

/// Error(Usage) that names the first option left over, and what it may have meant.
void refuseLeftOvers(const std::string& command, const std::vector<ExtraOption>& extras,
                     const std::vector<ParameterSpec>& specs);

/// Text from files as part of one line: control characters, which would break the line or steer the terminal, become
/// escapes such as \\n and \\x1b.
std::string oneLine(const std::string& text);

/// The first option among raw arguments that is given twice though `once` says that it may be given only once; "" for
/// none. An option's value is never taken for an option.
std::string repeatedOption(const std::vector<std::string>& arguments,
                           const std::function<KnownOption(const std::string& name)>& known,
                           const std::function<bool(const std::string& name)>& once);

/// "" where `text` is a whole number that a T holds, else why not. The parser itself takes -1 for a huge unsigned
/// number and cuts what is too large down to the largest number.
template <typename T>
std::string wholeNumberProblem(const std::string& text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc() && end == text.data() + text.size()) return {};
  return "must be a whole number from " + std::to_string(std::numeric_limits<T>::min()) + " to " +
         std::to_string(std::numeric_limits<T>::max()) + ", not \"" + text + "\"";
}

/// The value of `--name VALUE` or `--name=VALUE` among raw arguments, before they are parsed; "" for none.
std::string rawOption(const std::vector<std::string>& arguments, const std::string& name);

/// One step of a stack: "jpeg", or "fgsm:epsilon=0.3,norm=linf" → operation and its options.
struct StepText {
  std::string operation;
  std::vector<ExtraOption> options;
};
StepText parseStep(const std::string& text);

/// What --help prints of parameters: option, type, unit, range, default, and its line of help.
std::string describeParameters(const std::vector<ParameterSpec>& specs);

}  // namespace whorl::cli
