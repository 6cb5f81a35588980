// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QWidget>

#include <optional>

#include "core/service/types.h"

class QGridLayout;
class QLabel;
class QToolButton;
class QVBoxLayout;

namespace whorl::ui {

class ClassBars;

/// What happened, in one sentence; class probabilities and fingerprint distances before and after; how far the result
/// is from the original.
class VerdictPanel : public QWidget {
  Q_OBJECT

 public:
  explicit VerdictPanel(QWidget* parent = nullptr);

  /// `summary`: the sentence above, such as summarise() makes it. Norms that aren't known are NaN, l0 is negative.
  void setResult(const ExploreResult& result, const QStringList& classNames, const QString& summary);
  /// Nothing is known; `why` takes the place of the bars.
  void clear(const QString& why);
  void setSorted(bool sorted);
  bool sorted() const { return m_sorted; }

 Q_SIGNALS:
  void sortedChanged(bool sorted);

 protected:
  void changeEvent(QEvent* event) override;

 private:
  QVBoxLayout* addColumn(QLayout* row, const QString& title, const QString& tip, int stretch, QLabel** legend);
  void addNorms(QLayout* row);
  void showOrder();
  void showLegends();

  QLabel* m_summary;
  QLabel* m_probabilityLegend = nullptr;
  QLabel* m_distanceLegend = nullptr;
  QToolButton* m_sort;
  ClassBars* m_probabilities;
  ClassBars* m_distances;
  QGridLayout* m_norms = nullptr;
  std::vector<QLabel*> m_values;
  std::optional<ExploreResult> m_result;
  bool m_sorted = false;
};

/// The sentence: "The attack turned “7” into “3” – and the fingerprint gave it away." Plain text. `attacked`: whether
/// an attack was among the steps; `label`: the true class, if it is known.
QString summarise(const ExploreResult& result, const QStringList& classNames, bool attacked, std::optional<int> label);

}  // namespace whorl::ui
