// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QImage>
#include <QStringList>
#include <QWidget>

#include <vector>

#include "core/service/similar_types.h"

class QLabel;
class QListWidget;
class QPushButton;

namespace whorl::ui {

/// A neighbour as it is shown.
struct ShownNeighbour {
  SimilarNeighbour neighbour;
  QImage thumbnail;
  QString className;  ///< "" where it isn't known
  QString problem;    ///< why there is no picture
};

/// Ranked neighbours of one model: picture, name, distance and class, nearest first. Enter or a double click opens one
/// in Explore; the buttons below do the same and search for it.
class NeighbourList : public QWidget {
  Q_OBJECT

 public:
  static constexpr int kThumbnail = 56;

  explicit NeighbourList(QWidget* parent = nullptr);

  /// The model's name.
  void setTitle(const QString& title);
  void showNeighbours(const std::vector<ShownNeighbour>& neighbours);
  /// Nothing to show, and why.
  void clear(const QString& words);
  int count() const;
  /// What stands beside the picture, as a screen reader gets it.
  QString text(int row) const;
  void setCurrent(int row);

 Q_SIGNALS:
  void openWanted(const QString& name);
  void searchWanted(const QString& name);

 private:
  /// Name of the chosen neighbour; "" for none.
  QString current() const;
  void open();

  QLabel* m_title;
  QLabel* m_words;
  QListWidget* m_list;
  QPushButton* m_open;
  QPushButton* m_search;
};

}  // namespace whorl::ui
