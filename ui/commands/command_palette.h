// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QFrame>

class QLineEdit;
class QListWidget;

namespace whorl::ui {

class CommandRegistry;

/// Ctrl+K: type a few letters of a command, Enter runs it, Escape closes. Lies over its parent and isn't modal.
class CommandPalette : public QFrame {
  Q_OBJECT

 public:
  CommandPalette(CommandRegistry* registry, QWidget* parent);

  void open();

 protected:
  bool eventFilter(QObject* watched, QEvent* event) override;

 private:
  void filter(const QString& text);
  void runCurrent();
  void place();

  CommandRegistry* m_registry;
  QLineEdit* m_edit;
  QListWidget* m_list;
};

/// Whether all letters of `query` occur in `text` in that order, case aside; a lower rank is a better match, -1 none.
int matchRank(const QString& query, const QString& text);

}  // namespace whorl::ui
