// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/nn/architecture.h"

#include <QtTest>

#include <set>

#include "core/base/error.h"

using namespace whorl;

class ArchitectureTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void parameterCountsAreThePublishedOnes_data() {
    QTest::addColumn<qlonglong>("count");
    QTest::newRow("nfp-mnist") << 313'386LL;
    QTest::newRow("nfp-mnist-paper") << 299'306LL;
    QTest::newRow("nfp-cifar") << 1'130'378LL;
    QTest::newRow("feinman-mnist") << 1'218'634LL;
    QTest::newRow("feinman-cifar") << 2'915'114LL;
    // 832 + 51,264 + 205,000 + 2,010
    QTest::newRow("reference-cnn") << 259'106LL;
    // (1,792 + 128) + (73,856 + 256) + (295,168 + 512) + (590,080 + 512) + 5,140
    QTest::newRow("conv-84") << 967'444LL;
    // (896 + 64) + (18,496 + 128) + (73,856 + 256) + 73,792 + 650
    QTest::newRow("embedding-small") << 168'138LL;
  }
  void parameterCountsAreThePublishedOnes() {
    QFETCH(qlonglong, count);
    const Architecture& architecture = findArchitecture(QTest::currentDataTag());
    QCOMPARE(qlonglong(parameterCount(architecture, architecture.input, architecture.classes)), count);
  }

  void shapesOfNfpMnist() {
    const Architecture& architecture = findArchitecture("nfp-mnist");
    std::vector<ImageShape> changes;
    for (const ImageShape& shape : layerShapes(architecture, architecture.input)) {
      if (changes.empty() || !(changes.back() == shape)) changes.push_back(shape);
    }
    const std::vector<ImageShape> expected{{32, 26, 26}, {32, 24, 24}, {32, 12, 12}, {64, 10, 10}, {64, 8, 8},
                                           {64, 4, 4},   {1024, 1, 1}, {200, 1, 1},  {10, 1, 1}};
    QVERIFY(changes == expected);
  }

  void conv84EndsInOnePixel() {
    const Architecture& architecture = findArchitecture("conv-84");
    const auto shapes = layerShapes(architecture, architecture.input);
    QVERIFY((shapes[shapes.size() - 3] == ImageShape{256, 1, 1}));
    QVERIFY((shapes[shapes.size() - 4] == ImageShape{256, 5, 5}));
  }

  void lastLayersAreThoseWithWeightsOfTheirOwn() {
    const Architecture& architecture = findArchitecture("conv-84");  // four times conv, norm, ReLU, pool; then fc at 18
    QCOMPARE(layersBeforeLast(architecture, 1), std::size_t{18});
    QCOMPARE(layersBeforeLast(architecture, 2), std::size_t{12});
    QCOMPARE(layersBeforeLast(architecture, 5), std::size_t{0});
    QCOMPARE(layerCount(architecture), std::int64_t{5});
    for (const std::int64_t none : {0, 6, -1}) {
      QVERIFY_THROWS_EXCEPTION(Error, layersBeforeLast(architecture, none));
    }
  }

  void namesAreUniqueAndFound() {
    std::set<std::string> names;
    for (const Architecture& architecture : architectures()) {
      QVERIFY(names.insert(architecture.name).second);
      QCOMPARE(&findArchitecture(architecture.name), &architecture);
      QVERIFY(!architecture.reference.empty());
    }
  }

  void anUnknownNameListsTheKnownOnes() {
    try {
      findArchitecture("resnet-1");
      QFAIL("accepted");
    } catch (const Error& error) {
      QCOMPARE(error.kind(), ErrorKind::Usage);
      QVERIFY(std::string(error.what()).find("nfp-cifar") != std::string::npos);
    }
  }

  void otherInputsAreAcceptedWhereTheLayersFit() {
    const Architecture& architecture = findArchitecture("nfp-mnist");
    QCOMPARE(layerShapes(architecture, {3, 32, 32}).back().channels, 10);
    // 5x5 x 64 features instead of 4x4 x 64, three input channels, 7 classes.
    const qlonglong expected = 313'386 + 2 * 9 * 32 + (1600 - 1024) * 200 - 3 * 201;
    QCOMPARE(qlonglong(parameterCount(architecture, {3, 32, 32}, 7)), expected);
  }

  void tooSmallInputsAreRefused_data() {
    QTest::addColumn<int>("side");
    QTest::newRow("0") << 0;
    QTest::newRow("2: first convolution") << 2;
    QTest::newRow("9: third convolution") << 9;
    QTest::newRow("13: second pool") << 13;
  }
  void tooSmallInputsAreRefused() {
    QFETCH(int, side);
    try {
      layerShapes(findArchitecture("nfp-mnist"), {1, side, side});
      QFAIL("accepted");
    } catch (const Error& error) {
      QCOMPARE(error.kind(), ErrorKind::Usage);
    }
  }

  void theSmallestInputThatFits() { QVERIFY(!layerShapes(findArchitecture("nfp-mnist"), {1, 16, 16}).empty()); }
};

QTEST_APPLESS_MAIN(ArchitectureTest)
#include "architecture_test.moc"
