// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/experiment/toml_document.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/base/error.h"
#include "core/experiment/toml_depth.h"

#define TOML_HEADER_ONLY 1
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

namespace whorl {
namespace {

class Converter {
 public:
  explicit Converter(const std::string& where) : m_where(where) {}

  TomlNode convert(const toml::node& node) {
    const int line = lineOf(node);
    if (++m_values > kMostTomlValues) refuse(line, "there are too many values");
    if (const auto* table = node.as_table()) return {line, tableOf(*table)};
    if (const auto* array = node.as_array()) return {line, arrayOf(*array)};
    if (const auto* text = node.as_string()) return {line, text->get()};
    if (const auto* number = node.as_integer()) return {line, number->get()};
    if (const auto* flag = node.as_boolean()) return {line, flag->get()};
    if (const auto* number = node.as_floating_point()) {
      if (!std::isfinite(number->get())) refuse(line, "a number must be finite");
      return {line, number->get()};
    }
    refuse(line, "dates and times have no meaning here");
  }

 private:
  static int lineOf(const toml::node& node) { return static_cast<int>(node.source().begin.line); }

  TomlTable tableOf(const toml::table& table) {
    struct Place {
      toml::source_position position;
      TomlEntry entry;
    };
    std::vector<Place> places;
    for (const auto& [key, node] : table) {
      places.push_back({key.source().begin, {std::string(key.str()), convert(node)}});
      // A table's own place is where its contents begin; what people look for is its name.
      places.back().entry.node.line = static_cast<int>(key.source().begin.line);
    }
    std::stable_sort(places.begin(), places.end(), [](const Place& a, const Place& b) {
      return std::pair(a.position.line, a.position.column) < std::pair(b.position.line, b.position.column);
    });
    TomlTable ordered;
    ordered.reserve(places.size());
    for (Place& place : places) ordered.push_back(std::move(place.entry));
    return ordered;
  }

  TomlArray arrayOf(const toml::array& array) {
    TomlArray values;
    for (const auto& node : array) values.push_back(convert(node));
    return values;
  }

  [[noreturn]] void refuse(int line, const std::string& what) const {
    throw Error(ErrorKind::BadInput, what, m_where + ":" + std::to_string(line));
  }

  const std::string& m_where;
  std::size_t m_values = 0;
};

}  // namespace

const TomlNode* find(const TomlTable& table, const std::string& key) {
  const auto found = std::find_if(table.begin(), table.end(), [&](const auto& entry) { return entry.key == key; });
  return found == table.end() ? nullptr : &found->node;
}

TomlNode* find(TomlTable& table, const std::string& key) {
  return const_cast<TomlNode*>(find(static_cast<const TomlTable&>(table), key));
}

TomlNode parseToml(const std::string& text, const std::string& where) {
  checkTomlDepth(text, where);
  try {
    const toml::table document = toml::parse(text);
    return Converter(where).convert(document);
  } catch (const toml::parse_error& error) {
    throw Error(ErrorKind::BadInput, std::string(error.description()),
                where + ":" + std::to_string(error.source().begin.line), "the file must be TOML 1.0");
  }
}

}  // namespace whorl
