// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/pages/models_model.h"

#include <QLocale>

#include <numeric>
#include <utility>

#include "ui/jobs/format.h"

namespace whorl::ui {

int ModelsModel::rowCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : static_cast<int>(m_entries.size());
}

int ModelsModel::columnCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : ColumnCount; }

QVariant ModelsModel::data(const QModelIndex& index, int role) const {
  if (!checkIndex(index, CheckIndexOption::IndexIsValid)) return {};
  const ModelEntry& entry = this->entry(index.row());
  const QString problem = QString::fromStdString(entry.info.problem);
  switch (role) {
    case Qt::DisplayRole:
      return text(entry, index.column());
    case Qt::ToolTipRole:
      if (!problem.isEmpty()) return problem;
      if (index.column() == Trained) return text(entry.trained, QStringLiteral("yyyy-MM-dd HH:mm"));
      return index.column() == Name ? QString::fromStdString(entry.info.path) : QVariant();
    case Qt::TextAlignmentRole:
      if (index.column() == Trained) return QVariant::fromValue(Qt::Alignment(Qt::AlignCenter));
      return index.column() >= TestAccuracy ? QVariant::fromValue(Qt::Alignment(Qt::AlignRight | Qt::AlignVCenter))
                                            : QVariant();
    case SortRole:
      return sortKey(entry, index.column());
    case IdRole:
      return QString::fromStdString(entry.info.id);
    default:
      return {};
  }
}

QString ModelsModel::text(const ModelEntry& entry, int column) const {
  const ModelInfo& info = entry.info;
  const bool broken = !info.problem.empty();
  switch (column) {
    case Name:
      return broken ? tr("⚠ %1").arg(QString::fromStdString(info.name)) : QString::fromStdString(info.name);
    case Source:
      return info.shipped ? tr("shipped") : tr("yours");
    case Architecture:
      return broken && info.architecture.empty() ? tr("can't be read") : QString::fromStdString(info.architecture);
    case Dataset:
      return entry.dataset;
    case Objective:
      return entry.objective;
    case TestAccuracy:
      return entry.testAccuracy ? percentText(*entry.testAccuracy) : QString();
    case Fingerprints:
      return info.fingerprints > 0 ? countText(info.fingerprints) : QString();
    case Threshold:
      return info.threshold ? numberText(*info.threshold, 3) : QString();
    case Trained:
      return text(entry.trained, QStringLiteral("yyyy-MM-dd"));
    case Size:
      return entry.bytes ? bytesText(*entry.bytes) : QString();
    default:
      return {};
  }
}

QString ModelsModel::text(const QDateTime& time, const QString& format) const {
  return QLocale::c().toString(time.toLocalTime(), format);
}

QVariant ModelsModel::sortKey(const ModelEntry& entry, int column) const {
  // What a model hasn't got sorts below what the others have.
  switch (column) {
    case Name:
      return QString::fromStdString(entry.info.name);
    case TestAccuracy:
      return entry.testAccuracy.value_or(-1);
    case Fingerprints:
      return static_cast<qlonglong>(entry.info.fingerprints);
    case Threshold:
      return entry.info.threshold.value_or(-1);
    case Trained:
      return entry.trained.isValid() ? entry.trained.toMSecsSinceEpoch() : qint64{0};
    case Size:
      return static_cast<qulonglong>(entry.bytes.value_or(0));
    default:
      return text(entry, column);
  }
}

QVariant ModelsModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation != Qt::Horizontal || section < 0 || section >= ColumnCount) return {};
  static const std::pair<const char*, const char*> kHeaders[ColumnCount] = {
      {QT_TR_NOOP("Name"), QT_TR_NOOP("What the model is called")},
      {QT_TR_NOOP("Source"), QT_TR_NOOP("Came with Whorl, or is your own (only those can be deleted)")},
      {QT_TR_NOOP("Network"), QT_TR_NOOP("Architecture of the network")},
      {QT_TR_NOOP("Data set"), QT_TR_NOOP("What it was trained on")},
      {QT_TR_NOOP("Objective"), QT_TR_NOOP("The loss that its training made small: plain, adversarial (Madry et al. "
                                           "2017), fingerprint (Dathathri, Zheng et al. 2018), or a sum")},
      {QT_TR_NOOP("Accuracy"), QT_TR_NOOP("Share of the test images that are classified correctly")},
      {QT_TR_NOOP("Fingerprints"),
       QT_TR_NOOP("Number of fingerprints: secret shifts of the image with known answers (Neural "
                  "Fingerprinting, Dathathri, Zheng et al. 2018). Empty: none")},
      {QT_TR_NOOP("Threshold"),
       QT_TR_NOOP("τ, threshold of the fingerprint distance: an image at or above it is rejected")},
      {QT_TR_NOOP("Trained"), QT_TR_NOOP("When its training began, in local time")},
      {QT_TR_NOOP("Size"), QT_TR_NOOP("Of the file")}};
  if (role == Qt::DisplayRole) return tr(kHeaders[section].first);
  if (role == Qt::ToolTipRole) return tr(kHeaders[section].second);
  return {};
}

void ModelsModel::setEntries(std::vector<ModelEntry> entries) {
  beginResetModel();
  m_entries = std::move(entries);
  endResetModel();
}

ModelsFilter::ModelsFilter(QObject* parent) : QSortFilterProxyModel(parent) {
  setSortRole(ModelsModel::SortRole);
  setSortCaseSensitivity(Qt::CaseInsensitive);
}

void ModelsFilter::setWords(const QString& words) {
  m_words = words.split(u' ', Qt::SkipEmptyParts);
  invalidateFilter();
}

bool ModelsFilter::filterAcceptsRow(int row, const QModelIndex& parent) const {
  QStringList texts;
  for (int column = 0; column < sourceModel()->columnCount(parent); ++column) {
    const QModelIndex cell = sourceModel()->index(row, column, parent);
    texts << cell.data(Qt::DisplayRole).toString();
    if (column == ModelsModel::Name) texts << cell.data(Qt::ToolTipRole).toString();
  }
  const QString all = texts.join(u'\n');
  return std::all_of(m_words.begin(), m_words.end(),
                     [&](const QString& word) { return all.contains(word, Qt::CaseInsensitive); });
}

namespace {

QString cellText(const QString& text, TableFormat format) {
  QString cell = text;
  switch (format) {
    case TableFormat::Text:
      return cell.replace(u'\t', u' ').replace(u'\n', u' ');
    case TableFormat::Csv:
      if (!cell.contains(u',') && !cell.contains(u'"') && !cell.contains(u'\n')) return cell;
      return u'"' + cell.replace(u'"', QStringLiteral("\"\"")) + u'"';
    case TableFormat::Markdown:
      return cell.replace(u'|', QStringLiteral("\\|")).replace(u'\n', u' ');
  }
  return cell;
}

QString lineText(const QStringList& cells, TableFormat format) {
  switch (format) {
    case TableFormat::Text:
      return cells.join(u'\t') + u'\n';
    case TableFormat::Csv:
      return cells.join(u',') + u'\n';
    case TableFormat::Markdown:
      return QStringLiteral("| ") + cells.join(QStringLiteral(" | ")) + QStringLiteral(" |\n");
  }
  return {};
}

}  // namespace

QString tableText(const QAbstractItemModel& model, TableFormat format, const std::vector<int>& rows) {
  std::vector<int> wanted = rows;
  if (wanted.empty()) {
    wanted.resize(static_cast<std::size_t>(model.rowCount()));
    std::iota(wanted.begin(), wanted.end(), 0);
  }
  QStringList cells, rules;
  for (int column = 0; column < model.columnCount(); ++column) {
    cells << cellText(model.headerData(column, Qt::Horizontal).toString(), format);
    rules << QStringLiteral("---");
  }
  QString text = lineText(cells, format);
  if (format == TableFormat::Markdown) text += lineText(rules, format);
  for (int row : wanted) {
    cells.clear();
    for (int column = 0; column < model.columnCount(); ++column) {
      cells << cellText(model.index(row, column).data().toString(), format);
    }
    text += lineText(cells, format);
  }
  return text;
}

}  // namespace whorl::ui
