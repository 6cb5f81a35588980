// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QWidget>

namespace whorl::ui {

/// A short word on a coloured ground: "accepted", "rejected". The words carry the meaning too, not the colour alone.
class Chip : public QWidget {
  Q_OBJECT

 public:
  enum class Kind { Good, Bad, Neutral };

  explicit Chip(QWidget* parent = nullptr);
  /// "" hides it.
  void set(const QString& text, Kind kind);
  QString text() const { return m_text; }
  QSize sizeHint() const override;
  QSize minimumSizeHint() const override { return sizeHint(); }

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  QString m_text;
  Kind m_kind = Kind::Neutral;
};

}  // namespace whorl::ui
