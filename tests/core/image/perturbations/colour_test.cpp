// SPDX-License-Identifier: GPL-3.0-or-later
#include <QtTest>

#include "tests/core/image/perturbed.h"

using namespace whorl;
using namespace whorl::test;

namespace {

Image pixel(float red, float green, float blue) { return {{3, 1, 1}, {red, green, blue}}; }

bool near(const Image& a, const Image& b) { return largestDifference(a, b) < 1e-6; }

}  // namespace

class ColourTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void brightnessKeepsHueAndSaturation() {
    // Python's colorsys gives the same: (0.2, 0.1, 0.4) has value 0.4, so all grow by 0.6/0.4.
    QVERIFY(near(perturbed("brightness", pixel(0.2f, 0.1f, 0.4f), {{"delta", 0.2}}), pixel(0.3f, 0.15f, 0.6f)));
    QVERIFY(near(perturbed("brightness", pixel(0, 0, 0), {{"delta", 0.25}}), pixel(0.25f, 0.25f, 0.25f)));
    const Image grey{{1, 1, 2}, {0.5f, 0.9f}};
    QVERIFY(near(perturbed("brightness", grey, {{"delta", 0.2}}), {{1, 1, 2}, {0.7f, 1.0f}}));
  }

  void contrastIsAboutEachChannelsMean() {
    const Image image{{3, 1, 2}, {0.2f, 0.4f, 1.0f, 0.0f, 0.5f, 0.5f}};
    QVERIFY(
        near(perturbed("contrast", image, {{"factor", 0.5}}), {{3, 1, 2}, {0.25f, 0.35f, 0.75f, 0.25f, 0.5f, 0.5f}}));
  }

  void gammaIsAPower() {
    const Image image{{1, 1, 3}, {0, 0.5f, 1}};
    QVERIFY(near(perturbed("gamma", image, {{"exponent", 2.0}}), {{1, 1, 3}, {0, 0.25f, 1}}));
    QVERIFY(perturbed("gamma", image, {{"exponent", 1.0}}) == image);
  }

  void saturation() {
    const Image colour = pixel(0.8f, 0.4f, 0.2f);
    QVERIFY(near(perturbed("saturation", colour, {{"factor", 1.0}}), colour));
    QVERIFY(near(perturbed("saturation", colour, {{"factor", 0.0}}), pixel(0.8f, 0.8f, 0.8f)));
    // Saturation 0.75 times 1.2 is 0.9: the least channel is a tenth of the value.
    QVERIFY(near(perturbed("saturation", colour, {{"factor", 1.2}}), pixel(0.8f, 0.32f, 0.08f)));
    const Image grey = waves({1, 4, 4});
    QVERIFY(perturbed("saturation", grey, {}) == grey);
  }

  void hueTurns() {
    QVERIFY(near(perturbed("hue", pixel(1, 0, 0), {{"angle", 120.0}}), pixel(0, 1, 0)));
    QVERIFY(near(perturbed("hue", pixel(1, 0, 0), {{"angle", -120.0}}), pixel(0, 0, 1)));
    const Image colour = pixel(0.8f, 0.4f, 0.2f);
    QVERIFY(near(perturbed("hue", perturbed("hue", colour, {{"angle", 77.0}}), {{"angle", -77.0}}), colour));
    QVERIFY(near(perturbed("hue", pixel(0.3f, 0.3f, 0.3f), {{"angle", 50.0}}), pixel(0.3f, 0.3f, 0.3f)));
  }
};

QTEST_APPLESS_MAIN(ColourTest)
#include "colour_test.moc"
