// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>

#include <cstdint>
#include <optional>
#include <vector>

#include "core/service/types.h"

namespace whorl::ui {

/// What Explore was doing, so that it can be taken up again.
struct SessionState {
  QString model;
  QString dataset;
  std::int64_t index = 0;
  InputFit fit = InputFit::Fit;
  std::uint64_t seed = 0;
  std::vector<StepRequest> steps;

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
