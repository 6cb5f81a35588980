// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QObject>
#include <QString>
#include <QTimer>

#include <cstdint>
#include <memory>

#include "core/service/landscape_types.h"
#include "ui/session/newest_request.h"

namespace whorl::ui {

class EngineSession;

/// A landscape's plane, path and verdict, without its values. Shared, as it has an image's size several times.
using SharedPlane = std::shared_ptr<const LandscapeResult>;
using SharedSurface = std::shared_ptr<const Surface>;

/// Asks the engine for one landscape at a time. Only the newest request counts: a new one cancels the one that runs,
/// what still waits is forgotten, and news of older ones is dropped. GUI thread only.
class LandscapeController : public QObject {
  Q_OBJECT

 public:
  /// So often is it looked whether there is news.
  static constexpr int kLookMs = 40;
  /// Finer landscapes, and those of networks, are long work: they are a job of the list of jobs, and give way to single
  /// images.
  static constexpr int kQuickResolution = 65;

  explicit LandscapeController(EngineSession* session, QObject* parent = nullptr);
  /// `title` of the job. The image (null: none) is shared until the worker copies it. Returns the request's number;
  /// doesn't block.
  std::uint64_t ask(LandscapeRequest request, std::shared_ptr<const Image> image, const QString& title);
  /// Forgets what runs and what waits.
  void cancel() { m_requests.cancel(); }
  bool busy() const { return m_requests.running() != nullptr || m_requests.waiting(); }

 Q_SIGNALS:
  void busyChanged(bool busy);
  /// The plane is known; values follow.
  void started(std::uint64_t number, const whorl::ui::SharedPlane& plane);
  /// The newest level, coarse to fine.
  void refined(std::uint64_t number, const whorl::ui::SharedSurface& surface);
  /// Points done of `total`; 0 of 0 while the work is queued.
  void progressed(std::int64_t done, std::int64_t total);
  void finished(std::uint64_t number, double seconds);
  void failed(std::uint64_t number, const whorl::Error& error);

 private:
  struct Query {
    LandscapeRequest request;
    std::shared_ptr<const Image> image;
    QString title;
  };
  struct Channel;
  std::shared_ptr<Job> start(const std::shared_ptr<Query>& query, std::uint64_t number);
  void handOver();
  void ended();

  EngineSession* m_session;
  NewestRequest m_requests;
  std::shared_ptr<Channel> m_channel;
  std::uint64_t m_runningNumber = 0;
  QTimer m_timer;
};

}  // namespace whorl::ui
