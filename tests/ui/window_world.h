// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>

#include "tests/ui/fake_engine.h"
#include "tests/ui/window_acts.h"
#include "ui/main_window.h"
#include "ui/pages/explore_page.h"
#include "ui/session/engine_session.h"

namespace whorl::test {

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
