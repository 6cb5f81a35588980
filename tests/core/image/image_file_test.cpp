// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/image/image_file.h"

#include <unistd.h>

#include <QByteArray>
#include <QTemporaryDir>
#include <QTemporaryFile>
#include <QtTest>
#include <cmath>
#include <fstream>
#include <functional>
#include <iostream>
#include <opencv2/imgcodecs.hpp>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "tests/core/image/samples.h"

using namespace whorl;
namespace fs = std::filesystem;

namespace {

std::string sample(const char* base64) { return QByteArray::fromBase64(base64).toStdString(); }

LoadedImage decoded(const std::string& bytes) { return decodeImage(bytes.data(), bytes.size(), "the-name"); }

/// The message of the Error(BadInput) that names the file, or what happened instead.
QString refusal(const std::string& bytes) {
  try {
    decoded(bytes);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::BadInput) return "another kind: " + QString(error.what());
    if (error.where().find("the-name") == std::string::npos) return "without name: " + QString(error.what());
    return QString::fromStdString(error.message());
  }
  return "accepted";
}

/// What anybody in the process writes to the descriptor of stderr meanwhile.
std::string printedDuring(const std::function<void()>& work) {
  std::fflush(stderr);
  QTemporaryFile file;
  if (!file.open()) return "no file";
  const int before = dup(STDERR_FILENO);
  dup2(file.handle(), STDERR_FILENO);
  work();
  std::fflush(stderr);
  dup2(before, STDERR_FILENO);
  close(before);
  return readFile(file.fileName().toStdString(), 1 << 20);
}

std::string encoded(const std::string& ending, const cv::Mat& mat) {
  std::vector<std::uint8_t> bytes;
  cv::imencode(ending, mat, bytes);
  return {bytes.begin(), bytes.end()};
}

cv::Mat redAndBlue() {
  cv::Mat mat(32, 48, CV_8UC3, cv::Scalar(255, 0, 0));
  mat.colRange(0, 24).setTo(cv::Scalar(0, 0, 255));
  return mat;
}

bool isRed(const Image& image, int y, int x) {
  return image.at(0, y, x) > 0.85f && image.at(1, y, x) < 0.15f && image.at(2, y, x) < 0.15f;
}
bool isBlue(const Image& image, int y, int x) {
  return image.at(0, y, x) < 0.15f && image.at(1, y, x) < 0.15f && image.at(2, y, x) > 0.85f;
}

/// Puts an EXIF block with an orientation behind a JPEG's first marker.
std::string withOrientation(const std::string& jpeg, char orientation) {
  using namespace std::string_literals;
  const std::string tiff = "MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0"s + orientation + "\0\0\0\0\0\0"s;
  const std::string body = "Exif\0\0"s + tiff;
  return jpeg.substr(0, 2) + "\xFF\xE1"s + '\0' + static_cast<char>(body.size() + 2) + body + jpeg.substr(2);
}

}  // namespace

class ImageFileTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void everyFormat_data() {
    QTest::addColumn<QString>("ending");
    QTest::addColumn<QString>("format");
    QTest::newRow("png") << ".png"
                         << "PNG";
    QTest::newRow("jpeg") << ".jpg"
                          << "JPEG";
    QTest::newRow("webp") << ".webp"
                          << "WebP";
    QTest::newRow("bmp") << ".bmp"
                         << "BMP";
    QTest::newRow("tiff") << ".tif"
                          << "TIFF";
    QTest::newRow("ppm") << ".ppm"
                         << "PNM";
  }
  void everyFormat() {
    QFETCH(QString, ending);
    QFETCH(QString, format);
    const LoadedImage loaded = decoded(encoded(ending.toStdString(), redAndBlue()));
    QCOMPARE(QString::fromStdString(loaded.info.format), format);
    QVERIFY(loaded.image.shape == (ImageShape{3, 32, 48}));
    QVERIFY(isRed(loaded.image, 16, 2));
    QVERIFY(isBlue(loaded.image, 16, 45));
    QCOMPARE(loaded.info.bitDepth, 8);
    QVERIFY(!loaded.info.animated && !loaded.info.hadAlpha);
  }

  void everyFormatCutAnywhere_data() { everyFormat_data(); }
  void everyFormatCutAnywhere() {
    QFETCH(QString, ending);
    const std::string whole = encoded(ending.toStdString(), redAndBlue());
    for (std::size_t length = 0; length < whole.size(); length += 1 + whole.size() / 150) {
      // What lies behind the last pixel may be missing without harm in BMP, TIFF (padding) only when nothing is lost.
      const QString message = refusal(whole.substr(0, length));
      QVERIFY2(message != "accepted" && !message.startsWith("another") && !message.startsWith("without"),
               qPrintable(QString::number(length) + " of " + QString::number(whole.size()) + ": " + message));
    }
  }

  void damagedBytesNeverCrash_data() { everyFormat_data(); }
  void damagedBytesNeverCrash() {
    QFETCH(QString, ending);
    const std::string whole = encoded(ending.toStdString(), redAndBlue());
    int refused = 0;
    for (std::size_t at = 0; at < std::min<std::size_t>(whole.size(), 400); at += 3) {
      std::string damaged = whole;
      damaged[at] = static_cast<char>(~damaged[at]);
      const QString message = refusal(damaged);
      QVERIFY2(!message.startsWith("another") && !message.startsWith("without"), qPrintable(message));
      refused += message != "accepted";
    }
    QVERIFY(refused > 0);
  }

  void nameDoesNotDecide() {
    QTemporaryDir folder;
    const fs::path path = fs::path(folder.path().toStdString()) / "picture.jpg";
    std::ofstream(path, std::ios::binary) << encoded(".png", redAndBlue());
    QCOMPARE(readImage(path).info.format, std::string("PNG"));
  }

  void grey() {
    const LoadedImage loaded = decoded(encoded(".png", cv::Mat(3, 5, CV_8UC1, cv::Scalar(51))));
    QVERIFY(loaded.image.shape == (ImageShape{1, 3, 5}));
    QCOMPARE(loaded.image.at(0, 2, 4), 0.2f);
  }

  void onePixel() {
    const LoadedImage loaded = decoded(encoded(".png", cv::Mat(1, 1, CV_8UC3, cv::Scalar(0, 0, 255))));
    QVERIFY(loaded.image.shape == (ImageShape{3, 1, 1}));
    QVERIFY(isRed(loaded.image, 0, 0));
  }

  void sixteenBits() {
    const LoadedImage loaded = decoded(encoded(".png", cv::Mat(2, 2, CV_16UC3, cv::Scalar(0, 13107, 65535))));
    QCOMPARE(loaded.info.bitDepth, 16);
    QCOMPARE(loaded.image.at(0, 0, 0), 1.0f);
    QCOMPARE(loaded.image.at(1, 0, 0), 0.2f);
  }

  void colourWithAlpha() {
    const LoadedImage loaded = decoded(encoded(".png", cv::Mat(2, 2, CV_8UC4, cv::Scalar(0, 0, 0, 0))));
    QVERIFY(loaded.info.hadAlpha);
    for (const float value : loaded.image.pixels) QCOMPARE(value, 1.0f);
  }

  void greyWithAlpha() {
    const LoadedImage loaded = decoded(sample(test::kGreyAlphaPng));
    QVERIFY(loaded.info.hadAlpha);
    QCOMPARE(loaded.image.at(0, 0, 0), 1.0f);
    QCOMPARE(loaded.image.at(0, 3, 0), 100.0f / 255);
  }

  void cmykJpeg() {
    const LoadedImage loaded = decoded(sample(test::kCmykJpeg));
    QVERIFY(loaded.image.shape == (ImageShape{3, 32, 48}));
    QVERIFY(isRed(loaded.image, 16, 4));
    QVERIFY(isBlue(loaded.image, 16, 44));
  }

  void firstFrameOnly_data() {
    QTest::addColumn<QByteArray>("base64");
    QTest::addColumn<bool>("animated");
    QTest::newRow("animated GIF") << QByteArray(test::kAnimatedGif) << true;
    QTest::newRow("still GIF") << QByteArray(test::kStillGif) << false;
    QTest::newRow("animated WebP") << QByteArray(test::kAnimatedWebp) << true;
    QTest::newRow("animated PNG") << QByteArray(test::kAnimatedPng) << true;
    QTest::newRow("TIFF of two pages") << QByteArray(test::kTwoPageTiff) << true;
    QTest::newRow("palette PNG") << QByteArray(test::kPalettePng) << false;
  }
  void firstFrameOnly() {
    QFETCH(QByteArray, base64);
    QFETCH(bool, animated);
    const std::string bytes = sample(base64.constData());
    if (bytes.starts_with("GIF") && refusal(bytes).contains("giflib")) QSKIP("built without giflib");
    const LoadedImage loaded = decoded(bytes);
    QVERIFY(loaded.image.shape == (ImageShape{3, 4, 6}));
    QCOMPARE(loaded.info.animated, animated);
    for (int y = 0; y < 4; ++y) {
      for (int x = 0; x < 6; ++x) QVERIFY(x < 3 ? isRed(loaded.image, y, x) : isBlue(loaded.image, y, x));
    }
  }

  void animationsCutAnywhere_data() { firstFrameOnly_data(); }
  void animationsCutAnywhere() {
    QFETCH(QByteArray, base64);
    const std::string whole = sample(base64.constData());
    for (std::size_t length = 0; length < whole.size(); ++length) {
      const QString message = refusal(whole.substr(0, length));
      QVERIFY2(!message.startsWith("another") && !message.startsWith("without"), qPrintable(message));
      if (length < whole.size() / 3) QVERIFY2(message != "accepted", qPrintable(QString::number(length)));
    }
  }

  void orientation() {
    const std::string jpeg = encoded(".jpg", redAndBlue());
    const Image turned = decoded(withOrientation(jpeg, 6)).image;  // shown turned clockwise: the left side comes up
    QVERIFY(turned.shape == (ImageShape{3, 48, 32}));
    QVERIFY(isRed(turned, 2, 16));
    QVERIFY(isBlue(turned, 45, 16));
    const Image mirrored = decoded(withOrientation(jpeg, 2)).image;
    QVERIFY(isBlue(mirrored, 16, 2));
    QVERIFY(decoded(withOrientation(jpeg, 1)).image == decoded(jpeg).image);
    QVERIFY(decoded(withOrientation(jpeg, 77)).image == decoded(jpeg).image);
  }

  void nonsenseIsRefused() {
    QVERIFY(refusal("").contains("empty"));
    QVERIFY(refusal("hello, this is text").contains("no image"));
    QVERIFY(refusal(std::string(1000, '\0')).contains("no image"));
    const std::string bmp = encoded(".bmp", redAndBlue());  // noticed before OpenCV prints lines of its own
    QVERIFY(refusal(bmp.substr(0, bmp.size() / 2)).contains("cut off"));
    QVERIFY(refusal(sample(test::kFloatTiff)).contains("floating-point"));
  }

  // An error is one line, and it is ours: decoders must not add their own.
  void decodersPrintNothing() {
    std::string png = encoded(".png", redAndBlue());
    const std::size_t data = png.find("IDAT");
    std::string broken = png;
    broken[data + 20] = static_cast<char>(~broken[data + 20]);
    // A comment whose checksum is wrong costs no pixel; libpng only warns about it.
    std::string odd = png;
    odd.insert(data - 4, std::string("\0\0\0\3tEXta\0bxxxx", 15));
    const std::string tiff = encoded(".tiff", redAndBlue());
    std::string cut = tiff;
    cut[tiff.size() / 2] = static_cast<char>(~cut[tiff.size() / 2]);
    const std::string heard = printedDuring([&] {
      QVERIFY(refusal(broken).contains("IDAT"));
      QCOMPARE(refusal(odd), QString("accepted"));
      QVERIFY(refusal("P2\n4 4\n255\n1 2 3 x y z").contains("damaged"));
      QVERIFY(refusal("P2\n4 4\n255\n1 2 3").contains("damaged"));
      QVERIFY(refusal("P5\n4 4\n99999\n" + std::string(64, 'x')).contains("damaged"));
      refusal(cut);
    });
    QCOMPARE(QString::fromStdString(heard), QString());
    QVERIFY(decoded(odd).image == decoded(png).image);
    QCOMPARE(printedDuring([] { std::cerr << "others are heard"; }), std::string("others are heard"));
  }

  void hugeHeadersAreRefusedBeforeDecoding() {
    std::string png = encoded(".png", redAndBlue());
    png.replace(16, 8, std::string("\x7F\xFF\xFF\xFF\x7F\xFF\xFF\xFF", 8));
    QVERIFY(refusal(png).contains("100 megapixels"));
    std::string bmp = encoded(".bmp", redAndBlue());
    bmp.replace(18, 8, std::string("\x00\x00\x01\x00\x00\x00\x01\x00", 8));
    QVERIFY(refusal(bmp).contains("100 megapixels"));
    QVERIFY(refusal("P5 99999 99999 255 x").contains("100 megapixels"));
    QVERIFY(refusal(std::string("GIF89a\xFF\xFF\xFF\xFF\x00\x00\x00", 13)).contains("100 megapixels"));
    QVERIFY(refusal("P5 0 5 255 x").contains("0 x 5"));
  }

  void missingFilesAndFoldersAreNamed() {
    for (const char* path : {"/nowhere/at/all.png", "/tmp"}) {
      try {
        readImage(path);
        QFAIL("no error");
      } catch (const Error& error) {
        QVERIFY(error.kind() == ErrorKind::BadInput);
        QVERIFY2(QString(error.what()).contains(path), error.what());
      }
    }
  }

  void writeAndReadBack_data() {
    QTest::addColumn<QString>("name");
    QTest::addColumn<bool>("exact");
    QTest::newRow("png") << "a.png" << true;
    QTest::newRow("upper case") << "a.PNG" << true;
    QTest::newRow("webp is lossless") << "a.webp" << true;
    QTest::newRow("bmp") << "a.bmp" << true;
    QTest::newRow("tiff") << "a.tiff" << true;
    QTest::newRow("jpeg") << "a.jpg" << false;
  }
  void writeAndReadBack() {
    QFETCH(QString, name);
    QFETCH(bool, exact);
    QTemporaryDir folder;
    const fs::path path = fs::path(folder.path().toStdString()) / "new" / name.toStdString();
    const Image image = decoded(encoded(".png", redAndBlue())).image;
    writeImage(image, path);
    const Image back = readImage(path).image;
    QVERIFY(back.shape == image.shape);
    if (exact) QVERIFY(back == image);
    QVERIFY(isRed(back, 16, 2) && isBlue(back, 16, 45));
  }

  void pngInMemory() {
    const Image image = decoded(encoded(".png", redAndBlue())).image;
    const std::string bytes = encodePng(image);
    QVERIFY(bytes.starts_with("\x89PNG"));
    QVERIFY(decodeImage(bytes.data(), bytes.size(), "memory").image == image);
  }

  void unwritableAndUnknownEndings() {
    const Image image{{1, 1, 1}, {0.5f}};
    try {
      writeImage(image, "/tmp/x.xyz");
      QFAIL("no error");
    } catch (const Error& error) {
      QVERIFY(error.kind() == ErrorKind::Usage);
    }
    try {
      writeImage(image, "/proc/nowhere/x.png");
      QFAIL("no error");
    } catch (const Error& error) {
      QVERIFY(error.kind() == ErrorKind::Failed);
    }
  }

  void fitKeepsWhatFits() {
    const Image image = decoded(encoded(".png", redAndBlue())).image;
    QVERIFY(fitImage(image, image.shape, FitMode::Crop) == image);
  }

  void fitModes() {
    const Image image = decoded(encoded(".png", redAndBlue())).image;  // 48 wide, 32 high
    const Image fitted = fitImage(image, {3, 48, 48}, FitMode::Fit);
    QVERIFY(isRed(fitted, 24, 2) && isBlue(fitted, 24, 45));
    // Above and below: the border's mean colour, half red and half blue.
    QVERIFY(std::abs(fitted.at(0, 2, 24) - 0.5f) < 0.03f && std::abs(fitted.at(2, 2, 24) - 0.5f) < 0.03f);
    const Image cropped = fitImage(image, {3, 16, 16}, FitMode::Crop);
    QVERIFY(isRed(cropped, 0, 0) && isBlue(cropped, 15, 15));
    const Image stretched = fitImage(image, {3, 10, 100}, FitMode::Stretch);
    QVERIFY(isRed(stretched, 5, 40) && isBlue(stretched, 5, 60));
  }

  void fitChangesColour() {
    const Image image = decoded(encoded(".png", redAndBlue())).image;
    const Image grey = fitImage(image, {1, 32, 48}, FitMode::Stretch);
    QVERIFY(std::abs(grey.at(0, 0, 0) - 0.299f) < 1e-3f);  // BT.601
    QVERIFY(std::abs(grey.at(0, 0, 47) - 0.114f) < 1e-3f);
    const Image colour = fitImage(grey, {3, 32, 48}, FitMode::Stretch);
    for (int c = 0; c < 3; ++c) QCOMPARE(colour.at(c, 0, 0), grey.at(0, 0, 0));
    QVERIFY_THROWS_EXCEPTION(Error, fitImage(image, {2, 8, 8}, FitMode::Fit));
  }

  void fitExtremeShapes() {
    const Image dot{{1, 1, 1}, {0.25f}};
    for (const FitMode mode : {FitMode::Fit, FitMode::Crop, FitMode::Stretch}) {
      const Image grown = fitImage(dot, {3, 28, 28}, mode);
      for (const float value : grown.pixels) QVERIFY(std::abs(value - 0.25f) < 1e-5f);
    }
    Image line{{1, 1, 3000}, std::vector<float>(3000, 0.75f)};
    for (const FitMode mode : {FitMode::Fit, FitMode::Crop, FitMode::Stretch}) {
      const Image fitted = fitImage(line, {1, 28, 28}, mode);
      for (const float value : fitted.pixels) QVERIFY(std::abs(value - 0.75f) < 1e-5f);
    }
  }
};

QTEST_APPLESS_MAIN(ImageFileTest)
#include "image_file_test.moc"
