// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QDockWidget>

#include <vector>

class QLabel;
class QScrollArea;
class QStackedWidget;
class QToolButton;
class QVBoxLayout;

namespace whorl::ui {

class EngineSession;
class JobRow;
class JobsModel;

/// The dock below the pages: every announced job of the session with its progress, pause and cancel. GUI thread only.
class JobsDock : public QDockWidget {
  Q_OBJECT

 public:
  explicit JobsDock(EngineSession* session, QWidget* parent = nullptr);

  JobsModel* model() const { return m_model; }

 private:
  QWidget* makeTitleBar();
  void insertRows(int first, int last);
  void removeRows(int first, int last);
  void updateTitle();

  JobsModel* m_model;
  QLabel* m_title = nullptr;
  QToolButton* m_clear = nullptr;
  QStackedWidget* m_pages = nullptr;
  QScrollArea* m_scroll = nullptr;
  QVBoxLayout* m_lines = nullptr;
  std::vector<JobRow*> m_rows;
};

}  // namespace whorl::ui
