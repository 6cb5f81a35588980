// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/commands/command_registry.h"

#include <QAction>
#include <QStringList>

#include "ui/style/icons.h"

namespace whorl::ui {

QAction* CommandRegistry::add(const Command& command, QObject* context, std::function<void()> run) {
  auto* action = new QAction(this);
  connect(action, &QAction::triggered, context, [run = std::move(run)] { run(); });
  return adopt(command, action);
}

QAction* CommandRegistry::addSwitch(const Command& command, QObject* context, std::function<void(bool)> run) {
  auto* action = new QAction(this);
  action->setCheckable(true);
  connect(action, &QAction::toggled, context, [run = std::move(run)](bool on) { run(on); });
  return adopt(command, action);
}

QAction* CommandRegistry::adopt(const Command& command, QAction* action) {
  Q_ASSERT(!m_actions.contains(command.id));
  action->setObjectName(command.id);
  if (!command.text.isEmpty()) action->setText(command.text);
  if (!command.icon.isEmpty()) action->setIcon(icon(command.icon));
  action->setShortcuts(command.shortcuts);
  QString tip = command.tip.isEmpty() ? command.text : command.tip;
  tip.remove(QLatin1Char('&'));
  if (!command.shortcuts.isEmpty()) tip += QStringLiteral(" (%1)").arg(shortcutText(command.shortcuts));
  action->setToolTip(tip);
  action->setStatusTip({});
  m_commands.push_back(command);
  m_actions[command.id] = action;
  return action;
}

QAction* CommandRegistry::action(const QString& id) const {
  const auto found = m_actions.find(id);
  return found == m_actions.end() ? nullptr : found->second;
}

QString shortcutText(const QList<QKeySequence>& shortcuts) {
  QStringList parts;
  for (const QKeySequence& each : shortcuts) parts << each.toString(QKeySequence::NativeText);
  return parts.join(QStringLiteral(" or "));
}

}  // namespace whorl::ui
