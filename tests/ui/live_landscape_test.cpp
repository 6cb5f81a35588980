// SPDX-License-Identifier: GPL-3.0-or-later
// Every kind of landscape in the window over the real engine: what is shown is what the network itself says of those
// images, asked one by one, and what a request of our own gives where rays and networks are drawn by the seed.
#include <QCheckBox>
#include <QComboBox>
#include <QTabBar>

#include <cmath>

#include "tests/ui/live_window.h"
#include "ui/explore/step_stack.h"
#include "ui/landscape/ball_view.h"
#include "ui/landscape/heat_map_view.h"
#include "ui/landscape/landscape_form.h"
#include "ui/landscape/mask_painter.h"
#include "ui/landscape/weight_form.h"
#include "ui/landscape/weight_view.h"
#include "ui/pages/landscape_page.h"
#include "ui/plots/curve_plot.h"
#include "ui/widgets/number_box.h"

using namespace whorl;
using namespace whorl::ui;

class LiveLandscapeTest : public QObject {
  Q_OBJECT

  static constexpr int kWait = 120'000;

  test::LiveWindow m_live;
  std::unique_ptr<EngineSession>& m_session = m_live.session;
  std::unique_ptr<MainWindow>& m_window = m_live.window;

  LandscapePage* page() const { return m_window->landscape(); }
  Engine& engine() const { return m_session->engine(); }
  template <class Widget>
  static Widget* child(const QWidget* parent, const char* name) {
    auto* found = parent->findChild<Widget*>(QString::fromLatin1(name));
    if (!found) qFatal("no widget %s", name);
    return found;
  }
  static void choose(const QWidget* parent, const char* name, const QString& text) {
    test::choose(child<QComboBox>(parent, name), text);
  }
  /// Waits until a whole landscape is shown.
  template <class View, class Act>
  static bool next(View* view, Act act) {
    return test::waitsFor(view, &View::completed, act, kWait);
  }
  Verdict verdict(const Image& image) const {
    JudgeRequest request;
    request.model = m_window->explore()->model()->id;
    request.original = image;
    request.images = {image};
    return engine().judge(request, JobContext{}).front().verdict;
  }
  static double margin(const Verdict& of, int label) {
    double other = -INFINITY;
    for (std::size_t i = 0; i < of.logits.size(); ++i) {
      if (static_cast<int>(i) != label) other = std::max(other, of.logits[i]);
    }
    return other - of.logits[static_cast<std::size_t>(label)];
  }
  /// The plane of images: colour by colour what judge() says of single images.
  void compareMap(const std::function<double(const Verdict&)>& valueOf, double tolerance) const {
    const HeatMapView* map = page()->map();
    const Surface& surface = *map->surface();
    for (std::size_t i = 0; i < surface.pointCount(); i += surface.pointCount() / 17) {
      const std::size_t column = i % surface.x.size(), row = i / surface.x.size();
      const double expected = valueOf(verdict(map->plane()->images.at(surface.x[column], surface.y[row])));
      const double shown = map->canvas().fieldAt(static_cast<int>(column), static_cast<int>(row));
      QVERIFY2(std::abs(shown - expected) < tolerance * std::max(1.0, std::abs(expected)),
               qPrintable(QStringLiteral("%1: %2, not %3").arg(i).arg(shown).arg(expected)));
    }
  }

 private Q_SLOTS:
  void initTestCase() {
    QVERIFY(m_live.open("glyphs-fingerprint"));
    QVERIFY(next(page(), [&] {
      m_window->steps()->replaceAll({{"bim", {{"epsilon", 0.3}, {"steps", std::int64_t{10}}}}});
      m_window->showPage(QStringLiteral("landscape"));
    }));
    // judge() takes images alone, whose pixels are in [0,1].
    QVERIFY(next(page(), [&] { child<QCheckBox>(page()->form(), "clip")->setChecked(true); }));
  }
  void init() { test::failOnWarnings(); }
  void cleanupTestCase() { m_live.close(); }

  void thePlaneIsWhatTheNetworkSaysOfItsImages() {
    QCOMPARE(page()->map()->layer(), std::string("fingerprint_distance"));
    compareMap([](const Verdict& of) { return of.score; }, 1e-4);
    choose(page()->form(), "landscape_value", QStringLiteral("Margin"));
    QTRY_VERIFY_WITH_TIMEOUT(page()->map()->layer() == "margin" && page()->complete(), kWait);
    const int label = *m_window->explore()->label();
    compareMap([&](const Verdict& of) { return margin(of, label); }, 1e-4);
  }

  void aPaintedMaskIsTheDirection() {
    MaskPainter* painter = page()->form()->mask()->painter();
    choose(page()->form(), "across", QStringLiteral("A mask"));
    painter->setBrush(1);
    QVERIFY(next(page(), [&] {
      QTest::mouseClick(painter, Qt::LeftButton, {}, painter->positionOf({10, 12}).toPoint());
    }));
    const PlaneImages& images = page()->map()->plane()->images;
    const Image moved = images.at(0.25, 0);
    for (int y = 0; y < moved.shape.height; ++y) {
      for (int x = 0; x < moved.shape.width; ++x) {
        const float before = images.middle.at(0, y, x);
        const float expected = x == 10 && y == 12 ? std::min(1.0F, before + 0.25F) : before;
        QVERIFY(std::abs(moved.at(0, y, x) - expected) < 1e-6F);
      }
    }
    const int label = *m_window->explore()->label();
    compareMap([&](const Verdict& of) { return margin(of, label); }, 1e-4);
  }

  void theBallIsWhatItsRaysSay() {
    QVERIFY(next(page()->ball(), [&] { child<QTabBar>(page(), "landscape_space")->setCurrentIndex(2); }));
    LandscapeRequest request;
    request.model = m_window->explore()->model()->id;
    request.image = m_window->explore()->result()->input;
    request.label = m_window->explore()->label();
    request.ball = BallLandscape{};
    request.values = {"margin"};
    request.range = 5;
    request.resolution = 21;
    const LandscapeResult own = engine().landscape(request, JobContext{});
    const QString csv = page()->ball()->plot()->csv();
    for (const char* name : {"margin_median", "margin_min", "margin_max"}) {
      const std::vector<double>& values = own.surface.layer(name).values;
      QCOMPARE(page()->ball()->surface()->layer(name).values.size(), values.size());
      for (std::size_t i = 0; i < values.size(); ++i) {
        QVERIFY(std::abs(page()->ball()->surface()->layer(name).values[i] - values[i]) < 1e-4);
        const double shown = page()->ball()->surface()->layer(name).values[i];
        QVERIFY(csv.contains(QStringLiteral("%1,%2,%3\n")
                                 .arg(QString::fromLatin1(name), QString::number(own.surface.x[i], 'g', 17),
                                      QString::number(shown, 'g', 17))));
      }
      // All rays begin at the image.
      QVERIFY(std::abs(values.front() - margin(verdict(request.image), *request.label)) < 1e-4);
    }
    QVERIFY(own.surface.layer("margin_max").values.back() > own.surface.layer("margin_min").values.back());
  }

  void networksAreThoseOfTheSeed() {
    WeightView* view = page()->weights();
    child<NumberBox>(view->form(), "count")->setValue(64);
    choose(view->form(), "resolution", QStringLiteral("9"));
    QVERIFY(next(view, [&] { child<QTabBar>(page(), "landscape_space")->setCurrentIndex(1); }));
    LandscapeRequest request;
    request.model = m_window->explore()->model()->id;
    request.dataset = "glyphs";
    request.weights = WeightLandscape{};
    request.weights->count = 64;
    request.values = {"cross_entropy"};
    request.range = 1;
    request.resolution = 9;
    const LandscapeResult own = engine().landscape(request, JobContext{});
    const std::vector<double>& values = own.surface.layer("cross_entropy").values;
    QCOMPARE(view->surface()->pointCount(), values.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
      const double shown = view->map()->canvas().fieldAt(static_cast<int>(i % 9), static_cast<int>(i / 9));
      QVERIFY2(std::abs(shown - values[i]) < 1e-4 * std::max(1.0, values[i]), qPrintable(QString::number(i)));
    }
    // The model itself lies in the middle, and is better than what lies far away.
    QVERIFY(values[4 * 9 + 4] < 0.5 && values.front() > values[4 * 9 + 4]);
  }
};

QTEST_MAIN(LiveLandscapeTest)
#include "live_landscape_test.moc"
