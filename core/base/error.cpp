// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/base/error.h"

namespace whorl {
namespace {

std::string oneLine(const std::string& message, const std::string& where, const std::string& hint) {
  std::string line = where.empty() ? message : where + ": " + message;
  if (!hint.empty()) line += " (" + hint + ")";
  for (char& c : line) {
    // A file's name may hold anything, escape sequences of a terminal included.
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
  }
  return line;
}

}  // namespace

Error::Error(ErrorKind kind, std::string message, std::string where, std::string hint)
    : std::runtime_error(oneLine(message, where, hint)),
      m_kind(kind),
      m_message(std::move(message)),
      m_where(std::move(where)),
      m_hint(std::move(hint)) {}

int exitCode(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::Usage:
      return 2;
    case ErrorKind::BadInput:
      return 3;
    case ErrorKind::Cancelled:
      return 130;
    case ErrorKind::Failed:
    case ErrorKind::OutOfMemory:
    case ErrorKind::Internal:
      return 4;
  }
  return 4;
}

std::string errorKindName(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::Usage:
      return "usage";
    case ErrorKind::BadInput:
      return "bad_input";
    case ErrorKind::Failed:
      return "failed";
    case ErrorKind::OutOfMemory:
      return "out_of_memory";
    case ErrorKind::Cancelled:
      return "cancelled";
    case ErrorKind::Internal:
      return "internal";
  }
  return "internal";
}

}  // namespace whorl
