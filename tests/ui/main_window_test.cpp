// SPDX-License-Identifier: GPL-3.0-or-later

#include <QAction>
#include <QClipboard>
#include <QComboBox>
#include <QDockWidget>
#include <QDragEnterEvent>
#include <QDropEvent>
#include <QLabel>
#include <QMenu>
#include <QMimeData>
#include <QPushButton>
#include <QSignalSpy>
#include <QSlider>
#include <QTemporaryDir>
#include <QToolButton>

#include "tests/ui/window_world.h"
#include "ui/commands/command_registry.h"
#include "ui/explore/filmstrip.h"
#include "ui/explore/step_card.h"
#include "ui/explore/step_stack.h"
#include "ui/explore/verdict_panel.h"
#include "ui/explore/views_panel.h"
#include "ui/pages/model_import.h"
#include "ui/widgets/empty_state.h"
#include "ui/widgets/image_view.h"
#include "ui/widgets/inline_message.h"

using namespace whorl;
using namespace whorl::ui;
using whorl::test::Door;
using whorl::test::FakeEngine;

class MainWindowTest : public QObject {
  Q_OBJECT

  /// A window over a fake engine, shown, with its first picture.
  struct World : test::WindowWorld {
    using WindowWorld::WindowWorld;
    ExplorePage* page() const { return explore(); }
    QString message() const { return child<InlineMessage>("explore_message")->text(); }
  };

  static QString pictureFile(const QTemporaryDir& folder, const QString& name, QSize size = {40, 30}) {
    QImage image(size, QImage::Format_RGB32);
    image.fill(QColor(200, 40, 90));
    const QString path = folder.filePath(name);
    if (!image.save(path)) qFatal("the test could not write its picture");
    return path;
  }

  static void drop(QWidget* target, const QStringList& files) {
    QMimeData data;
    QList<QUrl> urls;
    for (const QString& file : files) urls << QUrl::fromLocalFile(file);
    data.setUrls(urls);
    QDragEnterEvent enter({50, 50}, Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
    QApplication::sendEvent(target, &enter);
    QVERIFY(enter.isAccepted());
    QDropEvent event({50, 50}, Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
    QApplication::sendEvent(target, &event);
  }

 private Q_SLOTS:
  void init() { test::failOnWarnings(); }

  void opensBeforeTheEngine() {
    auto engine = std::make_shared<FakeEngine>();
    Door door;
    EngineSession session;
    MainWindow window(&session, {false, {}});
    window.show();
    session.load([&]() -> std::shared_ptr<Engine> {
      door.wait({});
      return engine;
    });
    QVERIFY(QTest::qWaitForWindowExposed(&window));
    QVERIFY(!session.ready());
    QVERIFY(window.explore()->findChild<EmptyState*>()->isVisible());
    QVERIFY(!window.grab().isNull());
    door.open();
    QTRY_VERIFY(window.explore()->result().has_value());
    QVERIFY(!window.explore()->findChild<EmptyState*>()->title().isEmpty());
  }

  void beginsWithAnAttackedPicture() {
    World world;
    QVERIFY(world.firstPicture());
    const ExploreResult& result = *world.page()->result();
    QCOMPARE(QString::fromStdString(world.page()->model()->id), QString("glyphs-fingerprint"));
    QCOMPARE(world.window->steps()->steps().size(), std::size_t{1});
    QVERIFY(!(result.input == result.result));
    QVERIFY(!world.child<QLabel>("summary")->text().isEmpty());
    const QImage original = world.child<ImageView>("view_original")->image();
    QVERIFY(original != world.child<ImageView>("view_result")->image());
    QVERIFY(!world.child<ImageView>("view_difference")->image().isNull());
    QVERIFY(world.window->findChild<StepCard*>()->findChild<QLabel*>("note")->isVisible());
  }

  void saysSoWithoutAModel() {
    World world;
    world.engine->modelList.clear();
    world.session->announceModels();
    auto engine = std::make_shared<FakeEngine>();
    engine->modelList.clear();
    EngineSession session(engine);
    MainWindow window(&session, {false, {}});
    window.show();
    auto* empty = window.explore()->findChild<EmptyState*>();
    QTRY_COMPARE(empty->title(), QString("No model yet"));
    QTest::mouseClick(empty->findChild<QPushButton*>("empty_action"), Qt::LeftButton);
    QCOMPARE(window.currentPage(), QString("train"));
  }

  void saysSoWithoutAnEngine() {
    EngineSession session;
    MainWindow window(&session, {false, {}});
    window.show();
    session.load(
        []() -> std::shared_ptr<Engine> { throw Error(ErrorKind::Failed, "no library", "engine.so", "build it"); });
    auto* empty = window.explore()->findChild<EmptyState*>();
    QTRY_COMPARE(empty->title(), QString("The engine could not be started"));
  }

  void aFileIsAttackedAtOnce() {
    World world;
    QVERIFY(world.firstPicture());
    QTemporaryDir folder;
    const QString file = pictureFile(folder, "red.png");
    QVERIFY(world.nextPicture([&] { drop(world.page(), {file}); }));
    QTRY_VERIFY(world.page()->source()->title.contains("red.png"));
    QTRY_COMPARE(world.page()->result()->input.shape.channels, 1);
    QVERIFY(!(world.page()->result()->input == world.page()->result()->result));
    QVERIFY(world.message().isEmpty());
    QTRY_COMPARE(world.window->findChild<Filmstrip*>()->model()->rowCount(), 1);
  }

  void aBadFileLosesNothing() {
    World world;
    QVERIFY(world.firstPicture());
    QTemporaryDir folder;
    const QString bad = folder.filePath("bad.png");
    QFile file(bad);
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.write("not a picture");
    file.close();
    const ExploreResult before = *world.page()->result();
    drop(world.page(), {bad});
    QTRY_VERIFY(world.message().contains("bad.png"));
    QVERIFY(world.child<InlineMessage>("explore_message")->isVisible());
    QVERIFY(world.page()->result()->input == before.input);
    QVERIFY(world.nextPicture([&] { drop(world.page(), {bad, pictureFile(folder, "good.png")}); }));
    QTRY_VERIFY(world.page()->source()->title.contains("good.png"));
    QVERIFY(world.message().contains("bad.png"));
  }

  void pastesPictures() {
    World world;
    QVERIFY(world.firstPicture());
    QImage picture(28, 28, QImage::Format_RGB32);
    picture.fill(Qt::white);
    QApplication::clipboard()->setImage(picture);
    QVERIFY(world.nextPicture([&] { world.window->commands()->action("image.paste")->trigger(); }));
    QTRY_COMPARE(world.page()->result()->input.at(0, 5, 5), 1.0F);
    QApplication::clipboard()->setText("only words");
    world.window->commands()->action("image.paste")->trigger();
    QTRY_VERIFY(world.message().contains("clipboard"));
  }

  void walksThroughTheDataSet() {
    World world;
    QVERIFY(world.firstPicture());
    auto* view = world.child<ImageView>("view_result");
    QVERIFY(world.nextPicture([&] { QTest::keyClick(view, Qt::Key_Right); }));
    QTRY_COMPARE(world.page()->source()->index, std::int64_t{1});
    QVERIFY(world.nextPicture([&] { world.window->commands()->action("image.previous")->trigger(); }));
    QTRY_COMPARE(world.page()->source()->index, std::int64_t{0});
    auto* strip = world.window->findChild<Filmstrip*>();
    QCOMPARE(strip->model()->rowCount(), 200);
    QTRY_VERIFY(!strip->model()->index(3, 0).data(Qt::DecorationRole).value<QImage>().isNull());
    const QRect cell = strip->visualRect(strip->model()->index(3, 0));
    QVERIFY(world.nextPicture([&] { QTest::mouseClick(strip->viewport(), Qt::LeftButton, {}, cell.center()); }));
    QTRY_COMPARE(world.page()->source()->index, std::int64_t{3});
  }

  void stepsAndUndo() {
    World world;
    QVERIFY(world.firstPicture());
    auto* commands = world.window->commands();
    QVERIFY(!commands->action("edit.undo")->isEnabled());
    auto* slider = world.window->findChild<StepCard*>()->findChild<QSlider*>("epsilon_slider");
    QVERIFY(world.nextPicture([&] { slider->setValue(0); }));
    QTRY_VERIFY(world.page()->result()->input == world.page()->result()->result);
    QVERIFY(commands->action("edit.undo")->isEnabled());
    QVERIFY(world.nextPicture([&] { commands->action("edit.undo")->trigger(); }));
    QTRY_VERIFY(!(world.page()->result()->input == world.page()->result()->result));
    QVERIFY(slider->value() > 0);

    auto* menu = world.child<QToolButton>("add_step")->menu();
    QAction* noise = menu->findChild<QAction*>("gaussian-noise");
    QVERIFY(noise);
    QVERIFY(world.nextPicture([&] { noise->trigger(); }));
    QTRY_COMPARE(world.page()->result()->steps.size(), std::size_t{2});
    auto* remove = world.window->findChildren<StepCard*>().last()->findChild<QToolButton*>("close");
    QVERIFY(world.nextPicture([&] { QTest::mouseClick(remove, Qt::LeftButton); }));
    QTRY_COMPARE(world.page()->result()->steps.size(), std::size_t{1});
  }

  /// Dragging a slider over a slow engine: what is shown in the end belongs to where it was let go.
  void onlyTheNewestIsShown() {
    World world;
    QVERIFY(world.firstPicture());
    world.engine->onExplore = [](const ExploreRequest&, const JobContext& context) {
      std::mutex mutex;
      std::condition_variable_any never;
      std::unique_lock lock(mutex);
      never.wait_for(lock, context.stopToken(), std::chrono::milliseconds(30), [] { return false; });
    };
    QSignalSpy shown(world.page(), &ExplorePage::pictureShown);
    const int before = world.engine->exploreStarted.load();
    auto* slider = world.window->findChild<StepCard*>()->findChild<QSlider*>("epsilon_slider");
    for (int i = 0; i <= 100; ++i) slider->setValue(5 * i);
    QTRY_VERIFY(std::abs(world.page()->result()->norms.linf - 0.5) < 1e-3);
    QCOMPARE(shown.count(), 1);
    QVERIFY(world.engine->exploreStarted.load() - before <= 2);
  }

  void modelsOfOtherImagesBringTheirOwn() {
    World world;
    QVERIFY(world.firstPicture());
    auto* models = world.child<QComboBox>("model");
    QVERIFY(world.nextPicture([&] { models->setCurrentIndex(models->findData("shapes-fingerprint")); }));
    QTRY_COMPARE(world.page()->source()->dataset, QString("shapes"));
    QTRY_COMPARE(world.page()->result()->input.shape.channels, 3);
    QVERIFY(world.nextPicture([&] { models->setCurrentIndex(models->findData("glyphs-plain")); }));
    QTRY_COMPARE(world.page()->source()->dataset, QString("glyphs"));
    QTRY_VERIFY(world.page()->result()->after.fingerprintDistances.empty());
    QVERIFY(world.child<QLabel>("summary")->text().contains("no fingerprint"));
  }

  void blinks() {
    World world;
    QVERIFY(world.firstPicture());
    auto* view = world.child<ImageView>("view_result");
    const QImage result = view->image();
    QTest::keyPress(view, Qt::Key_Space);
    QCOMPARE(view->image(), world.child<ImageView>("view_original")->image());
    QTest::keyRelease(view, Qt::Key_Space);
    QCOMPARE(view->image(), result);
  }

  void themesRepaint() {
    World world;
    QVERIFY(world.firstPicture());
    const auto brightness = [&] {
      return world.window->grab()
          .toImage()
          .scaled(1, 1, Qt::IgnoreAspectRatio, Qt::SmoothTransformation)
          .pixelColor(0, 0)
          .lightness();
    };
    world.window->setTheme(Theme::Light);
    QCoreApplication::processEvents();
    const int light = brightness();
    world.window->setTheme(Theme::Dark);
    QCoreApplication::processEvents();
    const int dark = brightness();
    QVERIFY2(light > dark + 80, qPrintable(QStringLiteral("%1 %2").arg(light).arg(dark)));
    QVERIFY(isDark(world.window->palette()));
    world.window->setTheme(Theme::System);
  }

  void takesUpTheLastSession() {
    QTemporaryDir folder;
    const MainWindow::Options options{true, folder.path()};
    {
      World world(options);
      QVERIFY(world.firstPicture());
      world.window->steps()->add({"gaussian-noise", {{"sigma", 0.2}}, false}, "Noise");
      auto* view = world.child<ImageView>("view_result");
      QTest::keyClick(view, Qt::Key_Right);
      QTRY_COMPARE(world.page()->source()->index, std::int64_t{1});
      world.window->close();
    }
    World world(options);
    QVERIFY(world.firstPicture());
    QCOMPARE(world.page()->source()->index, std::int64_t{1});
    QCOMPARE(world.window->steps()->steps().size(), std::size_t{2});
    QCOMPARE(world.window->steps()->steps()[1].request.parameters.real("sigma"), 0.2);
    QVERIFY(!world.window->steps()->steps()[1].request.enabled);
  }

  void everyCommandHasANameOfItsOwnAndNoSharedShortcut() {
    World world;
    QSet<QString> shortcuts;
    for (const Command& command : world.window->commands()->commands()) {
      QVERIFY(!world.window->commands()->action(command.id)->text().isEmpty());
      for (const QKeySequence& keys : command.shortcuts) {
        QVERIFY2(!shortcuts.contains(keys.toString()), qPrintable(command.id + " " + keys.toString()));
        shortcuts.insert(keys.toString());
      }
    }
  }

  void trainingAndImportAreCommands() {
    World world;
    QVERIFY(world.firstPicture());
    QVERIFY(!world.window->findChild<QDockWidget*>()->isVisible());  // until a job runs
    for (const char* id : {"train.start", "train.pause", "train.keep", "models.export_table"}) {
      QVERIFY2(world.window->commands()->action(QString::fromLatin1(id)), id);
    }
    world.window->commands()->action("models.import")->trigger();
    QCOMPARE(world.window->currentPage(), QString("models"));
    QVERIFY(world.window->findChild<ModelImport*>()->isVisible());
    auto* start = world.window->findChild<QPushButton*>("start");
    QTRY_VERIFY(start->isEnabled());
    world.window->commands()->action("train.start")->trigger();
    QCOMPARE(world.window->currentPage(), QString("train"));
    QTRY_COMPARE(world.engine->trained.load(), 1);
  }

  /// The window stays live while a job reports as fast as it can. What is measured is the GUI thread's own processor
  /// time between two frames, which a busy test machine doesn't change: less than a thirtieth of a second, so that 30
  /// frames a second and more are there for whoever has a core.
  void staysLiveUnderAFlood() {
    World world;
    QVERIFY(world.firstPicture());
    std::atomic<bool> stop = false;
    std::atomic<std::int64_t> reports = 0;
    bool ended = false;
    world.session->run(
        world.window.get(), Lane::Training, "flood",
        [&](Engine&, const JobContext& context) {
          while (!stop) context.report({++reports, 0, "step", {{"loss", 1.0 / double(reports)}}});
        },
        [&ended] { ended = true; }, [](const Error&) {});
    constexpr int kFrames = 60;
    int frames = 0;
    double longest = 0;
    double last = test::threadSeconds();
    const double start = last;
    QTimer frame;
    connect(&frame, &QTimer::timeout, &frame, [&] {
      world.window->findChild<ViewsPanel*>()->update();
      const double now = test::threadSeconds();
      longest = std::max(longest, now - last);
      last = now;
      ++frames;
    });
    frame.start(16);
    QTRY_VERIFY_WITH_TIMEOUT(frames >= kFrames, 60'000);
    const double mean = (last - start) / frames;
    stop = true;
    QTRY_VERIFY(ended);
    QVERIFY(reports > 1000);
    QVERIFY2(mean < 1.0 / 30 && longest < 0.2,
             qPrintable(QStringLiteral("%1 ms a frame, longest %2 ms").arg(mean * 1000).arg(longest * 1000)));
  }
};

QTEST_MAIN(MainWindowTest)
#include "main_window_test.moc"
