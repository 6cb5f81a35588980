// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/landscape/mask_painter.h"

#include <QComboBox>
#include <QSignalSpy>
#include <QSpinBox>
#include <QToolButton>

#include <cmath>
#include <numeric>

#include "tests/ui/fake_engine.h"
#include "tests/ui/ui_test.h"
#include "ui/landscape/heat_map_view.h"
#include "ui/main_window.h"
#include "ui/pages/explore_page.h"
#include "ui/pages/landscape_page.h"
#include "ui/session/engine_session.h"
#include "ui/widgets/inline_message.h"

using namespace whorl;
using namespace whorl::ui;
using whorl::test::FakeEngine;

namespace {

/// A grey image of 8 columns and 6 rows, on a painter of a few hundred pixels.
struct Painter {
  MaskBox box;
  MaskPainter* painter = box.painter();
  QSignalSpy changed{painter, &MaskPainter::changed};

  Painter() {
    painter->setImage({{1, 6, 8}, std::vector<float>(48, 0.5F)});
    box.resize(260, 300);
    box.show();
    painter->setBrush(1);
  }
  QPoint at(int column, int row) const { return painter->positionOf({column, row}).toPoint(); }
  double sum() const { return std::accumulate(painter->mask().pixels.begin(), painter->mask().pixels.end(), 0.0); }
  QToolButton* tool(const char* name) const { return box.findChild<QToolButton*>(QString::fromLatin1(name)); }
  void drag(QPoint from, QPoint to, Qt::MouseButton button = Qt::LeftButton) const {
    QTest::mousePress(painter, button, {}, from);
    QMouseEvent move(QEvent::MouseMove, to, painter->mapToGlobal(QPointF(to)), Qt::NoButton, button, {});
    QApplication::sendEvent(painter, &move);
    QTest::mouseRelease(painter, button, {}, to);
  }
};

}  // namespace

class MaskPainterTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void init() { test::failOnWarnings(); }

  void aStrokeHasNoGaps() {
    Painter p;
    p.drag(p.at(1, 2), p.at(6, 2));
    QCOMPARE(p.changed.count(), 1);
    for (int x = 0; x < 8; ++x) QCOMPARE(p.painter->mask().at(0, 2, x), x >= 1 && x <= 6 ? 1.0F : 0.0F);
    QCOMPARE(p.sum(), 6.0);
    p.drag(p.at(3, 0), p.at(3, 5), Qt::RightButton);  // erases
    QCOMPARE(p.sum(), 5.0);
    QCOMPARE(p.painter->mask().at(0, 2, 3), 0.0F);
  }

  void toolsDoWhatTheySay() {
    Painter p;
    p.box.findChild<QSpinBox*>("mask_width")->setValue(2);
    p.box.findChild<QSpinBox*>("mask_width")->setValue(3);
    QTest::mouseClick(p.painter, Qt::LeftButton, {}, p.at(4, 3));
    QCOMPARE(p.sum(), 9.0);
    QTest::mouseClick(p.painter, Qt::LeftButton, {}, p.at(0, 0));  // cut at the corner
    QCOMPARE(p.sum(), 13.0);
    QTest::mouseClick(p.tool("mask_eraser"), Qt::LeftButton);
    QTest::mouseClick(p.painter, Qt::LeftButton, {}, p.at(0, 0));
    QCOMPARE(p.sum(), 9.0);
    QTest::mouseClick(p.tool("mask_clear"), Qt::LeftButton);
    QVERIFY(p.painter->empty());
    const int before = p.changed.count();
    QTest::mouseClick(p.tool("mask_clear"), Qt::LeftButton);  // nothing to clear
    QCOMPARE(p.changed.count(), before);
  }

  void keysPaint() {
    Painter p;
    QTest::keyClick(p.painter, Qt::Key_Space);  // in the middle
    QCOMPARE(p.painter->mask().at(0, 3, 4), 1.0F);
    QTest::keyClick(p.painter, Qt::Key_Left);
    QTest::keyClick(p.painter, Qt::Key_Up);
    QTest::keyClick(p.painter, Qt::Key_Space);
    QCOMPARE(p.painter->mask().at(0, 2, 3), 1.0F);
    for (int i = 0; i < 20; ++i) QTest::keyClick(p.painter, Qt::Key_Right);
    QTest::keyClick(p.painter, Qt::Key_Space);
    QCOMPARE(p.painter->mask().at(0, 2, 7), 1.0F);  // it stays within the image
    QTest::keyClick(p.painter, Qt::Key_Delete);
    QCOMPARE(p.sum(), 2.0);
    QVERIFY(p.painter->accessibleDescription().contains("2 pixels"));
  }

  void textsReadBack() {
    Painter p;
    QCOMPARE(p.box.text(), std::string());
    p.drag(p.at(1, 1), p.at(7, 5));
    const Image mask = p.painter->mask();
    Painter other;
    other.box.setText(p.box.text());
    QVERIFY(other.painter->mask() == mask);
    for (const char* text : {"", "8x6", "8x6 !", "0x0 AA==", "-1x3 AA==", "9x9 AA==", "99999x99999 AA=="}) {
      other.box.setText(text);
      QVERIFY2(other.painter->mask() == mask, text);
    }
    other.painter->setImage({{3, 4, 4}, std::vector<float>(48, 0.5F)});  // another size: a new mask
    QVERIFY(other.painter->empty());
    QCOMPARE(other.painter->mask().shape, (ImageShape{1, 4, 4}));
  }

  /// On the page: what is painted is what the engine gets, and what comes back goes along it.
  void theLandscapeGoesAlongTheMask() {
    auto engine = std::make_shared<FakeEngine>();
    EngineSession session(engine);
    MainWindow window(&session, MainWindow::Options{false, {}});
    window.show();
    LandscapePage* page = window.landscape();
    QTRY_VERIFY_WITH_TIMEOUT(window.explore()->result().has_value(), 10'000);
    QSignalSpy completed(page, &LandscapePage::completed);
    window.showPage(QStringLiteral("landscape"));
    QTRY_COMPARE_WITH_TIMEOUT(completed.count(), 1, 20'000);
    auto* painter = page->findChild<MaskPainter*>();
    QVERIFY(!painter->isVisible());
    auto* across = page->findChild<QComboBox*>("across");
    across->setCurrentIndex(across->findText("Mask"));
    QVERIFY(painter->isVisible());
    QTRY_VERIFY(page->findChild<InlineMessage*>("landscape_message")->text().contains("Paint the mask"));
    QCOMPARE(completed.count(), 1);  // nothing is asked for an empty one
    painter->setFocus();
    QTest::keyClick(painter, Qt::Key_Space);
    QTRY_COMPARE_WITH_TIMEOUT(completed.count(), 2, 20'000);
    const LandscapeRequest request = engine->landscapes.requests().back();
    QCOMPARE(request.directions[0].operation, std::string("mask"));
    QVERIFY(request.mask && *request.mask == painter->mask());
    const std::vector<float>& axis = page->map()->plane()->images.axes[0];
    for (std::size_t i = 0; i < axis.size(); ++i) {
      QCOMPARE(axis[i], painter->mask().pixels[i % painter->mask().pixels.size()]);
    }
    QVERIFY(page->findChild<InlineMessage*>("landscape_message")->text().isEmpty());
    const PageState kept = page->state();
    MainWindow next(&session, MainWindow::Options{false, {}});
    next.landscape()->restore(kept);
    next.show();
    QTRY_VERIFY_WITH_TIMEOUT(next.explore()->result().has_value(), 10'000);
    QSignalSpy again(next.landscape(), &LandscapePage::completed);
    next.showPage(QStringLiteral("landscape"));
    QTRY_COMPARE_WITH_TIMEOUT(again.count(), 1, 20'000);
    QVERIFY(*engine->landscapes.requests().back().mask == *request.mask);
  }
};

QTEST_MAIN(MaskPainterTest)
#include "mask_painter_test.moc"
