// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QTemporaryDir>

#include <memory>

#include "tests/ui/window_acts.h"
#include "ui/main_window.h"
#include "ui/pages/explore_page.h"
#include "ui/session/engine_session.h"

namespace whorl::test {

/// The whole window over the real engine, with a user's folder of its own.
struct LiveWindow {
  QTemporaryDir folder;
  std::unique_ptr<ui::EngineSession> session;
  std::unique_ptr<ui::MainWindow> window;

  /// Shows the window and waits for the first picture of that model.
  bool open(const char* model) {
    session = std::make_unique<ui::EngineSession>();
    window = std::make_unique<ui::MainWindow>(session.get(), ui::MainWindow::Options{false, {}});
    window->show();
    window->explore()->showModel(QString::fromLatin1(model));
    EngineOptions options;
    options.userFolder = folder.path().toStdString();
    options.reservedCores = 1;
    return waitsFor(
        window->explore(), &ui::ExplorePage::pictureShown, [&] { session->load(options); }, 120'000);
  }
  void close() {
    window.reset();
    session.reset();
  }
};

}  // namespace whorl::test
