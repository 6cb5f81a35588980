// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QWidget>

#include <utility>
#include <vector>

#include "ui/pages/models_model.h"

class QLabel;
class QLineEdit;
class QPushButton;
class QStackedWidget;
class QTableView;

namespace whorl::ui {

class EngineSession;
class InlineMessage;
class ModelDetails;
class ModelImport;
class NoticeBar;

/// The Models page: every model with its past; search, sort, compare, import, export, delete with undo. GUI thread
/// only.
class ModelsPage : public QWidget {
  Q_OBJECT

 public:
  explicit ModelsPage(EngineSession* session, QWidget* parent = nullptr);

  QTableView* table() const { return m_table; }
  /// Deletes the chosen models that are the user's own; the bar offers to undo it.
  void deleteChosen();
  /// Brings the newest deletion back.
  void undoDelete();
  /// `format`: "safetensors" or "pytorch".
  void exportChosen(const QString& format, const QString& path);
  /// As text to the clipboard; without a choice, the whole table.
  void copyTable();
  /// By the ending: .csv or .md. "" or what went wrong.
  QString exportTable(const QString& path);
  void exportTableWithDialog();
  /// Opens the form for a foreign model.
  void showImport();

 Q_SIGNALS:
  void openInExplore(const QString& modelId);

 protected:
  bool eventFilter(QObject* watched, QEvent* event) override;

 private:
  QWidget* makeToolBar();
  void makeTable();
  void makeActions();
  void reload();
  void list(std::vector<ModelEntry> entries, const std::vector<ArchitectureInfo>& architectures);
  void choiceChanged();
  void openChosen();
  void showDeleted();
  void exportWithDialog(const QString& format);
  void fitColumns();
  std::vector<ModelEntry> chosen() const;
  void choose(const QStringList& ids);

  EngineSession* m_session;
  ModelsModel* m_model;
  ModelsFilter* m_filter;
  QLineEdit* m_search;
  QPushButton* m_importButton;
  QPushButton* m_open;
  QPushButton* m_export;
  QPushButton* m_delete;
  QStackedWidget* m_stack;
  QLabel* m_empty;
  QTableView* m_table;
  ModelDetails* m_details;
  ModelImport* m_import;
  NoticeBar* m_notice;
  InlineMessage* m_problem;
  std::vector<std::pair<QString, QString>> m_deleted;  ///< name, path in the trash
  QString m_chooseNext;                                ///< id of an imported model, to be chosen when it is listed
  bool m_loadedOnce = false;
};

}  // namespace whorl::ui
