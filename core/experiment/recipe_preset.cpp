// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/experiment/recipe_preset.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "core/base/error.h"

namespace whorl {
namespace {

/// Lists of named tables, which presets can change entry by entry.
const std::vector<std::string> kNamedLists = {"model", "attack", "detector"};

std::string nameOf(const TomlNode& entry) {
  const TomlNode* name = entry.table() ? find(*entry.table(), "name") : nullptr;
  const auto* text = name ? std::get_if<std::string>(&name->value) : nullptr;
  return text ? *text : std::string();
}

class Overlay {
 public:
  Overlay(TomlTable& root, std::string file) : m_root(root), m_file(std::move(file)) {}

  void apply(const std::string& preset, const TomlTable& changes) {
    const std::string prefix = preset + ".";
    for (const auto& [key, change] : changes) {
      if (key == "sample") {
        merge(entryOf(m_root, "sample", change.line), tableOf(change, prefix + "sample"));
      } else if (std::find(kNamedLists.begin(), kNamedLists.end(), key) != kNamedLists.end()) {
        for (const auto& [name, entry] : tableOf(change, prefix + key)) changeEntry(key, name, entry);
      } else if (key == "sweep") {
        sweep(change, preset);
      } else {
        refuse(change.line, "a preset can't change \"" + key + "\"", "known: sample, model, attack, detector, sweep");
      }
    }
  }

 private:
  [[noreturn]] void refuse(int line, const std::string& what, const std::string& hint = {}) const {
    throw Error(ErrorKind::BadInput, what, m_file + ":" + std::to_string(line), hint);
  }

  const TomlTable& tableOf(const TomlNode& node, const std::string& what) const {
    if (!node.table()) refuse(node.line, "preset." + what + " must be a table");
    return *node.table();
  }

  static TomlNode& entryOf(TomlTable& table, const std::string& key, int line) {
    if (TomlNode* node = find(table, key)) return *node;
    table.push_back({key, {line, TomlTable{}}});
    return table.back().node;
  }

  void merge(TomlNode& target, const TomlTable& changes) {
    if (!target.table()) refuse(target.line, "must be a table");
    for (const auto& [key, value] : changes) {
      TomlNode* old = find(*target.table(), key);
      if (old && old->table() && value.table()) {
        merge(*old, *value.table());
      } else if (old) {
        *old = value;
      } else {
        target.table()->push_back({key, value});
      }
    }
  }

  void changeEntry(const std::string& list, const std::string& name, const TomlNode& entry) {
    TomlNode* node = find(m_root, list);
    TomlArray* entries = node ? node->array() : nullptr;
    const auto found = entries ? std::find_if(entries->begin(), entries->end(),
                                              [&](const TomlNode& each) { return nameOf(each) == name; })
                               : TomlArray::iterator{};
    if (!entries || found == entries->end()) {
      refuse(entry.line, "the preset changes the " + list + " \"" + name + "\", which doesn't exist");
    }
    merge(*found, tableOf(entry, list + "." + name));
    const TomlNode* skip = find(*found->table(), "skip");
    if (!skip) return;
    const auto* flag = std::get_if<bool>(&skip->value);
    if (!flag) refuse(skip->line, "skip must be true or false");
    if (*flag) {
      entries->erase(found);  // and with it what `flag` points to
    } else {
      std::erase_if(*found->table(), [](const auto& each) { return each.key == "skip"; });
    }
  }

  /// By the swept model's name: its lists of values.
  void sweep(const TomlNode& change, const std::string& preset) {
    for (const auto& [name, entry] : tableOf(change, preset + ".sweep")) {
      TomlNode* node = find(m_root, "sweep");
      bool found = false;
      for (TomlNode& each : node && node->array() ? *node->array() : *m_none.array()) {
        const TomlNode* model = each.table() ? find(*each.table(), "model") : nullptr;
        const auto* text = model ? std::get_if<std::string>(&model->value) : nullptr;
        if (!text || *text != name) continue;
        found = true;
        merge(entryOf(*each.table(), "parameters", entry.line), tableOf(entry, "sweep." + name));
      }
      if (!found) refuse(entry.line, "the preset changes the sweep of \"" + name + "\", which doesn't exist");
    }
  }

  TomlTable& m_root;
  std::string m_file;
  TomlNode m_none{0, TomlArray{}};
};

}  // namespace

void applyPreset(TomlTable& root, const std::string& preset, const TomlTable& changes, const std::string& file) {
  Overlay(root, file).apply(preset, changes);
}

}  // namespace whorl
