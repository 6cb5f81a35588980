// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QObject>
#include <QString>
#include <QUndoStack>

#include <vector>

#include "core/service/types.h"

namespace whorl::ui {

/// A step with a number of its own, which it keeps when it is moved or changed.
struct StackStep {
  int id = 0;
  StepRequest request;

  bool operator==(const StackStep&) const = default;
};

/// What is done to the image, in order. Every change by a person goes through the undo stack; changes of one parameter
/// in a row are one.
class StepStack : public QObject {
  Q_OBJECT

 public:
  explicit StepStack(QObject* parent = nullptr);

  const std::vector<StackStep>& steps() const { return m_steps; }
  std::vector<StepRequest> requests() const;
  QUndoStack* undoStack() { return &m_undo; }

  void add(const StepRequest& request, const QString& title);
  void remove(int id);
  void duplicate(int id);
  /// -1 earlier, +1 later; at the ends nothing happens.
  void move(int id, int direction);
  void setEnabled(int id, bool enabled);
  /// `parameter` is the name of what was changed.
  void setParameters(int id, const Parameters& parameters, const QString& parameter);
  /// Another state of the step at once, such as a preset. `text` says what was done, for undo.
  void replace(int id, const StepRequest& request, const QString& text);
  /// A fresh start: forgets what could be undone.
  void replaceAll(const std::vector<StepRequest>& requests);

 Q_SIGNALS:
  void changed();

 private:
  class Change;
  int indexOf(int id) const;
  void push(std::vector<StackStep> steps, const QString& text, const QString& mergeKey = {});
  void set(const std::vector<StackStep>& steps);

  std::vector<StackStep> m_steps;
  QUndoStack m_undo;
  int m_nextId = 1;
};

}  // namespace whorl::ui
