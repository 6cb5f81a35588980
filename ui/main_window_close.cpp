// SPDX-License-Identifier: GPL-3.0-or-later
// Closing the window: at once where nothing is under way, else after a question.
#include <QCloseEvent>
#include <QFileInfo>
#include <QMessageBox>
#include <QPushButton>

#include "ui/jobs/jobs_dock.h"
#include "ui/jobs/jobs_model.h"
#include "ui/main_window.h"
#include "ui/pages/train_page.h"
#include "ui/pages/train_run.h"

namespace whorl::ui {

void MainWindow::closeEvent(QCloseEvent* event) {
  if (!m_closing && m_jobs->model()->activeCount() > 0) {
    event->ignore();
    askToClose();
    return;
  }
  if (m_options.remember) saveSession();
  QMainWindow::closeEvent(event);
}

std::pair<QString, QString> MainWindow::closeQuestion() const {
  const TrainRun& run = *m_train->run();
  const int active = m_jobs->model()->activeCount();
  if (run.state().active()) {
    const bool kept = QFileInfo::exists(QString::fromStdString(run.request().checkpoint));
    QString text = run.lastEvent().epoch > 0 ? tr("Training goes on at epoch %1: stop it?").arg(run.lastEvent().epoch)
                                             : tr("Training is under way: stop it?");
    QString then = kept ? tr("The last checkpoint is kept: the Train page goes on from there another time.")
                        : tr("There is no checkpoint yet: what was learnt so far is lost.");
    if (active == 2) then += u' ' + tr("Another job is stopped, too.");
    if (active > 2) then += u' ' + tr("%1 other jobs are stopped, too.").arg(active - 1);
    return {text, then};
  }
  QStringList titles;
  for (int row = 0; row < m_jobs->model()->rowCount(); ++row) {
    const JobSnapshot& job = m_jobs->model()->snapshot(row);
    if (!isTerminal(job.state)) titles << tr("“%1”").arg(job.title);
  }
  return {titles.size() == 1 ? tr("%1 is under way: stop it?").arg(titles.front())
                             : tr("%1 are under way: stop them?").arg(titles.join(QStringLiteral(", "))),
          tr("What is finished of a recipe is kept, and “Resume” goes on from there.")};
}

void MainWindow::askToClose() {
  if (auto* asked = findChild<QMessageBox*>(QStringLiteral("close_question"))) return asked->raise();
  const auto [text, then] = closeQuestion();
  auto* box = new QMessageBox(QMessageBox::Question, tr("Whorl"), text, QMessageBox::NoButton, this);
  box->setObjectName(QStringLiteral("close_question"));
  box->setAttribute(Qt::WA_DeleteOnClose);
  box->setTextFormat(Qt::PlainText);
  box->setInformativeText(then);
  QPushButton* stop = box->addButton(tr("Stop and quit"), QMessageBox::DestructiveRole);
  QPushButton* stay = box->addButton(tr("Go on"), QMessageBox::RejectRole);
  box->setDefaultButton(stay);
  box->setEscapeButton(stay);
  connect(stop, &QPushButton::clicked, this, [this] {
    m_closing = true;
    close();
  });
  box->open();
}

}  // namespace whorl::ui
