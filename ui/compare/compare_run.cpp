// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/compare/compare_run.h"

#include <algorithm>
#include <mutex>
#include <utility>

#include "ui/image/qimage_convert.h"
#include "ui/session/engine_session.h"

namespace whorl::ui {
namespace {

/// Models count their classes each in their own order.
std::optional<int> labelFor(const ModelInfo& model, const QString& label) {
  const auto found = std::find(model.classNames.begin(), model.classNames.end(), label.toStdString());
  if (label.isEmpty() || found == model.classNames.end()) return std::nullopt;
  return static_cast<int>(found - model.classNames.begin());
}

}  // namespace

CompareCell compareCell(const ExploreResult& result, const ModelInfo& model, std::optional<int> label) {
  CompareCell cell;
  for (const StepOutcome& step : result.steps) {
    if (step.problem.empty()) continue;
    cell.state = CompareCell::State::Failed;
    cell.problem = QString::fromStdString(step.problem);
    return cell;
  }
  const Verdict& after = result.after;
  const auto predicted = static_cast<std::size_t>(after.predicted);
  cell.state = CompareCell::State::Done;
  cell.picture = toQImage(result.result);
  cell.answer = predicted < model.classNames.size() ? QString::fromStdString(model.classNames[predicted])
                                                    : QString::number(after.predicted);
  if (predicted < after.probabilities.size()) cell.probability = after.probabilities[predicted];
  if (after.threshold && !after.fingerprintDistances.empty()) cell.accepted = after.accepted;
  cell.fooled = after.predicted != label.value_or(result.before.predicted);
  cell.l2 = result.norms.l2;
  cell.linf = result.norms.linf;
  return cell;
}

/// What the worker and the GUI thread share of one question.
struct CompareRun::Channel {
  struct News {
    int row = 0;
    int column = 0;
    CompareCell cell;
  };
  std::mutex mutex;
  std::vector<News> waiting;

  void put(int row, int column, CompareCell cell) {
    const std::lock_guard lock(mutex);
    waiting.push_back({row, column, std::move(cell)});
  }
};

CompareRun::CompareRun(EngineSession* session, QObject* parent) : QObject(parent), m_session(session) {
  m_timer.setInterval(kLookMs);
  connect(&m_timer, &QTimer::timeout, this, &CompareRun::handOver);
}

void CompareRun::ask(CompareQuestion question) {
  const auto shared = std::make_shared<CompareQuestion>(std::move(question));
  m_requests.ask([this, shared](std::uint64_t number) { return start(shared, number); }, m_session->ready());
  Q_EMIT busyChanged(busy());
}

void CompareRun::cancel() {
  m_requests.cancel();
  m_channel.reset();
}

std::shared_ptr<Job> CompareRun::start(const std::shared_ptr<CompareQuestion>& question, std::uint64_t number) {
  m_channel = std::make_shared<Channel>();
  m_runningNumber = number;
  m_timer.start();
  return m_session->run(
      this, Lane::Batch, tr("Compare models and attacks"),
      [question, channel = m_channel](Engine& engine, const JobContext& context) {
        ExploreRequest request;
        request.image = *question->image;
        request.fit = question->fit;
        request.imageIndex = question->imageIndex;
        request.seed = question->seed;
        request.tolerant = true;
        const auto total = std::ssize(question->models) * std::ssize(question->columns);
        std::int64_t done = 0;
        for (int row = 0; row < std::ssize(question->models); ++row) {
          const ModelInfo& model = question->models[static_cast<std::size_t>(row)];
          request.model = model.id;
          request.label = labelFor(model, question->label);
          for (int column = 0; column < std::ssize(question->columns); ++column) {
            context.step();
            CompareCell cell;
            cell.state = CompareCell::State::Running;
            channel->put(row, column, cell);
            request.steps = question->columns[static_cast<std::size_t>(column)].steps;
            try {
              cell = compareCell(engine.explore(request, context, {}), model, request.label);
            } catch (const Error& error) {
              if (error.kind() == ErrorKind::Cancelled) throw;
              cell.state = CompareCell::State::Failed;
              cell.problem = errorText(error);
            }
            channel->put(row, column, std::move(cell));
            context.report({++done, total, model.name, {}});
          }
        }
      },
      [this, number] {
        handOver();
        ended();
        if (m_requests.isNewest(number)) Q_EMIT finished();
      },
      [this, number](const Error& error) {
        handOver();
        ended();
        if (m_requests.isNewest(number)) Q_EMIT failed(errorText(error));
      });
}

void CompareRun::handOver() {
  if (!m_channel || !m_requests.isNewest(m_runningNumber)) return;
  std::vector<Channel::News> news;
  {
    const std::lock_guard lock(m_channel->mutex);
    news = std::exchange(m_channel->waiting, {});
  }
  for (const auto& each : news) Q_EMIT cellChanged(each.row, each.column, each.cell);
}

void CompareRun::ended() {
  m_timer.stop();
  m_channel.reset();
  m_requests.ended();
  Q_EMIT busyChanged(busy());
}

}  // namespace whorl::ui
