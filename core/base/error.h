// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <stdexcept>
#include <string>

namespace whorl {

/// What went wrong, in the terms of the person who asked for it. The command line's exit codes follow from it.
enum class ErrorKind {
  Usage,        ///< the request itself is wrong: unknown name, parameter out of range
  BadInput,     ///< a file, image, model or data set can't be used
  Failed,       ///< the work started and could not be finished: divergence, disk full, network
  OutOfMemory,  ///< host or device memory ran out
  Cancelled,    ///< somebody asked for the work to stop
  Internal,     ///< a mistake of ours
};

/// The one error type of the project: what happened, where (a file, an image, a layer), and what to do about it.
class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, std::string message, std::string where = {}, std::string hint = {});

  ErrorKind kind() const { return m_kind; }
  /// What happened, without `where` and `hint`.
  const std::string& message() const { return m_message; }
  const std::string& where() const { return m_where; }
  const std::string& hint() const { return m_hint; }

 private:
  ErrorKind m_kind;
  std::string m_message;
  std::string m_where;
  std::string m_hint;
};

/// Exit code of the command line for an error: 2 usage, 3 bad input, 4 failed run, 130 cancelled.
int exitCode(ErrorKind kind);

/// Name in JSON: "usage", "bad_input", "failed", "out_of_memory", "cancelled", "internal".
std::string errorKindName(ErrorKind kind);

}  // namespace whorl
