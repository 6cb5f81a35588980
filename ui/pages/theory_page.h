// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QWidget>

#include <array>
#include <memory>
#include <optional>

#include "core/service/theory_types.h"
#include "ui/session/job_follower.h"
#include "ui/session/newest_request.h"
#include "ui/session/session_store.h"

class QCheckBox;
class QComboBox;
class QLabel;
class QPushButton;
class QSlider;
class QStackedLayout;

namespace whorl::ui {

class EmptyState;
class EngineSession;
class InlineMessage;
class PlaneView;
class TheoryForm;

/// The Theory page: a toy problem that one can paint, learned without and with fingerprints side by side; what is
/// accepted follows the slider of τ, and a click sends an attack on its way. GUI thread only.
class TheoryPage : public QWidget {
  Q_OBJECT

 public:
  explicit TheoryPage(EngineSession* session, QWidget* parent = nullptr);

  TheoryForm* form() const { return m_form; }
  PlaneView* view(bool fingerprinted) const { return m_views[fingerprinted ? 1 : 0]; }
  const std::optional<TheoryResult>& result() const { return m_result; }
  bool learning() const { return m_follower.job() != nullptr; }
  /// τ that the slider stands at.
  double threshold() const { return m_threshold; }

  PageState state() const;
  /// What the page begins with when it is first looked at; before that.
  void restore(const PageState& state);

  /// What the buttons do.
  void learn();
  void stop();

 protected:
  /// Looked at for the first time, it draws and learns its first toy problem.
  void showEvent(QShowEvent* event) override;

 private:
  struct Channel;

  /// Of the brush that starts an attack; the others are classes.
  static constexpr int kAttackBrush = -1;

  QWidget* makeTop();
  QWidget* makePlanes();
  QWidget* makeThreshold();
  void reload();
  void fetchData();
  void showData(const PlanarData& data);
  void forgetResult();
  void showFrame();
  void showResult(const TheoryResult& result);
  void showThreshold();
  void showCursor(const std::optional<QPointF>& place);
  void showButtons();
  void pressed(const QPointF& place, bool moved);
  void paint(const PlanarPoint& at, int label);
  void attack();
  std::shared_ptr<Job> startAttack(bool with, const TheoryAttackRequest& request, std::uint64_t number);
  void clearPoints();
  void takeUp();

  EngineSession* m_session;
  JobFollower m_follower;
  std::shared_ptr<Channel> m_channel;
  TheoryForm* m_form;
  std::array<PlaneView*, 2> m_views{};
  std::array<QLabel*, 2> m_words{};
  QComboBox* m_brush;
  QPushButton* m_learn;
  QPushButton* m_stop;
  QPushButton* m_clear;
  QSlider* m_slider;
  QCheckBox* m_regions;
  QLabel* m_tau;
  QLabel* m_cursor;
  QLabel* m_state;
  InlineMessage* m_problem;
  EmptyState* m_empty;
  QStackedLayout* m_layers = nullptr;
  PlanarData m_data;
  std::optional<TheoryResult> m_result;
  std::optional<PlanarPoint> m_start;  ///< of the attack that is shown
  double m_threshold = 0;
  double m_top = 1;                        ///< of the scores in colour
  std::array<NewestRequest, 2> m_attacks;  ///< without fingerprints and with
  std::uint64_t m_dataAsked = 0;
  PageState m_restored;
  bool m_begun = false;
  bool m_listed = false;
};

}  // namespace whorl::ui
