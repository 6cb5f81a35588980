// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QTimer>
#include <QWidget>

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "core/service/similar_types.h"
#include "ui/session/job_follower.h"
#include "ui/session/newest_request.h"
#include "ui/similar/neighbour_list.h"
#include "ui/similar/similar_form.h"

class QLabel;
class QProgressBar;
class QPushButton;
class QSpinBox;
class QStackedLayout;

namespace whorl::ui {

class CurvePlot;
class EmptyState;
class EngineSession;
class ImageView;
class InlineMessage;
class ViewState;

/// The Similar page: a query image, what may have happened to a copy of it, and the images that two models find nearest
/// to that; and how well both tell copies from other images. It computes only while it is looked at. GUI thread only.
class SimilarPage : public QWidget {
  Q_OBJECT

 public:
  /// After a slider has moved, so long until it is asked.
  static constexpr int kDebounceMs = 80;
  /// Images that a benchmark takes at most: a minute or so.
  static constexpr std::int64_t kMeasured = 500;

  explicit SimilarPage(EngineSession* session, QWidget* parent = nullptr);

  SimilarForm* form() const { return m_form; }
  NeighbourList* list(std::size_t which) const { return m_results[which]; }
  CurvePlot* curve() const { return m_curve; }
  bool indexing() const { return m_indexer.job() != nullptr; }
  bool measuring() const { return m_measurer.job() != nullptr; }
  /// Nothing is under way or waits.
  bool idle() const { return !indexing() && !measuring() && !m_queries.running() && !m_soon.isActive(); }

  /// What is chosen, for the next session; and what the last one left, before the page is looked at.
  PageState state() const { return m_form->state(); }
  void restore(const PageState& state) { m_form->restore(state); }

  /// What the buttons do.
  void index();
  void measure();
  void stop();
  void chooseFile();
  void openFile(const QString& path);
  void chooseFolder();

 Q_SIGNALS:
  /// Somebody wants to look at an image of the index in Explore.
  void openWanted(const whorl::Image& image, const QString& title, std::optional<int> label);

 protected:
  /// Looked at for the first time, it indexes the first images and shows the neighbours of one.
  void showEvent(QShowEvent* event) override;
  void dragEnterEvent(QDragEnterEvent* event) override;
  void dropEvent(QDropEvent* event) override;

 private:
  /// Where the query is from. What a person gave stays when other images are indexed.
  enum class QuerySource { None, Data, Folder, Given };

  /// What one search brought.
  struct Found {
    std::shared_ptr<const Image> query;  ///< perturbed
    std::array<std::vector<ShownNeighbour>, 2> neighbours;
    std::int64_t images = 0;
    double milliseconds = 0;  ///< of the search alone
  };

  void build();
  QWidget* makeTop();
  QWidget* makeQuery();
  QWidget* makeLists();
  void connectParts();
  void loadLists();
  void fetchLayers();
  /// What was indexed is no longer what is chosen.
  void choiceChanged();
  void showIndexed(const std::vector<SimilarIndexResult>& results);
  void fetchQuery();
  /// A folder has no numbers: its first image is looked for until somebody chooses another.
  void fetchFirst(const SimilarIndexResult& result);
  void setQuery(const Image& image, const QString& title, QuerySource source);
  void searchFor(std::size_t which, const QString& name);
  void open(std::size_t which, const QString& name);
  void withImage(std::size_t which, const QString& name, std::function<void(const DatasetImage&)> done);
  void askSoon();
  void ask();
  std::array<std::optional<SimilarQueryRequest>, 2> requests() const;
  void showFound(const Found& found);
  void showMeasured(const SimilarBenchmarkResult& result);
  void showProgress();
  void showButtons();
  void forget(const QString& words);

  EngineSession* m_session;
  JobFollower m_indexer;
  JobFollower m_measurer;
  std::shared_ptr<std::atomic<std::int64_t>> m_done;
  std::shared_ptr<std::atomic<std::int64_t>> m_total;
  NewestRequest m_queries;
  QTimer m_soon;
  SimilarForm* m_form;
  std::array<NeighbourList*, 2> m_results{};
  ViewState* m_view;
  ImageView* m_picture;
  CurvePlot* m_curve;
  QSpinBox* m_number;
  QPushButton* m_file;
  QPushButton* m_index;
  QPushButton* m_stop;
  QPushButton* m_measure;
  QProgressBar* m_progress;
  QLabel* m_state;
  QLabel* m_queryTitle;
  QLabel* m_figures;
  InlineMessage* m_message;
  EmptyState* m_empty;
  QStackedLayout* m_layers = nullptr;
  std::optional<SimilarChoice> m_indexed;   ///< what the files below are of
  std::array<std::string, 2> m_indexFiles;  ///< "" for no second model
  std::shared_ptr<const Image> m_query;
  QuerySource m_querySource = QuerySource::None;
  std::uint64_t m_queryAsked = 0;
  bool m_begun = false;
};

}  // namespace whorl::ui
