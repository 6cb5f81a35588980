// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/image/perturbation.h"

#include <QtTest>
#include <algorithm>
#include <cmath>
#include <set>

#include "core/base/error.h"

using namespace whorl;

namespace {

Image waves(const ImageShape& shape) {
  Image image{shape, {}};
  for (int c = 0; c < shape.channels; ++c) {
    for (int y = 0; y < shape.height; ++y) {
      for (int x = 0; x < shape.width; ++x) image.pixels.push_back(0.5f + 0.4f * std::sin(0.9f * x + 0.4f * y + c));
    }
  }
  return image;
}

Image apply(const std::string& name, const Image& image, const Parameters& given, std::uint64_t seed = 1) {
  const Perturbation& perturbation = findPerturbation(name);
  return perturbation.apply(image, resolve(name, perturbation.spec().parameters, given), seed);
}

double meanSquare(const Image& a, const Image& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.pixels.size(); ++i) sum += std::pow(double(a.pixels[i]) - b.pixels[i], 2);
  return sum / static_cast<double>(a.pixels.size());
}

}  // namespace

class PerturbationTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void theTableHasUniqueNames() {
    std::set<std::string> names;
    for (const auto* perturbation : perturbations()) names.insert(perturbation->spec().name);
    QVERIFY(names == (std::set<std::string>{"jpeg", "crop", "rescale", "gaussian-noise"}));
    QCOMPARE(perturbations().size(), names.size());
    try {
      findPerturbation("nothing");
      QFAIL("no error");
    } catch (const Error& error) {
      QVERIFY(error.kind() == ErrorKind::Usage);
      QVERIFY(error.hint().find("gaussian-noise") != std::string::npos);
    }
  }

  void everyOneKeepsShapeAndRange_data() {
    QTest::addColumn<int>("channels");
    QTest::addColumn<int>("height");
    QTest::addColumn<int>("width");
    QTest::newRow("digit") << 1 << 28 << 28;
    QTest::newRow("photo, odd") << 3 << 51 << 33;
    QTest::newRow("small") << 3 << 5 << 5;
  }
  void everyOneKeepsShapeAndRange() {
    QFETCH(int, channels);
    QFETCH(int, height);
    QFETCH(int, width);
    const Image image = waves({channels, height, width});
    for (const auto* perturbation : perturbations()) {
      const std::string& name = perturbation->spec().name;
      const Image result = apply(name, image, {});
      QVERIFY2(result.shape == image.shape, name.c_str());
      QVERIFY2(result.pixels != image.pixels, name.c_str());
      for (const float value : result.pixels) QVERIFY2(value >= 0 && value <= 1, name.c_str());
      QVERIFY2(apply(name, image, {}) == result, name.c_str());
    }
  }

  void jpegGetsWorseWithLessQuality() {
    const Image image = waves({1, 32, 32});
    const double fine = meanSquare(apply("jpeg", image, {{"quality", std::int64_t{95}}}), image);
    const double coarse = meanSquare(apply("jpeg", image, {{"quality", std::int64_t{10}}}), image);
    QVERIFY(fine < 0.002);
    QVERIFY(coarse > 4 * fine);
  }

  void cropKnownAnswers() {
    const Image image = waves({1, 20, 20});
    QVERIFY(apply("crop", image, {{"offset", std::int64_t{0}}}) == image);
    Image framed{{1, 20, 20}, std::vector<float>(400, 0.0f)};
    for (int y = 4; y < 16; ++y) {
      for (int x = 4; x < 16; ++x) framed.pixels[std::size_t(y) * 20 + x] = 1.0f;
    }
    // The dark frame is exactly what is cut off.
    for (const float value : apply("crop", framed, {{"offset", std::int64_t{4}}}).pixels) QCOMPARE(value, 1.0f);
    try {
      apply("crop", image, {{"offset", std::int64_t{10}}});
      QFAIL("no error");
    } catch (const Error& error) {
      QVERIFY(error.kind() == ErrorKind::Usage);
      QVERIFY(error.hint().find('9') != std::string::npos);
    }
  }

  void rescaleKnownAnswers() {
    const Image image = waves({1, 16, 16});
    QVERIFY(apply("rescale", image, {{"factor", 1.0}}) == image);
    double mean = 0;
    for (const float value : image.pixels) mean += value / 256.0;
    // To one pixel and back: the mean everywhere.
    for (const float value : apply("rescale", image, {{"factor", 16.0}}).pixels) QVERIFY(std::abs(value - mean) < 1e-5);
  }

  void noiseHasTheWantedSpread() {
    const Image grey{{1, 100, 100}, std::vector<float>(10'000, 0.5f)};
    const Image noisy = apply("gaussian-noise", grey, {{"sigma", 0.1}});
    QVERIFY(std::abs(std::sqrt(meanSquare(noisy, grey)) - 0.1) < 0.003);
    QVERIFY(apply("gaussian-noise", grey, {{"sigma", 0.0}}) == grey);
    QVERIFY(!(apply("gaussian-noise", grey, {{"sigma", 0.1}}, 2) == noisy));
    const Image white{{1, 10, 10}, std::vector<float>(100, 1.0f)};
    const Image clipped = apply("gaussian-noise", white, {{"sigma", 0.5}});
    QVERIFY(*std::max_element(clipped.pixels.begin(), clipped.pixels.end()) == 1.0f);
  }

  void parametersOutOfRangeAreRefused() {
    const Image image = waves({1, 8, 8});
    QVERIFY_THROWS_EXCEPTION(Error, apply("jpeg", image, {{"quality", std::int64_t{0}}}));
    QVERIFY_THROWS_EXCEPTION(Error, apply("gaussian-noise", image, {{"sigma", -1.0}}));
    QVERIFY_THROWS_EXCEPTION(Error, apply("rescale", image, {{"factor", 0.5}}));
  }
};

QTEST_APPLESS_MAIN(PerturbationTest)
#include "perturbation_test.moc"
