// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/arguments.h"

#include <algorithm>
#include <set>

#include "core/base/error.h"

namespace whorl::cli {
namespace {

bool isLongOption(const std::string& token) { return token.size() > 2 && token.starts_with("--"); }

std::string typeWord(const ParameterSpec& spec) {
  switch (spec.type) {
    case ParameterType::Boolean:
      return "true|false";
    case ParameterType::Integer:
      return "INTEGER";
    case ParameterType::Real:
      return "NUMBER";
    case ParameterType::Choice:
    case ParameterType::Text:
      return "TEXT";
  }
  return "TEXT";
}

/// Single-character edits between two names (Levenshtein), for "did you mean".
std::size_t distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1])});
      diagonal = above;
    }
  }
  return row.back();
}

}  // namespace

std::string parameterName(const std::string& option) {
  std::string name = option;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

std::string optionName(const std::string& parameter) {
  std::string name = "--" + parameter;
  std::replace(name.begin(), name.end(), '_', '-');
  return name;
}

std::vector<ExtraOption> takeExtraOptions(std::vector<std::string>& arguments,
                                          const std::function<KnownOption(const std::string& name)>& known) {
  std::vector<ExtraOption> extras;
  std::vector<std::string> kept;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& token = arguments[i];
    if (!isLongOption(token)) {
      kept.push_back(token);
      continue;
    }
    const auto equals = token.find('=');
    const std::string name = token.substr(2, equals == std::string::npos ? std::string::npos : equals - 2);
    // The command's own options are accepted with underscores, too.
    const std::string canonical = optionName(parameterName(name));
    const KnownOption kind = known(canonical);
    if (kind != KnownOption::No) {
      kept.push_back(canonical + (equals == std::string::npos ? "" : token.substr(equals)));
      if (kind == KnownOption::WithValue && equals == std::string::npos && i + 1 < arguments.size()) {
        kept.push_back(arguments[++i]);
      }
    } else if (equals != std::string::npos) {
      extras.push_back({name, token.substr(equals + 1)});
    } else if (i + 1 < arguments.size() && !isLongOption(arguments[i + 1])) {
      extras.push_back({name, arguments[++i]});
    } else {
      extras.push_back({name, std::nullopt});
    }
  }
  arguments = std::move(kept);
  return extras;
}

Parameters takeParameters(const std::string& owner, const std::vector<ParameterSpec>& specs,
                          std::vector<ExtraOption>& extras) {
  Parameters parameters;
  std::vector<ExtraOption> left;
  for (auto& extra : extras) {
    const std::string name = parameterName(extra.name);
    const auto spec = std::find_if(specs.begin(), specs.end(), [&](const auto& s) { return s.name == name; });
    if (spec == specs.end()) {
      left.push_back(std::move(extra));
    } else if (parameters.has(name)) {
      throw Error(ErrorKind::Usage, optionName(name) + " is given twice", owner, "give it once");
    } else if (extra.value) {
      parameters.set(name, parseParameter(owner, *spec, *extra.value));
    } else if (spec->type == ParameterType::Boolean) {
      parameters.set(name, true);
    } else {
      throw Error(ErrorKind::Usage, optionName(name) + " needs a value", owner, allowedRange(*spec));
    }
  }
  extras = std::move(left);
  return parameters;
}

void refuseLeftOvers(const std::string& command, const std::vector<ExtraOption>& extras,
                     const std::vector<ParameterSpec>& specs) {
  if (extras.empty()) return;
  const std::string name = parameterName(extras.front().name);
  std::string nearest;
  std::size_t best = 3;  // more edits than that is another word
  for (const auto& spec : specs) {
    if (const std::size_t edits = distance(name, spec.name); edits < best) {
      best = edits;
      nearest = spec.name;
    }
  }
  throw Error(
      ErrorKind::Usage, "unknown option --" + extras.front().name, command,
      nearest.empty() ? "whorl-cli " + command + " --help lists them" : "did you mean " + optionName(nearest) + "?");
}

std::string oneLine(const std::string& text) {
  std::string line;
  const auto escape = [&](unsigned char byte) {
    constexpr const char* kDigits = "0123456789abcdef";
    line += byte == '\n'   ? "\\n"
            : byte == '\t' ? "\\t"
            : byte == '\r' ? "\\r"
                           : std::string("\\x") + kDigits[byte >> 4] + kDigits[byte & 15];
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const auto next = static_cast<unsigned char>(i + 1 < text.size() ? text[i + 1] : 0);
    if (byte < 0x20 || byte == 0x7F) {
      escape(byte);
    } else if (byte == 0xC2 && next >= 0x80 && next < 0xA0) {  // U+0080 to U+009F in UTF-8
      escape(next);
      ++i;
    } else {
      line += text[i];
    }
  }
  return line;
}

std::string repeatedOption(const std::vector<std::string>& arguments,
                           const std::function<KnownOption(const std::string& name)>& known,
                           const std::function<bool(const std::string& name)>& once) {
  std::set<std::string> seen;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (!isLongOption(arguments[i])) continue;
    const auto equals = arguments[i].find('=');
    const std::string name = arguments[i].substr(0, equals);
    const KnownOption kind = known(name);
    if (kind == KnownOption::No) continue;
    if (!seen.insert(name).second && once(name)) return name;
    if (kind == KnownOption::WithValue && equals == std::string::npos) ++i;
  }
  return {};
}

std::string rawOption(const std::vector<std::string>& arguments, const std::string& name) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i].starts_with(name + "=")) return arguments[i].substr(name.size() + 1);
    if (arguments[i] == name && i + 1 < arguments.size()) return arguments[i + 1];
  }
  return {};
}

StepText parseStep(const std::string& text) {
  StepText step;
  const auto colon = text.find(':');
  step.operation = text.substr(0, colon);
  if (step.operation.empty()) throw Error(ErrorKind::Usage, "an empty step", text, "NAME or NAME:parameter=value,…");
  if (colon == std::string::npos) return step;
  std::size_t position = colon + 1;
  while (position <= text.size()) {
    const auto comma = std::min(text.find(',', position), text.size());
    const std::string pair = text.substr(position, comma - position);
    const auto equals = pair.find('=');
    if (pair.empty()) throw Error(ErrorKind::Usage, "an empty parameter", text, "NAME:parameter=value,…");
    step.options.push_back({pair.substr(0, equals), equals == std::string::npos
                                                        ? std::nullopt
                                                        : std::optional<std::string>(pair.substr(equals + 1))});
    position = comma + 1;
  }
  return step;
}

std::string describeParameters(const std::vector<ParameterSpec>& specs) {
  std::string text;
  for (const auto& spec : specs) {
    text += "  " + optionName(spec.name) + " " + typeWord(spec);
    if (!spec.unit.empty()) text += " in " + spec.unit;
    const std::string range = spec.type == ParameterType::Boolean ? "" : allowedRange(spec);  // its type says it
    if (!range.empty()) text += ", " + range;
    const std::string standard = toText(spec.defaultValue);
    text += ", default " + (standard.empty() ? "none" : standard) + "\n      " + spec.help + "\n";
  }
  return text;
}

}  // namespace whorl::cli
