// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/experiment/table_reader.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/base/utf8.h"

namespace whorl {
namespace {

constexpr std::size_t kLongestText = 20'000;
constexpr std::size_t kLongestName = 80;

const char* typeOf(const TomlNode& node) {
  static const char* const names[] = {"true or false", "a whole number", "a number", "a text", "a list", "a table"};
  return names[node.value.index()];
}

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

}  // namespace

bool isRecipeName(const std::string& name) {
  if (name.empty() || name.size() > kLongestName || !isUtf8(name) || name.front() == ' ' || name.back() == ' ') {
    return false;
  }
  return std::none_of(name.begin(), name.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }) &&
         name.find_first_of("/*") == std::string::npos;
}

ParameterValue parameterValue(const TomlNode& node, const std::string& where, const std::string& name) {
  if (const auto* flag = std::get_if<bool>(&node.value)) return *flag;
  if (const auto* whole = std::get_if<std::int64_t>(&node.value)) return *whole;
  if (const auto* number = std::get_if<double>(&node.value)) return *number;
  if (const auto* text = std::get_if<std::string>(&node.value)) return *text;
  throw Error(ErrorKind::BadInput, "a parameter is true or false, a number or a text, not " + std::string(typeOf(node)),
              where + ": " + name);
}

TableReader::TableReader(const TomlNode& node, std::string file, std::string what)
    : m_table(node.table()), m_line(node.line), m_file(std::move(file)), m_what(std::move(what)) {
  if (!m_table) refuse(m_line, m_what + " must be a table, not " + typeOf(node));
}

void TableReader::refuse(int line, const std::string& message, const std::string& hint) const {
  throw Error(ErrorKind::BadInput, message, m_file + ":" + std::to_string(line), hint);
}

const TomlNode* TableReader::node(const std::string& key) {
  m_known.push_back(key);
  return find(*m_table, key);
}

template <class T>
const T& TableReader::as(const TomlNode& node, const std::string& key, const char* type) const {
  if (const auto* value = std::get_if<T>(&node.value)) return *value;
  refuse(node.line, key + " must be " + type + ", not " + typeOf(node));
}

bool TableReader::has(const std::string& key) { return find(*m_table, key) != nullptr; }

std::string TableReader::text(const std::string& key, const std::string& missing) {
  const TomlNode* found = node(key);
  if (!found) return missing;
  const auto& value = as<std::string>(*found, key, "a text");
  if (value.size() > kLongestText) refuse(found->line, key + " is too long");
  return value;
}

std::string TableReader::requiredText(const std::string& key) {
  if (!has(key)) refuse(m_line, m_what + " needs " + key);
  std::string value = text(key);
  if (value.empty()) refuse(m_line, m_what + ": " + key + " must not be empty");
  return value;
}

std::int64_t TableReader::integer(const std::string& key, std::int64_t missing, std::int64_t least, std::int64_t most) {
  const TomlNode* found = node(key);
  if (!found) return missing;
  const auto value = as<std::int64_t>(*found, key, "a whole number");
  if (value < least || value > most) {
    refuse(found->line, key + " lies in " + std::to_string(least) + " to " + std::to_string(most) + ", not at " +
                            std::to_string(value));
  }
  return value;
}

double TableReader::numberOf(const TomlNode& node, const std::string& key, double least, double most) const {
  const auto* whole = std::get_if<std::int64_t>(&node.value);
  const double value = whole ? static_cast<double>(*whole) : as<double>(node, key, "a number");
  if (!(value >= least && value <= most)) {
    refuse(node.line, key + " lies in " + toText(least) + " to " + toText(most) + ", not at " + toText(value));
  }
  return value;
}

double TableReader::number(const std::string& key, double missing, double least, double most) {
  const TomlNode* found = node(key);
  return found ? numberOf(*found, key, least, most) : missing;
}

bool TableReader::boolean(const std::string& key, bool missing) {
  const TomlNode* found = node(key);
  return found ? as<bool>(*found, key, "true or false") : missing;
}

std::string TableReader::choice(const std::string& key, const std::string& missing,
                                const std::vector<std::string>& choices) {
  const std::string value = text(key, missing);
  if (value == missing || std::find(choices.begin(), choices.end(), value) != choices.end()) return value;
  refuse(find(*m_table, key)->line, key + " is one of " + listed(choices) + ", not \"" + value + "\"");
}

std::vector<std::string> TableReader::texts(const std::string& key) {
  const TomlNode* found = node(key);
  std::vector<std::string> values;
  if (!found) return values;
  for (const TomlNode& entry : as<TomlArray>(*found, key, "a list of texts")) {
    values.push_back(as<std::string>(entry, key, "a list of texts"));
    if (values.back().size() > kLongestText) refuse(entry.line, key + " holds a text that is too long");
  }
  return values;
}

std::vector<double> TableReader::numbers(const std::string& key, double least, double most) {
  const TomlNode* found = node(key);
  std::vector<double> values;
  if (!found) return values;
  for (const TomlNode& entry : as<TomlArray>(*found, key, "a list of numbers")) {
    values.push_back(numberOf(entry, key, least, most));
    if (std::count(values.begin(), values.end(), values.back()) > 1) {
      refuse(entry.line, key + " holds " + toText(values.back()) + " twice");
    }
  }
  if (values.empty()) refuse(found->line, key + " is an empty list", "leave it out");
  return values;
}

Parameters TableReader::parameters(const std::string& key) {
  Parameters values;
  const TomlTable* entries = table(key);
  if (!entries) return values;
  for (const auto& [name, node] : *entries) {
    values.set(name, parameterValue(node, m_file + ":" + std::to_string(node.line), name));
  }
  return values;
}

const TomlTable* TableReader::table(const std::string& key) {
  const TomlNode* found = node(key);
  return found ? &as<TomlTable>(*found, key, "a table") : nullptr;
}

std::vector<const TomlNode*> TableReader::tables(const std::string& key) {
  const TomlNode* found = node(key);
  std::vector<const TomlNode*> entries;
  if (!found) return entries;
  for (const TomlNode& entry : as<TomlArray>(*found, key, "a list of tables")) {
    if (!entry.table()) refuse(entry.line, key + " must be a list of tables", "write [[" + key + "]]");
    entries.push_back(&entry);
  }
  return entries;
}

void TableReader::done() const {
  for (const auto& [key, node] : *m_table) {
    if (std::find(m_known.begin(), m_known.end(), key) != m_known.end()) continue;
    refuse(node.line, m_what + " has no key \"" + key + "\"", "known: " + listed(m_known));
  }
}

}  // namespace whorl
