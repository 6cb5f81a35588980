// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QComboBox>
#include <QPushButton>
#include <QStackedWidget>
#include <QTableView>
#include <QTest>

#include <condition_variable>
#include <mutex>

#include "tests/ui/fake_engine.h"
#include "ui/evaluate/grid_model.h"
#include "ui/pages/evaluate_page.h"
#include "ui/plots/curve_plot.h"
#include "ui/session/engine_session.h"
#include "ui/widgets/inline_message.h"

namespace whorl::test {

using namespace whorl::ui;

/// Lets a run compute only as many cells as the test says.
class Gate {
 public:
  void wait(std::size_t index, const JobContext& context) {
    std::unique_lock lock(m_mutex);
    m_changed.wait(lock, context.stopToken(), [&] { return index < m_open; });
  }
  void open(std::size_t cells) {
    {
      const std::lock_guard lock(m_mutex);
      m_open = cells;
    }
    m_changed.notify_all();
  }

 private:
  std::mutex m_mutex;
  std::condition_variable_any m_changed;
  std::size_t m_open = 0;
};

/// An Evaluate page over a fake engine, shown.
struct EvaluateWorld {
  std::shared_ptr<Gate> gate = std::make_shared<Gate>();
  std::shared_ptr<test::FakeEngine> engine = std::make_shared<test::FakeEngine>();
  std::unique_ptr<EngineSession> session;
  std::unique_ptr<EvaluatePage> page;

  explicit EvaluateWorld(bool gated = false, const std::string& userFolder = {}) {
    engine->userFolder = userFolder;
    if (gated) {
      engine->recipeRuns.onCell = [gate = gate](std::size_t i, const JobContext& job) { gate->wait(i, job); };
    }
    session = std::make_unique<EngineSession>(engine);
    page = std::make_unique<EvaluatePage>(session.get());
    page->resize(1120, 700);
    page->show();
  }
  ~EvaluateWorld() { gate->open(1000); }

  QPushButton* button(const char* name) const { return page->findChild<QPushButton*>(QLatin1String(name)); }
  QComboBox* combo(const char* name) const { return page->findChild<QComboBox*>(QLatin1String(name)); }
  EvaluatePhase phase() const { return page->run()->state().phase(); }
  bool planned() const { return button("run")->isEnabled() && !page->run()->planning(); }
  CellState state(int row, int column) const {
    return static_cast<CellState>(page->grid()->index(row, column).data(GridModel::StateRole).toInt());
  }
  QString shown(int row, int column) const { return page->grid()->index(row, column).data().toString(); }
  void choose(int row, int column) const { page->table()->setCurrentIndex(page->grid()->index(row, column)); }
  bool runToEnd() const {
    button("run")->click();
    return QTest::qWaitFor([this] { return phase() == EvaluatePhase::Finished; }, 10'000);
  }
  QString problem() const { return page->findChild<InlineMessage*>()->text(); }
  /// Whether the plot is shown rather than a sentence in its place.
  static bool drawn(const CurvePlot* plot) {
    for (QWidget* above = plot->parentWidget(); above; above = above->parentWidget()) {
      if (const auto* stack = qobject_cast<QStackedWidget*>(above)) return stack->currentIndex() == 1;
    }
    return false;
  }
};

}  // namespace whorl::test
