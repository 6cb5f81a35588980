// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/class_bars.h"

#include "tests/ui/ui_test.h"
#include "ui/style/theme.h"

using namespace whorl::ui;

class ClassBarsTest : public QObject {
  Q_OBJECT

  static int count(const QImage& image, const QColor& colour) {
    int found = 0;
    for (int y = 0; y < image.height(); ++y) {
      for (int x = 0; x < image.width(); ++x) found += image.pixelColor(x, y) == colour;
    }
    return found;
  }

 private Q_SLOTS:
  void init() { whorl::test::failOnWarnings(); }

  void describesForThoseWhoDontSee() {
    ClassBars bars(ClassBars::Format::Percent);
    bars.setLocale(QLocale::c());
    bars.setClassNames({"cat", "dog"});
    bars.setValues({0.9, 0.1}, {0.25, 0.75});
    QCOMPARE(bars.describe(1), QString("dog: original 10.0 %, result 75.0 %"));
    QVERIFY(bars.accessibleDescription().contains("cat: original 90.0 %"));
  }

  void barsGrowWithTheirValues() {
    ClassBars bars(ClassBars::Format::Percent);
    bars.resize(300, bars.sizeHint().height());
    const QColor colour = colours(bars.palette()).after;
    bars.setClassNames({"a", "b"});
    bars.setValues({0, 0}, {0.25, 0});
    const int little = count(bars.grab().toImage(), colour);
    bars.setValues({0, 0}, {0.75, 0});
    const int much = count(bars.grab().toImage(), colour);
    QVERIFY2(little > 0 && much > 2.5 * little && much < 3.5 * little,
             qPrintable(QStringLiteral("%1 %2").arg(little).arg(much)));
  }

  void emptyAndRaggedValuesAreDrawn() {
    ClassBars bars(ClassBars::Format::Number);
    bars.setPlaceholder("nothing yet");
    QVERIFY(!bars.grab().isNull());
    bars.setValues({0.5, 0.7, 0.1}, {});
    bars.setThreshold(0.3);
    bars.setOrder({7});  // of another number of classes: ignored
    QVERIFY(!bars.grab().isNull());
    QCOMPARE(bars.describe(2).left(1), QString("2"));
  }

  void aRowAClass() {
    ClassBars bars(ClassBars::Format::Percent);
    bars.setValues(std::vector<double>(10, 0.1), std::vector<double>(10, 0.1));
    const int ten = bars.sizeHint().height();
    bars.setValues(std::vector<double>(20, 0.1), std::vector<double>(20, 0.1));
    QVERIFY(bars.sizeHint().height() > 1.8 * ten);
  }
};

QTEST_MAIN(ClassBarsTest)
#include "class_bars_test.moc"
