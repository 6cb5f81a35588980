// SPDX-License-Identifier: GPL-3.0-or-later
// What can be done on the Evaluate and the Similar page, from menus, by keys and from the palette.
#include "ui/commands/command_registry.h"
#include "ui/main_window.h"
#include "ui/pages/evaluate_page.h"
#include "ui/pages/similar_page.h"

namespace whorl::ui {

void MainWindow::addEvaluateCommands() {
  const QString group = tr("Evaluation");
  const auto add = [&](const char* id, const QString& text, const char* icon, const QList<QKeySequence>& shortcuts,
                       const QString& tip, void (EvaluatePage::*act)()) {
    m_commands->add({QString::fromLatin1(id), text, group, QString::fromLatin1(icon), shortcuts, tip}, this,
                    [this, evaluate = m_evaluate, act] {  // not through this: GCC 12's UBSan loses it at ->*
                      showPage(QStringLiteral("evaluate"));
                      (evaluate->*act)();
                    });
  };
  add("evaluate.run", tr("&Run or resume the recipe"), "play", {QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_R)},
      tr("Compute the cells that are not finished"), &EvaluatePage::startRun);
  add("evaluate.stop", tr("S&top the recipe"), "stop", {QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_Period)},
      tr("End the run; what is finished is kept"), &EvaluatePage::stopRun);
  add("evaluate.open", tr("Open a &recipe…"), "open", {QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_O)},
      tr("Open a recipe file of your own"), &EvaluatePage::chooseRecipeFile);
  add("evaluate.comparisons", tr("Compare &trained models…"), "evaluate", {},
      tr("Under natural perturbations, with several seeds"), &EvaluatePage::openComparisons);
  add("evaluate.images", tr("Show the attacked &images of the cell"), "explore", {},
      tr("Open the images of the chosen cell in Explore"), &EvaluatePage::openImages);
  add("evaluate.report", tr("Open the re&port"), "export", {}, tr("The web page that the last run wrote"),
      &EvaluatePage::openReport);
  add("evaluate.export_table", tr("Export the table of &figures…"), "export", {}, tr("As CSV, Markdown, LaTeX or text"),
      &EvaluatePage::exportTableWithDialog);
}

void MainWindow::addSimilarCommands() {
  const auto add = [this](const char* id, const QString& text, const char* icon, const QString& tip, auto act) {
    m_commands->add({QString::fromLatin1(id), text, tr("Near-duplicates"), QString::fromLatin1(icon), {}, tip}, this,
                    [this, act] {
                      showPage(QStringLiteral("similar"));
                      act(*m_similar);
                    });
  };
  add("similar.index", tr("&Index the images"), "play", tr("Compute the features of the Similar page’s images"),
      [](SimilarPage& page) { page.index(); });
  add("similar.folder", tr("Search a &folder…"), "open", tr("Choose a folder of images to look for neighbours in"),
      [](SimilarPage& page) { page.chooseFolder(); });
  add("similar.query", tr("Look for an image &file…"), "search", tr("Open the query of the Similar page"),
      [](SimilarPage& page) { page.chooseFile(); });
  add("similar.measure", tr("&Measure precision and recall"), "evaluate",
      tr("Tell distorted copies from other images, with both models"), [](SimilarPage& page) { page.measure(); });
}

}  // namespace whorl::ui
