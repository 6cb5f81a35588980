// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/style/window_style.h"

#include <QApplication>
#include <QCheckBox>
#include <QImage>
#include <QLineEdit>
#include <QPainter>
#include <QStyleOptionButton>

#include <algorithm>
#include <cstdlib>

#include "tests/ui/ui_test.h"
#include "ui/style/theme.h"

using namespace whorl;
using namespace whorl::ui;

class WindowStyleTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void init() { test::failOnWarnings(); }
  void cleanup() { applyTheme(Theme::System); }

  /// An unchecked box is told from the window it stands on, on dark ground, too.
  void uncheckedBoxesAreSeen_data() {
    QTest::addColumn<QString>("theme");
    QTest::addRow("light") << "light";
    QTest::addRow("dark") << "dark";
  }
  void uncheckedBoxesAreSeen() {
    QFETCH(QString, theme);
    applyTheme(themeFromName(theme));
    const WindowStyle style;
    QStyleOptionButton option;
    option.palette = QApplication::palette();
    option.rect = QRect(4, 4, 14, 14);
    option.state = QStyle::State_Enabled | QStyle::State_Off;
    QImage picture(24, 24, QImage::Format_RGB32);
    const QColor window = option.palette.color(QPalette::Window);
    picture.fill(window);
    QPainter painter(&picture);
    style.drawPrimitive(QStyle::PE_IndicatorCheckBox, &option, &painter, nullptr);
    painter.end();
    int contrast = 0;
    for (int x = 0; x < 24; ++x) {
      contrast = std::max(contrast, std::abs(qGray(picture.pixel(x, 11)) - qGray(window.rgb())));
    }
    QVERIFY2(contrast > 50, qPrintable(QString::number(contrast)));
  }

  /// What isn't to be had now isn't darker than what is.
  void disabledPlaceholdersAreDim() {
    for (const Theme theme : {Theme::System, Theme::Light, Theme::Dark}) {
      applyTheme(theme);
      QLineEdit field;
      field.setEnabled(false);
      const QPalette palette = field.palette();
      QCOMPARE(palette.color(QPalette::Disabled, QPalette::PlaceholderText),
               palette.color(QPalette::Disabled, QPalette::Text));
    }
  }
};

QTEST_MAIN(WindowStyleTest)
#include "window_style_test.moc"
