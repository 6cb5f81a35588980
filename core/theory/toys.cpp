// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/theory/toys.h"

#include <functional>
#include <numbers>

#include "core/base/error.h"
#include "core/base/random.h"

namespace whorl {
namespace {

constexpr double kPi = std::numbers::pi;

ParameterSpec countSpec() {
  return ParameterSpec::integer("count", 400, 8, 5000, "points", "Points in all, dealt out to the classes in turn");
}

ParameterSpec classesSpec(std::int64_t most) {
  return ParameterSpec::integer("classes", 2, 2, most, "", "How many classes there are");
}

ParameterSpec noiseSpec(double standard, double largest) {
  return ParameterSpec::real("noise", standard, 0, largest, "",
                             "Standard deviation of what is added to each coordinate");
}

/// Points of `classes` classes in turn. Each has a generator of its own.
PlanarData drawn(const Parameters& parameters, int classes, std::uint64_t seed, const char* name,
                 const std::function<PlanarPoint(int label, Random& random)>& place) {
  const auto count = parameters.integer("count");
  const double noise = parameters.real("noise");
  PlanarData data;
  data.reserve(static_cast<std::size_t>(count));
  for (std::int64_t i = 0; i < count; ++i) {
    Random random(mixSeed(mixSeed(seed, name), static_cast<std::uint64_t>(i)));
    const int label = static_cast<int>(i % classes);
    const PlanarPoint at = place(label, random);
    const double dx = noise * random.normal();
    const double dy = noise * random.normal();
    data.push_back({{at.x + dx, at.y + dy}, label});
  }
  return data;
}

PlanarData blobs(const Parameters& parameters, std::uint64_t seed) {
  const int classes = static_cast<int>(parameters.integer("classes"));
  // Two at (-d,-d) and (d,d), as in the published demonstration; more on the same circle, at equal angles.
  const double radius = parameters.real("distance") * std::numbers::sqrt2;
  return drawn(parameters, classes, seed, "blobs", [=](int label, Random&) {
    const double angle = -0.75 * kPi + 2 * kPi * label / classes;
    return PlanarPoint{radius * std::cos(angle), radius * std::sin(angle)};
  });
}

PlanarData moons(const Parameters& parameters, std::uint64_t seed) {
  return drawn(parameters, 2, seed, "moons", [](int label, Random& random) {
    const double angle = kPi * random.uniform();
    const PlanarPoint upper{2 * std::cos(angle) - 1, 2 * std::sin(angle) - 0.5};
    return label == 0 ? upper : PlanarPoint{-upper.x, -upper.y};
  });
}

PlanarData circles(const Parameters& parameters, std::uint64_t seed) {
  const double outer = 3;
  const double inner = outer * parameters.real("factor");
  return drawn(parameters, 2, seed, "circles", [=](int label, Random& random) {
    const double angle = 2 * kPi * random.uniform();
    const double radius = label == 0 ? outer : inner;
    return PlanarPoint{radius * std::cos(angle), radius * std::sin(angle)};
  });
}

PlanarData spirals(const Parameters& parameters, std::uint64_t seed) {
  const int classes = static_cast<int>(parameters.integer("classes"));
  const double turns = parameters.real("turns");
  return drawn(parameters, classes, seed, "spirals", [=](int label, Random& random) {
    const double along = std::sqrt(random.uniform(0.02, 1));  // evenly along an arm whose radius grows with its angle
    const double angle = 2 * kPi * (turns * along + static_cast<double>(label) / classes);
    return PlanarPoint{3.5 * along * std::cos(angle), 3.5 * along * std::sin(angle)};
  });
}

std::vector<ToyEntry> makeToys() {
  return {
      {{"blobs",
        "Blobs",
        "Round clouds of points, one a class",
        "the two-class demonstration of Neural Fingerprinting (Dathathri et al. 2018)",
        {countSpec(), classesSpec(planar::kMostClasses), noiseSpec(1, 3),
         ParameterSpec::real("distance", 3, 0.1, 10, "", "Each coordinate's distance of two clouds from the origin")}},
       &blobs},
      {{"moons",
        "Moons",
        "Two half circles that reach into each other",
        "the test problem of scikit-learn",
        {countSpec(), noiseSpec(0.2, 2)}},
       &moons},
      {{"circles",
        "Circles",
        "A circle inside another",
        "the test problem of scikit-learn",
        {countSpec(), noiseSpec(0.2, 2),
         ParameterSpec::real("factor", 0.4, 0.05, 0.95, "",
                             "Radius of the inner circle over that of the outer one, 3")}},
       &circles},
      {{"spirals",
        "Spirals",
        "Arms wound around each other",
        "Lang and Witbrock 1988",
        {countSpec(), classesSpec(planar::kMostClasses), noiseSpec(0.1, 2),
         ParameterSpec::real("turns", 1, 0.25, 3, "", "How often an arm goes around")}},
       &spirals},
  };
}

}  // namespace

const std::vector<ToyEntry>& toys() {
  static const std::vector<ToyEntry> table = makeToys();
  return table;
}

PlanarData makeToy(const std::string& name, const Parameters& parameters, std::uint64_t seed) {
  std::string known;
  for (const ToyEntry& entry : toys()) {
    if (entry.spec.name == name) return entry.make(resolve(name, entry.spec.parameters, parameters), seed);
    known += (known.empty() ? "" : ", ") + entry.spec.name;
  }
  throw Error(ErrorKind::Usage, "there is no toy problem \"" + name + "\"", "toy", "one of " + known);
}

}  // namespace whorl
