// SPDX-License-Identifier: GPL-3.0-or-later
// What comes into the Evaluate page and leaves it: recipe files, tables, reports, attacked images.
#include <QAction>
#include <QApplication>
#include <QClipboard>
#include <QCryptographicHash>
#include <QDesktopServices>
#include <QDragEnterEvent>
#include <QFileDialog>
#include <QFileInfo>
#include <QKeyEvent>
#include <QMenu>
#include <QMimeData>
#include <QSaveFile>
#include <QStackedLayout>
#include <QTableView>
#include <QToolButton>
#include <QUrl>

#include "ui/evaluate/comparison_dialog.h"
#include "ui/evaluate/grid_model.h"
#include "ui/evaluate/grid_text.h"
#include "ui/evaluate/recipe_bar.h"
#include "ui/pages/evaluate_page.h"
#include "ui/session/engine_session.h"
#include "ui/widgets/inline_message.h"

namespace whorl::ui {

namespace {

QString recipeFile(const QMimeData* data) {
  for (const QUrl& url : data->urls()) {
    if (url.isLocalFile() && url.toLocalFile().endsWith(u".toml", Qt::CaseInsensitive)) return url.toLocalFile();
  }
  return {};
}

}  // namespace

void EvaluatePage::makeActions() {
  const auto add = [this](const QString& text, auto slot) {
    auto* action = new QAction(text, m_table);
    connect(action, &QAction::triggered, this, slot);
    m_table->addAction(action);
  };
  const auto separate = [this] {
    auto* line = new QAction(m_table);
    line->setSeparator(true);
    m_table->addAction(line);
  };
  // The keys stand in the texts and are taken in eventFilter: the window has shortcuts for some of them.
  add(tr("Open attacked images in Explore\tReturn"), [this] { openImages(); });
  add(tr("Compute the chosen cells"), [this] { startChosen(false); });
  add(tr("Compute the chosen cells again"), [this] { startChosen(true); });
  separate();
  add(tr("Copy table as text\tCtrl+C"), [this] { copyTable(GridFormat::Text); });
  add(tr("Copy table as Markdown"), [this] { copyTable(GridFormat::Markdown); });
  add(tr("Copy table as LaTeX"), [this] { copyTable(GridFormat::Latex); });
  add(tr("Copy every figure as CSV"), [this] { copyTable(GridFormat::Csv); });
  add(tr("Export the table…"), [this] { exportTableWithDialog(); });
  m_table->setContextMenuPolicy(Qt::ActionsContextMenu);
  auto* again = new QAction(this);
  again->setShortcut(QKeySequence::Refresh);
  again->setShortcutContext(Qt::WidgetWithChildrenShortcut);
  connect(again, &QAction::triggered, this, &EvaluatePage::reload);
  addAction(again);
  m_table->installEventFilter(this);
  showReports({});
}

bool EvaluatePage::eventFilter(QObject* watched, QEvent* event) {
  const bool press = event->type() == QEvent::KeyPress;
  if (watched != m_table || (!press && event->type() != QEvent::ShortcutOverride)) {
    return QWidget::eventFilter(watched, event);
  }
  const auto* key = static_cast<QKeyEvent*>(event);
  const bool open = key->key() == Qt::Key_Return || key->key() == Qt::Key_Enter;
  const bool copy = key->matches(QKeySequence::Copy);
  if (!open && !copy) return false;
  event->accept();
  if (press && open) openImages();
  if (press && copy) copyTable(GridFormat::Text);
  return true;
}

void EvaluatePage::openComparisons() {
  if (!m_comparisons) m_comparisons = new ComparisonDialog(m_session, window());
  m_comparisons->show();
  m_comparisons->raise();
  m_comparisons->activateWindow();
}

void EvaluatePage::chooseRecipeFile() {
  auto* dialog = new QFileDialog(this, tr("Open a recipe"));
  dialog->setAttribute(Qt::WA_DeleteOnClose);
  dialog->setFileMode(QFileDialog::ExistingFile);
  dialog->setNameFilters({tr("Recipes (*.toml)"), tr("All files (*)")});
  connect(dialog, &QFileDialog::fileSelected, this, &EvaluatePage::openRecipe);
  dialog->open();
}

void EvaluatePage::openRecipe(const QString& idOrPath) {
  if (idOrPath.isEmpty() || m_run->state().active()) return;
  if (!m_loaded) {
    m_wantedRecipe = idOrPath;
    return;
  }
  if (m_bar->knows(idOrPath)) {
    m_bar->choose(idOrPath, m_wantedPreset);
    return;
  }
  m_session->run(
      this, Lane::Interactive, tr("Open"),
      [id = idOrPath.toStdString()](Engine& engine, const JobContext&) { return engine.recipe(id); },
      [this](const RecipeInfo& recipe) {
        if (m_run->state().active()) return;
        m_problem->setText(QString::fromStdString(recipe.problem));
        m_bar->addOpened(recipe);
        if (m_bar->recipe()) m_layers->setCurrentIndex(0);
      },
      [this](const Error& error) {
        if (error.kind() != ErrorKind::Cancelled) m_problem->setText(errorText(error));
      });
}

void EvaluatePage::editRecipe() {
  const RecipeInfo* recipe = m_bar->recipe();
  if (!recipe || recipe->path.empty()) return;
  const QString path = QString::fromStdString(recipe->path);
  if (!QDesktopServices::openUrl(QUrl::fromLocalFile(path))) {
    m_problem->setText(tr("No editor could be opened for %1.").arg(path));
  }
}

void EvaluatePage::dragEnterEvent(QDragEnterEvent* event) {
  if (!recipeFile(event->mimeData()).isEmpty()) event->acceptProposedAction();
}

void EvaluatePage::dropEvent(QDropEvent* event) {
  openRecipe(recipeFile(event->mimeData()));
  event->acceptProposedAction();
}

void EvaluatePage::openImages() {
  const RecipeCell* cell = m_grid->cell(m_table->currentIndex());
  if (!cell) return;
  if (cell->attackedImages.empty()) {
    m_problem->setText(cell->state == CellState::Failed ? QString::fromStdString(cell->problem)
                                                        : tr("There are no attacked images yet: run the cell first."));
    return;
  }
  m_problem->setText({});
  Q_EMIT imagesWanted(QString::fromStdString(cell->attackedImages), QString::fromStdString(cell->modelFile),
                      QString::fromStdString(cell->attack));
}

std::string EvaluatePage::reportFolder() const {
  const RecipeInfo* recipe = m_bar->recipe();
  if (!recipe || m_info.userFolder.empty()) return {};
  const QString id = QString::fromStdString(recipe->id);
  QString name = id;
  if (id.contains(u'/')) {  // files in two folders may have one name
    const QByteArray place = QCryptographicHash::hash(id.toUtf8(), QCryptographicHash::Sha256).toHex().first(6);
    name = QFileInfo(id).completeBaseName() + u'-' + QString::fromLatin1(place);
  }
  if (!m_bar->preset().isEmpty()) name += u'-' + m_bar->preset();
  return m_info.userFolder + "/reports/" + name.toStdString();
}

void EvaluatePage::showReports(const std::vector<std::string>& reports) {
  m_reportMenu->clear();
  m_reportPage.clear();
  for (const std::string& report : reports) {
    const QString path = QString::fromStdString(report);
    if (path.endsWith(u".html")) m_reportPage = path;
    const QString name = path.endsWith(u".html") ? tr("Open the web page")
                         : path.endsWith(u".md") ? tr("Open the Markdown text")
                                                 : tr("Open the LaTeX tables");
    m_reportMenu->addAction(name, this, [this, path] { openFile(path); })->setToolTip(path);
  }
  if (!reports.empty()) {
    const QString folder = QFileInfo(QString::fromStdString(reports.front())).path();
    m_reportMenu->addAction(tr("Open the folder"), this, [this, folder] { openFile(folder); });
    m_reportMenu->addSeparator();
  }
  m_writeReport = m_reportMenu->addAction(tr("Write the report of what is finished"), this, &EvaluatePage::writeReport);
  m_report->setToolTip(reports.empty() ? tr("A run writes a report: Markdown, LaTeX and one web page with curves.")
                                       : QFileInfo(QString::fromStdString(reports.front())).path());
}

/// What an earlier run wrote, perhaps in another session.
void EvaluatePage::findReports() {
  std::vector<std::string> reports;
  const QString folder = QString::fromStdString(reportFolder());
  for (const char* name : {"report.md", "report.tex", "report.html"}) {
    const QString path = folder + u'/' + QString::fromLatin1(name);
    if (!folder.isEmpty() && QFileInfo::exists(path)) reports.push_back(path.toStdString());
  }
  showReports(reports);
}

void EvaluatePage::writeReport() {
  std::vector<std::string> finished;
  for (const RecipeCell& cell : m_grid->result().cells) {
    if (cell.state == CellState::Done) finished.push_back(cell.detector + "/" + cell.attack);
  }
  if (!finished.empty()) start(finished, false);
}

void EvaluatePage::openFile(const QString& path) {
  const bool opened = QDesktopServices::openUrl(QUrl::fromLocalFile(path));
  m_problem->setText(opened ? QString() : tr("No program could be started that opens %1.").arg(path));
}

void EvaluatePage::openReport() { m_reportPage.isEmpty() ? writeReport() : openFile(m_reportPage); }

void EvaluatePage::copyTable(GridFormat format) { QApplication::clipboard()->setText(gridText(*m_grid, format)); }

QString EvaluatePage::exportTable(const QString& path) {
  const auto format = gridFormatOf(path);
  if (!format) {
    return tr("“.%1” is not a format for tables. Use .csv, .md, .tex or .txt.").arg(QFileInfo(path).suffix());
  }
  QSaveFile file(path);
  const QByteArray text = gridText(*m_grid, *format).toUtf8();
  const bool written = file.open(QIODevice::WriteOnly) && file.write(text) == text.size() && file.commit();
  return written ? QString() : tr("%1 could not be written. Choose another folder, or free some space.").arg(path);
}

void EvaluatePage::exportTableWithDialog() {
  if (m_grid->rowCount() == 0) return;
  auto* dialog = new QFileDialog(this, tr("Export the table"));
  dialog->setAttribute(Qt::WA_DeleteOnClose);
  dialog->setAcceptMode(QFileDialog::AcceptSave);
  const std::pair<QString, QString> kinds[] = {{tr("CSV, every figure (*.csv)"), QStringLiteral("csv")},
                                               {tr("Markdown (*.md)"), QStringLiteral("md")},
                                               {tr("LaTeX (*.tex)"), QStringLiteral("tex")},
                                               {tr("Text (*.txt)"), QStringLiteral("txt")}};
  QStringList filters;
  for (const auto& kind : kinds) filters << kind.first;
  dialog->setNameFilters(filters);
  dialog->setDefaultSuffix(kinds[0].second);
  connect(dialog, &QFileDialog::filterSelected, dialog, [dialog](const QString& filter) {
    dialog->setDefaultSuffix(filter.section(QStringLiteral("*."), -1).chopped(1));
  });
  connect(dialog, &QFileDialog::fileSelected, this,
          [this](const QString& path) { m_problem->setText(exportTable(path)); });
  dialog->open();
}

}  // namespace whorl::ui
