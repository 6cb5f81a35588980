// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/help_windows.h"

#include <QAction>
#include <QCoreApplication>
#include <QDialog>
#include <QDialogButtonBox>
#include <QTextBrowser>
#include <QVBoxLayout>

#include "core/service/engine.h"
#include "ui/commands/command_registry.h"

namespace whorl::ui {
namespace {

QString tr(const char* text) { return QCoreApplication::translate("help", text); }

void openText(const QString& title, const QString& html, QSize size, QWidget* parent) {
  auto* dialog = new QDialog(parent);
  dialog->setAttribute(Qt::WA_DeleteOnClose);
  dialog->setWindowTitle(title);
  dialog->resize(size);
  auto* column = new QVBoxLayout(dialog);
  auto* text = new QTextBrowser(dialog);
  text->setHtml(html);
  text->setOpenExternalLinks(true);
  auto* buttons = new QDialogButtonBox(QDialogButtonBox::Close, dialog);
  QObject::connect(buttons, &QDialogButtonBox::rejected, dialog, &QDialog::close);
  column->addWidget(text);
  column->addWidget(buttons);
  dialog->show();
}

QString row(const QString& key, const QString& text) {
  return QStringLiteral("<tr><td style='padding-right:24px'><b>%1</b></td><td>%2</td></tr>")
      .arg(key.toHtmlEscaped(), text.toHtmlEscaped());
}

}  // namespace

void openShortcutWindow(const CommandRegistry* commands, QWidget* parent) {
  QStringList groups;
  for (const Command& command : commands->commands()) {
    if (!groups.contains(command.group)) groups << command.group;
  }
  QString html;
  for (const QString& group : groups) {
    QString rows;
    for (const Command& command : commands->commands()) {
      if (command.group != group || command.shortcuts.isEmpty()) continue;
      rows += row(shortcutText(command.shortcuts), commands->action(command.id)->text().remove(QLatin1Char('&')));
    }
    if (!rows.isEmpty()) html += QStringLiteral("<h3>%1</h3><table>%2</table>").arg(group.toHtmlEscaped(), rows);
  }
  html += QStringLiteral("<h3>%1</h3><table>").arg(tr("On an image"));
  html += row(tr("Space, held"), tr("Show the original in the result’s place"));
  html += row(tr("Arrow keys"), tr("Next and previous image; move the view when zoomed in"));
  html += row(QStringLiteral("+  −  0"), tr("Zoom in, out, show all"));
  html += row(tr("Wheel, drag, double click"), tr("Zoom about the cursor, move, show all"));
  html += QStringLiteral("</table>");
  openText(tr("Keyboard shortcuts"), html, {520, 620}, parent);
}

void openAboutWindow(const EngineInfo& info, QWidget* parent) {
  const QString html =
      QStringLiteral("<h2>Whorl %1</h2><p>%2</p><p>%3</p><table>%4%5%6%7</table>")
          .arg(QString::fromStdString(versionText()).toHtmlEscaped(),
               tr("See how an image classifier breaks, and what gives the attack away."),
               tr("Free software under the GNU General Public License, version 3 or later. Neural Fingerprinting: "
                  "Dathathri, Zheng, Yue, Murray 2018."),
               row(QStringLiteral("LibTorch"), QString::fromStdString(info.torchVersion)),
               row(QStringLiteral("OpenCV"), QString::fromStdString(info.opencvVersion)),
               row(QStringLiteral("Qt"), QString::fromLatin1(qVersion())),
               row(tr("Device"), QString::fromStdString(info.device)));
  openText(tr("About Whorl"), html, {440, 340}, parent);
}

}  // namespace whorl::ui
