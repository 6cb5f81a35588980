// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QObject>
#include <QString>
#include <QTimer>

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "core/service/types.h"
#include "ui/explore/trace.h"
#include "ui/session/newest_request.h"

namespace whorl::ui {

class EngineSession;

/// A request without its pixels, which may be many and are shared; the copy that the engine takes is made on its
/// worker.
struct ExploreQuery {
  ExploreRequest request;
  std::shared_ptr<const Image> image;
  /// `image` is this one, attacked: then results are told from here on. Of the model's input size, else it is ignored.
  std::shared_ptr<const Image> clean = nullptr;
};

/// Asks the engine about one image at a time. Only the newest request counts: a new one cancels the one that runs, what
/// still waits is forgotten, and news and results of older ones are dropped.
class ExploreController : public QObject {
  Q_OBJECT

 public:
  /// So often at most does a running attack show where it is.
  static constexpr int kLiveMs = 33;

  explicit ExploreController(EngineSession* session, QObject* parent = nullptr);

  /// Returns the request's number. Doesn't block.
  std::uint64_t ask(ExploreQuery query);
  /// Forgets what runs and what waits.
  void cancel() { m_requests.cancel(); }
  bool busy() const { return m_requests.running() != nullptr; }

 Q_SIGNALS:
  void busyChanged(bool busy);
  /// The newest request's attack is on its way: the iterates since the last time, the newest at the end. `soFar` has
  /// the result's `input` and `before`.
  void stepped(std::uint64_t number, const whorl::ExploreResult& soFar, const std::vector<whorl::ExploreStep>& steps);
  /// `result` comes without its trace, which is shared.
  void finished(std::uint64_t number, const whorl::ExploreResult& result, const whorl::ui::Trace& trace);
  void failed(std::uint64_t number, const QString& message);

 private:
  struct Channel;
  std::shared_ptr<Job> start(const std::shared_ptr<ExploreQuery>& query, std::uint64_t number);
  void handOver();
  void ended();

  EngineSession* m_session;
  NewestRequest m_requests;
  std::shared_ptr<Channel> m_channel;
  std::uint64_t m_runningNumber = 0;
  QTimer m_timer;
};

}  // namespace whorl::ui
