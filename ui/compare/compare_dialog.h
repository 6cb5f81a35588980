// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QDialog>

#include <optional>
#include <set>
#include <vector>

#include "ui/compare/compare_run.h"
#include "ui/explore/operations.h"

class QLabel;
class QMenu;
class QPushButton;
class QTableView;
class QToolButton;

namespace whorl::ui {

class EngineSession;
class InlineMessage;

/// What Explore shows, which the grid is about.
struct CompareSubject {
  std::vector<ModelInfo> models;  ///< that can be used
  Operations operations;
  std::string model;    ///< id of the shown one
  std::string dataset;  ///< whose presets attacks begin with
  std::vector<StepRequest> steps;
  std::shared_ptr<const Image> image;
  QString title;  ///< of the image
  InputFit fit = InputFit::Fit;
  QString label;
  std::int64_t imageIndex = 0;
  std::uint64_t seed = 0;
};

/// Explore's image under several attacks by several models, as a grid. It stays open beside the window and computes
/// while it is open. GUI thread only.
class CompareDialog : public QDialog {
  Q_OBJECT

 public:
  explicit CompareDialog(EngineSession* session, QWidget* parent = nullptr);

  /// Takes up what Explore shows and computes it, where it is another one than before.
  void setSubject(const CompareSubject& subject);

  CompareGrid* grid() const { return m_grid; }
  QTableView* table() const { return m_table; }
  CompareRun* run() const { return m_run; }

 Q_SIGNALS:
  /// A person wants to see this cell on the Explore page.
  void cellWanted(const QString& model, const std::vector<whorl::StepRequest>& steps);

 protected:
  void hideEvent(QHideEvent* event) override;

 private:
  void build();
  void fillMenus();
  void addChoice(QMenu* menu, const QString& title, const std::string& name, std::set<std::string>& chosen);
  std::vector<CompareColumn> columns() const;
  std::vector<ModelInfo> rows() const;
  void compute();
  void showState();
  void openCell(const QModelIndex& index);

  CompareRun* m_run;
  CompareGrid* m_grid;
  QTableView* m_table;
  QToolButton* m_models;
  QToolButton* m_attacks;
  QPushButton* m_stop;
  QLabel* m_words;
  InlineMessage* m_problem;
  std::optional<CompareSubject> m_subject;
  bool m_stale = false;                   ///< it was closed before all of it was computed
  std::set<std::string> m_chosenModels;   ///< ids
  std::set<std::string> m_chosenColumns;  ///< attacks' names; kAsItIs and kSteps
};

}  // namespace whorl::ui
