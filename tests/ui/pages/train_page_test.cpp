// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/pages/train_page.h"

#include <QCheckBox>
#include <QComboBox>
#include <QDateTime>
#include <QDoubleSpinBox>
#include <QFile>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

#include <condition_variable>
#include <mutex>

#include "tests/ui/fake_engine.h"
#include "tests/ui/ui_test.h"
#include "ui/pages/notice_bar.h"
#include "ui/pages/train_curves.h"
#include "ui/pages/train_form.h"
#include "ui/pages/train_resume.h"
#include "ui/pages/train_run.h"
#include "ui/plots/curve_plot.h"
#include "ui/session/engine_session.h"
#include "ui/widgets/inline_message.h"

using namespace whorl;
using namespace whorl::ui;

namespace {

/// Lets a training go on only as far as the test says.
class Gate {
 public:
  void wait(std::int64_t step, const JobContext& context) {
    std::unique_lock lock(m_mutex);
    m_changed.wait(lock, context.stopToken(), [&] { return step <= m_open; });
  }
  void open(std::int64_t steps) {
    {
      const std::lock_guard lock(m_mutex);
      m_open = steps;
    }
    m_changed.notify_all();
  }

 private:
  std::mutex m_mutex;
  std::condition_variable_any m_changed;
  std::int64_t m_open = 0;
};

struct World {
  std::shared_ptr<Gate> gate = std::make_shared<Gate>();
  std::shared_ptr<test::FakeEngine> engine = std::make_shared<test::FakeEngine>();
  std::unique_ptr<EngineSession> session;
  std::unique_ptr<TrainPage> page;

  explicit World(bool gated, const QString& userFolder = {}) {
    engine->userFolder = userFolder.toStdString();
    if (gated) engine->onTrainStep = [gate = gate](std::int64_t step, const JobContext& job) { gate->wait(step, job); };
    session = std::make_unique<EngineSession>(engine);
    page = std::make_unique<TrainPage>(session.get());
    page->resize(1120, 640);
    page->show();
  }
  ~World() { gate->open(1 << 20); }

  QPushButton* button(const char* name) const { return page->findChild<QPushButton*>(QLatin1String(name)); }
  TrainPhase phase() const { return page->run()->state().phase(); }
  bool loaded() const { return button("start")->isEnabled(); }
  QComboBox* combo(const char* name) const { return page->findChild<QComboBox*>(QLatin1String(name)); }
  void choose(const char* name, const QString& data) const {
    QComboBox* box = combo(name);
    box->setCurrentIndex(box->findData(data));
    Q_EMIT box->activated(box->currentIndex());
  }
};

}  // namespace

class TrainPageTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void init() { test::failOnWarnings(); }

  void aChangedPresetKeepsItsName() {
    World world(false);
    QTRY_VERIFY(world.loaded());
    world.choose("preset", QStringLiteral("glyphs-plain"));
    QCOMPARE(world.combo("preset")->currentText(), QString("Glyphs, plain"));
    auto* epochs = world.page->findChild<QDoubleSpinBox*>(QStringLiteral("epochs"));
    epochs->setValue(7);
    QCOMPARE(world.combo("preset")->currentText(), QString("Glyphs, plain, changed"));
    epochs->setValue(1);  // as the preset has it
    QCOMPARE(world.combo("preset")->currentText(), QString("Glyphs, plain"));
    epochs->setValue(7);
    world.choose("preset", QStringLiteral("glyphs-plain"));
    QCOMPARE(world.page->form()->request().parameters.integer("epochs"), std::int64_t{1});
  }

  /// The window may have been closed, or the power gone.
  void aRunOfAnEarlierSessionIsOffered() {
    QTemporaryDir folder;
    TrainRequest broken;
    {
      World world(false);
      QTRY_VERIFY(world.loaded());
      broken = world.page->form()->request();
    }
    broken.modelName = "Half a night";
    broken.checkpoint = newCheckpointPath(folder.path().toStdString(), "half", QDateTime::currentDateTime());
    saveTrainRequest(broken);
    QFile checkpoint(QString::fromStdString(broken.checkpoint));
    QVERIFY(checkpoint.open(QIODevice::WriteOnly) && checkpoint.write("x") == 1);
    checkpoint.close();
    World world(false, folder.path());
    QTRY_VERIFY(world.loaded());
    auto* notice = world.page->findChild<NoticeBar*>();
    QTRY_VERIFY(notice->isVisible());
    QVERIFY2(notice->text().contains("Half a night"), qPrintable(notice->text()));
    notice->actionButton()->click();
    QTRY_COMPARE(world.phase(), TrainPhase::Finished);
    QCOMPARE(world.page->run()->request().checkpoint, broken.checkpoint);
    QVERIFY(world.page->run()->request().resume);
    QTRY_VERIFY(notice->text().contains("classified correctly"));  // it is about the model now
  }

  void seedsAreNotCut() {
    World world(false);
    QTRY_VERIFY(world.loaded());
    TrainRequest request = world.page->form()->request();
    request.seed = 18446744073709551615U;
    world.page->form()->setRequest(request);
    QCOMPARE(world.page->form()->request().seed, request.seed);
  }

  void oneClickTrainsAModel() {
    World world(false);
    QTRY_VERIFY(world.loaded());
    QSignalSpy trained(world.page.get(), &TrainPage::modelTrained);
    QSignalSpy open(world.page.get(), &TrainPage::openInExplore);
    QSignalSpy models(world.session.get(), &EngineSession::modelsChanged);
    QTest::mouseClick(world.button("start"), Qt::LeftButton);
    QTRY_COMPARE(world.phase(), TrainPhase::Finished);
    QCOMPARE(trained.count(), 1);
    QCOMPARE(models.count(), 1);
    QVERIFY(world.page->curves()->lossPlot()->pointCount("loss") > 0);
    QCOMPARE(world.page->curves()->sharePlot()->pointCount("validation_accuracy"), std::size_t{2});
    QVERIFY(world.page->curves()->ratePlot()->pointCount("learning_rate") > 0);
    auto* notice = world.page->findChild<NoticeBar*>();
    QVERIFY(notice->isVisible());
    QVERIFY(notice->text().contains("99.50 %"));
    notice->actionButton()->click();
    QCOMPARE(open.count(), 1);
    QCOMPARE(open.first().first(), trained.first().first());
    QVERIFY(world.loaded());
  }

  void everyStepIsInTheCurves() {
    World world(false);
    world.engine->stepsPerEpoch = 700;
    QTRY_VERIFY(world.loaded());
    world.button("start")->click();
    QTRY_COMPARE(world.phase(), TrainPhase::Finished);
    QCOMPARE(world.page->curves()->lossPlot()->pointCount("loss"), std::size_t(world.engine->eventsSent));
  }

  void pauseResumeAndStopAndKeep() {
    World world(true);
    QTRY_VERIFY(world.loaded());
    world.button("start")->click();
    QVERIFY(!world.button("start")->isEnabled());
    world.gate->open(5);
    QTRY_COMPARE(world.phase(), TrainPhase::Running);
    QTRY_COMPARE(world.page->run()->lastEvent().step, std::int64_t{5});
    world.button("pause")->click();
    QTRY_COMPARE(world.phase(), TrainPhase::Paused);
    QCOMPARE(world.button("pause")->text(), QStringLiteral("Resume"));
    world.button("pause")->click();
    QCOMPARE(world.phase(), TrainPhase::Running);
    world.button("pause")->click();
    QTRY_COMPARE(world.phase(), TrainPhase::Paused);
    world.button("keep")->click();  // also from a pause
    world.gate->open(1 << 20);
    QTRY_COMPARE(world.phase(), TrainPhase::Finished);
    QVERIFY(world.engine->eventsSent < 40);
    QCOMPARE(world.engine->trained, 1);
  }

  void cancelLeavesNoModel() {
    World world(true);
    QTRY_VERIFY(world.loaded());
    world.button("start")->click();
    world.gate->open(3);
    QTRY_COMPARE(world.phase(), TrainPhase::Running);
    world.button("cancel")->click();
    QTRY_COMPARE(world.phase(), TrainPhase::Cancelled);
    QCOMPARE(world.engine->trained, 0);
    QVERIFY(world.loaded());
  }

  void failureIsToldWhereItHappened() {
    World world(false);
    world.engine->trainFailure = "the loss is not a number";
    QTRY_VERIFY(world.loaded());
    world.button("start")->click();
    QTRY_COMPARE(world.phase(), TrainPhase::Failed);
    bool told = false;
    for (const auto* message : world.page->findChildren<InlineMessage*>()) {
      told |= message->isVisible() && message->text().contains("he loss is not a number") &&
              message->text().contains("smaller learning rate");
    }
    QVERIFY(told);
    QVERIFY(world.loaded());
  }

  void everyPairOfQuickClicks_data() {
    QTest::addColumn<QString>("first");
    QTest::addColumn<QString>("second");
    const QStringList names{"start", "pause", "keep", "cancel"};
    for (const QString& first : names) {
      for (const QString& second : names) QTest::newRow(qPrintable(first + '-' + second)) << first << second;
    }
  }
  /// Two clicks with nothing between them, in the middle of a run: it ends in order, and another run can be started.
  void everyPairOfQuickClicks() {
    QFETCH(QString, first);
    QFETCH(QString, second);
    World world(true);
    QTRY_VERIFY(world.loaded());
    world.button("start")->click();
    world.gate->open(2);
    QTRY_COMPARE(world.phase(), TrainPhase::Running);
    for (const QString& name : {first, second}) {
      if (QPushButton* button = world.page->findChild<QPushButton*>(name); button->isEnabled()) button->click();
    }
    world.gate->open(1 << 20);
    if (world.page->run()->state().canResume()) {
      QTRY_VERIFY(world.phase() == TrainPhase::Paused || world.phase() == TrainPhase::Finished);
      world.page->run()->resume();
    }
    QTRY_VERIFY(!world.page->run()->state().active());
    const bool cancelled = first == u"cancel" || second == u"cancel";
    QCOMPARE(world.phase() == TrainPhase::Cancelled, cancelled && world.engine->trained == 0);
    QVERIFY(world.engine->trained <= 1);
    QTRY_VERIFY(world.loaded());
    const int before = world.engine->trained;
    world.button("start")->click();
    QTRY_COMPARE(world.phase(), TrainPhase::Finished);
    QCOMPARE(world.engine->trained, before + 1);
  }

  void aMissingDataSetIsOfferedForFetching() {
    World world(false);
    QTRY_VERIFY(world.loaded());
    world.choose("dataset", QStringLiteral("mnist"));
    QVERIFY(!world.button("start")->isEnabled());
    QPushButton* fetch = world.button("fetch");
    QVERIFY(fetch->isVisible());
    QCOMPARE(fetch->text(), QStringLiteral("Fetch (11.6 MB)"));
    fetch->click();
    QTRY_COMPARE(world.engine->calls(), std::vector<std::string>{"fetch mnist"});
    QTRY_VERIFY(fetch->isEnabled() && fetch->text() != QStringLiteral("Cancel"));
  }

  void theFormSaysWhatWasChosen() {
    World world(false);
    QTRY_VERIFY(world.loaded());
    world.choose("dataset", QStringLiteral("shapes"));
    TrainRequest request = world.page->form()->request();
    QCOMPARE(request.dataset, std::string("shapes"));
    QCOMPARE(request.architecture, std::string("nfp-cifar"));  // one that was made for such images
    QCOMPARE(world.combo("preset")->currentIndex(), 0);        // own values from now on
    auto* plain = world.page->findChild<QCheckBox*>(QStringLiteral("objective_plain"));
    auto* fingerprint = world.page->findChild<QCheckBox*>(QStringLiteral("objective_fingerprint"));
    QVERIFY(fingerprint->isChecked());
    plain->click();
    QCOMPARE(world.page->form()->request().objective, std::string("plain+fingerprint"));
    QVERIFY(world.page->form()->request().parameters.has("fingerprints"));
    fingerprint->click();
    QVERIFY(!world.page->form()->request().parameters.has("fingerprints"));
    plain->click();  // the last one stays
    QCOMPARE(world.page->form()->request().objective, std::string("plain"));
    world.page->findChild<QLineEdit*>(QStringLiteral("modelName"))->setText(QStringLiteral("  Mine "));
    QCOMPARE(world.page->form()->request().modelName, std::string("Mine"));
    QVERIFY(!world.page->form()->request().keepEpochs);
    world.page->findChild<QCheckBox*>(QStringLiteral("keepEpochs"))->click();
    QVERIFY(world.page->form()->request().keepEpochs);
  }

  void groupsAreThoseOfTheObjective() {
    test::FakeEngine engine;
    const TrainLists lists = loadTrainLists(engine, JobContext());
    const auto groups = groupParameters(lists, "plain+fingerprint");
    std::size_t count = 0;
    for (const ParameterGroup& group : groups) count += group.specs.size();
    QCOMPARE(count, engine.trainParameters("plain+fingerprint").size());  // each once
    QCOMPARE(groups.front().specs.front().name, std::string("epochs"));
    QCOMPARE(groups.at(1).objective, std::string("fingerprint"));
    QVERIFY(!groups.back().important);
    QCOMPARE(lists.ordered("fingerprint+plain"), std::string("plain+fingerprint"));
  }

  void closingInTheMiddleOfARunIsSafe() {
    World world(true);
    QTRY_VERIFY(world.loaded());
    world.button("start")->click();
    world.gate->open(3);
    QTRY_COMPARE(world.phase(), TrainPhase::Running);
    world.page.reset();
    world.session.reset();
    QCOMPARE(world.engine->trained, 0);
  }
};

QTEST_MAIN(TrainPageTest)
#include "train_page_test.moc"
