// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QStringList>
#include <QWidget>

#include <optional>
#include <vector>

namespace whorl::ui {

/// One row a class with two bars, before and after, and their numbers. With a threshold, values below it lie in a
/// shaded region and a line marks it.
class ClassBars : public QWidget {
  Q_OBJECT

 public:
  enum class Format { Percent, Number };

  explicit ClassBars(Format format, QWidget* parent = nullptr);

  void setClassNames(const QStringList& names);
  void setValues(const std::vector<double>& before, const std::vector<double>& after);
  void setThreshold(std::optional<double> threshold);
  /// Row → class; empty for the classes' own order.
  void setOrder(const std::vector<int>& order);
  /// What is said while there are no values.
  void setPlaceholder(const QString& text);
  QString placeholder() const { return m_placeholder; }

  /// "3: before 99.9 %, after 12.0 %", for tooltips and screen readers.
  QString describe(int classIndex) const;

  QSize sizeHint() const override;
  QSize minimumSizeHint() const override;

 protected:
  void paintEvent(QPaintEvent* event) override;
  bool event(QEvent* event) override;

 private:
  struct Columns {
    int name = 0, barsX = 0, barsWidth = 0, number = 0;
  };
  Columns columns() const;
  int rows() const;
  int rowHeight() const;
  double largest() const;
  int classOf(int row) const;
  QString text(double value) const;
  void drawRow(QPainter& painter, int row, const Columns& at, double scale) const;
  void changed();

  Format m_format;
  QStringList m_names;
  std::vector<double> m_before;
  std::vector<double> m_after;
  std::vector<int> m_order;
  std::optional<double> m_threshold;
  QString m_placeholder;
};

}  // namespace whorl::ui
