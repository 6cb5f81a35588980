// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/theory/toys.h"

#include <cmath>
#include <limits>

#include <QTest>

#include "core/theory/field.h"
#include "tests/core/landscape/error_kind.h"

using namespace whorl;
using whorl::test::kindOf;

class ToysTest : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void sameSeedSamePoints_data();
  void sameSeedSamePoints();
  void shapesAreAsDeclared();
  void blobsHaveTheirMomentsAndClasses();
  void nonsenseIsRefused();
  void badPointsAreRefused();
};

void ToysTest::sameSeedSamePoints_data() {
  QTest::addColumn<QString>("toy");
  for (const ToyEntry& entry : toys())
    QTest::newRow(entry.spec.name.c_str()) << QString::fromStdString(entry.spec.name);
}

void ToysTest::sameSeedSamePoints() {
  QFETCH(QString, toy);
  const std::string name = toy.toStdString();
  const PlanarData data = makeToy(name, {}, 4);
  QCOMPARE(data.size(), std::size_t{400});
  QCOMPARE(checkedClassCount(data), 2);
  QVERIFY(data == makeToy(name, {}, 4));
  QVERIFY(data != makeToy(name, {}, 5));
  // More points begin with the same ones.
  const PlanarData more = makeToy(name, {{"count", std::int64_t{500}}}, 4);
  QCOMPARE(more.size(), std::size_t{500});
  QVERIFY(std::equal(data.begin(), data.end(), more.begin()));
}

void ToysTest::shapesAreAsDeclared() {
  for (const PlanarSample& sample : makeToy("circles", {{"noise", 0.0}, {"factor", 0.5}}, 1)) {
    QVERIFY(std::abs(length(sample.at) - (sample.label == 0 ? 3 : 1.5)) < 1e-12);
  }
  for (const PlanarSample& sample : makeToy("moons", {{"noise", 0.0}}, 1)) {
    const PlanarPoint at = sample.label == 0 ? sample.at : sample.at * -1;
    QVERIFY(std::abs(std::hypot(at.x + 1, at.y + 0.5) - 2) < 1e-12);
    QVERIFY(at.y >= -0.5);
  }
  // On an arm the angle follows from the radius and the class.
  for (const PlanarSample& sample : makeToy("spirals", {{"noise", 0.0}, {"classes", std::int64_t{3}}}, 1)) {
    const double angle = 2 * M_PI * (length(sample.at) / 3.5 + sample.label / 3.0);
    QVERIFY(length(sample.at * (1 / length(sample.at)) - PlanarPoint{std::cos(angle), std::sin(angle)}) < 1e-9);
  }
}

void ToysTest::blobsHaveTheirMomentsAndClasses() {
  const PlanarData data = makeToy("blobs", {{"count", std::int64_t{4000}}, {"classes", std::int64_t{2}}}, 3);
  for (const int label : {0, 1}) {
    PlanarPoint mean;
    double square = 0;
    const double centre = label == 0 ? -3 : 3;
    for (const PlanarSample& sample : data) {
      if (sample.label != label) continue;
      mean = mean + sample.at * (1 / 2000.0);
      square += (sample.at.x - centre) * (sample.at.x - centre) / 2000;
    }
    const double error = 5 / std::sqrt(2000.0);  // five standard errors
    QVERIFY(std::abs(mean.x - centre) < error && std::abs(mean.y - centre) < error);
    QVERIFY(std::abs(square - 1) < error * std::sqrt(2.0));
  }
  QCOMPARE(checkedClassCount(makeToy("blobs", {{"classes", std::int64_t{4}}}, 3)), 4);
}

void ToysTest::nonsenseIsRefused() {
  QCOMPARE(kindOf([] { makeToy("swiss-roll", {}, 0); }), ErrorKind::Usage);
  QCOMPARE(kindOf([] { makeToy("moons", {{"factor", 0.5}}, 0); }), ErrorKind::Usage);
  QCOMPARE(kindOf([] { makeToy("blobs", {{"count", std::int64_t{0}}}, 0); }), ErrorKind::Usage);
  QCOMPARE(kindOf([] { makeToy("blobs", {{"noise", std::nan("")}}, 0); }), ErrorKind::Usage);
}

void ToysTest::badPointsAreRefused() {
  const PlanarSample a{{0, 0}, 0}, b{{1, 0}, 1};
  QCOMPARE(checkedClassCount({a, b}), 2);
  QCOMPARE(kindOf([&] { checkedClassCount({}); }), ErrorKind::BadInput);
  QCOMPARE(kindOf([&] { checkedClassCount({a, a}); }), ErrorKind::BadInput);
  QCOMPARE(kindOf([&] { checkedClassCount({b, b}); }), ErrorKind::BadInput);
  QCOMPARE(kindOf([&] { checkedClassCount({a, {{1, 0}, 2}}); }), ErrorKind::BadInput);  // class 1 is missing
  QCOMPARE(kindOf([&] { checkedClassCount({a, b, {{0, 0}, 4}}); }), ErrorKind::BadInput);
  QCOMPARE(kindOf([&] { checkedClassCount({a, b, {{0, 0}, -1}}); }), ErrorKind::BadInput);
  QCOMPARE(kindOf([&] { checkedClassCount({a, {{std::nan(""), 0}, 1}}); }), ErrorKind::BadInput);
  QCOMPARE(kindOf([&] { checkedClassCount({a, {{0, 1e9}, 1}}); }), ErrorKind::BadInput);
  QCOMPARE(kindOf([&] { checkedClassCount(PlanarData(planar::kMostSamples + 1, a)); }), ErrorKind::BadInput);
  // A single place still gets a square to be drawn in.
  QCOMPARE(boxAround({a, a}).side, 1.9);
}

QTEST_APPLESS_MAIN(ToysTest)
#include "toys_test.moc"
