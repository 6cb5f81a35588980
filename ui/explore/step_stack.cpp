// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/explore/step_stack.h"

#include <QUndoCommand>

#include <utility>

namespace whorl::ui {

/// From one state of the stack to another. A stack is a handful of small values: keeping both is simpler than undoing.
class StepStack::Change : public QUndoCommand {
 public:
  Change(StepStack* stack, std::vector<StackStep> after, const QString& text, QString mergeKey)
      : QUndoCommand(text),
        m_stack(stack),
        m_before(stack->m_steps),
        m_after(std::move(after)),
        m_mergeKey(std::move(mergeKey)) {}

  void undo() override { m_stack->set(m_before); }
  void redo() override { m_stack->set(m_after); }
  int id() const override { return m_mergeKey.isEmpty() ? -1 : 1; }

  bool mergeWith(const QUndoCommand* other) override {
    const auto* next = static_cast<const Change*>(other);
    if (next->m_mergeKey != m_mergeKey) return false;
    m_after = next->m_after;
    if (m_after == m_before) setObsolete(true);
    return true;
  }

 private:
  StepStack* m_stack;
  std::vector<StackStep> m_before;
  std::vector<StackStep> m_after;
  QString m_mergeKey;
};

StepStack::StepStack(QObject* parent) : QObject(parent) {}

std::vector<StepRequest> StepStack::requests() const {
  std::vector<StepRequest> requests;
  for (const StackStep& step : m_steps) requests.push_back(step.request);
  return requests;
}

int StepStack::indexOf(int id) const {
  for (std::size_t i = 0; i < m_steps.size(); ++i) {
    if (m_steps[i].id == id) return static_cast<int>(i);
  }
  return -1;
}

void StepStack::add(const StepRequest& request, const QString& title) {
  auto steps = m_steps;
  steps.push_back({m_nextId++, request});
  push(std::move(steps), tr("add %1").arg(title));
}

void StepStack::remove(int id) {
  const int index = indexOf(id);
  if (index < 0) return;
  auto steps = m_steps;
  steps.erase(steps.begin() + index);
  push(std::move(steps), tr("remove a step"));
}

void StepStack::duplicate(int id) {
  const int index = indexOf(id);
  if (index < 0) return;
  auto steps = m_steps;
  const StackStep copy{m_nextId++, steps[static_cast<std::size_t>(index)].request};
  steps.insert(steps.begin() + index + 1, copy);
  push(std::move(steps), tr("duplicate a step"));
}

void StepStack::move(int id, int direction) {
  const int index = indexOf(id);
  const int other = index + direction;
  if (index < 0 || other < 0 || other >= static_cast<int>(m_steps.size())) return;
  auto steps = m_steps;
  std::swap(steps[static_cast<std::size_t>(index)], steps[static_cast<std::size_t>(other)]);
  push(std::move(steps), tr("move a step"));
}

void StepStack::setEnabled(int id, bool enabled) {
  const int index = indexOf(id);
  if (index < 0 || m_steps[static_cast<std::size_t>(index)].request.enabled == enabled) return;
  auto steps = m_steps;
  steps[static_cast<std::size_t>(index)].request.enabled = enabled;
  push(std::move(steps), enabled ? tr("switch a step on") : tr("switch a step off"));
}

void StepStack::setParameters(int id, const Parameters& parameters, const QString& parameter) {
  const int index = indexOf(id);
  if (index < 0 || m_steps[static_cast<std::size_t>(index)].request.parameters == parameters) return;
  auto steps = m_steps;
  steps[static_cast<std::size_t>(index)].request.parameters = parameters;
  push(std::move(steps), tr("change %1").arg(parameter), QStringLiteral("%1/%2").arg(id).arg(parameter));
}

void StepStack::replace(int id, const StepRequest& request, const QString& text) {
  const int index = indexOf(id);
  if (index < 0 || m_steps[static_cast<std::size_t>(index)].request == request) return;
  auto steps = m_steps;
  steps[static_cast<std::size_t>(index)].request = request;
  push(std::move(steps), text);
}

void StepStack::replaceAll(const std::vector<StepRequest>& requests) {
  std::vector<StackStep> steps;
  steps.reserve(requests.size());
  for (const StepRequest& request : requests) steps.push_back({m_nextId++, request});
  m_undo.clear();
  set(steps);
}

void StepStack::push(std::vector<StackStep> steps, const QString& text, const QString& mergeKey) {
  m_undo.push(new Change(this, std::move(steps), text, mergeKey));
}

void StepStack::set(const std::vector<StackStep>& steps) {
  if (steps == m_steps) return;
  m_steps = steps;
  Q_EMIT changed();
}

}  // namespace whorl::ui
