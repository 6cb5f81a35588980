// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/pages/models_page.h"

#include <QApplication>
#include <QCheckBox>
#include <QClipboard>
#include <QComboBox>
#include <QFile>
#include <QLineEdit>
#include <QPushButton>
#include <QShortcut>
#include <QSignalSpy>
#include <QTableView>
#include <QTemporaryDir>
#include <QTest>
#include <QTreeWidget>

#include "tests/ui/fake_engine.h"
#include "tests/ui/ui_test.h"
#include "ui/pages/model_details.h"
#include "ui/pages/model_import.h"
#include "ui/pages/notice_bar.h"
#include "ui/session/engine_session.h"
#include "ui/widgets/inline_message.h"

using namespace whorl;
using namespace whorl::ui;

namespace {

struct World {
  std::shared_ptr<test::FakeEngine> engine = std::make_shared<test::FakeEngine>();
  std::unique_ptr<EngineSession> session;
  std::unique_ptr<ModelsPage> page;

  World() {
    for (const char* name : {"mine", "other"}) {
      ModelInfo own = test::FakeEngine::blobModel(name, {1, 28, 28}, 0);
      own.shipped = false;
      engine->modelList.push_back(own);
    }
    ModelInfo broken;
    broken.id = broken.name = "broken";
    broken.problem = "the file is cut off after 12 bytes";
    engine->modelList.push_back(broken);
    session = std::make_unique<EngineSession>(engine);
    page = std::make_unique<ModelsPage>(session.get());
    page->resize(1120, 640);
    page->show();
  }
  QAbstractItemModel* rows() const { return page->table()->model(); }
  int rowOf(const QString& id) const {
    for (int row = 0; row < rows()->rowCount(); ++row) {
      if (rows()->index(row, 0).data(ModelsModel::IdRole).toString() == id) return row;
    }
    return -1;
  }
  void choose(const QStringList& ids) const {
    page->table()->clearSelection();
    for (const QString& id : ids) {
      page->table()->selectionModel()->select(rows()->index(rowOf(id), 0),
                                              QItemSelectionModel::Select | QItemSelectionModel::Rows);
    }
  }
  template <class Widget>
  Widget* find(const char* name) const {
    return page->findChild<Widget*>(QLatin1String(name));
  }
};

}  // namespace

class ModelsPageTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void init() { test::failOnWarnings(); }

  void listsEveryModelBrokenOnesToo() {
    World world;
    QTRY_COMPARE(world.rows()->rowCount(), 6);
    world.choose({QStringLiteral("broken")});
    QVERIFY(!world.find<QPushButton>("open")->isEnabled());
    bool told = false;
    const auto items = world.page->findChild<ModelDetails*>()->tree()->findItems("Problem", Qt::MatchRecursive);
    for (const auto* item : items) told |= item->text(1).contains("cut off");
    QVERIFY(told);
    world.choose({QStringLiteral("glyphs-plain")});
    QVERIFY(world.find<QPushButton>("open")->isEnabled());
    QVERIFY(!world.find<QPushButton>("delete")->isEnabled());  // shipped
  }

  void opensInExplore() {
    World world;
    QTRY_COMPARE(world.rows()->rowCount(), 6);
    QSignalSpy open(world.page.get(), &ModelsPage::openInExplore);
    world.choose({QStringLiteral("mine")});
    world.page->table()->setFocus();
    QTest::keyClick(world.page->table(), Qt::Key_Return);
    QTRY_COMPARE(open.count(), 1);
    QCOMPARE(open.first().first().toString(), QStringLiteral("mine"));
  }

  void deletionCanBeUndone() {
    World world;
    QTRY_COMPARE(world.rows()->rowCount(), 6);
    world.choose({QStringLiteral("mine"), QStringLiteral("other"), QStringLiteral("glyphs-plain")});
    world.find<QPushButton>("delete")->click();
    QTRY_COMPARE(world.rows()->rowCount(), 4);  // the shipped one stays
    QCOMPARE(world.rowOf(QStringLiteral("mine")), -1);
    auto* notice = world.page->findChild<NoticeBar*>();
    QTRY_VERIFY(notice->isVisible() && notice->text().contains("another model"));
    notice->actionButton()->click();
    QTRY_COMPARE(world.rows()->rowCount(), 5);
    QVERIFY(notice->isVisible());
    notice->actionButton()->click();
    QTRY_COMPARE(world.rows()->rowCount(), 6);
    QVERIFY(!notice->isVisible());
    world.page->undoDelete();  // nothing left: nothing happens
    QVERIFY(world.rowOf(QStringLiteral("mine")) >= 0 && world.rowOf(QStringLiteral("other")) >= 0);
  }

  /// In the window Ctrl+Z and Ctrl+C belong to Explore: with the focus in the table they are the table's.
  void keysAreNotTakenByTheWindow() {
    World world;
    QTRY_COMPARE(world.rows()->rowCount(), 6);
    QShortcut undo(QKeySequence::Undo, world.page.get());
    QShortcut copy(QKeySequence::Copy, world.page.get());
    QSignalSpy taken(&undo, &QShortcut::activated);
    QSignalSpy copied(&copy, &QShortcut::activated);
    world.choose({QStringLiteral("mine")});
    world.page->activateWindow();
    world.page->table()->setFocus();
    QTest::keyClick(world.page->table(), Qt::Key_Delete);
    QTRY_COMPARE(world.rows()->rowCount(), 5);
    QTest::keySequence(world.page->table(), QKeySequence::Undo);
    QTRY_COMPARE(world.rows()->rowCount(), 6);
    QTest::keySequence(world.page->table(), QKeySequence::Copy);
    QVERIFY(QApplication::clipboard()->text().contains("glyphs-plain"));
    QCOMPARE(taken.count() + copied.count(), 0);
  }

  void comparesTwo() {
    World world;
    QTRY_COMPARE(world.rows()->rowCount(), 6);
    world.choose({QStringLiteral("glyphs-plain"), QStringLiteral("glyphs-fingerprint")});
    auto* details = world.page->findChild<ModelDetails*>();
    QCOMPARE(details->tree()->columnCount(), 3);
    QVERIFY(!details->tree()->findItems("Fingerprints N", Qt::MatchRecursive).isEmpty());
    QVERIFY(details->tree()->findItems("Network", Qt::MatchRecursive).isEmpty());  // they are of the same
    world.find<QCheckBox>("onlyDifferences")->click();
    QVERIFY(!details->tree()->findItems("Network", Qt::MatchRecursive).isEmpty());
  }

  void searches() {
    World world;
    QTRY_COMPARE(world.rows()->rowCount(), 6);
    QTest::keyClicks(world.find<QLineEdit>("search"), "shapes");
    QCOMPARE(world.rows()->rowCount(), 1);
  }

  void keepsTheChoiceWhenTheListIsNew() {
    World world;
    QTRY_COMPARE(world.rows()->rowCount(), 6);
    world.choose({QStringLiteral("mine")});
    QSignalSpy reset(world.rows(), &QAbstractItemModel::modelReset);
    world.session->announceModels();
    QTRY_COMPARE(reset.count(), 1);
    QCOMPARE(world.page->table()->selectionModel()->selectedRows().size(), 1);
    QCOMPARE(world.page->table()->selectionModel()->selectedRows().first().row(), world.rowOf(QStringLiteral("mine")));
  }

  void copiesAndExportsTheTable() {
    World world;
    QTRY_COMPARE(world.rows()->rowCount(), 6);
    world.choose({QStringLiteral("mine")});
    world.page->table()->setFocus();
    QTest::keySequence(world.page->table(), QKeySequence::Copy);
    QTRY_VERIFY(QApplication::clipboard()->text().contains("mine\tyours"));
    QTemporaryDir folder;
    QCOMPARE(world.page->exportTable(folder.filePath("models.csv")), QString());
    QFile file(folder.filePath("models.csv"));
    QVERIFY(file.open(QIODevice::ReadOnly));
    QCOMPARE(file.readAll().count('\n'), 7);
    QVERIFY(world.page->exportTable(folder.filePath("models.docx")).contains(".docx"));
    QVERIFY(!world.page->exportTable(QStringLiteral("/nowhere/models.md")).isEmpty());
  }

  void exportNeedsAModel() {
    World world;
    QTRY_VERIFY(world.rows()->rowCount() > 0);
    auto* button = world.page->findChild<QPushButton*>(QStringLiteral("export"));
    QVERIFY(!button->isEnabled());
    world.choose({QStringLiteral("mine")});
    QVERIFY(button->isEnabled());
    world.choose({QStringLiteral("mine"), QStringLiteral("other")});
    QVERIFY(!button->isEnabled());
  }

  void exportsAModel() {
    World world;
    QTRY_COMPARE(world.rows()->rowCount(), 6);
    world.choose({QStringLiteral("mine")});
    world.page->exportChosen(QStringLiteral("pytorch"), QStringLiteral("/tmp/x.pt"));
    QTRY_COMPARE(world.engine->calls(), std::vector<std::string>{"export mine pytorch /tmp/x.pt"});
  }

  void importsWithWordsForWhatIsWrong() {
    World world;
    QTRY_COMPARE(world.rows()->rowCount(), 6);
    auto* form = world.page->findChild<ModelImport*>();
    form->show();
    auto* problem = form->findChild<InlineMessage*>();
    QPushButton* start = world.find<QPushButton>("importStart");
    start->click();
    QVERIFY(problem->text().contains("No file"));
    form->setFile(QStringLiteral("/models/foreign.safetensors"));
    world.find<QLineEdit>("importMean")->setText(QStringLiteral("0.5 x"));
    start->click();
    QVERIFY(problem->text().contains("not a number"));
    world.find<QLineEdit>("importMean")->setText(QStringLiteral("0.5, 0.5"));
    start->click();
    QVERIFY(problem->text().contains("2 numbers for 1 channels"));
    world.find<QLineEdit>("importMean")->setText(QStringLiteral("0.5"));
    auto* kind = world.find<QComboBox>("importKind");
    kind->setCurrentIndex(kind->count() - 1);  // TorchScript: only with consent
    start->click();
    QVERIFY(problem->text().contains("trust"));
    kind->setCurrentIndex(0);
    form->setFile(QStringLiteral("/models/bad.safetensors"));
    start->click();
    QTRY_VERIFY(problem->text().contains("his is not a model file"));
    form->setFile(QStringLiteral("/models/foreign.safetensors"));
    start->click();
    QTRY_COMPARE(world.rows()->rowCount(), 7);
    QVERIFY(!form->isVisible());
    QTRY_COMPARE(world.page->table()->selectionModel()->selectedRows().size(), 1);
  }

  void torchScriptNeedsConsent() {
    test::FakeEngine engine;
    EngineSession session;
    ModelImport form(&session);
    form.setArchitectures(engine.architectures());
    form.setFile(QStringLiteral("a.pt"));
    auto* kind = form.findChild<QComboBox*>(QStringLiteral("importKind"));
    QVERIFY(!form.request().allowTorchScript);
    kind->setCurrentIndex(kind->count() - 1);
    QVERIFY_EXCEPTION_THROWN(form.request(), Error);
    form.findChild<QCheckBox*>(QStringLiteral("importAllow"))->setChecked(true);
    QVERIFY(form.request().allowTorchScript);
    QCOMPARE(form.request().architecture, std::string());
    kind->setCurrentIndex(0);
    QVERIFY(!form.request().allowTorchScript);  // consent is for TorchScript alone
  }
};

QTEST_MAIN(ModelsPageTest)
#include "models_page_test.moc"
