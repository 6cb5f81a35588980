// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QTimer>
#include <QWidget>

#include <optional>
#include <vector>

#include "ui/explore/trace.h"

class QLabel;
class QSlider;
class QToolButton;

namespace whorl::ui {

class TracePlot;

/// The way of an attack: curves that grow while it runs; afterwards a slider with a play button goes through its
/// iterates. Its last place is the result that the attack handed back, which needn't be the last iterate.
class Timeline : public QWidget {
  Q_OBJECT

 public:
  static constexpr int kPlayMs = 60;

  explicit Timeline(QWidget* parent = nullptr);

  /// Nothing to show.
  void clear();
  /// A new attack runs: points follow by addLive. `threshold` of the fingerprint distance.
  void startLive(std::optional<double> threshold);
  void addLive(const std::vector<ExploreStep>& steps);
  /// What the attack handed back, which needn't be its last iterate.
  struct Returned {
    std::optional<std::size_t> index = {};  ///< among the iterates, if it is one of them
    /// Its figures, NaN for what isn't known.
    double margin = 0;
    double l2 = 0;
    double linf = 0;
    double score = 0;  ///< fingerprint distance
  };
  /// The attack is over.
  void setTrace(const Trace& trace, const Returned& returned, std::optional<double> threshold);
  /// Its fingerprint distance became known.
  void setScore(std::size_t index, double score);

  /// The iterate that is shown; nothing: the result.
  std::optional<std::size_t> position() const;
  void setPosition(std::optional<std::size_t> index);
  TracePlot* plot() const { return m_plot; }

 Q_SIGNALS:
  void positionChanged(std::optional<std::size_t> index);
  void stopWanted();
  void exportFailed(const QString& problem);

 private:
  enum class State { Empty, Live, Over };
  void setState(State state);
  void moved();
  void playOrStop();
  void play(bool on);
  void showPlace();
  void scrub(double x);

  State m_state = State::Empty;
  Trace m_trace;
  std::optional<std::size_t> m_returned;
  QToolButton* m_play;
  QSlider* m_slider;
  QLabel* m_place;
  TracePlot* m_plot;
  QTimer m_timer;
  std::int64_t m_liveStep = 0;
};

}  // namespace whorl::ui
