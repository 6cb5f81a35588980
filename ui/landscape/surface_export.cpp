// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/landscape/surface_export.h"

#include <QCoreApplication>
#include <QMenu>

#include <utility>

#include "ui/session/engine_session.h"

namespace whorl::ui {

void saveSurface(EngineSession* session, QObject* context, const SharedSurface& surface, const QString& path,
                 std::function<void(const QString&)> failed) {
  session->run(
      context, Lane::Interactive, QCoreApplication::translate("landscape", "Save"),
      [surface, file = path.toStdString()](Engine& engine, const JobContext&) { engine.saveLandscape(*surface, file); },
      [] {}, [failed = std::move(failed)](const Error& error) { failed(errorText(error)); });
}

void addValueExports(QMenu* menu, QObject* context, const std::function<void(const QString&)>& wanted) {
  for (const char* suffix : {"csv", "npy", "npz", "vtk"}) {
    const QString name = QString::fromLatin1(suffix);
    menu->addAction(QCoreApplication::translate("landscape", "Values as %1…").arg(name.toUpper()), context,
                    [wanted, name] { wanted(name); });
  }
}

}  // namespace whorl::ui
