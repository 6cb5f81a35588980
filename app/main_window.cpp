// SPDX-License-Identifier: GPL-3.0-or-later
// The window's main(): what it was called with, the application, and the first paint before the engine is loaded.
#include <QApplication>
#include <QTimer>

#include <cstdio>

#include "core/service/engine.h"
#include "ui/app/first_picture.h"
#include "ui/app/window_options.h"
#include "ui/main_window.h"
#include "ui/pages/explore_page.h"
#include "ui/session/engine_session.h"
#include "ui/style/window_style.h"

namespace {

constexpr int kExitUsage = 2;
constexpr int kExitFailed = 4;

int runWithoutWindow(const whorl::ui::WindowOptions& options) {
  if (!options.problem.isEmpty()) {
    std::fprintf(stderr, "whorl: %s Try whorl --help.\n", qPrintable(options.problem));
    return kExitUsage;
  }
  const QString text =
      options.help ? whorl::ui::windowHelpText() : QStringLiteral("whorl %1\n").arg(whorl::versionText().c_str());
  std::fputs(qPrintable(text), stdout);
  return 0;
}

int runWindow(const whorl::ui::WindowOptions& options) {
  const bool picture = !options.firstPicture.isEmpty();
  whorl::ui::EngineSession session;
  whorl::ui::MainWindow::Options windowOptions;
  windowOptions.remember = !picture;
  whorl::ui::MainWindow window(&session, windowOptions);
  if (options.theme || picture) window.setTheme(options.theme.value_or(whorl::ui::Theme::Light));
  if (!options.size.isEmpty()) window.resize(options.size);
  if (!options.page.isEmpty() && !picture) window.showPage(options.page);
  if (!options.model.isEmpty()) window.explore()->showModel(options.model);
  window.explore()->openFiles(options.files);

  int exitCode = 0;
  if (picture) {
    auto* first = new whorl::ui::FirstPicture(&window, options.firstPicture, options.page, &window);
    QObject::connect(first, &whorl::ui::FirstPicture::done, &window, [&exitCode](const QString& problem) {
      if (!problem.isEmpty()) std::fprintf(stderr, "whorl: %s\n", qPrintable(problem));
      exitCode = problem.isEmpty() ? 0 : kExitFailed;
      QCoreApplication::exit(exitCode);
    });
  }
  window.show();
  whorl::EngineOptions engine;
  engine.dataFolder = options.dataFolder.toStdString();
  engine.reservedCores = 1;
  // After the first paint: loading LibTorch takes a core for a while.
  QTimer::singleShot(0, &session, [&session, engine] { session.load(engine); });
  const int code = QApplication::exec();
  return exitCode != 0 ? exitCode : code;
}

}  // namespace

int main(int argc, char** argv) {
  QStringList arguments;
  for (int i = 0; i < argc; ++i) arguments << QString::fromLocal8Bit(argv[i]);
  const auto options = whorl::ui::parseWindowOptions(arguments);
  if (options.withoutWindow()) {
    const QCoreApplication application(argc, argv);
    return runWithoutWindow(options);
  }
  const bool display = qEnvironmentVariableIsSet("DISPLAY") || qEnvironmentVariableIsSet("WAYLAND_DISPLAY");
  if (!options.firstPicture.isEmpty() && !display && !qEnvironmentVariableIsSet("QT_QPA_PLATFORM")) {
    qputenv("QT_QPA_PLATFORM", "offscreen");
  }
  QApplication application(argc, argv);
  QApplication::setApplicationName(QStringLiteral("whorl"));
  QApplication::setOrganizationName(QStringLiteral("whorl"));
  QApplication::setApplicationVersion(QString::fromStdString(whorl::versionText()));
  QApplication::setStyle(new whorl::ui::WindowStyle);
  return runWindow(options);
}
