// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QComboBox>
#include <QSignalSpy>

#include <memory>

#include "tests/ui/fake_engine.h"
#include "tests/ui/ui_test.h"
#include "ui/main_window.h"
#include "ui/pages/explore_page.h"
#include "ui/session/engine_session.h"

namespace whorl::test {

/// Does `act` and waits until `sender` sends `signal`.
template <class Sender, class Signal, class Act>
bool waitsFor(Sender* sender, Signal signal, Act act, int milliseconds = 20'000) {
  QSignalSpy spy(sender, signal);
  act();
  return QTest::qWaitFor([&spy] { return spy.count() > 0; }, milliseconds);
}

/// Chooses what a combo box calls so; there must be one.
inline void choose(QComboBox* box, const QString& text) {
  const int row = box->findText(text);
  if (row < 0) qFatal("no such choice: %s", qPrintable(text));
  box->setCurrentIndex(row);
}

/// The whole window over a fake engine, shown: what a page's test begins with.
struct WindowWorld {
  std::shared_ptr<FakeEngine> engine = std::make_shared<FakeEngine>();
  std::unique_ptr<ui::EngineSession> session = std::make_unique<ui::EngineSession>(engine);
  std::unique_ptr<ui::MainWindow> window;

  explicit WindowWorld(const ui::MainWindow::Options& options = {false, {}})
      : window(std::make_unique<ui::MainWindow>(session.get(), options)) {
    window->show();
  }
  ui::ExplorePage* explore() const { return window->explore(); }
  bool firstPicture() const {
    return QTest::qWaitFor([this] { return explore()->result().has_value(); }, 10'000);
  }
  /// Waits until Explore shows what was asked for.
  template <class Act>
  bool nextPicture(Act act) const {
    return waitsFor(explore(), &ui::ExplorePage::pictureShown, act, 10'000);
  }
  template <class Widget>
  Widget* child(const char* name) const {
    return window->findChild<Widget*>(QString::fromLatin1(name));
  }
  LandscapeRequest lastLandscape() const { return engine->landscapes.requests().back(); }
};

}  // namespace whorl::test
