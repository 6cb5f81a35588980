// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/jobs/job_row.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QProgressBar>
#include <QToolButton>

#include <algorithm>
#include <cmath>

#include "ui/widgets/elided_label.h"

namespace whorl::ui {

JobRow::JobRow(QWidget* parent)
    : QWidget(parent),
      m_title(new QLabel),
      m_message(new ElidedLabel),
      m_bar(new QProgressBar),
      m_figures(new QLabel),
      m_pause(new QToolButton),
      m_cancel(new QToolButton) {
  QFont bold = m_title->font();
  bold.setBold(true);
  m_title->setFont(bold);
  m_title->setTextFormat(Qt::PlainText);
  m_bar->setFixedWidth(fontMetrics().averageCharWidth() * 26);
  m_bar->setMaximumHeight(fontMetrics().height() + 2);
  m_bar->setAccessibleName(tr("Progress"));
  m_figures->setFixedWidth(fontMetrics().averageCharWidth() * 38);
  m_figures->setTextFormat(Qt::PlainText);
  m_pause->setText(tr("Pause"));
  m_cancel->setText(tr("Cancel"));
  for (QToolButton* button : {m_pause, m_cancel}) {
    button->setAutoRaise(true);
    button->setFocusPolicy(Qt::StrongFocus);
    // Room is kept for hidden buttons, so that bars stay aligned.
    QSizePolicy policy = button->sizePolicy();
    policy.setRetainSizeWhenHidden(true);
    button->setSizePolicy(policy);
  }
  m_pause->setMinimumWidth(fontMetrics().horizontalAdvance(tr("Resume")) + 16);

  auto* line = new QHBoxLayout(this);
  line->setContentsMargins(8, 2, 8, 2);
  line->setSpacing(10);
  line->addWidget(m_title);
  line->addWidget(m_message, 1);
  line->addWidget(m_bar);
  line->addWidget(m_figures);
  line->addWidget(m_pause);
  line->addWidget(m_cancel);

  connect(m_pause, &QToolButton::clicked, this, [this] { m_resumes ? Q_EMIT resumeClicked() : Q_EMIT pauseClicked(); });
  connect(m_cancel, &QToolButton::clicked, this, &JobRow::cancelClicked);
}

void JobRow::show(const JobSnapshot& snapshot) {
  m_title->setText(snapshot.title);
  m_message->setText(snapshot.message);
  setAccessibleName(QStringLiteral("%1, %2").arg(snapshot.title, snapshot.stateText));

  const bool ended = isTerminal(snapshot.state);
  if (snapshot.fraction < 0 && !ended && snapshot.state == JobState::Running) {
    m_bar->setRange(0, 0);  // an end that is not known
  } else {
    m_bar->setRange(0, 1000);
    m_bar->setValue(static_cast<int>(std::lround(std::max(snapshot.fraction, 0.0) * 1000)));
  }
  m_bar->setFormat(snapshot.state == JobState::Running ? QStringLiteral("%p %") : snapshot.stateText);
  m_bar->setEnabled(!ended || snapshot.state == JobState::Finished);

  QStringList figures;
  for (const QString& part : {snapshot.rate, snapshot.timeLeft}) {
    if (!part.isEmpty()) figures << part;
  }
  m_figures->setText(figures.join(QStringLiteral(" · ")));

  m_resumes = snapshot.canResume;
  m_pause->setText(m_resumes ? tr("Resume") : tr("Pause"));
  m_pause->setVisible(snapshot.canPause || snapshot.canResume);
  m_cancel->setVisible(!ended);
  m_cancel->setEnabled(snapshot.canCancel);
  m_pause->setAccessibleName(QStringLiteral("%1: %2").arg(m_pause->text(), snapshot.title));
  m_cancel->setAccessibleName(QStringLiteral("%1: %2").arg(m_cancel->text(), snapshot.title));
}

}  // namespace whorl::ui
