// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/commands/command_palette.h"

#include <QAction>
#include <QKeyEvent>
#include <QLineEdit>
#include <QListWidget>
#include <QPointer>
#include <QVBoxLayout>

#include <algorithm>
#include <utility>
#include <vector>

#include "ui/commands/command_registry.h"

namespace whorl::ui {

int matchRank(const QString& query, const QString& text) {
  if (query.isEmpty()) return 0;
  const auto whole = text.indexOf(query, 0, Qt::CaseInsensitive);
  if (whole >= 0) return static_cast<int>(whole);
  qsizetype at = 0;
  qsizetype first = -1;
  for (const QChar letter : query) {
    if (letter.isSpace()) continue;
    at = text.indexOf(letter, at, Qt::CaseInsensitive);
    if (at < 0) return -1;
    if (first < 0) first = at;
    ++at;
  }
  return static_cast<int>(1000 + at - first);
}

CommandPalette::CommandPalette(CommandRegistry* registry, QWidget* parent) : QFrame(parent), m_registry(registry) {
  setObjectName(QStringLiteral("command_palette"));
  setFrameShape(QFrame::StyledPanel);
  setAutoFillBackground(true);
  setBackgroundRole(QPalette::Base);
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(8, 8, 8, 8);
  m_edit = new QLineEdit(this);
  m_edit->setPlaceholderText(tr("What would you like to do?"));
  m_edit->setAccessibleName(tr("Search commands"));
  m_list = new QListWidget(this);
  m_list->setFrameShape(QFrame::NoFrame);
  m_list->setAccessibleName(tr("Commands"));
  column->addWidget(m_edit);
  column->addWidget(m_list);
  m_edit->installEventFilter(this);
  m_list->setFocusProxy(m_edit);
  parent->installEventFilter(this);
  connect(m_edit, &QLineEdit::textChanged, this, &CommandPalette::filter);
  connect(m_edit, &QLineEdit::returnPressed, this, &CommandPalette::runCurrent);
  connect(m_list, &QListWidget::itemClicked, this, &CommandPalette::runCurrent);
  hide();
}

void CommandPalette::open() {
  m_edit->clear();
  filter({});
  place();
  show();
  raise();
  m_edit->setFocus();
}

void CommandPalette::place() {
  const int width = std::min(560, parentWidget()->width() - 40);
  const int height = std::min(420, parentWidget()->height() - 80);
  setGeometry((parentWidget()->width() - width) / 2, 60, width, height);
}

void CommandPalette::filter(const QString& text) {
  std::vector<std::pair<int, const Command*>> found;
  for (const Command& command : m_registry->commands()) {
    const QAction* action = m_registry->action(command.id);
    const int rank = matchRank(text, command.group + QStringLiteral(": ") + QString(action->text()).remove(u'&'));
    if (rank >= 0 && action->isEnabled()) found.emplace_back(rank, &command);
  }
  std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  m_list->clear();
  for (const auto& [rank, command] : found) {
    const QAction* action = m_registry->action(command->id);
    QString line = command->group + QStringLiteral(": ") + QString(action->text()).remove(u'&');
    if (!command->shortcuts.isEmpty()) line += QStringLiteral("   ·   ") + shortcutText(command->shortcuts);
    auto* item = new QListWidgetItem(action->icon(), line, m_list);
    item->setData(Qt::UserRole, command->id);
  }
  m_list->setCurrentRow(0);
}

void CommandPalette::runCurrent() {
  const QListWidgetItem* item = m_list->currentItem();
  if (!item) return;
  QPointer<QAction> action = m_registry->action(item->data(Qt::UserRole).toString());
  hide();
  if (action) action->trigger();
}

bool CommandPalette::eventFilter(QObject* watched, QEvent* event) {
  if (watched == parent() && event->type() == QEvent::Resize && isVisible()) place();
  if (watched != m_edit) return QFrame::eventFilter(watched, event);
  if (event->type() == QEvent::FocusOut && isVisible() && !isAncestorOf(focusWidget())) hide();
  if (event->type() == QEvent::KeyPress) {
    const auto* key = static_cast<QKeyEvent*>(event);
    const int row = m_list->currentRow();
    if (key->key() == Qt::Key_Escape) {
      hide();
      return true;
    }
    if (key->key() == Qt::Key_Down || key->key() == Qt::Key_Up) {
      m_list->setCurrentRow(std::clamp(row + (key->key() == Qt::Key_Down ? 1 : -1), 0, m_list->count() - 1));
      return true;
    }
  }
  return QFrame::eventFilter(watched, event);
}

}  // namespace whorl::ui
