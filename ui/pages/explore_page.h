// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QImage>
#include <QStringList>
#include <QTimer>
#include <QWidget>

#include <optional>
#include <vector>

#include "core/service/types.h"
#include "ui/explore/image_source.h"
#include "ui/explore/operations.h"
#include "ui/explore/trace.h"
#include "ui/session/session_store.h"

class QStackedLayout;

namespace whorl::ui {

class CommandRegistry;
class CompareDialog;
class EmptyState;
class EngineSession;
class ExploreController;
struct CompareSubject;
class Filmstrip;
class InlineMessage;
class ResultPresenter;
class SourceBar;
class StepPanel;
class StepStack;
class Timeline;
class VerdictPanel;
class ViewsPanel;

/// One image, a stack of steps, and what a model makes of both.
class ExplorePage : public QWidget {
  Q_OBJECT

 public:
  /// The commands of explore_commands.h must have been registered.
  ExplorePage(EngineSession* session, CommandRegistry* commands, StepStack* stack, QWidget* parent = nullptr);

  /// What to take up when the engine is ready.
  void restore(const SessionState& state) { m_restored = state; }
  SessionState state() const;

  /// Also before the engine is ready: then they are opened as soon as it is.
  void openFiles(const QStringList& paths);
  void openPicture(const QImage& picture);
  /// An image that was made here, as it is: a point of a landscape. Only when a model is shown already.
  void openMade(const Image& image, const QString& title, std::optional<int> label);
  /// Shows the images of a file that an attack on that model wrote, before and after it, with the steps switched off:
  /// they would be attacked once more. Only when a model is shown already.
  void openAttacked(const QString& file, const QString& modelFile, const QString& title);
  void chooseFiles();
  void chooseWhereToSave();
  /// ±1, or 0 for a random one.
  void neighbour(int direction);
  void showModel(const QString& id);
  void openAddMenu();
  /// The grid of models and attacks, in a window of its own that follows this page.
  void openCompare();

  ViewsPanel* views() const { return m_views; }
  VerdictPanel* verdict() const { return m_verdict; }
  Timeline* timeline() const { return m_timeline; }
  /// What is shown: the result, or the step of the attack that somebody went back to.
  const std::optional<ExploreResult>& result() const;
  const std::optional<ModelInfo>& model() const { return m_model; }
  const std::optional<SourceImage>& source() const { return m_source; }
  const EngineInfo& engineInfo() const { return m_info; }
  /// Attacks and perturbations, once the engine's lists are here.
  const Operations& operations() const { return m_operations; }
  /// The true class of the current image, where the model knows it.
  std::optional<int> label() const;

 Q_SIGNALS:
  /// A result is shown.
  void pictureShown();
  /// The engine could not say anything of the current image and steps, or could not be loaded.
  void failed(const QString& message);
  /// Model, image or engine changed.
  void statusChanged();
  void trainWanted();

 protected:
  void dragEnterEvent(QDragEnterEvent* event) override;
  void dropEvent(QDropEvent* event) override;

 private:
  struct Lists {
    std::vector<ModelInfo> models;
    std::vector<DatasetInfo> datasets;
    Operations operations;
    EngineInfo info;
  };

  void build(CommandRegistry* commands);
  void connectParts();
  void engineReady();
  void loadLists(bool first);
  const ModelInfo* knownModel(const QString& idOrPath) const;
  void showAttacked(const QString& file, const QString& title);
  void start(const Lists& lists);
  void refresh(const Lists& lists);
  void useModel(const ModelInfo& model);
  void useDataset(const DatasetInfo& info, std::int64_t row);
  void showLists();
  void ask();
  void showResult(const ExploreResult& result, const Trace& trace);
  void showProblem(const QString& message);
  void showLoading();
  CompareSubject compareSubject() const;
  void takeUpCell(const QString& model, const std::vector<StepRequest>& steps);
  void showEmpty(const QString& icon, const QString& title, const QString& text, const QString& action = {});

  EngineSession* m_session;
  StepStack* m_stack;
  ExploreController* m_controller;
  ImageSource* m_images;
  QStackedLayout* m_layers = nullptr;
  EmptyState* m_empty = nullptr;
  SourceBar* m_bar = nullptr;
  InlineMessage* m_message = nullptr;
  Filmstrip* m_strip = nullptr;
  ViewsPanel* m_views = nullptr;
  VerdictPanel* m_verdict = nullptr;
  StepPanel* m_steps = nullptr;
  Timeline* m_timeline = nullptr;
  CompareDialog* m_compare = nullptr;
  QTimer m_compareSoon;  ///< sliders move often
  ResultPresenter* m_presenter = nullptr;

  EngineInfo m_info;
  std::vector<ModelInfo> m_models;
  std::vector<ModelInfo> m_foreignModels;  ///< that are used, though the engine doesn't list them
  std::vector<DatasetInfo> m_datasets;
  Operations m_operations;
  std::optional<ModelInfo> m_model;
  std::optional<SourceImage> m_source;
  std::optional<SessionState> m_restored;
  QStringList m_waitingFiles;
  QString m_waitingModel;
  bool m_everShown = false;  ///< a result
  QTimer m_loading;          ///< until what belongs to the last model is taken away
};

}  // namespace whorl::ui
