// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/image/drawing.h"

#include <array>
#include <cmath>

#include <QRegularExpression>
#include <QTest>
#include <QXmlStreamReader>

using namespace whorl;

namespace {

/// One of each kind: cells on the left, an area, strokes and texts.
Drawing sample() {
  Drawing drawing;
  drawing.width = 100;
  drawing.height = 60;
  drawing.title = "a < b & (c)";
  drawing.items.emplace_back(DrawnCells{{10, 10}, 30, 20, 3, {0, 0, 255, -1, 128, 255}});
  drawing.items.emplace_back(DrawnArea{{{60, 10}, {80, 10}, {80, 30}, {60, 30}}, {255, 0, 0, 0.5}});
  drawing.items.emplace_back(DrawnLines{{{{10, 50}, {50, 50}}, {{60, 50}, {90, 50}}}, {0, 0, 255}, 4, true});
  drawing.items.emplace_back(DrawnText{{95, 20}, "K\xC3\xA4se \xCF\x84 (1)", TextAnchor::Middle, {0, 0, 0}, 10, true});
  return drawing;
}

using Colour = std::array<int, 3>;
constexpr Colour kWhite = {255, 255, 255};

Colour at(const Image& image, int x, int y) {
  const auto part = [&](int c) { return static_cast<int>(std::lround(image.at(c, y, x) * 255)); };
  return {part(0), part(1), part(2)};
}

}  // namespace

class DrawingTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void svgIsXmlWithAllItems();
  void svgMergesRuns();
  void pdfPointsToItsObjects();
  void pdfHoldsTheCellsColours();
  void pixelsShowWhatIsDrawn();
  void numbersAreShort();
};

void DrawingTest::svgIsXmlWithAllItems() {
  const QByteArray bytes = QByteArray::fromStdString(toSvg(sample()));
  QXmlStreamReader xml(bytes);
  int paths = 0;
  QStringList texts;
  QString title;
  while (!xml.atEnd()) {
    if (xml.readNext() != QXmlStreamReader::StartElement) continue;
    if (xml.name() == u"path") ++paths;
    if (xml.name() == u"svg") QCOMPARE(xml.attributes().value("viewBox").toString(), QString("0 0 100 60"));
    if (xml.name() == u"title") title = xml.readElementText();
    if (xml.name() == u"text") texts << xml.readElementText();
  }
  QVERIFY2(!xml.hasError(), qPrintable(xml.errorString()));
  QCOMPARE(title, QString("a < b & (c)"));
  QCOMPARE(texts, QStringList{QString::fromUtf8("Käse τ (1)")});
  QCOMPARE(paths, 5);  // three colours of cells, the area, the strokes
  QVERIFY(bytes.contains("stroke-dasharray"));
  QVERIFY(bytes.contains("fill-opacity=\"0.5\""));
}

void DrawingTest::svgMergesRuns() {
  Drawing drawing;
  drawing.width = drawing.height = 10;
  drawing.items.emplace_back(DrawnCells{{0, 0}, 10, 10, 513, std::vector<int>(513 * 513, 7)});
  const std::string text = toSvg(drawing);
  QCOMPARE(QByteArray::fromStdString(text).count("h513v1h-513z"), 513);
  QVERIFY(text.size() < 20'000);
}

void DrawingTest::pdfPointsToItsObjects() {
  const QByteArray bytes = QByteArray::fromStdString(toPdf(sample()));
  QVERIFY(bytes.startsWith("%PDF-1.4\n"));
  QVERIFY(bytes.endsWith("%%EOF\n"));
  const qsizetype table = bytes.mid(bytes.lastIndexOf("startxref\n") + 10).split('\n').first().toLongLong();
  QVERIFY(bytes.mid(table).startsWith("xref\n"));
  const QList<QByteArray> lines = bytes.mid(table).split('\n');
  const int count = lines[1].split(' ')[1].toInt();
  QVERIFY(count > 7);
  for (int number = 1; number < count; ++number) {
    const qsizetype place = lines[2 + number].left(10).toLongLong();
    QVERIFY(bytes.mid(place).startsWith(QByteArray::number(number) + " 0 obj\n"));
  }
  // Each stream is as long as it says.
  const QRegularExpression stream("/Length (\\d+) >>\nstream\n");
  auto found = stream.globalMatch(QString::fromLatin1(bytes));
  int streams = 0;
  while (found.hasNext()) {
    const auto match = found.next();
    QVERIFY(bytes.mid(match.capturedEnd() + match.captured(1).toInt()).startsWith("\nendstream"));
    ++streams;
  }
  QCOMPARE(streams, 2);
  QVERIFY(bytes.contains("(K\xE4se ? \\(1\\)) Tj"));
  QVERIFY(bytes.contains("/MediaBox [0 0 100 60]"));
}

void DrawingTest::pdfHoldsTheCellsColours() {
  const QByteArray bytes = QByteArray::fromStdString(toPdf(sample()));
  const qsizetype image = bytes.indexOf("/Subtype /Image /Width 3 /Height 2 ");
  QVERIFY(image > 0);
  const QByteArray pixels = bytes.mid(bytes.indexOf("stream\n", image) + 7, 18);
  QCOMPARE(pixels.left(3), QByteArray("\x44\x01\x54", 3));  // viridis begins with #440154
  QCOMPARE(pixels.mid(6, 3), QByteArray("\xFD\xE7\x25", 3));
  QCOMPARE(pixels.mid(9, 3), QByteArray("\xFF\xFF\xFF", 3));
  QVERIFY(bytes.contains("q 30 0 0 20 10 30 cm /I1 Do Q"));  // y points upwards
}

void DrawingTest::pixelsShowWhatIsDrawn() {
  const Image image = toPixels(sample(), 2);
  QCOMPARE(image.shape, (ImageShape{3, 120, 200}));
  QVERIFY(at(image, 30, 30) == (Colour{0x44, 0x01, 0x54}));
  QVERIFY(at(image, 70, 30) == (Colour{0xFD, 0xE7, 0x25}));
  QVERIFY(at(image, 30, 50) == kWhite);  // a cell without a colour
  const Colour pink = at(image, 140, 40);
  QVERIFY(pink[0] == 255 && std::abs(pink[1] - 128) <= 1);
  QVERIFY(at(image, 25, 100) == (Colour{0, 0, 255}));  // a dash
  QVERIFY(at(image, 36, 100) == kWhite);               // the gap after it
  int ink = 0;
  for (int y = 0; y < 120; ++y) {
    for (int x = 170; x < 192; ++x) ink += at(image, x, y)[0] < 128;
  }
  QVERIFY(ink > 50);  // the turned text
}

void DrawingTest::numbersAreShort() {
  QCOMPARE(shortNumber(0.25), std::string("0.25"));
  QCOMPARE(shortNumber(-0.0), std::string("0"));
  QCOMPARE(shortNumber(1.0 / 3), std::string("0.3333"));
  QCOMPARE(shortNumber(1e-5), std::string("1e-05"));
}

QTEST_GUILESS_MAIN(DrawingTest)
#include "drawing_test.moc"
