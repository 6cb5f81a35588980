// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/pages/models_page.h"

#include <QAction>
#include <QApplication>
#include <QClipboard>
#include <QFileDialog>
#include <QFileInfo>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QKeyEvent>
#include <QLabel>
#include <QLineEdit>
#include <QMenu>
#include <QPushButton>
#include <QSaveFile>
#include <QSplitter>
#include <QStackedWidget>
#include <QTableView>
#include <QVBoxLayout>

#include <algorithm>

#include "ui/pages/model_details.h"
#include "ui/pages/model_import.h"
#include "ui/pages/notice_bar.h"
#include "ui/session/engine_session.h"
#include "ui/widgets/inline_message.h"

namespace whorl::ui {

namespace {

struct Listing {
  std::vector<ModelEntry> entries;
  std::vector<ArchitectureInfo> architectures;
};

Listing loadListing(Engine& engine, const JobContext& context) {
  Listing listing;
  for (const ModelInfo& info : engine.models()) {
    context.throwIfStopped();
    listing.entries.push_back(describeModel(info));
  }
  listing.architectures = engine.architectures();
  return listing;
}

/// Between the texts of neighbouring columns.
constexpr int kColumnRoom = 1;

bool canDelete(const ModelEntry& entry) { return !entry.info.shipped; }

}  // namespace

ModelsPage::ModelsPage(EngineSession* session, QWidget* parent)
    : QWidget(parent),
      m_session(session),
      m_model(new ModelsModel(this)),
      m_filter(new ModelsFilter(this)),
      m_search(new QLineEdit),
      m_importButton(new QPushButton(tr("Import…"))),
      m_open(new QPushButton(tr("Open in Explore"))),
      m_export(new QPushButton(tr("Export"))),
      m_delete(new QPushButton(tr("Delete"))),
      m_stack(new QStackedWidget),
      m_empty(new QLabel(tr("Loading the engine…"))),
      m_table(new QTableView),
      m_details(new ModelDetails),
      m_import(new ModelImport(session)),
      m_notice(new NoticeBar),
      m_problem(new InlineMessage) {
  makeTable();
  m_empty->setAlignment(Qt::AlignCenter);
  m_empty->setWordWrap(true);
  m_stack->addWidget(m_empty);
  m_stack->addWidget(m_table);
  auto* splitter = new QSplitter(Qt::Horizontal);
  splitter->addWidget(m_stack);
  splitter->addWidget(m_details);
  splitter->setStretchFactor(0, 1);
  splitter->setChildrenCollapsible(false);
  splitter->setSizes({860, 310});
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(12, 12, 12, 8);
  column->setSpacing(8);
  column->addWidget(makeToolBar());
  column->addWidget(m_problem);
  column->addWidget(m_notice);
  column->addWidget(m_import);
  column->addWidget(splitter, 1);
  m_import->hide();
  makeActions();

  connect(session, &EngineSession::engineReady, this, &ModelsPage::reload);
  connect(session, &EngineSession::modelsChanged, this, &ModelsPage::reload);
  connect(session, &EngineSession::engineFailed, this, [this](const QString& message) { m_problem->setText(message); });
  if (session->ready()) reload();
  choiceChanged();
}

QWidget* ModelsPage::makeToolBar() {
  m_search->setPlaceholderText(tr("Search models"));
  m_search->setClearButtonEnabled(true);
  m_search->setAccessibleName(tr("Search models"));
  m_search->setObjectName(QStringLiteral("search"));
  m_delete->setObjectName(QStringLiteral("delete"));
  m_open->setObjectName(QStringLiteral("open"));
  auto* formats = new QMenu(this);
  formats->addAction(tr("As .safetensors…"), this, [this] { exportWithDialog(QStringLiteral("safetensors")); });
  formats->addAction(tr("As PyTorch weights (.pt)…"), this, [this] { exportWithDialog(QStringLiteral("pytorch")); });
  m_export->setMenu(formats);
  m_export->setObjectName(QStringLiteral("export"));
  auto* bar = new QWidget;
  auto* line = new QHBoxLayout(bar);
  line->setContentsMargins(0, 0, 0, 0);
  line->addWidget(m_search, 1);
  for (QPushButton* button : {m_open, m_export, m_delete, m_importButton}) {
    button->setMinimumWidth(button->sizeHint().width() + 12);
    line->addWidget(button);
  }
  connect(m_search, &QLineEdit::textChanged, m_filter, &ModelsFilter::setWords);
  connect(m_open, &QPushButton::clicked, this, &ModelsPage::openChosen);
  connect(m_delete, &QPushButton::clicked, this, &ModelsPage::deleteChosen);
  connect(m_importButton, &QPushButton::clicked, this, [this] { m_import->setVisible(!m_import->isVisible()); });
  connect(m_import, &ModelImport::closed, m_import, &QWidget::hide);
  connect(m_import, &ModelImport::imported, this, [this](const QString& id) {
    m_import->hide();
    m_chooseNext = id;
  });
  connect(m_notice, &NoticeBar::actionClicked, this, &ModelsPage::undoDelete);
  connect(m_notice, &NoticeBar::dismissed, this, [this] { m_deleted.clear(); });
  return bar;
}

void ModelsPage::makeTable() {
  m_filter->setSourceModel(m_model);
  m_table->setModel(m_filter);
  m_table->setAccessibleName(tr("Models"));
  m_table->setSortingEnabled(true);
  m_table->horizontalHeader()->setSortIndicator(-1, Qt::AscendingOrder);  // the engine's order: shipped, then newest
  m_table->horizontalHeader()->setSortIndicatorClearable(true);
  m_table->horizontalHeader()->setHighlightSections(false);
  m_table->setSelectionBehavior(QAbstractItemView::SelectRows);
  m_table->setSelectionMode(QAbstractItemView::ExtendedSelection);
  m_table->setAlternatingRowColors(true);
  m_table->setShowGrid(false);
  m_table->setWordWrap(false);
  m_table->verticalHeader()->hide();
  m_table->verticalHeader()->setDefaultSectionSize(m_table->fontMetrics().height() + 10);
  m_table->setTabKeyNavigation(false);
  connect(m_table->selectionModel(), &QItemSelectionModel::selectionChanged, this, &ModelsPage::choiceChanged);
  connect(m_table, &QTableView::doubleClicked, this, &ModelsPage::openChosen);
}

void ModelsPage::makeActions() {
  const auto add = [this](const QString& text, auto slot) {
    auto* action = new QAction(text, m_table);
    connect(action, &QAction::triggered, this, slot);
    m_table->addAction(action);
  };
  // The keys stand in the texts and are taken in eventFilter: the window has shortcuts for some of them.
  add(tr("Open in Explore\tReturn"), &ModelsPage::openChosen);
  add(tr("Copy as text\tCtrl+C"), &ModelsPage::copyTable);
  add(tr("Delete\tDel"), &ModelsPage::deleteChosen);
  add(tr("Undo delete\tCtrl+Z"), &ModelsPage::undoDelete);
  add(tr("Export the table…"), &ModelsPage::exportTableWithDialog);
  m_table->setContextMenuPolicy(Qt::ActionsContextMenu);
  m_table->installEventFilter(this);
  auto* find = new QAction(this);
  find->setShortcut(QKeySequence::Find);
  find->setShortcutContext(Qt::WidgetWithChildrenShortcut);
  connect(find, &QAction::triggered, m_search, [this] {
    m_search->setFocus(Qt::ShortcutFocusReason);
    m_search->selectAll();
  });
  addAction(find);
}

bool ModelsPage::eventFilter(QObject* watched, QEvent* event) {
  if (watched == m_table && event->type() == QEvent::Resize) {
    // The table's own layout is not done yet.
    QMetaObject::invokeMethod(this, &ModelsPage::fitColumns, Qt::QueuedConnection);
  }
  const bool press = event->type() == QEvent::KeyPress;
  if (watched != m_table || (!press && event->type() != QEvent::ShortcutOverride)) {
    return QWidget::eventFilter(watched, event);
  }
  const auto* key = static_cast<QKeyEvent*>(event);
  void (ModelsPage::*act)() = nullptr;
  if (key->key() == Qt::Key_Return || key->key() == Qt::Key_Enter) act = &ModelsPage::openChosen;
  if (key->matches(QKeySequence::Copy)) act = &ModelsPage::copyTable;
  if (key->matches(QKeySequence::Delete)) act = &ModelsPage::deleteChosen;
  if (key->matches(QKeySequence::Undo)) act = &ModelsPage::undoDelete;
  if (act == nullptr) return false;
  event->accept();
  if (press) (this->*act)();
  return true;
}

void ModelsPage::reload() {
  if (!m_session->ready()) return;
  m_session->run(
      this, Lane::Interactive, tr("List models"), loadListing,
      [this](Listing listing) { list(std::move(listing.entries), listing.architectures); },
      [this](const Error& error) {
        if (error.kind() != ErrorKind::Cancelled) m_problem->setText(errorText(error));
      });
}

void ModelsPage::list(std::vector<ModelEntry> entries, const std::vector<ArchitectureInfo>& architectures) {
  QStringList ids;
  for (const ModelEntry& entry : chosen()) ids << QString::fromStdString(entry.info.id);
  if (!m_chooseNext.isEmpty()) ids = QStringList{std::exchange(m_chooseNext, {})};
  m_stack->setCurrentIndex(entries.empty() ? 0 : 1);
  m_empty->setText(tr("There are no models yet. Train one on the Train page, or import one."));
  m_model->setEntries(std::move(entries));
  choose(ids);
  if (!std::exchange(m_loadedOnce, true)) m_import->setArchitectures(architectures);
  fitColumns();
  choiceChanged();
}

void ModelsPage::fitColumns() {
  // What tells least gives way where there is no room: the details have it all.
  static constexpr int kGivingWay[] = {ModelsModel::Size, ModelsModel::Trained, ModelsModel::Architecture,
                                       ModelsModel::Source};
  if (m_model->rowCount() == 0) return;
  int total = 0;
  std::vector<int> widths;
  for (int column = 0; column < m_model->columnCount(); ++column) {
    m_table->setColumnHidden(column, false);
    widths.push_back(std::max(static_cast<QAbstractItemView*>(m_table)->sizeHintForColumn(column),
                              m_table->horizontalHeader()->sectionSizeHint(column)) +
                     kColumnRoom);
    total += widths.back();
  }
  const int room = m_table->viewport()->width();
  for (int column : kGivingWay) {
    if (total <= room) break;
    total -= widths[static_cast<std::size_t>(column)];
    m_table->setColumnHidden(column, true);
  }
  for (int column = 0; column < m_model->columnCount(); ++column) {
    m_table->setColumnWidth(column, widths[static_cast<std::size_t>(column)]);
  }
  if (total < room) m_table->setColumnWidth(ModelsModel::Name, widths[ModelsModel::Name] + (room - total) / 2);
}

void ModelsPage::showImport() {
  m_import->setVisible(true);
  m_import->setFocus();
}

void ModelsPage::choose(const QStringList& ids) {
  QItemSelection selection;
  for (int row = 0; row < m_filter->rowCount(); ++row) {
    const QModelIndex index = m_filter->index(row, 0);
    if (ids.contains(index.data(ModelsModel::IdRole).toString())) selection.select(index, index);
  }
  m_table->selectionModel()->select(selection, QItemSelectionModel::ClearAndSelect | QItemSelectionModel::Rows);
}

std::vector<ModelEntry> ModelsPage::chosen() const {
  std::vector<int> rows;
  for (const QModelIndex& index : m_table->selectionModel()->selectedRows()) rows.push_back(index.row());
  std::sort(rows.begin(), rows.end());
  std::vector<ModelEntry> entries;
  entries.reserve(rows.size());
  for (int row : rows) entries.push_back(m_model->entry(m_filter->mapToSource(m_filter->index(row, 0)).row()));
  return entries;
}

void ModelsPage::choiceChanged() {
  const std::vector<ModelEntry> entries = chosen();
  m_details->setEntries(entries);
  const bool one = entries.size() == 1;
  const bool usable = one && entries.front().info.problem.empty();
  m_open->setEnabled(usable);
  m_export->setEnabled(usable);
  m_export->setToolTip(usable ? tr("Writes the model’s weights to a file.") : tr("Choose one model first."));
  m_delete->setEnabled(std::any_of(entries.begin(), entries.end(), canDelete));
  m_delete->setToolTip(entries.empty()         ? tr("Choose a model first.")
                       : m_delete->isEnabled() ? tr("Moves your own models to the trash; can be undone.")
                                               : tr("Models that came with Whorl can't be deleted."));
  m_open->setToolTip(usable ? tr("Attacks images with this model.")
                     : one  ? QString::fromStdString(entries.front().info.problem)
                            : tr("Choose one model first."));
}

void ModelsPage::openChosen() {
  const std::vector<ModelEntry> entries = chosen();
  if (entries.size() == 1 && entries.front().info.problem.empty()) {
    Q_EMIT openInExplore(QString::fromStdString(entries.front().info.id));
  }
}

void ModelsPage::deleteChosen() {
  if (!m_session->ready()) return;
  m_problem->setText({});
  for (const ModelEntry& entry : chosen()) {
    if (!canDelete(entry)) continue;
    const QString name = QString::fromStdString(entry.info.name);
    m_session->run(
        this, Lane::Interactive, tr("Delete %1").arg(name),
        [id = entry.info.id](Engine& engine, const JobContext&) { return engine.trashModel(id); },
        [this, name](const std::string& trashed) {
          m_deleted.emplace_back(name, QString::fromStdString(trashed));
          showDeleted();
          m_session->announceModels();
        },
        [this](const Error& error) { m_problem->setText(errorText(error)); });
  }
}

void ModelsPage::showDeleted() {
  if (m_deleted.empty()) return m_notice->dismiss();
  const QString name = m_deleted.back().first;
  const auto others = m_deleted.size() - 1;
  m_notice->showNotice(others == 0   ? tr("“%1” was deleted.").arg(name)
                       : others == 1 ? tr("“%1” and another model were deleted.").arg(name)
                                     : tr("“%1” and %2 other models were deleted.").arg(name).arg(others),
                       tr("Undo"));
}

void ModelsPage::undoDelete() {
  if (m_deleted.empty() || !m_session->ready()) return;
  const auto [name, path] = m_deleted.back();
  m_deleted.pop_back();
  showDeleted();
  m_session->run(
      this, Lane::Interactive, tr("Bring back %1").arg(name),
      [path = path.toStdString()](Engine& engine, const JobContext&) { engine.restoreModel(path); },
      [this] { m_session->announceModels(); }, [this](const Error& error) { m_problem->setText(errorText(error)); });
}

void ModelsPage::exportChosen(const QString& format, const QString& path) {
  const std::vector<ModelEntry> entries = chosen();
  if (entries.size() != 1 || !m_session->ready()) return;
  m_problem->setText({});
  m_session->run(
      this, Lane::Batch, tr("Export %1").arg(QString::fromStdString(entries.front().info.name)),
      [id = entries.front().info.id, format = format.toStdString(), path = path.toStdString()](
          Engine& engine, const JobContext&) { engine.exportModel(id, format, path); },
      [] {}, [this](const Error& error) { m_problem->setText(errorText(error)); });
}

void ModelsPage::exportWithDialog(const QString& format) {
  const std::vector<ModelEntry> entries = chosen();
  if (entries.size() != 1) return;
  const QString suffix = format == u"pytorch" ? QStringLiteral("pt") : QStringLiteral("safetensors");
  auto* dialog = new QFileDialog(this, tr("Export “%1”").arg(QString::fromStdString(entries.front().info.name)));
  dialog->setAttribute(Qt::WA_DeleteOnClose);
  dialog->setAcceptMode(QFileDialog::AcceptSave);
  dialog->setDefaultSuffix(suffix);
  dialog->selectFile(QString::fromStdString(entries.front().info.name) + u'.' + suffix);
  connect(dialog, &QFileDialog::fileSelected, this,
          [this, format](const QString& path) { exportChosen(format, path); });
  dialog->open();
}

void ModelsPage::copyTable() {
  std::vector<int> rows;
  for (const QModelIndex& index : m_table->selectionModel()->selectedRows()) rows.push_back(index.row());
  std::sort(rows.begin(), rows.end());
  QApplication::clipboard()->setText(tableText(*m_filter, TableFormat::Text, rows));
}

QString ModelsPage::exportTable(const QString& path) {
  const QString suffix = QFileInfo(path).suffix().toLower();
  if (suffix != u"csv" && suffix != u"md") return tr("“.%1” is not a format for tables. Use .csv or .md.").arg(suffix);
  QSaveFile file(path);
  const QByteArray text = tableText(*m_filter, suffix == u"md" ? TableFormat::Markdown : TableFormat::Csv).toUtf8();
  const bool written = file.open(QIODevice::WriteOnly) && file.write(text) == text.size() && file.commit();
  return written ? QString() : tr("%1 could not be written. Choose another folder, or free some space.").arg(path);
}

void ModelsPage::exportTableWithDialog() {
  auto* dialog = new QFileDialog(this, tr("Export the table"));
  dialog->setAttribute(Qt::WA_DeleteOnClose);
  dialog->setAcceptMode(QFileDialog::AcceptSave);
  dialog->setNameFilters({tr("CSV (*.csv)"), tr("Markdown (*.md)")});
  dialog->setDefaultSuffix(QStringLiteral("csv"));
  connect(dialog, &QFileDialog::filterSelected, dialog, [dialog](const QString& filter) {
    dialog->setDefaultSuffix(filter.contains(u"*.md") ? QStringLiteral("md") : QStringLiteral("csv"));
  });
  connect(dialog, &QFileDialog::fileSelected, this,
          [this](const QString& path) { m_problem->setText(exportTable(path)); });
  dialog->open();
}

}  // namespace whorl::ui
