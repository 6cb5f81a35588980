// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/save_dialog.h"

#include <QFileDialog>
#include <QLineEdit>
#include <QTemporaryDir>

#include <memory>

#include "tests/ui/ui_test.h"

using namespace whorl;
using namespace whorl::ui;

class SaveDialogTest : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void init() { test::failOnWarnings(); }

  /// A name without an ending gets that of its kind.
  void theEndingIsAdded() {
    const QTemporaryDir folder;
    QWidget parent;
    QString chosen;
    askWhereToSave(&parent, "Export", "svg", [&](const QString& path) { chosen = path; });
    auto* dialog = parent.findChild<QFileDialog*>();
    QVERIFY(dialog && dialog->isVisible());
    QCOMPARE(dialog->nameFilters(), QStringList{"SVG (*.svg)"});
    dialog->setDirectory(folder.path());
    dialog->findChild<QLineEdit*>("fileNameEdit")->setText("picture");
    QMetaObject::invokeMethod(dialog, "accept");
    QTRY_COMPARE(chosen, folder.filePath("picture.svg"));
    QTRY_VERIFY(!parent.findChild<QFileDialog*>());
  }

  void nobodyIsCalledWhoWentAway() {
    auto parent = std::make_unique<QWidget>();
    bool called = false;
    askWhereToSave(parent.get(), "Export", "csv", [&](const QString&) { called = true; });
    QMetaObject::invokeMethod(parent->findChild<QFileDialog*>(), "reject");
    QTRY_VERIFY(!parent->findChild<QFileDialog*>());
    askWhereToSave(parent.get(), "Export", "csv", [&](const QString&) { called = true; });
    parent.reset();
    QCoreApplication::processEvents();
    QVERIFY(!called);
  }
};

QTEST_MAIN(SaveDialogTest)
#include "save_dialog_test.moc"
