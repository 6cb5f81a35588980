// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/pages/model_details.h"

#include <QApplication>
#include <QCheckBox>
#include <QClipboard>
#include <QHeaderView>
#include <QKeyEvent>
#include <QLabel>
#include <QTreeWidget>
#include <QVBoxLayout>

namespace whorl::ui {

ModelDetails::ModelDetails(QWidget* parent)
    : QWidget(parent),
      m_title(new QLabel),
      m_hint(new QLabel),
      m_onlyDifferences(new QCheckBox(tr("Only what differs"))),
      m_tree(new QTreeWidget) {
  QFont bold = m_title->font();
  bold.setBold(true);
  m_title->setFont(bold);
  m_title->setWordWrap(true);
  m_title->setTextFormat(Qt::PlainText);
  m_hint->setWordWrap(true);
  m_hint->setText(
      tr("Choose a model to see its past: how it was trained, on what, and how well it does. "
         "Choose two to compare them (Ctrl+click)."));
  m_onlyDifferences->setChecked(true);
  m_onlyDifferences->setObjectName(QStringLiteral("onlyDifferences"));
  m_tree->setAccessibleName(tr("Details"));
  m_tree->setSelectionMode(QAbstractItemView::ExtendedSelection);
  m_tree->setAlternatingRowColors(true);
  m_tree->setUniformRowHeights(true);
  m_tree->setIndentation(14);
  m_tree->installEventFilter(this);
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(8, 0, 0, 0);
  column->addWidget(m_title);
  column->addWidget(m_hint);
  column->addWidget(m_onlyDifferences);
  column->addWidget(m_tree, 1);
  column->addStretch(0);
  connect(m_onlyDifferences, &QCheckBox::toggled, this, &ModelDetails::fill);
  fill();
}

void ModelDetails::setEntries(const std::vector<ModelEntry>& entries) {
  m_entries = entries;
  fill();
}

void ModelDetails::fill() {
  const std::size_t count = m_entries.size();
  const bool comparing = count > 1;
  m_hint->setVisible(count == 0);
  m_tree->setVisible(count > 0);
  m_onlyDifferences->setVisible(comparing);
  m_title->setVisible(count > 0);
  m_tree->clear();
  if (count == 0) return;
  QStringList names, headers{tr("Property")};
  for (const ModelEntry& entry : m_entries) names << QString::fromStdString(entry.info.name);
  // Columns are narrower than names: the whole ones stand above.
  m_title->setText(comparing ? tr("%1 models compared: %2").arg(count).arg(names.join(tr(" · "))) : names.front());
  headers << (comparing ? names : QStringList{tr("Value")});
  m_tree->setColumnCount(static_cast<int>(headers.size()));
  m_tree->setHeaderLabels(headers);

  const int rowHeight = m_tree->fontMetrics().height() + 6;
  QTreeWidgetItem* section = nullptr;
  for (const ComparedProperty& line : compareModels(m_entries)) {
    if (comparing && m_onlyDifferences->isChecked() && !line.differs) continue;
    if (section == nullptr || section->text(0) != line.section) {
      section = new QTreeWidgetItem(m_tree, {line.section});
      QFont bold = section->font(0);
      bold.setBold(true);
      section->setFont(0, bold);
      section->setSizeHint(1, QSize(0, rowHeight));
      section->setFirstColumnSpanned(true);
      section->setExpanded(true);
    }
    auto* item = new QTreeWidgetItem(section, {line.name});
    item->setSizeHint(1, QSize(0, rowHeight));
    for (std::size_t i = 0; i < line.values.size(); ++i) {
      const int column = static_cast<int>(i) + 1;
      item->setText(column, line.values[i].isEmpty() ? QStringLiteral("–") : line.values[i]);
      item->setToolTip(column, line.values[i]);
      if (comparing && line.differs) {
        QFont bold = item->font(column);
        bold.setBold(!m_onlyDifferences->isChecked());
        item->setFont(column, bold);
      }
    }
  }
  QHeaderView* header = m_tree->header();
  header->setDefaultAlignment(Qt::AlignLeft | Qt::AlignVCenter | static_cast<Qt::Alignment>(Qt::TextWordWrap));
  header->setMinimumHeight(comparing ? 2 * header->fontMetrics().height() + 8 : 0);
  header->setSectionResizeMode(0, QHeaderView::ResizeToContents);
  for (int column = 1; column < m_tree->columnCount(); ++column) {
    header->setSectionResizeMode(column, QHeaderView::Stretch);
    if (comparing) m_tree->headerItem()->setToolTip(column, names[column - 1]);
  }
}

bool ModelDetails::eventFilter(QObject* watched, QEvent* event) {
  const bool press = event->type() == QEvent::KeyPress;
  const bool claim = event->type() == QEvent::ShortcutOverride;  // the window has a shortcut for this key, too
  if (watched != m_tree || (!press && !claim)) return QWidget::eventFilter(watched, event);
  if (!static_cast<QKeyEvent*>(event)->matches(QKeySequence::Copy)) return false;
  if (claim) {
    event->accept();
    return true;
  }
  QStringList lines;
  for (const QTreeWidgetItem* item : m_tree->selectedItems()) {
    QStringList cells;
    for (int column = 0; column < m_tree->columnCount(); ++column) cells << item->text(column);
    lines << cells.join(u'\t');
  }
  QApplication::clipboard()->setText(lines.join(u'\n'));
  return true;
}

}  // namespace whorl::ui
