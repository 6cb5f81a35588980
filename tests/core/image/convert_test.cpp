// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/image/convert.h"

#include <QtTest>

using namespace whorl;

namespace {

/// Every value different and a multiple of 1/255.
Image pattern(const ImageShape& shape) {
  Image image{shape, {}};
  for (std::int64_t i = 0; i < shape.size(); ++i) image.pixels.push_back(static_cast<float>((i * 7) % 256) / 255.0f);
  return image;
}

}  // namespace

class ConvertTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void roundTrip_data() {
    QTest::addColumn<int>("channels");
    QTest::addColumn<int>("height");
    QTest::addColumn<int>("width");
    QTest::newRow("grey odd") << 1 << 5 << 7;
    QTest::newRow("colour odd") << 3 << 3 << 13;
    QTest::newRow("one pixel") << 3 << 1 << 1;
    QTest::newRow("one column") << 1 << 9 << 1;
  }
  void roundTrip() {
    QFETCH(int, channels);
    QFETCH(int, height);
    QFETCH(int, width);
    const Image image = pattern({channels, height, width});
    QVERIFY(fromMat(toMat(image), "test") == image);
    QVERIFY(fromMat(toMat8(image), "test") == image);
  }

  void channelsAreTurnedRound() {
    const cv::Mat bgr(1, 1, CV_8UC3, cv::Scalar(255, 0, 51));
    const Image image = fromMat(bgr, "test");
    QCOMPARE(image.at(0, 0, 0), 0.2f);
    QCOMPARE(image.at(1, 0, 0), 0.0f);
    QCOMPARE(image.at(2, 0, 0), 1.0f);
  }

  void paddedRowsAreSkipped() {
    cv::Mat wide(4, 10, CV_8UC1, cv::Scalar(255));
    cv::Mat view = wide(cv::Rect(2, 1, 3, 2));
    view.setTo(0);
    const Image image = fromMat(view, "test");
    QVERIFY(image.shape == (ImageShape{1, 2, 3}));
    for (const float value : image.pixels) QCOMPARE(value, 0.0f);
  }

  void alphaLiesOverWhite() {
    const cv::Mat clear(1, 1, CV_8UC4, cv::Scalar(0, 0, 0, 0));
    QCOMPARE(fromMat(clear, "test").at(0, 0, 0), 1.0f);
    const cv::Mat half(1, 1, CV_8UC4, cv::Scalar(0, 0, 255, 51));
    QCOMPARE(fromMat(half, "test").at(0, 0, 0), 1.0f);
    QCOMPARE(fromMat(half, "test").at(1, 0, 0), 0.8f);
  }

  void sixteenBits() {
    const cv::Mat deep(1, 1, CV_16UC1, cv::Scalar(65535.0 / 5));
    QCOMPARE(fromMat(deep, "test").at(0, 0, 0), 0.2f);
  }

  void bytesAreRoundedAndSaturate() {
    const Image image{{1, 1, 4}, {-0.5f, 1.5f, 0.4f / 255, 0.6f / 255}};
    const cv::Mat bytes = toMat8(image);
    QCOMPARE(int(bytes.at<std::uint8_t>(0, 0)), 0);
    QCOMPARE(int(bytes.at<std::uint8_t>(0, 1)), 255);
    QCOMPARE(int(bytes.at<std::uint8_t>(0, 2)), 0);
    QCOMPARE(int(bytes.at<std::uint8_t>(0, 3)), 1);
  }

  void uprightFollowsExif() {
    // 2 rows: a b c / d e f
    const cv::Mat stored = (cv::Mat_<std::uint8_t>(2, 3) << 'a', 'b', 'c', 'd', 'e', 'f');
    const char* expected[] = {"",         "abc/def",  "cba/fed",  "fed/cba", "def/abc",
                              "ad/be/cf", "da/eb/fc", "fc/eb/da", "cf/be/ad"};
    for (int orientation = 1; orientation <= 8; ++orientation) {
      const cv::Mat shown = upright(stored, orientation);
      std::string text;
      for (int y = 0; y < shown.rows; ++y) {
        if (y > 0) text += '/';
        for (int x = 0; x < shown.cols; ++x) text += static_cast<char>(shown.at<std::uint8_t>(y, x));
      }
      QCOMPARE(text, std::string(expected[orientation]));
    }
  }

  void badMatsAreRefused() {
    QVERIFY_THROWS_EXCEPTION(Error, fromMat(cv::Mat(), "test"));
    QVERIFY_THROWS_EXCEPTION(Error, fromMat(cv::Mat(2, 2, CV_8UC2), "test"));
    QVERIFY_THROWS_EXCEPTION(Error, fromMat(cv::Mat(2, 2, CV_32S), "test"));
    QVERIFY_THROWS_EXCEPTION(Error, toMat(Image{{1, 2, 2}, {0, 0, 0}}));
    QVERIFY_THROWS_EXCEPTION(Error, toMat(Image{{2, 1, 1}, {0, 0}}));
  }

  void foreignExceptionsAreTranslated() {
    try {
      withOpenCv(ErrorKind::Failed, "here", []() -> int { CV_Error(cv::Error::StsBadArg, "nonsense"); });
      QFAIL("no error");
    } catch (const Error& error) {
      QVERIFY(error.kind() == ErrorKind::Failed);
      QVERIFY(error.message().find("nonsense") != std::string::npos);
      QCOMPARE(error.where(), std::string("here"));
    }
  }
};

QTEST_APPLESS_MAIN(ConvertTest)
#include "convert_test.moc"
