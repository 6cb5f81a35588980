// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/pages/train_fetch.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QProgressBar>
#include <QPushButton>
#include <QVBoxLayout>

#include "ui/jobs/format.h"
#include "ui/session/engine_session.h"
#include "ui/widgets/inline_message.h"

namespace whorl::ui {

namespace {
bool isHere(const DatasetInfo& dataset) { return dataset.generated || !dataset.location.empty(); }
}  // namespace

TrainFetch::TrainFetch(EngineSession* session, QWidget* parent)
    : QWidget(parent),
      m_session(session),
      m_facts(new QLabel),
      m_fetch(new QPushButton),
      m_bar(new QProgressBar),
      m_problem(new InlineMessage) {
  m_facts->setWordWrap(true);
  m_fetch->setObjectName(QStringLiteral("fetch"));
  m_bar->setAccessibleName(tr("Download"));
  m_bar->hide();
  auto* line = new QHBoxLayout;
  line->addWidget(m_fetch);
  line->addWidget(m_bar, 1);
  line->addStretch(0);
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(4);
  column->addWidget(m_facts);
  column->addLayout(line);
  column->addWidget(m_problem);
  connect(m_fetch, &QPushButton::clicked, this, &TrainFetch::startOrCancel);
  m_poll.setInterval(100);
  connect(&m_poll, &QTimer::timeout, this, &TrainFetch::showProgress);
}

TrainFetch::~TrainFetch() {
  if (m_job) m_job->cancel();
}

void TrainFetch::setDataset(const DatasetInfo& dataset) {
  if (m_job) return;  // the download goes on; its end shows the chosen one
  m_dataset = dataset;
  QStringList facts;
  if (dataset.trainCount > 0) {
    facts << tr("%1 training and %2 test images").arg(countText(dataset.trainCount), countText(dataset.testCount));
  }
  if (dataset.shape.size() > 0) facts << QString::fromStdString(toText(dataset.shape)).replace(u'x', u'×');
  if (dataset.generated) facts << tr("drawn by Whorl");
  if (!dataset.licence.empty()) facts << tr("licence: %1").arg(QString::fromStdString(dataset.licence));
  QString text = facts.join(QStringLiteral(" · "));
  if (!isHere(dataset)) text = tr("Not on this machine yet. ") + text;
  m_facts->setText(text);
  m_facts->setToolTip(QString::fromStdString(dataset.paper));
  m_fetch->setVisible(!isHere(dataset));
  m_fetch->setText(dataset.downloadBytes > 0 ? tr("Fetch (%1)").arg(bytesText(dataset.downloadBytes)) : tr("Fetch"));
  m_problem->setText({});
}

void TrainFetch::startOrCancel() {
  if (m_job) {
    m_job->cancel();
    m_fetch->setEnabled(false);
    return;
  }
  if (!m_session->ready()) return;
  const std::string name = m_dataset.name;
  m_problem->setText({});
  m_job = m_session->run(
      this, Lane::Batch, tr("Fetch %1").arg(QString::fromStdString(m_dataset.title)),
      [name](Engine& engine, const JobContext& context) { engine.fetchDataset(name, context); },
      [this, name] {
        ended();
        Q_EMIT fetched(QString::fromStdString(name));
      },
      [this](const Error& error) {
        ended();
        if (error.kind() != ErrorKind::Cancelled) m_problem->setText(errorText(error));
      });
  m_fetch->setText(tr("Cancel"));
  m_bar->setRange(0, 0);
  m_bar->show();
  m_poll.start();
}

void TrainFetch::showProgress() {
  if (!m_job) return;
  const Progress progress = m_job->progress();
  if (progress.total > 0) {
    m_bar->setRange(0, 1000);
    m_bar->setValue(static_cast<int>(progress.done * 1000 / progress.total));
  }
  m_bar->setToolTip(QString::fromStdString(progress.message));
}

void TrainFetch::ended() {
  m_job.reset();
  m_poll.stop();
  m_bar->hide();
  m_fetch->setEnabled(true);
  setDataset(m_dataset);
}

}  // namespace whorl::ui
