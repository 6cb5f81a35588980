// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/explore/thumbnail_model.h"

#include <utility>

namespace whorl::ui {

ThumbnailModel::ThumbnailModel(QObject* parent) : QAbstractListModel(parent) {
  m_ask.setSingleShot(true);
  m_ask.setInterval(0);
  connect(&m_ask, &QTimer::timeout, this, &ThumbnailModel::askForWanted);
}

void ThumbnailModel::restart(int count) {
  beginResetModel();
  m_count = count;
  m_items.clear();
  m_wanted.clear();
  m_asked.clear();
  endResetModel();
}

void ThumbnailModel::append(const QImage& thumbnail, const QString& title) {
  beginInsertRows({}, m_count, m_count);
  m_items[m_count] = {thumbnail, title};
  ++m_count;
  endInsertRows();
}

void ThumbnailModel::setThumbnail(int row, const QImage& thumbnail, const QString& title) {
  if (row < 0 || row >= m_count) return;
  m_items[row] = {thumbnail, title};
  Q_EMIT dataChanged(index(row), index(row));
}

int ThumbnailModel::rowCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : m_count; }

QVariant ThumbnailModel::data(const QModelIndex& index, int role) const {
  if (!index.isValid() || index.row() >= m_count) return {};
  const auto found = m_items.find(index.row());
  if (found == m_items.end()) {
    if (role == Qt::DecorationRole && !m_asked.contains(index.row() / kChunk)) {
      m_wanted.insert(index.row() / kChunk);
      if (!m_ask.isActive()) m_ask.start();
    }
    return role == Qt::AccessibleTextRole ? QVariant(tr("Image %1, loading").arg(index.row())) : QVariant();
  }
  switch (role) {
    case Qt::DecorationRole:
      return found->second.image;
    case Qt::ToolTipRole:
    case Qt::AccessibleTextRole:
      return found->second.title;
    default:
      return {};
  }
}

void ThumbnailModel::askForWanted() {
  const std::set<int> wanted = std::exchange(m_wanted, {});
  for (int chunk : wanted) {
    if (m_asked.insert(chunk).second) {
      Q_EMIT chunkWanted(chunk * kChunk, std::min(kChunk, m_count - chunk * kChunk));
    }
  }
}

}  // namespace whorl::ui
