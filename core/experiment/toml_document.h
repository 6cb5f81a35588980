// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <variant>
#include <vector>

namespace whorl {

struct TomlNode;
struct TomlEntry;
/// In the order of the file, which is the order that people gave them.
using TomlTable = std::vector<TomlEntry>;
using TomlArray = std::vector<TomlNode>;

/// A TOML value that knows its line. toml++ stays behind this header: it compiles slowly, and forgets the order of
/// keys.
struct TomlNode {
  int line = 0;
  std::variant<bool, std::int64_t, double, std::string, TomlArray, TomlTable> value;

  const TomlTable* table() const { return std::get_if<TomlTable>(&value); }
  TomlTable* table() { return std::get_if<TomlTable>(&value); }
  const TomlArray* array() const { return std::get_if<TomlArray>(&value); }
  TomlArray* array() { return std::get_if<TomlArray>(&value); }
};

/// A key of a table and what stands under it. Not a pair: the standard allows a vector of a type that is still
/// incomplete, but no pair of one.
struct TomlEntry {
  std::string key;
  TomlNode node;
};

/// The value of a key, or null.
const TomlNode* find(const TomlTable& table, const std::string& key);
TomlNode* find(TomlTable& table, const std::string& key);

/// The root table of a document. `where` names it in errors: Error(BadInput) with "WHERE:LINE" for what is no TOML, for
/// dates and times, for infinite numbers and NaN, for more than kMostTomlValues values, and for what is nested deeper
/// than checkTomlDepth() allows.
TomlNode parseToml(const std::string& text, const std::string& where);

inline constexpr std::size_t kMostTomlValues = 20'000;

}  // namespace whorl
