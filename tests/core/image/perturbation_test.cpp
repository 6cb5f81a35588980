// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/image/perturbation.h"

#include <QtTest>
#include <map>
#include <set>

#include "tests/core/image/perturbed.h"

using namespace whorl;
using namespace whorl::test;

namespace {

/// Large shapes with edges, as in photographs: two discs on a slope, no two pictures the same.
Image picture(std::uint64_t seed) {
  Random random(seed);
  Image image = plain({3, 32, 32}, 0);
  const double x = random.uniform(6, 26);
  const double y = random.uniform(6, 26);
  for (int c = 0; c < 3; ++c) {
    for (int row = 0; row < 32; ++row) {
      for (int column = 0; column < 32; ++column) {
        double value = 0.2 + 0.012 * row + 0.1 * c;
        if (std::hypot(column - x, row - y) < 8) value = 0.85 - 0.2 * c;
        if (std::hypot(column + y - 32, row + x - 32) < 5) value = 0.1 + 0.3 * c;
        image.pixels[(std::size_t(c) * 32 + row) * 32 + column] = static_cast<float>(value);
      }
    }
  }
  return image;
}

}  // namespace

/// What holds of every perturbation; known answers are in perturbations/.
class PerturbationTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void theTableHasUniqueNames() {
    std::set<std::string> names;
    std::map<PerturbationFamily, int> families;
    PerturbationFamily last = PerturbationFamily::Compression;
    for (const auto* perturbation : perturbations()) {
      QVERIFY2(names.insert(perturbation->spec().name).second, perturbation->spec().name.c_str());
      QVERIFY(!perturbation->spec().title.empty() && !perturbation->spec().summary.empty());
      QVERIFY(perturbation->family() >= last);  // shown family by family
      last = perturbation->family();
      ++families[last];
    }
    QCOMPARE(families.size(), std::size_t{7});
    QCOMPARE(perturbations().size(), std::size_t{34});
    for (const char* early : {"jpeg", "crop", "rescale", "gaussian-noise"}) QVERIFY(names.contains(early));
    const std::string unknown = refusal([] { findPerturbation("nothing"); });
    QVERIFY(unknown.starts_with("usage:") && unknown.find("gaussian-noise") != std::string::npos);
  }

  void everyOneKeepsShapeAndRange_data() {
    QTest::addColumn<int>("channels");
    QTest::addColumn<int>("height");
    QTest::addColumn<int>("width");
    QTest::newRow("digit") << 1 << 28 << 28;
    QTest::newRow("small photo") << 3 << 32 << 32;
    QTest::newRow("photo, odd") << 3 << 51 << 33;
    QTest::newRow("wide") << 1 << 5 << 90;
    QTest::newRow("small") << 3 << 5 << 5;
    QTest::newRow("column") << 3 << 7 << 1;
    QTest::newRow("one grey pixel") << 1 << 1 << 1;
    QTest::newRow("one pixel") << 3 << 1 << 1;
  }
  void everyOneKeepsShapeAndRange() {
    QFETCH(int, channels);
    QFETCH(int, height);
    QFETCH(int, width);
    const Image image = waves({channels, height, width});
    for (const auto* perturbation : perturbations()) {
      const std::string& name = perturbation->spec().name;
      for (int severity = 0; severity <= (perturbation->hasSeverity() ? Perturbation::kSeverities : 0); ++severity) {
        Parameters given;
        if (perturbation->hasSeverity()) given.set("severity", std::int64_t{severity});
        if (name == "crop" && severity == 0) given.set("offset", std::int64_t{std::min(height, width) > 4 ? 2 : 0});
        const Image result = perturbed(name, image, given);
        QVERIFY2(result.shape == image.shape, name.c_str());
        for (const float value : result.pixels) QVERIFY2(value >= 0 && value <= 1, name.c_str());
        QVERIFY2(perturbed(name, image, given) == result, name.c_str());
        const bool colourOnGrey = channels == 1 && (name == "hue" || name == "saturation");
        const bool large = std::min(height, width) >= 28;
        if (large && !colourOnGrey) QVERIFY2(result != image, name.c_str());
      }
    }
  }

  void blackAndWhiteStayImages() {
    for (const float value : {0.0f, 1.0f}) {
      for (const auto* perturbation : perturbations()) {
        if (!perturbation->hasSeverity()) continue;
        const Image result =
            perturbed(perturbation->spec().name, plain({3, 28, 28}, value), {{"severity", std::int64_t{5}}});
        for (const float each : result.pixels) {
          QVERIFY2(each >= 0 && each <= 1, perturbation->spec().name.c_str());  // no NaN
        }
      }
    }
  }

  void randomOnesFollowTheSeed() {
    const Image image = waves({3, 32, 32});
    const std::set<std::string> random = {
        "gaussian-noise", "shot-noise", "impulse-noise", "salt-and-pepper", "speckle-noise", "uniform-noise",
        "motion-blur",    "glass-blur", "fog",           "frost",           "snow",          "spatter",
        "elastic",        "perspective"};
    for (const auto* perturbation : perturbations()) {
      const std::string& name = perturbation->spec().name;
      const bool same = perturbed(name, image, {}, 1) == perturbed(name, image, {}, 2);
      QVERIFY2(same != random.contains(name), name.c_str());
    }
  }

  /// On average over images: the next level changes more. Where it isn't so by the published constants, it is said.
  void severityIsMonotone() {
    // Pale first, colourful later; one large shift of the whole first, many small ones later; water first, mud later;
    // more blur smooths what glass has shuffled; a darker picture under as much ice.
    const std::set<std::string> notByPublication = {"saturation", "elastic", "spatter", "glass-blur", "frost"};
    for (const auto* perturbation : perturbations()) {
      const std::string& name = perturbation->spec().name;
      if (!perturbation->hasSeverity() || notByPublication.contains(name)) continue;
      double last = 0;
      for (int severity = 1; severity <= Perturbation::kSeverities; ++severity) {
        double distance = 0;
        for (std::uint64_t i = 0; i < 24; ++i) {
          const Image image = picture(i);
          distance += meanSquare(perturbed(name, image, {{"severity", std::int64_t{severity}}}, i), image);
        }
        const std::string what =
            name + " " + std::to_string(severity) + ": " + std::to_string(distance) + " after " + std::to_string(last);
        QVERIFY2(distance > 0.98 * last, what.c_str());  // motion blur's longer kernel adds next to nothing at 4
        last = distance;
      }
    }
  }

  void severityStandsForParameters() {
    const Perturbation& defocus = findPerturbation("defocus-blur");
    const Parameters given = resolve("defocus-blur", defocus.spec().parameters, {{"severity", std::int64_t{4}}});
    const Parameters published = defocus.effective(given, {3, 32, 32});
    QCOMPARE(published.real("radius"), 1.0);
    QCOMPARE(published.real("softness"), 0.2);
    QCOMPARE(published.integer("severity"), std::int64_t{0});
    QCOMPARE(defocus.effective(given, {1, 28, 28}).real("radius"), 0.875);           // lengths follow the smaller side
    QCOMPARE(defocus.effective(given, {3, 100'000, 100'000}).real("radius"), 64.0);  // brought into the range
    const Image image = waves({1, 28, 28});
    QVERIFY(defocus.apply(image, given, 1) == defocus.apply(image, defocus.effective(given, image.shape), 1));
    // Without a severity the values are those that were given.
    const Parameters own = resolve("defocus-blur", defocus.spec().parameters, {{"radius", 3.0}});
    QVERIFY(defocus.effective(own, {3, 32, 32}) == own);
  }

  void strengthsLieBetweenSeverities() {
    const Perturbation& snow = findPerturbation("snow");
    const Parameters defaults = resolve("snow", snow.spec().parameters, {});
    const ImageShape shape{3, 32, 32};
    Parameters third = defaults;
    third.set("severity", std::int64_t{3});
    QVERIFY(snow.atStrength(3, defaults, shape) == snow.effective(third, shape));
    QVERIFY(std::abs(snow.atStrength(3.5, defaults, shape).real("radius") - 11) < 1e-9);
    QCOMPARE(snow.atStrength(3.5, defaults, shape).integer("severity"), std::int64_t{0});
    const Image image = picture(1);
    for (const auto* perturbation : perturbations()) {
      const std::string& name = perturbation->spec().name;
      if (!perturbation->hasSeverity()) continue;
      const Parameters given = resolve(name, perturbation->spec().parameters, {});
      const Parameters none = perturbation->atStrength(0, given, shape);
      const double distance = std::sqrt(meanSquare(perturbation->apply(image, none, 1), image));
      QVERIFY2(distance < 0.04, (name + ": " + std::to_string(distance)).c_str());
      QVERIFY2(resolve(name, perturbation->spec().parameters, none) == none, name.c_str());  // allowed values
    }
  }

  void badParametersAreRefusedWithTheRange() {
    const Image image = waves({1, 8, 8});
    for (const auto* perturbation : perturbations()) {
      const std::string& name = perturbation->spec().name;
      for (const ParameterSpec& each : perturbation->spec().parameters) {
        ParameterValue beyond = std::string("nonsense");
        if (each.type == ParameterType::Integer) beyond = static_cast<std::int64_t>(each.maximum) + 1;
        if (each.type == ParameterType::Real) beyond = each.maximum * 2 + 1;
        const std::string said = refusal([&] { perturbed(name, image, {{each.name, beyond}}); });
        QVERIFY2(said.starts_with("usage:"), (name + ": " + each.name + ": " + said).c_str());
        if (each.type == ParameterType::Boolean) continue;
        QVERIFY2(said.find(allowedRange(each)) != std::string::npos, said.c_str());
      }
      QVERIFY(!refusal([&] { perturbed(name, image, {{"nonsense", 1.0}}); }).empty());
    }
  }

  void brokenImagesAreNoImages() {
    const Image broken{{1, 4, 4}, {0.5f}};
    for (const auto* perturbation : perturbations()) {
      QVERIFY(!refusal([&] { perturbed(perturbation->spec().name, broken, {}); }).empty());
    }
  }
};

QTEST_APPLESS_MAIN(PerturbationTest)
#include "perturbation_test.moc"
