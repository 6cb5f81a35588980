// SPDX-License-Identifier: GPL-3.0-or-later
// What the Similar page asks the engine for.
#include <QFileDialog>
#include <QFileInfo>
#include <QJsonDocument>
#include <QJsonObject>
#include <QLabel>
#include <QSignalBlocker>
#include <QSpinBox>
#include <QStackedLayout>

#include <algorithm>
#include <limits>
#include <utility>

#include "ui/explore/choices.h"
#include "ui/image/qimage_convert.h"
#include "ui/pages/similar_page.h"
#include "ui/plots/curve_plot.h"
#include "ui/session/engine_session.h"
#include "ui/widgets/empty_state.h"
#include "ui/widgets/inline_message.h"

namespace whorl::ui {
namespace {

constexpr std::int64_t kTop = 10;
/// Pictures are kept no larger: those of a folder may have megapixels.
constexpr int kKeptSide = 112;

/// The context of a job whose progress the page fetches at its own beat. `part` of `parts`: jobs after each other.
JobContext watched(const JobContext& context, const std::shared_ptr<std::atomic<std::int64_t>>& done,
                   const std::shared_ptr<std::atomic<std::int64_t>>& total, std::int64_t part, std::int64_t parts) {
  return {context.stopToken(),
          [&context, done, total, part, parts](const Progress& progress) {
            done->store(part * progress.total + progress.done);
            total->store(parts * progress.total);
            context.report(
                {part * progress.total + progress.done, parts * progress.total, progress.message, progress.metrics});
          },
          [&context] { context.step(); }};
}

ShownNeighbour shown(Engine& engine, const std::string& index, const SimilarNeighbour& neighbour,
                     const JobContext& context) {
  ShownNeighbour result{neighbour, {}, {}, {}};
  try {
    const DatasetImage image = engine.similarImage(index, neighbour.name, context);
    result.className = QString::fromStdString(image.className);
    result.thumbnail = toQImage(image.image);
    if (result.thumbnail.width() > kKeptSide || result.thumbnail.height() > kKeptSide) {
      result.thumbnail = result.thumbnail.scaled(kKeptSide, kKeptSide, Qt::KeepAspectRatio, Qt::SmoothTransformation);
    }
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::Cancelled) throw;
    result.problem = errorText(error);  // its file is gone: the others are shown all the same
  }
  return result;
}

}  // namespace

void SimilarPage::loadLists() {
  if (m_begun || !isVisible() || !m_session->ready()) return;
  m_begun = true;
  m_session->run(
      this, Lane::Interactive, tr("Lists"),
      [](Engine& engine, const JobContext&) {
        return SimilarLists{engine.models(), engine.datasets(), engine.perturbations(), engine.featureDistances()};
      },
      [this](const SimilarLists& lists) {
        const bool first = m_form->lists().models.empty();
        m_form->setLists(lists);
        if (m_form->choice().models[0].isEmpty()) {
          m_empty->set(QStringLiteral("models"), tr("No model yet"),
                       tr("A trained model’s features tell how alike two images are. Train one first."));
          m_layers->setCurrentIndex(1);
          return;
        }
        m_layers->setCurrentIndex(0);
        if (!first) return fetchLayers();
        forget(tr("Indexing…"));
        fetchLayers();
      },
      [this](const Error& error) {
        m_empty->set(QStringLiteral("warning"), tr("The engine’s lists could not be read"), errorText(error));
      });
}

void SimilarPage::fetchLayers() {
  const auto models = m_form->choice().models;
  m_session->run(
      this, Lane::Interactive, tr("Lists"),
      [models](Engine& engine, const JobContext&) {
        std::vector<std::string> layers = engine.featureLayers(models[0].toStdString());
        if (!models[1].isEmpty()) {
          const auto other = engine.featureLayers(models[1].toStdString());
          std::erase_if(layers, [&](const std::string& layer) {
            return std::find(other.begin(), other.end(), layer) == other.end();
          });
        }
        return layers;
      },
      [this, models](const std::vector<std::string>& layers) {
        if (models != m_form->choice().models) return;
        const bool first = m_form->choice().layer.empty();
        m_form->setLayers(layers);
        const DatasetInfo* data = m_form->dataset();
        if (data) m_number->setMaximum(static_cast<int>(std::max<std::int64_t>(0, data->testCount - 1)));
        // Something to look at before anything is pressed: a folder may be large, the first images of a set are not.
        if (first && data) return index();
        choiceChanged();
      },
      [this](const Error& error) { m_message->setText(errorText(error)); });
}

void SimilarPage::index() {
  const SimilarChoice choice = m_form->choice();
  if (indexing() || measuring() || choice.layer.empty() || choice.models[0].isEmpty()) return;
  m_message->setText({});
  m_message->setToolTip({});
  forget(tr("Indexing…"));
  m_done->store(0);
  m_total->store(0);
  std::vector<SimilarIndexRequest> requests;
  for (const QString& model : choice.models) {
    if (model.isEmpty()) continue;
    SimilarIndexRequest request;
    request.model = model.toStdString();
    request.layer = choice.layer;
    request.dataset = choice.dataset.toStdString();
    request.folder = choice.folder.toStdString();
    request.count = choice.count;
    requests.push_back(std::move(request));
  }
  m_indexer.run(
      Lane::Batch, tr("Index of %1").arg(choice.dataset.isEmpty() ? choice.folder : choice.dataset),
      [requests, done = m_done, total = m_total](Engine& engine, const JobContext& context) {
        std::vector<SimilarIndexResult> results;
        for (const SimilarIndexRequest& request : requests) {
          results.push_back(
              engine.similarIndex(request, watched(context, done, total, std::ssize(results), std::ssize(requests))));
        }
        return results;
      },
      [this, choice](const std::vector<SimilarIndexResult>& results) {
        showButtons();
        showIndexed(results);
        if (m_form->choice() != choice) return choiceChanged();
        m_indexed = choice;
        for (std::size_t i = 0; i < results.size(); ++i) m_indexFiles[i] = results[i].index;
        for (NeighbourList* list : m_results) list->clear(tr("Choose an image to look for."));
        const DatasetInfo* data = m_form->dataset();
        if (data) {
          const QSignalBlocker blocker(m_number);
          m_number->setMaximum(static_cast<int>(std::max<std::int64_t>(0, data->testCount - 1)));
        }
        const bool given = m_querySource == QuerySource::Given;
        if (data && !given && m_querySource != QuerySource::Data) return fetchQuery();
        if (!data && !given) return fetchFirst(results.front());
        ask();
      },
      [this](const Error& error) {
        showButtons();
        const bool cancelled = error.kind() == ErrorKind::Cancelled;
        forget(cancelled ? tr("Stopped. What is indexed is kept: “Index” goes on.") : tr("There is no index."));
        m_state->clear();
        if (!cancelled) m_message->setText(errorText(error));
      });
  showButtons();
}

void SimilarPage::stop() {
  for (const JobFollower* follower : {&m_indexer, &m_measurer}) {
    if (Job* job = follower->job()) job->cancel();
  }
}

void SimilarPage::measure() {
  const SimilarChoice choice = m_form->choice();
  if (indexing() || measuring() || (choice.dataset.isEmpty() && choice.folder.isEmpty())) return;
  m_message->setText({});
  m_done->store(0);
  m_total->store(0);
  SimilarBenchmarkRequest request;
  for (const QString& model : choice.models) {
    if (!model.isEmpty()) request.models.push_back(model.toStdString());
  }
  request.layer = choice.layer;
  request.measure = m_form->measure();
  // The engine takes a folder of images for a data set.
  request.dataset = (choice.dataset.isEmpty() ? choice.folder : choice.dataset).toStdString();
  request.count = choice.count > 0 ? std::clamp<std::int64_t>(choice.count, 2, kMeasured) : kMeasured;
  request.seed = m_form->seed();
  std::vector<StepRequest> steps = m_form->steps();
  std::erase_if(steps, [](const StepRequest& step) { return !step.enabled; });
  if (!steps.empty()) request.distortions = {std::move(steps)};
  m_measurer.run(
      Lane::Batch, tr("Near-duplicates of %1").arg(choice.dataset.isEmpty() ? choice.folder : choice.dataset),
      [request, done = m_done, total = m_total](Engine& engine, const JobContext& context) {
        return engine.similarBenchmark(request, watched(context, done, total, 0, 1));
      },
      [this, choice](const SimilarBenchmarkResult& result) {
        showButtons();
        if (m_form->choice().models == choice.models) showMeasured(result);
      },
      [this](const Error& error) {
        showButtons();
        if (error.kind() != ErrorKind::Cancelled) m_message->setText(errorText(error));
      });
  showButtons();
}

void SimilarPage::fetchQuery() {
  const DatasetInfo* data = m_form->dataset();
  if (!data || !m_session->ready()) return;
  const std::uint64_t asked = ++m_queryAsked;
  m_session->run(
      this, Lane::Interactive, tr("Query"),
      [name = data->name, number = m_number->value()](Engine& engine, const JobContext& context) {
        return engine.testImages(name, number, 1, context);
      },
      [this, asked, title = QString::fromStdString(data->title)](const std::vector<DatasetImage>& images) {
        if (asked != m_queryAsked || images.empty()) return;
        const DatasetImage& image = images.front();
        setQuery(image.image,
                 tr("%1 test image %2, “%3”").arg(title).arg(image.index).arg(QString::fromStdString(image.className)),
                 QuerySource::Data);
      },
      [this, asked](const Error& error) {
        if (asked == m_queryAsked) m_message->setText(errorText(error));
      });
}

void SimilarPage::fetchFirst(const SimilarIndexResult& result) {
  const auto document = QJsonDocument::fromJson(QByteArray::fromStdString(result.json));
  const QString name = document.object().value(QStringLiteral("first")).toString();
  if (name.isEmpty()) return;  // a name that is no text
  const std::uint64_t asked = ++m_queryAsked;
  withImage(0, name, [this, name, asked](const DatasetImage& image) {
    if (asked == m_queryAsked) setQuery(image.image, name, QuerySource::Folder);
  });
}

void SimilarPage::setQuery(const Image& image, const QString& title, QuerySource source) {
  m_query = std::make_shared<const Image>(image);
  m_querySource = source;
  m_queryTitle->setText(title);
  ask();
}

void SimilarPage::chooseFile() {
  auto* dialog = new QFileDialog(this, tr("Open an image to look for"));
  dialog->setAttribute(Qt::WA_DeleteOnClose);
  dialog->setFileMode(QFileDialog::ExistingFile);
  connect(dialog, &QFileDialog::fileSelected, this, &SimilarPage::openFile);
  dialog->open();
}

void SimilarPage::chooseFolder() {
  auto* dialog = new QFileDialog(this, tr("Choose a folder of images"));
  dialog->setAttribute(Qt::WA_DeleteOnClose);
  dialog->setFileMode(QFileDialog::Directory);
  dialog->setOption(QFileDialog::ShowDirsOnly);
  connect(dialog, &QFileDialog::fileSelected, m_form, &SimilarForm::setFolder);
  dialog->open();
}

void SimilarPage::openFile(const QString& path) {
  if (!m_session->ready()) return;
  const std::uint64_t asked = ++m_queryAsked;
  m_session->run(
      this, Lane::Interactive, tr("Query"),
      [file = path.toStdString()](Engine& engine, const JobContext&) { return engine.readImage(file); },
      [this, asked, title = QFileInfo(path).fileName()](const Image& image) {
        if (asked != m_queryAsked) return;
        m_message->setText({});
        setQuery(image, title, QuerySource::Given);
      },
      [this, asked](const Error& error) {
        if (asked == m_queryAsked) m_message->setText(errorText(error));
      });
}

void SimilarPage::withImage(std::size_t which, const QString& name, std::function<void(const DatasetImage&)> done) {
  if (m_indexFiles[which].empty()) return;
  m_session->run(
      this, Lane::Interactive, tr("Neighbour"),
      [index = m_indexFiles[which], image = name.toStdString()](Engine& engine, const JobContext& context) {
        return engine.similarImage(index, image, context);
      },
      std::move(done), [this](const Error& error) { m_message->setText(errorText(error)); });
}

void SimilarPage::searchFor(std::size_t which, const QString& name) {
  ++m_queryAsked;
  withImage(which, name, [this, name](const DatasetImage& image) { setQuery(image.image, name, QuerySource::Given); });
}

void SimilarPage::open(std::size_t which, const QString& name) {
  withImage(which, name, [this, name](const DatasetImage& image) {
    Q_EMIT openWanted(image.image, name, image.label >= 0 ? std::optional(image.label) : std::nullopt);
  });
}

/// Not later than kDebounceMs after the first of many changes: the neighbours follow a slider that is being dragged.
void SimilarPage::askSoon() {
  if (!m_soon.isActive()) m_soon.start();
}

std::array<std::optional<SimilarQueryRequest>, 2> SimilarPage::requests() const {
  std::array<std::optional<SimilarQueryRequest>, 2> requests;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    if (m_indexFiles[i].empty()) continue;
    SimilarQueryRequest& request = requests[i].emplace();
    request.index = m_indexFiles[i];
    request.measure = m_form->measure();
    request.top = kTop;
    request.seed = m_form->seed();
    request.steps = m_form->steps();
  }
  return requests;
}

void SimilarPage::ask() {
  m_soon.stop();
  if (!m_query || !m_indexed || m_indexFiles[0].empty()) return;
  const auto work = [wanted = requests(), query = m_query](Engine& engine, const JobContext& context) {
    Found found;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      if (!wanted[i]) continue;
      SimilarQueryRequest request = *wanted[i];
      request.images = {*query};
      const SimilarQueryResult result = engine.similarQuery(request, context);
      const SimilarAnswer& answer = result.answers.front();
      if (!found.query) found.query = std::make_shared<const Image>(answer.image);
      found.images = result.images;
      found.milliseconds += 1000 * result.searchSeconds;
      for (const SimilarNeighbour& each : answer.neighbours) {
        found.neighbours[i].push_back(shown(engine, request.index, each, context));
      }
    }
    return found;
  };
  m_queries.ask(
      [this, work](std::uint64_t number) {
        return m_session->run(
            this, Lane::Interactive, tr("Search"), work,
            [this, number](const Found& found) {
              const bool newest = m_queries.isNewest(number);
              m_queries.ended();
              if (!newest) return;
              m_message->setText(m_message->toolTip().isEmpty() ? QString() : m_message->text());
              showFound(found);
            },
            [this, number](const Error& error) {
              const bool newest = m_queries.isNewest(number);
              m_queries.ended();
              if (newest && error.kind() != ErrorKind::Cancelled) m_message->setText(errorText(error));
            });
      },
      m_session->ready());
}

}  // namespace whorl::ui
