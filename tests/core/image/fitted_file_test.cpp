// SPDX-License-Identifier: GPL-3.0-or-later
// decodeFitted() beside decodeImage() and fitImage().
#include "core/image/image_file.h"

#include <QTest>
#include <cmath>
#include <opencv2/imgcodecs.hpp>

#include "core/base/error.h"

using namespace whorl;

namespace {

/// Pixels that differ from their neighbours, the same everywhere.
std::string file(int width, int height, int type) {
  cv::Mat mat(height, width, type);
  cv::RNG random(7);
  random.fill(mat, cv::RNG::UNIFORM, 0, CV_MAT_DEPTH(type) == CV_16U ? 65536 : 256);
  std::vector<std::uint8_t> bytes;
  cv::imencode(".png", mat, bytes, {cv::IMWRITE_PNG_COMPRESSION, 0});
  return {bytes.begin(), bytes.end()};
}

double largestDifference(const Image& a, const Image& b) {
  double largest = a.shape == b.shape ? 0 : 1;
  for (std::size_t i = 0; i < a.pixels.size() && a.shape == b.shape; ++i) {
    largest = std::max(largest, std::abs(double{a.pixels[i]} - b.pixels[i]));
  }
  return largest;
}

}  // namespace

class FittedFileTest : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void isWhatBothStepsGive_data() {
    QTest::addColumn<int>("width");
    QTest::addColumn<int>("height");
    QTest::addColumn<int>("type");
    QTest::addColumn<double>("allowed");
    QTest::newRow("small") << 300 << 200 << CV_8UC3 << 0.0;
    QTest::newRow("wide") << 2111 << 999 << CV_8UC3 << 2e-6;
    QTest::newRow("high") << 901 << 1777 << CV_8UC1 << 2e-6;
    QTest::newRow("a multiple") << 2240 << 1120 << CV_8UC3 << 2e-6;
    QTest::newRow("alpha") << 1500 << 1000 << CV_8UC4 << 2e-6;
    QTest::newRow("16 bits") << 1500 << 1000 << CV_16UC3 << 2e-6;
    QTest::newRow("lower than the input") << 60000 << 20 << CV_8UC1 << 0.0;
    QTest::newRow("one band a row") << 600000 << 33 << CV_8UC1 << 2e-6;
  }

  void isWhatBothStepsGive() {
    QFETCH(int, width);
    QFETCH(int, height);
    QFETCH(int, type);
    QFETCH(double, allowed);
    const std::string bytes = file(width, height, type);
    const Image whole = decodeImage(bytes.data(), bytes.size(), "whole").image;
    for (const ImageShape& shape : {ImageShape{3, 28, 28}, ImageShape{1, 31, 17}, ImageShape{3, 20, 63}}) {
      if (width > 100'000 && shape.channels == 3) continue;  // seconds each
      for (const FitMode mode : {FitMode::Fit, FitMode::Crop, FitMode::Stretch}) {
        const FittedFile fitted = decodeFitted(bytes.data(), bytes.size(), "fitted", shape, mode);
        QVERIFY(fitted.shape == whole.shape);
        const double difference = largestDifference(fitted.image, fitImage(whole, shape, mode));
        QVERIFY2(difference <= allowed, qPrintable(QString::number(difference)));
      }
    }
  }

  void refusesWhatDecodeImageRefuses() {
    std::string bytes = file(1500, 1000, CV_8UC1);
    bytes.resize(bytes.size() / 2);
    QVERIFY_THROWS_EXCEPTION(Error, decodeFitted(bytes.data(), bytes.size(), "cut", {1, 28, 28}, FitMode::Fit));
    bytes = "no image";
    QVERIFY_THROWS_EXCEPTION(Error, decodeFitted(bytes.data(), bytes.size(), "text", {1, 28, 28}, FitMode::Fit));
    bytes = file(1500, 1000, CV_8UC1);
    QVERIFY_THROWS_EXCEPTION(Error, decodeFitted(bytes.data(), bytes.size(), "two", {2, 28, 28}, FitMode::Fit));
  }
};

QTEST_APPLESS_MAIN(FittedFileTest)
#include "fitted_file_test.moc"
