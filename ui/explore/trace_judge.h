// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QObject>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ui/explore/trace.h"

namespace whorl {
class Job;
}

namespace whorl::ui {

class EngineSession;

/// Asks the engine what the model says of each iterate of an attack that is over: a few at a time, so that a question
/// about something else never waits long; first the one that somebody looks at, then from coarse to fine.
class TraceJudge : public QObject {
  Q_OBJECT

 public:
  static constexpr std::size_t kAtOnce = 16;

  explicit TraceJudge(EngineSession* session, QObject* parent = nullptr);

  /// Drops what was known. `original` is what distances are measured from.
  void start(const std::string& model, std::shared_ptr<const Image> original, Trace trace);
  /// Forgets everything.
  void clear();
  /// This one next.
  void prefer(std::size_t index) { m_preferred = index; }
  /// Null while it isn't known.
  const JudgedImage* at(std::size_t index) const;

 Q_SIGNALS:
  /// These became known.
  void judged(const std::vector<std::size_t>& indices);
  void failed(const QString& message);

 private:
  void next();
  std::vector<std::size_t> choose();

  EngineSession* m_session;
  std::string m_model;
  std::shared_ptr<const Image> m_original;
  Trace m_trace;
  std::vector<std::optional<JudgedImage>> m_judged;
  std::vector<std::size_t> m_order;  ///< what is still to be asked; the next ones at the end
  std::optional<std::size_t> m_preferred;
  std::shared_ptr<Job> m_job;
};

}  // namespace whorl::ui
