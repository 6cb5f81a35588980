// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/service/types.h"

namespace whorl::ui {

/// What a page keeps, by section: names of forms, and what stood in them. What a page doesn't know of it is left.
using PageState = std::map<std::string, Parameters>;

/// A kept text, whole number or truth; `otherwise` where there is none of that type.
std::string keptText(const PageState& state, const std::string& section, const std::string& name,
                     const std::string& otherwise = {});
bool keptFlag(const PageState& state, const std::string& section, const std::string& name, bool otherwise);
/// The section; empty where there is none.
Parameters keptSection(const PageState& state, const std::string& section);

/// What Explore and the pages that follow it were doing, so that it can be taken up again.
struct SessionState {
  QString model;
  QString dataset;
  std::int64_t index = 0;
  InputFit fit = InputFit::Fit;
  std::uint64_t seed = 0;
  std::vector<StepRequest> steps;
  PageState landscape;
  PageState theory;
  PageState similar;

  bool operator==(const SessionState&) const = default;
};

/// As JSON, with a version. Numbers in the C locale.
QByteArray toJsonText(const SessionState& state);
/// Nothing for text that is none of ours or of a version that isn't known.
std::optional<SessionState> sessionFromJson(const QByteArray& text);

/// The session's file in the user's folder, written whole or not at all.
class SessionStore {
 public:
  /// "" for the platform's place.
  explicit SessionStore(const QString& folder = {});
  std::optional<SessionState> read() const;
  /// False if it could not be written.
  bool write(const SessionState& state) const;

 private:
  QString m_path;
};

}  // namespace whorl::ui
