// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QWidget>

class QHBoxLayout;
class QLabel;

namespace whorl::ui {

class Chip;
class ElidedLabel;
class ImageView;
class ViewState;

/// An image with its name above and what the model says of it below.
class ImagePanel : public QWidget {
  Q_OBJECT

 public:
  ImagePanel(const QString& title, ViewState* state, QWidget* parent = nullptr);

  ImageView* view() const { return m_view; }
  Chip* chip() const { return m_chip; }
  QHBoxLayout* header() const { return m_header; }
  void setTitle(const QString& title);
  void setDetail(const QString& detail);
  /// Rich text.
  void setCaption(const QString& caption);

 private:
  QHBoxLayout* m_header;
  QLabel* m_title;
  ElidedLabel* m_detail;
  ImageView* m_view;
  QLabel* m_caption;
  Chip* m_chip;
};

}  // namespace whorl::ui
