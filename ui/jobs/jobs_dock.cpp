// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/jobs/jobs_dock.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QScrollArea>
#include <QStackedWidget>
#include <QToolButton>
#include <QVBoxLayout>

#include "ui/jobs/job_row.h"
#include "ui/jobs/jobs_model.h"
#include "ui/session/engine_session.h"
#include "ui/style/icons.h"

namespace whorl::ui {

JobsDock::JobsDock(EngineSession* session, QWidget* parent)
    : QDockWidget(tr("Jobs"), parent), m_model(new JobsModel(this)) {
  setObjectName(QStringLiteral("jobsDock"));
  setAllowedAreas(Qt::BottomDockWidgetArea | Qt::TopDockWidgetArea);
  setTitleBarWidget(makeTitleBar());

  auto* list = new QWidget;
  m_lines = new QVBoxLayout(list);
  m_lines->setContentsMargins(0, 0, 0, 0);
  m_lines->setSpacing(0);
  m_lines->addStretch(1);
  m_scroll = new QScrollArea;
  m_scroll->setWidgetResizable(true);
  m_scroll->setFrameShape(QFrame::NoFrame);
  m_scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  m_scroll->setWidget(list);
  m_scroll->setAccessibleName(tr("Jobs"));

  auto* empty =
      new QLabel(tr("Nothing is running. Trainings, downloads and imports appear here, with their progress."));
  empty->setAlignment(Qt::AlignCenter);
  empty->setWordWrap(true);

  m_pages = new QStackedWidget;
  m_pages->addWidget(empty);
  m_pages->addWidget(m_scroll);
  m_pages->setMinimumHeight(fontMetrics().height() * 2 + 16);
  setWidget(m_pages);

  connect(m_model, &JobsModel::rowsInserted, this,
          [this](const QModelIndex&, int first, int last) { insertRows(first, last); });
  connect(m_model, &JobsModel::rowsRemoved, this,
          [this](const QModelIndex&, int first, int last) { removeRows(first, last); });
  connect(m_model, &JobsModel::dataChanged, this, [this](const QModelIndex& first, const QModelIndex& last) {
    for (int row = first.row(); row <= last.row(); ++row) {
      m_rows[static_cast<std::size_t>(row)]->show(m_model->snapshot(row));
    }
    updateTitle();
  });
  connect(session, &EngineSession::jobAdded, this, [this](const std::shared_ptr<Job>& job) { m_model->add(job); });
  connect(session, &EngineSession::jobForecast, m_model, &JobsModel::setForecast);
  connect(session, &EngineSession::jobChanged, this, [this] { m_model->refreshSoon(); });
  updateTitle();
}

QWidget* JobsDock::makeTitleBar() {
  auto* bar = new QWidget;
  m_title = new QLabel(tr("Jobs"));
  m_clear = new QToolButton;
  m_clear->setText(tr("Clear ended"));
  m_clear->setToolTip(tr("Removes finished, failed and cancelled jobs from the list."));
  m_clear->setAutoRaise(true);
  auto* hide = new QToolButton;
  hide->setIcon(icon(QStringLiteral("close")));
  hide->setAutoRaise(true);
  hide->setToolTip(tr("Hides the jobs. They go on running."));
  hide->setAccessibleName(tr("Hide jobs"));
  auto* line = new QHBoxLayout(bar);
  line->setContentsMargins(8, 2, 4, 2);
  line->addWidget(m_title, 1);
  line->addWidget(m_clear);
  line->addWidget(hide);
  connect(m_clear, &QToolButton::clicked, m_model, &JobsModel::clearEnded);
  connect(hide, &QToolButton::clicked, this, &QDockWidget::close);
  return bar;
}

void JobsDock::insertRows(int first, int last) {
  for (int i = first; i <= last; ++i) {
    auto* row = new JobRow;
    row->show(m_model->snapshot(i));
    m_rows.insert(m_rows.begin() + i, row);
    m_lines->insertWidget(i, row);
    const auto indexOf = [this, row] {
      return static_cast<int>(std::find(m_rows.begin(), m_rows.end(), row) - m_rows.begin());
    };
    connect(row, &JobRow::pauseClicked, m_model, [this, indexOf] { m_model->pause(indexOf()); });
    connect(row, &JobRow::resumeClicked, m_model, [this, indexOf] { m_model->resume(indexOf()); });
    connect(row, &JobRow::cancelClicked, m_model, [this, indexOf] { m_model->cancel(indexOf()); });
  }
  updateTitle();
}

void JobsDock::removeRows(int first, int last) {
  for (int i = last; i >= first; --i) {
    m_rows[static_cast<std::size_t>(i)]->deleteLater();
    m_lines->removeWidget(m_rows[static_cast<std::size_t>(i)]);
    m_rows[static_cast<std::size_t>(i)]->hide();
    m_rows.erase(m_rows.begin() + i);
  }
  updateTitle();
}

void JobsDock::updateTitle() {
  const int active = m_model->activeCount();
  const int all = m_model->rowCount();
  m_title->setText(active == 0 ? tr("Jobs") : active == 1 ? tr("Jobs: 1 running") : tr("Jobs: %1 running").arg(active));
  m_clear->setVisible(all > active);
  m_pages->setCurrentIndex(all == 0 ? 0 : 1);
}

}  // namespace whorl::ui
