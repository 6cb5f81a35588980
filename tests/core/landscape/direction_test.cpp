// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/landscape/direction.h"

#include <cmath>
#include <set>

#include <QTest>

#include "tests/core/attack/linear_classifier.h"
#include "tests/core/landscape/error_kind.h"

using namespace whorl;
using test::kindOf;
using test::knownImage;
using test::knownNetwork;
using test::LinearClassifier;
using torch::Tensor;

namespace {

const auto kDouble = torch::TensorOptions().dtype(torch::kFloat64);

Tensor row(const std::vector<double>& values) { return torch::tensor(values, kDouble).view({1, 1, 2, 2}); }

bool close(const Tensor& found, const std::vector<double>& wanted, double tolerance) {
  return at::allclose(found.flatten(), torch::tensor(wanted, kDouble), 0, tolerance);
}

}  // namespace

class DirectionTest : public QObject {
  Q_OBJECT

  LinearClassifier m_net = knownNetwork();
  DirectionSource source() const {
    DirectionSource source;
    source.classifier = &m_net;
    source.image = knownImage();
    source.label = 1;
    source.seed = 5;
    return source;
  }

 private Q_SLOTS:
  void theTableHasAllOfThem();
  void aMaskIsItself();
  void gradientsOfTheKnownNetwork();
  void aSaturatedSoftmaxIsToldOf();
  void randomDirectionsFollowTheSeed_data();
  void randomDirectionsFollowTheSeed();
  void towardsAnotherImage();
  void towardsTheAdversarialExample();
  void componentsOfAPath();
  void theFirstTwoComponentsSpanAPlanarPath();
  void nonsenseIsRefused();
};

void DirectionTest::theTableHasAllOfThem() {
  std::set<std::string> names;
  for (const DirectionEntry& entry : landscapeDirections()) {
    QVERIFY(!entry.spec.title.empty() && !entry.spec.summary.empty());
    names.insert(entry.spec.name);
  }
  QCOMPARE(names, (std::set<std::string>{"gradient", "gradient-sign", "gaussian", "rademacher", "image", "adversarial",
                                         "pca", "mask"}));
}

void DirectionTest::aMaskIsItself() {
  DirectionSource from = source();
  QCOMPARE(kindOf([&] { makeDirection("mask", {}, from, 0); }), ErrorKind::Usage);
  from.mask = row({0, .5, .25, 0});
  QVERIFY(at::equal(makeDirection("mask", {}, from, 0), from.mask));
  from.mask = row({0, 0, 0, 0});
  QCOMPARE(kindOf([&] { makeDirection("mask", {}, from, 0); }), ErrorKind::BadInput);
}

void DirectionTest::gradientsOfTheKnownNetwork() {
  // dCE/dx of the known answers; the margin's is W₀ − W₁, since class 0 is the runner-up.
  QVERIFY(close(makeDirection("gradient", {}, source(), 0), {.0138764, -.5034244, .4826098, -.6874602}, 1e-7));
  QVERIFY(close(makeDirection("gradient-sign", {}, source(), 0), {1, -1, 1, -1}, 0));
  QVERIFY(close(makeDirection("gradient", {{"loss", std::string("margin")}}, source(), 0), {1, -3, 1.5, -2}, 1e-12));
}

void DirectionTest::aSaturatedSoftmaxIsToldOf() {
  const LinearClassifier sure(torch::tensor({5000.0, 0.0, 0.0, 0.0, -5000.0, 0.0, 0.0, 0.0}, kDouble).view({2, 4}),
                              at::zeros({2}, kDouble), {1, 2, 2});
  DirectionSource from = source();
  from.classifier = &sure;
  from.label = 0;
  QCOMPARE(kindOf([&] { makeDirection("gradient", {}, from, 0); }), ErrorKind::BadInput);
  QVERIFY(close(makeDirection("gradient", {{"loss", std::string("margin")}}, from, 0), {-10000, 0, 0, 0}, 1e-9));
}

void DirectionTest::randomDirectionsFollowTheSeed_data() {
  QTest::addColumn<QString>("name");
  QTest::newRow("gaussian") << "gaussian";
  QTest::newRow("rademacher") << "rademacher";
}

void DirectionTest::randomDirectionsFollowTheSeed() {
  QFETCH(QString, name);
  const std::string direction = name.toStdString();
  DirectionSource from = source();
  from.image = at::zeros({1, 3, 40, 40}, kDouble);
  const Tensor first = makeDirection(direction, {}, from, 0);
  QVERIFY(at::equal(first, makeDirection(direction, {}, from, 0)));
  QVERIFY(!at::equal(first, makeDirection(direction, {}, from, 1)));
  from.seed = 6;
  QVERIFY(!at::equal(first, makeDirection(direction, {}, from, 0)));
  // Mean 0, variance 1, over 4,800 numbers: five standard errors.
  QVERIFY(std::abs(first.mean().item<double>()) < 5 / std::sqrt(4800.0));
  QVERIFY(std::abs(first.square().mean().item<double>() - 1) < 5 * std::sqrt(2 / 4800.0));
  if (direction == "rademacher") QVERIFY((first.abs() == 1).all().item<bool>());
  if (direction == "gaussian") QVERIFY(first.abs().max().item<double>() > 2.5);
}

void DirectionTest::towardsAnotherImage() {
  DirectionSource from = source();
  QCOMPARE(kindOf([&] { makeDirection("image", {}, from, 0); }), ErrorKind::Usage);
  std::int64_t asked = -1;
  from.otherImage = [&](std::int64_t index) {
    asked = index;
    return index == 7 ? row({1, 0, 1, 0}) : knownImage();
  };
  QVERIFY(close(makeDirection("image", {{"index", std::int64_t{7}}}, from, 0), {.8, -.4, .4, -.8}, 1e-15));
  QCOMPARE(asked, std::int64_t{7});
  QCOMPARE(kindOf([&] { makeDirection("image", {{"index", std::int64_t{3}}}, from, 0); }), ErrorKind::Usage);
}

void DirectionTest::towardsTheAdversarialExample() {
  DirectionSource from = source();
  QCOMPARE(kindOf([&] { makeDirection("adversarial", {}, from, 0); }), ErrorKind::Usage);
  from.path = at::cat({row({.9, .9, .9, .9}), row({.3, .3, .7, .7})});
  QVERIFY(close(makeDirection("adversarial", {}, from, 0), {.1, -.1, .1, -.1}, 1e-15));
  from.path = knownImage();  // it failed and gave the image back
  QCOMPARE(kindOf([&] { makeDirection("adversarial", {}, from, 0); }), ErrorKind::BadInput);
}

void DirectionTest::componentsOfAPath() {
  // Steps along e₁ and e₂ with e₁ the longer: the components are those axes, and the path's end is on their positive
  // side.
  DirectionSource from = source();
  const auto at = [&](double x, double y) { return knownImage() + row({0, x, 0, y}); };
  from.path = torch::cat({at(-.1, 0), at(-.2, -.05), at(-.3, .05)});
  const auto unit = [&](std::int64_t number) {
    const Tensor found = makeDirection("pca", {{"component", number}}, from, 0).flatten();
    return found / found.norm();
  };
  // X'X = [[.14, -.005], [-.005, .005]] in (e₁, e₂): its first eigenvector in closed form.
  const double a = .14, b = -.005, d = .005;
  const double larger = (a + d) / 2 + std::sqrt((a - d) * (a - d) / 4 + b * b);
  const double length = std::hypot(b, larger - a);
  QVERIFY(close(unit(1), {0, -std::abs(b) / length, 0, (larger - a) / length}, 1e-10));
  QVERIFY(std::abs(unit(1).dot(unit(2)).item<double>()) < 1e-10);
  QCOMPARE(kindOf([&] { unit(3); }), ErrorKind::BadInput);  // three steps, but in two directions only
  from.path = at(.1, 0);
  QCOMPARE(kindOf([&] { unit(2); }), ErrorKind::BadInput);
  QVERIFY(close(unit(1), {0, 1, 0, 0}, 1e-12));
}

void DirectionTest::theFirstTwoComponentsSpanAPlanarPath() {
  const ImageShape shape{1, 6, 6};
  const LinearClassifier net = LinearClassifier::random(shape, 3, 1);
  const Tensor axes = test::randomImages(shape, 2, 3).flatten(1) - 0.5;
  DirectionSource from = source();
  from.classifier = &net;
  from.image = test::randomImages(shape, 1, 4);
  const Tensor steps = test::randomImages({1, 20, 2}, 1, 5).view({20, 2});
  from.path = from.image + steps.matmul(axes).view({20, 1, 6, 6});
  Tensor rest = from.path - from.image;
  for (const std::int64_t number : {std::int64_t{1}, std::int64_t{2}}) {
    Tensor unit = makeDirection("pca", {{"component", number}}, from, 0).flatten();
    unit = unit / unit.norm();
    rest = rest.flatten(1) - rest.flatten(1).mv(unit).unsqueeze(1) * unit;
  }
  QVERIFY(rest.abs().max().item<double>() < 1e-9);
}

void DirectionTest::nonsenseIsRefused() {
  QCOMPARE(kindOf([&] { makeDirection("sideways", {}, source(), 0); }), ErrorKind::Usage);
  QCOMPARE(kindOf([&] { makeDirection("", {}, source(), 0); }), ErrorKind::Usage);
  QCOMPARE(kindOf([&] { makeDirection("gradient", {{"loss", std::string("hinge")}}, source(), 0); }), ErrorKind::Usage);
  QCOMPARE(kindOf([&] { makeDirection("gaussian", {{"sigma", 1.0}}, source(), 0); }), ErrorKind::Usage);
  QCOMPARE(kindOf([&] { makeDirection("pca", {{"component", std::int64_t{0}}}, source(), 0); }), ErrorKind::Usage);
  LinearClassifier blind = knownNetwork();
  blind.setDifferentiable(false);
  DirectionSource from = source();
  from.classifier = &blind;
  QCOMPARE(kindOf([&] { makeDirection("gradient-sign", {}, from, 0); }), ErrorKind::BadInput);
}

QTEST_APPLESS_MAIN(DirectionTest)
#include "direction_test.moc"
