// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QWidget>

#include <vector>

#include "core/service/types.h"

namespace whorl::ui {

class CurvePlot;

/// The live curves of a run: the loss and its terms apart, what is right on the training batches and on the validation
/// images, and the learning rate. GUI thread only.
class TrainCurves : public QWidget {
  Q_OBJECT

 public:
  explicit TrainCurves(QWidget* parent = nullptr);

  void clear();
  void add(const std::vector<TrainEvent>& events);

  CurvePlot* lossPlot() const { return m_loss; }
  CurvePlot* sharePlot() const { return m_share; }
  CurvePlot* ratePlot() const { return m_rate; }

 Q_SIGNALS:
  void exportFailed(const QString& problem);

 private:
  CurvePlot* m_loss;
  CurvePlot* m_share;
  CurvePlot* m_rate;
};

}  // namespace whorl::ui
