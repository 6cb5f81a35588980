// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/explore/explore_commands.h"

#include <QAction>
#include <QApplication>
#include <QClipboard>
#include <QMimeData>
#include <QUndoGroup>
#include <QUrl>

#include <utility>

#include "ui/commands/command_registry.h"
#include "ui/explore/step_stack.h"
#include "ui/explore/verdict_panel.h"
#include "ui/explore/views_panel.h"
#include "ui/image/qimage_convert.h"
#include "ui/pages/explore_page.h"
#include "ui/widgets/view_state.h"

namespace whorl::ui {
namespace {

QString tr(const char* text) { return QApplication::translate("commands", text); }

void paste(ExplorePage* page) {
  const QMimeData* data = QApplication::clipboard()->mimeData();
  QStringList files;
  for (const QUrl& url : data ? data->urls() : QList<QUrl>()) {
    if (url.isLocalFile()) files << url.toLocalFile();
  }
  if (!files.isEmpty()) {
    page->openFiles(files);
  } else {
    page->openPicture(QApplication::clipboard()->image());
  }
}

void registerImageCommands(CommandRegistry* commands, const std::function<ExplorePage*()>& page) {
  const QString group = tr("Image");
  commands->add({"image.open", tr("&Open images…"), group, "open", {QKeySequence::Open}, tr("Open image files")},
                commands, [page] { page()->chooseFiles(); });
  commands->add({"image.paste",
                 tr("&Paste image"),
                 group,
                 "paste",
                 {QKeySequence::Paste},
                 tr("Paste a picture or image files from the clipboard")},
                commands, [page] { paste(page()); });
  commands->add(
      {"image.copy", tr("&Copy result"), group, "copy", {QKeySequence::Copy}, tr("Copy the result as a picture")},
      commands, [page] {
        if (const auto& result = page()->result()) {
          QApplication::clipboard()->setImage(toQImage(result->result));
        }
      });
  commands->add(
      {"image.save", tr("&Save result…"), group, "save", {QKeySequence::Save}, tr("Save the result as a file")},
      commands, [page] { page()->chooseWhereToSave(); });
  commands->add(
      {"image.previous", tr("P&revious image"), group, "previous", {QKeySequence(Qt::ALT | Qt::Key_Left)}, {}},
      commands, [page] { page()->neighbour(-1); });
  commands->add({"image.next", tr("&Next image"), group, "next", {QKeySequence(Qt::ALT | Qt::Key_Right)}, {}}, commands,
                [page] { page()->neighbour(1); });
  commands->add({"image.random", tr("R&andom image"), group, "random", {QKeySequence(Qt::CTRL | Qt::Key_R)}, {}},
                commands, [page] { page()->neighbour(0); });
}

void registerViewCommands(CommandRegistry* commands, const std::function<ExplorePage*()>& page) {
  const QString group = tr("View");
  const auto zoom = [page](double factor) {
    ViewState* state = page()->views()->state();
    state->zoomAt(factor, state->centre());
  };
  commands->add({"view.zoom_in",
                 tr("Zoom &in"),
                 group,
                 "zoom-in",
                 {QKeySequence::ZoomIn, QKeySequence(Qt::CTRL | Qt::Key_Equal)},
                 {}},
                commands, [zoom] { zoom(1.5); });
  commands->add({"view.zoom_out", tr("Zoom &out"), group, "zoom-out", {QKeySequence::ZoomOut}, {}}, commands,
                [zoom] { zoom(1 / 1.5); });
  commands->add(
      {"view.zoom_all", tr("Show the &whole image"), group, "zoom-fit", {QKeySequence(Qt::CTRL | Qt::Key_0)}, {}},
      commands, [page] { page()->views()->state()->reset(); });
  commands->add({"view.blink",
                 tr("&Blink original and result"),
                 group,
                 "blink",
                 {QKeySequence(Qt::Key_B)},
                 tr("Show the original in the result’s place, and back; or hold the space bar")},
                commands, [page] { page()->views()->setBlink(!page()->views()->blinking()); });
  commands->add({"view.compare",
                 tr("&Compare models and attacks…"),
                 group,
                 "evaluate",
                 {QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_C)},
                 tr("The image under several attacks by several models, as a grid")},
                commands, [page] { page()->openCompare(); });
  commands->add({"view.sort",
                 tr("&Sort classes"),
                 group,
                 "sort",
                 {QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_S)},
                 tr("Sort classes by the result’s probability, or back to their own order")},
                commands, [page] { page()->verdict()->setSorted(!page()->verdict()->sorted()); });
}

}  // namespace

void registerExploreCommands(CommandRegistry* commands, StepStack* stack, std::function<ExplorePage*()> page) {
  registerImageCommands(commands, page);
  const QString edit = tr("Edit");
  // The group greys them while another page is shown.
  auto* undo = new QUndoGroup(commands);
  undo->addStack(stack->undoStack());
  stack->undoStack()->setActive();
  commands->adopt({"edit.undo", {}, edit, "undo", {QKeySequence::Undo}, tr("Undo the last change of the steps")},
                  undo->createUndoAction(commands, tr("&Undo")));
  commands->adopt({"edit.redo", {}, edit, "redo", {QKeySequence::Redo}, tr("Redo what was undone")},
                  undo->createRedoAction(commands, tr("&Redo")));
  commands->add({"edit.add_step",
                 tr("&Add step…"),
                 edit,
                 "add",
                 {QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_A)},
                 tr("Add an attack or a natural change")},
                commands, [page] { page()->openAddMenu(); });
  registerViewCommands(commands, page);
}

}  // namespace whorl::ui
