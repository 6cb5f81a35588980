// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/evaluate/comparison_dialog.h"

#include <QApplication>
#include <QClipboard>
#include <QComboBox>
#include <QDesktopServices>
#include <QFileInfo>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QKeyEvent>
#include <QLabel>
#include <QProgressBar>
#include <QPushButton>
#include <QTableWidget>
#include <QUrl>
#include <QVBoxLayout>

#include <algorithm>
#include <mutex>
#include <numeric>
#include <optional>

#include "ui/session/engine_session.h"
#include "ui/style/icons.h"
#include "ui/widgets/elided_label.h"
#include "ui/widgets/inline_message.h"

namespace whorl::ui {
namespace {

/// What the engine knows of comparisons.
struct Known {
  std::vector<ComparisonInfo> list;
  std::string userFolder;
};

QString text(const std::string& value) { return QString::fromStdString(value); }

}  // namespace

/// What the worker and the GUI thread share of one run. It outlives both, as each holds it.
struct ComparisonDialog::Channel {
  std::mutex mutex;
  std::optional<ComparisonTable> table;
  std::optional<std::string> line;

  std::pair<std::optional<ComparisonTable>, std::optional<std::string>> take() {
    const std::lock_guard lock(mutex);
    return {std::exchange(table, std::nullopt), std::exchange(line, std::nullopt)};
  }
};

ComparisonDialog::ComparisonDialog(EngineSession* session, QWidget* parent)
    : QDialog(parent),
      m_session(session),
      m_follower(session),
      m_comparison(new QComboBox),
      m_preset(new QComboBox),
      m_start(new QPushButton(icon(QStringLiteral("play")), tr("&Run"))),
      m_stop(new QPushButton(icon(QStringLiteral("stop")), tr("S&top"))),
      m_report(new QPushButton(icon(QStringLiteral("export")), tr("&Report"))),
      m_summary(new QLabel),
      m_words(new ElidedLabel),
      m_progress(new QProgressBar),
      m_problem(new InlineMessage),
      m_table(new QTableWidget) {
  setObjectName(QStringLiteral("comparisons"));
  setWindowTitle(tr("Compare trained models"));
  resize(900, 520);
  build();
  connect(&m_follower, &JobFollower::beat, this, &ComparisonDialog::handOver);
  connect(&m_follower, &JobFollower::stateChanged, this, [this](JobState state) {
    m_stopping = state == JobState::Stopping;
    showState();
  });
  connect(session, &EngineSession::engineReady, this, &ComparisonDialog::reload);
  if (session->ready()) reload();
  showState();
}

ComparisonDialog::~ComparisonDialog() = default;

void ComparisonDialog::build() {
  m_comparison->setObjectName(QStringLiteral("comparison"));
  m_comparison->setAccessibleName(tr("Comparison"));
  m_preset->setObjectName(QStringLiteral("comparison_preset"));
  m_preset->setAccessibleName(tr("Preset"));
  m_stop->setToolTip(tr("Ends after this step. What is finished is kept: “Run” goes on from there."));
  m_report->setToolTip(tr("The web page that the last run of this comparison wrote"));
  m_summary->setWordWrap(true);
  m_summary->setForegroundRole(QPalette::PlaceholderText);
  m_progress->setAccessibleName(tr("Networks that are trained and tested"));
  m_progress->setMaximumWidth(220);
  m_table->setAccessibleName(tr("Models against perturbations"));
  m_table->setEditTriggers(QAbstractItemView::NoEditTriggers);
  m_table->setAlternatingRowColors(true);
  m_table->verticalHeader()->hide();
  m_table->horizontalHeader()->setDefaultAlignment(Qt::AlignCenter | static_cast<Qt::Alignment>(Qt::TextWordWrap));
  m_table->setHorizontalScrollMode(QAbstractItemView::ScrollPerPixel);

  auto* top = new QHBoxLayout;
  top->addWidget(m_comparison, 1);
  top->addWidget(m_preset);
  top->addSpacing(8);
  top->addWidget(m_start);
  top->addWidget(m_stop);
  top->addWidget(m_report);
  auto* words = new QHBoxLayout;
  words->addWidget(m_progress);
  words->addWidget(m_words, 1);
  auto* column = new QVBoxLayout(this);
  column->addLayout(top);
  column->addWidget(m_summary);
  column->addWidget(m_problem);
  column->addLayout(words);
  column->addWidget(m_table, 1);
  auto* legend = new QLabel(tr("Accuracy in per cent, means over seeds ± half a 95 % interval (Student’s t)"));
  legend->setForegroundRole(QPalette::PlaceholderText);
  column->addWidget(legend);

  connect(m_comparison, &QComboBox::currentIndexChanged, this, &ComparisonDialog::showChosen);
  connect(m_preset, &QComboBox::currentIndexChanged, this, &ComparisonDialog::showState);
  connect(m_start, &QPushButton::clicked, this, &ComparisonDialog::start);
  connect(m_stop, &QPushButton::clicked, this, &ComparisonDialog::stop);
  connect(m_report, &QPushButton::clicked, this, &ComparisonDialog::openReport);
}

void ComparisonDialog::reload() {
  if (!m_session->ready()) return;
  m_session->run(
      this, Lane::Interactive, tr("List comparisons"),
      [](Engine& engine, const JobContext&) {
        return Known{comparisons(engine), engine.info().userFolder};
      },
      [this](const Known& known) {
        const QString before = m_comparison->currentData().toString();
        m_list = known.list;
        m_userFolder = known.userFolder;
        {
          const QSignalBlocker quiet(m_comparison);
          m_comparison->clear();
          for (const ComparisonInfo& each : m_list) m_comparison->addItem(text(each.title), text(each.id));
        }
        if (before.isEmpty() || !choose(before)) showChosen();
      },
      [this](const Error& error) { m_problem->setText(errorText(error)); });
}

bool ComparisonDialog::choose(const QString& id, const QString& preset) {
  const int row = m_comparison->findData(id);
  if (row < 0 || running()) return false;
  m_comparison->setCurrentIndex(row);
  showChosen();
  const int place = preset.isEmpty() ? 0 : m_preset->findText(preset);
  if (place >= 0) m_preset->setCurrentIndex(place);
  return place >= 0 || preset.isEmpty();
}

const ComparisonInfo* ComparisonDialog::chosen() const {
  const int row = m_comparison->currentIndex();
  return row >= 0 && row < static_cast<int>(m_list.size()) ? &m_list[static_cast<std::size_t>(row)] : nullptr;
}

void ComparisonDialog::showChosen() {
  const ComparisonInfo* info = chosen();
  {
    const QSignalBlocker quiet(m_preset);
    m_preset->clear();
    if (info) {
      for (const std::string& preset : info->presets) m_preset->addItem(text(preset));
    }
  }
  m_preset->setVisible(m_preset->count() > 0);
  m_summary->setText(info ? text(info->summary) : tr("There are no comparisons here."));
  m_problem->setText(info ? text(info->problem) : QString());
  showTable({});
  m_words->setText(info && info->problem.empty()
                       ? tr("“Run” trains these networks and tests them; the table fills in seed by seed.")
                       : QString());
  showState();
}

std::string ComparisonDialog::reportFolder() const {
  const ComparisonInfo* info = chosen();
  if (!info || m_userFolder.empty()) return {};
  const std::string preset = m_preset->currentText().toStdString();
  return m_userFolder + "/reports/" + info->id + (preset.empty() ? "" : "-" + preset);
}

void ComparisonDialog::start() {
  const ComparisonInfo* info = chosen();
  if (!info || !info->problem.empty() || running() || !m_session->ready()) return;
  ComparisonRequest request;
  request.recipe = info->path;
  request.preset = m_preset->currentText().toStdString();
  request.report = reportFolder();
  m_problem->setText({});
  m_stopping = false;
  m_channel = std::make_shared<Channel>();
  const auto work = [request, channel = m_channel](Engine& engine, const JobContext& context) {
    ComparisonHooks hooks;
    hooks.onLine = [channel](const std::string& line) {
      const std::lock_guard lock(channel->mutex);
      channel->line = line;
    };
    hooks.onTable = [channel](const ComparisonTable& table) {
      const std::lock_guard lock(channel->mutex);
      channel->table = table;
    };
    return runComparison(engine, request, context, hooks);
  };
  const auto done = [this](const ComparisonResult& result) {
    showTable(result.table);
    m_words->setText(tr("Finished"));
    showState();
    Q_EMIT finished(result);
  };
  const auto broken = [this](const Error& error) {
    const bool stopped = error.kind() == ErrorKind::Cancelled;
    m_words->setText(stopped ? tr("Stopped; what is finished is kept") : QString());
    if (!stopped) m_problem->setText(errorText(error));
    showState();
    Q_EMIT failed(errorText(error));
  };
  m_follower.run(Lane::Training, tr("Compare %1").arg(text(info->title)), work, done, broken);
  showState();
}

void ComparisonDialog::stop() {
  if (!running()) return;
  m_follower.job()->cancel();
  m_stopping = true;
  showState();
}

void ComparisonDialog::handOver() {
  const auto [table, line] = m_channel->take();
  if (table) showTable(*table);
  if (line) m_words->setText(text(*line));
}

void ComparisonDialog::showTable(const ComparisonTable& table) {
  m_table->setColumnCount(static_cast<int>(table.header.size()));
  m_table->setRowCount(static_cast<int>(table.rows.size()));
  for (int column = 0; column < m_table->columnCount(); ++column) {
    m_table->setHorizontalHeaderItem(column,
                                     new QTableWidgetItem(text(table.header[static_cast<std::size_t>(column)])));
  }
  for (int row = 0; row < m_table->rowCount(); ++row) {
    const auto& cells = table.rows[static_cast<std::size_t>(row)];
    for (int column = 0; column < m_table->columnCount(); ++column) {
      const auto place = static_cast<std::size_t>(column);
      auto* item = new QTableWidgetItem(place < cells.size() ? text(cells[place]) : QString());
      item->setTextAlignment(column == 0 ? Qt::AlignLeft | Qt::AlignVCenter : Qt::AlignCenter);
      m_table->setItem(row, column, item);
    }
  }
  m_table->resizeColumnsToContents();
  const auto sum = [](const std::vector<std::size_t>& counts) {
    return static_cast<int>(std::accumulate(counts.begin(), counts.end(), std::size_t{0}));
  };
  m_progress->setRange(0, std::max(1, sum(table.wanted)));
  m_progress->setValue(sum(table.done));
  m_progress->setVisible(!table.rows.empty());
}

void ComparisonDialog::showState() {
  const ComparisonInfo* info = chosen();
  const bool busy = running();
  m_comparison->setEnabled(!busy && m_comparison->count() > 0);
  m_preset->setEnabled(!busy);
  m_start->setEnabled(!busy && info && info->problem.empty());
  m_start->setToolTip(busy ? tr("A comparison is under way.")
                           : tr("Trains and tests what isn't finished yet; what an earlier run finished is kept."));
  m_stop->setEnabled(busy && !m_stopping);
  m_report->setEnabled(!busy && QFileInfo::exists(text(reportFolder() + "/report.html")));
  if (busy && m_stopping) m_words->setText(tr("Stopping after this step…"));
}

void ComparisonDialog::openReport() {
  QDesktopServices::openUrl(QUrl::fromLocalFile(text(reportFolder() + "/report.html")));
}

QString ComparisonDialog::tableText() const {
  QStringList lines;
  QStringList header;
  for (int column = 0; column < m_table->columnCount(); ++column) {
    header << m_table->horizontalHeaderItem(column)->text();
  }
  lines << header.join(u'\t');
  for (int row = 0; row < m_table->rowCount(); ++row) {
    QStringList cells;
    for (int column = 0; column < m_table->columnCount(); ++column) cells << m_table->item(row, column)->text();
    lines << cells.join(u'\t');
  }
  return lines.join(u'\n');
}

void ComparisonDialog::keyPressEvent(QKeyEvent* event) {
  if (event->matches(QKeySequence::Copy)) {
    QApplication::clipboard()->setText(tableText());
    return;
  }
  QDialog::keyPressEvent(event);
}

}  // namespace whorl::ui
