// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>

#include <functional>

#include "ui/landscape/landscape_controller.h"

class QMenu;
class QObject;

namespace whorl::ui {

class EngineSession;

// Saving a landscape's values, whatever view shows them. GUI thread only.

/// The engine writes the surface by the file's ending, in the background; `failed` is called with what went wrong while
/// `context` lives.
void saveSurface(EngineSession* session, QObject* context, const SharedSurface& surface, const QString& path,
                 std::function<void(const QString&)> failed);

/// A line for each format of values; `wanted` is called with its ending while `context` lives.
void addValueExports(QMenu* menu, QObject* context, const std::function<void(const QString&)>& wanted);

}  // namespace whorl::ui
