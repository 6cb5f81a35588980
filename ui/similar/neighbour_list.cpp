// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/similar/neighbour_list.h"

#include <cmath>

#include <QHBoxLayout>
#include <QLabel>
#include <QListWidget>
#include <QPixmap>
#include <QPushButton>
#include <QVBoxLayout>

#include "ui/style/icons.h"

namespace whorl::ui {
namespace {

constexpr int kName = Qt::UserRole;

/// Drawn as large as a thumbnail may be: small pictures in sharp pixels.
QPixmap enlarged(const QImage& image) {
  const bool small = image.width() < NeighbourList::kThumbnail && image.height() < NeighbourList::kThumbnail;
  return QPixmap::fromImage(image.scaled(NeighbourList::kThumbnail, NeighbourList::kThumbnail, Qt::KeepAspectRatio,
                                         small ? Qt::FastTransformation : Qt::SmoothTransformation));
}

/// Features are single-precision numbers of about 1: an image's distance to itself is what their rounding leaves.
QString distanceText(double distance) {
  constexpr double kRounding = 1e-7;
  return std::abs(distance) < kRounding ? QStringLiteral("0") : QString::number(distance, 'g', 4);
}

}  // namespace

NeighbourList::NeighbourList(QWidget* parent)
    : QWidget(parent),
      m_title(new QLabel),
      m_words(new QLabel),
      m_list(new QListWidget),
      m_open(new QPushButton(icon(QStringLiteral("explore")), tr("Open in Explore"))),
      m_search(new QPushButton(icon(QStringLiteral("search")), tr("Search for it"))) {
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(6);
  QFont bold = m_title->font();
  bold.setBold(true);
  m_title->setFont(bold);
  m_title->setTextFormat(Qt::PlainText);
  m_words->setWordWrap(true);
  m_words->setTextFormat(Qt::PlainText);
  m_words->setForegroundRole(QPalette::PlaceholderText);
  m_list->setIconSize({kThumbnail, kThumbnail});
  m_list->setUniformItemSizes(true);
  m_list->setTextElideMode(Qt::ElideMiddle);
  m_open->setToolTip(tr("Makes the chosen neighbour the image of the Explore page (Enter)"));
  m_search->setToolTip(tr("Makes the chosen neighbour the query"));
  column->addWidget(m_title);
  column->addWidget(m_words);
  column->addWidget(m_list, 1);
  auto* row = new QHBoxLayout;
  row->addWidget(m_open);
  row->addWidget(m_search);
  column->addLayout(row);
  connect(m_list, &QListWidget::itemActivated, this, &NeighbourList::open);
  connect(m_list, &QListWidget::currentRowChanged, this, [this](int current) {
    m_open->setEnabled(current >= 0);
    m_search->setEnabled(current >= 0);
  });
  connect(m_open, &QPushButton::clicked, this, &NeighbourList::open);
  connect(m_search, &QPushButton::clicked, this, [this] {
    if (const QString name = current(); !name.isEmpty()) Q_EMIT searchWanted(name);
  });
  clear({});
}

QString NeighbourList::current() const {
  const QListWidgetItem* item = m_list->currentItem();
  return item ? item->data(kName).toString() : QString();
}

void NeighbourList::open() {
  if (const QString name = current(); !name.isEmpty()) Q_EMIT openWanted(name);
}

void NeighbourList::setTitle(const QString& title) {
  m_title->setText(title);
  m_list->setAccessibleName(tr("Neighbours by %1").arg(title));
}

void NeighbourList::showNeighbours(const std::vector<ShownNeighbour>& neighbours) {
  const int current = m_list->currentRow();
  m_list->clear();
  m_words->hide();
  m_list->show();
  for (std::size_t i = 0; i < neighbours.size(); ++i) {
    const ShownNeighbour& each = neighbours[i];
    const QString name = QString::fromStdString(each.neighbour.name);
    QString second = distanceText(each.neighbour.distance);
    if (!each.className.isEmpty()) second += tr(" · “%1”").arg(each.className);
    if (!each.neighbour.also.empty()) {
      second += tr(" · %n equal", nullptr, static_cast<int>(each.neighbour.also.size()));
    }
    auto* item = new QListWidgetItem(QStringLiteral("%1. %2\n%3").arg(i + 1).arg(name, second), m_list);
    item->setData(kName, name);
    QString tip = name;
    for (const std::string& other : each.neighbour.also) tip += tr("\nThe same: %1").arg(QString::fromStdString(other));
    if (!each.problem.isEmpty()) tip += u'\n' + each.problem;
    item->setToolTip(tip);
    item->setData(Qt::AccessibleTextRole, item->text());
    item->setIcon(each.thumbnail.isNull() ? icon(QStringLiteral("warning")) : QIcon(enlarged(each.thumbnail)));
  }
  if (m_list->count() > 0) m_list->setCurrentRow(qBound(0, current, m_list->count() - 1));
}

void NeighbourList::clear(const QString& words) {
  m_list->clear();
  m_words->setText(words);
  m_words->setVisible(!words.isEmpty());
  m_open->setEnabled(false);
  m_search->setEnabled(false);
}

int NeighbourList::count() const { return m_list->count(); }

QString NeighbourList::text(int row) const {
  const QListWidgetItem* item = m_list->item(row);
  return item ? item->text() : QString();
}

void NeighbourList::setCurrent(int row) { m_list->setCurrentRow(row); }

}  // namespace whorl::ui
