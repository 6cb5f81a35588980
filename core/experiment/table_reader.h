// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/parameters.h"
#include "core/experiment/toml_document.h"

namespace whorl {

/// Takes the values of one table by name and type; what was not asked for is an error at the end. All errors are
/// Error(BadInput) with FILE:LINE.
class TableReader {
 public:
  /// `what` names the table in messages, such as "[[attack]]". References stay valid as long as `node` does.
  TableReader(const TomlNode& node, std::string file, std::string what);

  int line() const { return m_line; }
  bool has(const std::string& key);

  std::string text(const std::string& key, const std::string& missing = {});
  std::string requiredText(const std::string& key);
  std::int64_t integer(const std::string& key, std::int64_t missing, std::int64_t least, std::int64_t most);
  double number(const std::string& key, double missing, double least, double most);
  bool boolean(const std::string& key, bool missing);
  std::string choice(const std::string& key, const std::string& missing, const std::vector<std::string>& choices);
  std::vector<std::string> texts(const std::string& key);
  std::vector<double> numbers(const std::string& key, double least, double most);
  /// A table of booleans, numbers and texts.
  Parameters parameters(const std::string& key);
  /// Whatever lies there; null if nothing does.
  const TomlNode* node(const std::string& key);
  /// The entries of a table or of an array of tables; null or empty if it isn't there.
  const TomlTable* table(const std::string& key);
  std::vector<const TomlNode*> tables(const std::string& key);

  /// Error for the first key that nobody asked for; lists those that were.
  void done() const;
  [[noreturn]] void refuse(int line, const std::string& message, const std::string& hint = {}) const;

 private:
  template <class T>
  const T& as(const TomlNode& node, const std::string& key, const char* type) const;
  double numberOf(const TomlNode& node, const std::string& key, double least, double most) const;

  const TomlTable* m_table;
  int m_line;
  std::string m_file;
  std::string m_what;
  std::vector<std::string> m_known;
};

/// A boolean, number or text; Error(BadInput) with `where` for anything else.
ParameterValue parameterValue(const TomlNode& node, const std::string& where, const std::string& name);

/// A name of a model, row or column: 1 to 80 printable characters without "/" and "*", which --only needs.
bool isRecipeName(const std::string& name);

}  // namespace whorl
