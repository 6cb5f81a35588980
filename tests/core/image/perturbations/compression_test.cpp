// SPDX-License-Identifier: GPL-3.0-or-later
#include <QtTest>

#include "tests/core/image/perturbed.h"

using namespace whorl;
using namespace whorl::test;

class CompressionTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void lessQualityIsWorse_data() {
    QTest::addColumn<QString>("name");
    QTest::newRow("jpeg") << "jpeg";
    QTest::newRow("webp") << "webp";
  }
  void lessQualityIsWorse() {
    QFETCH(QString, name);
    for (const int channels : {1, 3}) {
      const Image image = waves({channels, 32, 32});
      const auto distance = [&](std::int64_t quality) {
        return meanSquare(perturbed(name.toStdString(), image, {{"quality", quality}}), image);
      };
      QVERIFY(distance(95) < 0.02);
      QVERIFY(distance(5) > 2 * distance(95));
    }
  }

  void greyStaysGrey() {
    // Flat pictures survive: grey goes through files that know only colours, too.
    for (const char* name : {"jpeg", "webp"}) {
      const Image image = plain({1, 17, 9}, 100 / 255.0f);
      QVERIFY2(largestDifference(perturbed(name, image, {}), image) <= 2.01 / 255, name);
    }
  }

  void sidesThatTheFormatCantHold() {
    const std::string said = refusal([] { perturbed("webp", plain({1, 1, 16384}, 0.5f), {}); });
    QVERIFY2(said.find("16383") != std::string::npos, said.c_str());
    QVERIFY(!refusal([] { perturbed("jpeg", plain({1, 65501, 1}, 0.5f), {}); }).empty());
  }
};

QTEST_APPLESS_MAIN(CompressionTest)
#include "compression_test.moc"
