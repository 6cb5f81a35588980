// SPDX-License-Identifier: GPL-3.0-or-later
// Explore's image in the grid of models and attacks.
#include <QUndoStack>

#include <algorithm>

#include "ui/compare/compare_dialog.h"
#include "ui/explore/choices.h"
#include "ui/explore/source_bar.h"
#include "ui/explore/step_panel.h"
#include "ui/explore/step_stack.h"
#include "ui/pages/explore_page.h"

namespace whorl::ui {

namespace {
constexpr int kDebounceMs = 300;
}  // namespace

void ExplorePage::openCompare() {
  if (!m_compare) {
    m_compare = new CompareDialog(m_session, window());
    connect(m_compare, &CompareDialog::cellWanted, this, &ExplorePage::takeUpCell);
    m_compareSoon.setSingleShot(true);
    m_compareSoon.setInterval(kDebounceMs);
    connect(&m_compareSoon, &QTimer::timeout, this, [this] {
      if (m_compare->isVisible()) m_compare->setSubject(compareSubject());
    });
    const auto soon = [this] { m_compareSoon.start(); };
    connect(this, &ExplorePage::pictureShown, m_compare, soon);
    connect(this, &ExplorePage::statusChanged, m_compare, soon);
  }
  m_compare->show();
  m_compare->raise();
  m_compare->activateWindow();
  m_compare->setSubject(compareSubject());
}

CompareSubject ExplorePage::compareSubject() const {
  CompareSubject subject;
  std::copy_if(m_models.begin(), m_models.end(), std::back_inserter(subject.models),
               [](const ModelInfo& model) { return model.problem.empty(); });
  subject.operations = m_operations;
  subject.steps = m_stack->requests();
  subject.fit = m_bar->fit();
  subject.seed = m_steps->seed();
  if (m_model) {
    subject.model = m_model->id;
    subject.dataset = trainedOn(*m_model);
  }
  if (!m_source) return subject;
  subject.image = m_source->image;
  subject.title = m_source->title;
  subject.imageIndex = m_source->index;
  const auto label = static_cast<std::size_t>(m_source->label.value_or(-1));
  if (label < m_source->classNames.size()) subject.label = QString::fromStdString(m_source->classNames[label]);
  return subject;
}

/// One step back undoes it.
void ExplorePage::takeUpCell(const QString& model, const std::vector<StepRequest>& steps) {
  if (m_stack->requests() != steps) {
    QUndoStack* undo = m_stack->undoStack();
    undo->beginMacro(tr("Take up a compared cell"));
    const std::vector<StackStep> before = m_stack->steps();
    for (const StackStep& step : before) m_stack->remove(step.id);
    for (const StepRequest& step : steps) m_stack->add(step, QString::fromStdString(step.operation));
    undo->endMacro();
  }
  if (!m_model || QString::fromStdString(m_model->id) != model) showModel(model);
}

}  // namespace whorl::ui
