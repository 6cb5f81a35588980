// SPDX-License-Identifier: GPL-3.0-or-later
#include <QtTest>

#include "core/image/perturbations/plasma.h"
#include "tests/core/image/perturbed.h"

using namespace whorl;
using namespace whorl::test;

class WeatherTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void plasmaFillsTheRange() {
    for (const auto& [height, width] : {std::pair(32, 32), {28, 28}, {1, 1}, {3, 70}}) {
      Random random(5);
      const Image pattern = plasma(height, width, 2, random);
      QVERIFY(pattern.shape == (ImageShape{1, height, width}));
      for (const float value : pattern.pixels) QVERIFY(value >= 0 && value <= 1);
    }
    Random random(5);
    const Image whole = plasma(64, 64, 2, random);
    QCOMPARE(*std::min_element(whole.pixels.begin(), whole.pixels.end()), 0.0f);
    QCOMPARE(*std::max_element(whole.pixels.begin(), whole.pixels.end()), 1.0f);
  }

  /// A square of 65,536 a side would be 17 GB.
  void longImagesRepeatThePattern() {
    Random random(5);
    const Image pattern = plasma(1, 40'000, 2, random);
    QCOMPARE(pattern.pixels.size(), std::size_t{40'000});
    for (std::size_t i = 0; i + 4096 < pattern.pixels.size(); i += 111) {
      QCOMPARE(pattern.pixels[i], pattern.pixels[i + 4096]);
    }
    QVERIFY(pattern.pixels[0] != pattern.pixels[2048]);
  }

  void strongDecayIsSmooth() {
    const auto roughness = [](double decay) {
      Random random(9);
      const Image pattern = plasma(64, 64, decay, random);
      double sum = 0;
      for (std::size_t i = 1; i < pattern.pixels.size(); ++i)
        sum += std::abs(pattern.pixels[i] - pattern.pixels[i - 1]);
      return sum;
    };
    QVERIFY(roughness(3) < roughness(1.1) / 2);
  }

  void fogNeverBrightensBeyondTheBrightest() {
    Image image = waves({3, 32, 32});
    for (float& value : image.pixels) value *= 0.5f;
    const float brightest = *std::max_element(image.pixels.begin(), image.pixels.end());
    const Image foggy = perturbed("fog", image, {{"density", 1.5}});
    for (const float value : foggy.pixels) QVERIFY(value <= brightest + 1e-6f);
    QVERIFY(perturbed("fog", image, {{"density", 0.0}}) == image);
    QVERIFY(perturbed("fog", plain({1, 8, 8}, 0), {}) == plain({1, 8, 8}, 0));
  }

  void frostAndSnowBrightenTheDark() {
    const Image dark = plain({3, 32, 32}, 0.1f);
    for (const char* name : {"frost", "snow"}) {
      double last = 0.1;
      for (const std::int64_t severity : {1, 5}) {
        double level = 0;
        for (std::uint64_t seed = 0; seed < 8; ++seed) {
          level += mean(perturbed(name, dark, {{"severity", severity}}, seed)) / 8;
        }
        QVERIFY2(level > last, name);
        last = level;
      }
    }
    const Parameters none = {{"clear", 1.0}, {"frost", 0.0}};
    QVERIFY(perturbed("frost", dark, none) == dark);
    QVERIFY(perturbed("snow", dark, {{"clear", 1.0}, {"mean", -1.0}, {"sigma", 0.0}}) == dark);
    // Ice is bluish.
    const Image frosted = perturbed("frost", dark, {{"frost", 1.0}});
    QVERIFY(frosted.at(2, 10, 10) > frosted.at(0, 10, 10));
  }

  void waterShinesAndMudHides() {
    const Image grey = plain({3, 64, 64}, 0.5f);
    const Image water = perturbed("spatter", grey, {{"severity", std::int64_t{3}}});
    const Image mud = perturbed("spatter", grey, {{"severity", std::int64_t{5}}});
    QVERIFY(mean(water) > 0.5 && mean(mud) < 0.5);
    for (std::size_t i = 0; i < grey.pixels.size(); ++i) QVERIFY(water.pixels[i] >= 0.5f && mud.pixels[i] <= 0.5f);
    // Without liquid nothing happens.
    QVERIFY(perturbed("spatter", grey, {{"mean", 0.0}, {"sigma", 0.0}}) == grey);
  }
};

QTEST_APPLESS_MAIN(WeatherTest)
#include "weather_test.moc"
