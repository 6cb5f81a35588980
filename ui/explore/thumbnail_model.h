// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QAbstractListModel>
#include <QImage>
#include <QTimer>

#include <map>
#include <set>

namespace whorl::ui {

/// A row of pictures of which most are not loaded: what is looked at is asked for, a chunk at a time.
class ThumbnailModel : public QAbstractListModel {
  Q_OBJECT

 public:
  static constexpr int kChunk = 40;
  /// Longest side of a thumbnail in pixels; smaller pictures keep their size.
  static constexpr int kSide = 112;

  explicit ThumbnailModel(QObject* parent = nullptr);

  /// Forgets all and starts with `count` pictures that are not loaded.
  void restart(int count);
  void append(const QImage& thumbnail, const QString& title);
  void setThumbnail(int row, const QImage& thumbnail, const QString& title);

  int rowCount(const QModelIndex& parent = {}) const override;
  QVariant data(const QModelIndex& index, int role) const override;

 Q_SIGNALS:
  /// Rows of one chunk are wanted; once per restart.
  void chunkWanted(int first, int count);

 private:
  struct Item {
    QImage image;
    QString title;
  };
  void askForWanted();

  int m_count = 0;
  std::map<int, Item> m_items;
  mutable std::set<int> m_wanted;
  std::set<int> m_asked;
  mutable QTimer m_ask;
};

}  // namespace whorl::ui
