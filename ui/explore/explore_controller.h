// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QObject>
#include <QString>

#include <cstdint>
#include <memory>
#include <optional>

#include "core/service/types.h"

namespace whorl::ui {

class EngineSession;

/// A request without its pixels, which may be many and are shared; the copy that the engine takes is made on its
/// worker.
struct ExploreQuery {
  ExploreRequest request;
  std::shared_ptr<const Image> image;
};

/// Asks the engine about one image at a time. Only the newest request counts: a new one cancels the one that runs, what
/// still waits is forgotten, and results of older ones are dropped.
class ExploreController : public QObject {
  Q_OBJECT

 public:
  explicit ExploreController(EngineSession* session, QObject* parent = nullptr);

  /// Returns the request's number. Doesn't block.
  std::uint64_t ask(ExploreQuery query);
  /// Forgets what runs and what waits.
  void cancel();
  bool busy() const { return m_running != nullptr; }

 Q_SIGNALS:
  void busyChanged(bool busy);
  void finished(std::uint64_t number, const whorl::ExploreResult& result);
  void failed(std::uint64_t number, const QString& message);

 private:
  void startPending();
  void ended();

  EngineSession* m_session;
  std::shared_ptr<Job> m_running;
  std::optional<ExploreQuery> m_pending;
  std::uint64_t m_newest = 0;
};

}  // namespace whorl::ui
