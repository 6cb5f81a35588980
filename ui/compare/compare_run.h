// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QObject>
#include <QString>
#include <QTimer>

#include <memory>
#include <optional>
#include <vector>

#include "core/service/types.h"
#include "ui/compare/compare_grid.h"
#include "ui/session/newest_request.h"

namespace whorl::ui {

class EngineSession;

/// One image for all models and columns.
struct CompareQuestion {
  std::vector<ModelInfo> models;
  std::vector<CompareColumn> columns;
  std::shared_ptr<const Image> image;
  InputFit fit = InputFit::Fit;
  QString label;  ///< name of the true class; "" if it isn't known
  std::int64_t imageIndex = 0;
  std::uint64_t seed = 0;
};

/// Asks the engine cell by cell, in one job of the list of jobs. Only the newest question counts. GUI thread only.
class CompareRun : public QObject {
  Q_OBJECT

 public:
  /// So often is it looked whether there is news.
  static constexpr int kLookMs = 40;

  explicit CompareRun(EngineSession* session, QObject* parent = nullptr);

  /// Doesn't block.
  void ask(CompareQuestion question);
  void cancel();
  bool busy() const { return m_requests.running() != nullptr || m_requests.waiting(); }

 Q_SIGNALS:
  void busyChanged(bool busy);
  void cellChanged(int row, int column, const whorl::ui::CompareCell& cell);
  void finished();
  void failed(const QString& message);

 private:
  struct Channel;
  std::shared_ptr<Job> start(const std::shared_ptr<CompareQuestion>& question, std::uint64_t number);
  void handOver();
  void ended();

  EngineSession* m_session;
  NewestRequest m_requests;
  std::shared_ptr<Channel> m_channel;
  std::uint64_t m_runningNumber = 0;
  QTimer m_timer;
};

/// The engine's answer as a cell. `label`: true class, where it is known.
CompareCell compareCell(const ExploreResult& result, const ModelInfo& model, std::optional<int> label);

}  // namespace whorl::ui
