// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QKeySequence>
#include <QList>
#include <QObject>
#include <QString>

#include <functional>
#include <map>

class QAction;

namespace whorl::ui {

/// One thing that a person can ask for. Menus, tool buttons, the command palette and the list of shortcuts are all
/// drawn from the registry.
struct Command {
  QString id;     ///< "image.open"
  QString text;   ///< "Open images…"
  QString group;  ///< "Image": the menu, and the heading in the list of shortcuts
  QString icon;   ///< of resources/icons; "" for none
  QList<QKeySequence> shortcuts;
  QString tip;
};

class CommandRegistry : public QObject {
  Q_OBJECT

 public:
  using QObject::QObject;

  /// Registers a command; `run` is called while `context` lives. Each id once.
  QAction* add(const Command& command, QObject* context, std::function<void()> run);
  /// The same with a switch, which is told its new state.
  QAction* addSwitch(const Command& command, QObject* context, std::function<void(bool)> run);
  /// An action that somebody else made (undo, redo, a dock's).
  QAction* adopt(const Command& command, QAction* action);

  /// Null for an unknown id.
  QAction* action(const QString& id) const;
  /// In the order of registration.
  const QList<Command>& commands() const { return m_commands; }

 private:
  QList<Command> m_commands;
  std::map<QString, QAction*> m_actions;
};

/// "Ctrl+O", "Alt+Left or [".
QString shortcutText(const QList<QKeySequence>& shortcuts);

}  // namespace whorl::ui
