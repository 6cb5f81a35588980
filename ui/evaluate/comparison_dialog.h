// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QDialog>

#include <memory>
#include <string>
#include <vector>

#include "core/service/comparison_run.h"
#include "ui/session/job_follower.h"

class QComboBox;
class QLabel;
class QProgressBar;
class QPushButton;
class QTableWidget;

namespace whorl::ui {

class ElidedLabel;
class InlineMessage;

/// Comparisons of trained models under natural perturbations: choose one, run it beside everything else, and see its
/// table fill in, a seed at a time. What is finished is kept: running again goes on. GUI thread only.
class ComparisonDialog : public QDialog {
  Q_OBJECT

 public:
  explicit ComparisonDialog(EngineSession* session, QWidget* parent = nullptr);
  /// Asks what is under way to stop.
  ~ComparisonDialog() override;

  /// Asks the engine which there are; the choice is kept.
  void reload();
  /// An id, or the path of a file; "" for the preset: its first. False where it isn't listed.
  bool choose(const QString& id, const QString& preset = {});
  bool running() const { return m_follower.job() != nullptr; }
  /// Nothing while one is under way or none is chosen.
  void start();
  void stop();

  QTableWidget* table() const { return m_table; }
  /// The table as people paste it: columns by tabs, a line a row.
  QString tableText() const;

 Q_SIGNALS:
  void finished(const whorl::ComparisonResult& result);
  /// Also when it was stopped.
  void failed(const QString& problem);

 protected:
  void keyPressEvent(QKeyEvent* event) override;

 private:
  struct Channel;
  void build();
  void showChosen();
  void showTable(const ComparisonTable& table);
  void showState();
  void handOver();
  void openReport();
  const ComparisonInfo* chosen() const;
  std::string reportFolder() const;

  EngineSession* m_session;
  JobFollower m_follower;
  std::shared_ptr<Channel> m_channel;
  std::vector<ComparisonInfo> m_list;
  std::string m_userFolder;
  bool m_stopping = false;
  QComboBox* m_comparison;
  QComboBox* m_preset;
  QPushButton* m_start;
  QPushButton* m_stop;
  QPushButton* m_report;
  QLabel* m_summary;
  ElidedLabel* m_words;
  QProgressBar* m_progress;
  InlineMessage* m_problem;
  QTableWidget* m_table;
};

}  // namespace whorl::ui
