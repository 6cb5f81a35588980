// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/theory/trajectory.h"

#include <algorithm>
#include <cmath>

#include <QTest>

#include "core/theory/experiment.h"
#include "tests/core/landscape/error_kind.h"

using namespace whorl;
using whorl::test::kindOf;

namespace {

const LinearModel kLine{{3, 4}, 0};
const PlanarNetwork kNetwork = PlanarNetwork::of(kLine);

PlanarTrajectory attack(const std::string& name, const Parameters& parameters, const PlanarPoint& start, int label) {
  return planarAttack(kNetwork, {2, {}, {}}, 1, name, parameters, start, label, 3);
}

bool close(const PlanarPoint& a, const PlanarPoint& b) { return length(a - b) < 1e-12; }

}  // namespace

class TrajectoryTest : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void fgsmByHand();
  void pgdCrossesExactlyWhenTheBallReaches();
  void staysInItsBall_data();
  void staysInItsBall();
  void adaptiveOnesEndInTheAcceptRegion();
  void nonsenseIsRefused();
};

void TrajectoryTest::fgsmByHand() {
  // Away from class 1 is against w: its sign, or its direction (0.6, 0.8).
  PlanarTrajectory path = attack("fgsm", {{"epsilon", 0.5}, {"norm", std::string("linf")}}, {1, 1}, 1);
  QCOMPARE(path.steps.size(), std::size_t{2});
  QVERIFY(close(path.steps[1].at, {0.5, 0.5}));
  QVERIFY(!path.fooled);
  path = attack("fgsm", {{"epsilon", 2.0}, {"norm", std::string("l2")}}, {1, 1}, 1);
  QVERIFY(close(path.steps[1].at, {1 - 1.2, 1 - 1.6}));
  QVERIFY(path.fooled);
  QVERIFY(std::abs(path.steps[0].loss - std::log1p(std::exp(-7.0))) < 1e-12);
}

void TrajectoryTest::pgdCrossesExactlyWhenTheBallReaches() {
  // (1, 1) is at distance 7/5 from the boundary.
  const auto pgd = [](double epsilon) {
    return attack("pgd", {{"epsilon", epsilon}, {"norm", std::string("l2")}, {"step_size", 0.1}}, {1, 1}, 1);
  };
  QVERIFY(!pgd(1.39).fooled);
  QVERIFY(pgd(1.41).fooled);
  QVERIFY(std::abs(length(pgd(1.41).steps.back().at - PlanarPoint{1, 1}) - 1.41) < 1e-12);
  QCOMPARE(pgd(1.41).steps.size(), std::size_t{41});
}

void TrajectoryTest::staysInItsBall_data() {
  QTest::addColumn<QString>("name");
  QTest::addColumn<QString>("norm");
  for (const char* name : {"pgd", "adaptive-pgd"}) {
    for (const char* norm : {"linf", "l2"}) QTest::addRow("%s %s", name, norm) << name << norm;
  }
}

void TrajectoryTest::staysInItsBall() {
  QFETCH(QString, name);
  QFETCH(QString, norm);
  const PlanarNetwork network({12, 12}, 3, "relu", 4);
  const PlanarFingerprints arrows =
      drawPlanarFingerprints(resolve("fingerprints", planarFingerprintParameters(), {}), 3, 1);
  const Parameters parameters{{"epsilon", 0.7},
                              {"norm", norm.toStdString()},
                              {"random_start", true},
                              {"step_size", 0.3},
                              {"steps", std::int64_t{25}}};
  const auto run = [&](std::uint64_t seed) {
    return planarAttack(network, arrows, 0.4, name.toStdString(), parameters, {0.2, -0.4}, 1, seed);
  };
  const PlanarTrajectory path = run(1);
  QCOMPARE(path.steps.size(), std::size_t{27});
  for (const PlanarStep& step : path.steps) {
    const PlanarPoint shift = step.at - PlanarPoint{0.2, -0.4};
    const double size = norm == "l2" ? length(shift) : std::max(std::abs(shift.x), std::abs(shift.y));
    QVERIFY(size <= 0.7 + 1e-12);
  }
  QVERIFY(path.best < path.steps.size());
  const PlanarStep& best = path.steps[path.best];
  QCOMPARE(path.fooled, best.predicted != 1);
  QCOMPARE(path.accepted, best.score < 0.4);
  const auto same = [](const PlanarStep& a, const PlanarStep& b) { return a.at == b.at && a.score == b.score; };
  const PlanarTrajectory again = run(1), other = run(2);
  QVERIFY(std::equal(path.steps.begin(), path.steps.end(), again.steps.begin(), same));
  QVERIFY(!(path.steps[1].at == other.steps[1].at));
}

void TrajectoryTest::adaptiveOnesEndInTheAcceptRegion() {
  // On the toy of the figure, from the middle of one class and with a ball that reaches the other: PGD runs past the
  // data, where s is high, more often than the attack that knows of s.
  TheoryRequest request;
  request.modelParameters = {{"epochs", std::int64_t{60}}};
  const TheoryResult result = runTheory(request, {});
  int plain = 0, adaptive = 0;
  for (int i = 0; i < 20; ++i) {
    const PlanarSample& sample = result.data[static_cast<std::size_t>(2 * i)];
    const auto evades = [&](const std::string& name) {
      const PlanarTrajectory path =
          planarAttack(result.fingerprinted.network, result.fingerprints, result.threshold, name,
                       {{"epsilon", 12.0}, {"steps", std::int64_t{100}}}, sample.at, sample.label, 1);
      return path.fooled && path.accepted;
    };
    plain += evades("pgd");
    adaptive += evades("adaptive-pgd");
  }
  QVERIFY2(adaptive > plain, qPrintable(QStringLiteral("%1 of 20, PGD %2").arg(adaptive).arg(plain)));
}

void TrajectoryTest::nonsenseIsRefused() {
  QCOMPARE(kindOf([] { attack("cw", {}, {1, 1}, 1); }), ErrorKind::Usage);
  QCOMPARE(kindOf([] { attack("fgsm", {{"steps", std::int64_t{3}}}, {1, 1}, 1); }), ErrorKind::Usage);
  QCOMPARE(kindOf([] { attack("pgd", {{"epsilon", -1.0}}, {1, 1}, 1); }), ErrorKind::Usage);
  QCOMPARE(kindOf([] { attack("pgd", {}, {1, 1}, 2); }), ErrorKind::Usage);
  QCOMPARE(kindOf([] { attack("adaptive-pgd", {}, {1, 1}, 1); }), ErrorKind::Usage);
  QCOMPARE(kindOf([] { attack("pgd", {}, {std::nan(""), 1}, 1); }), ErrorKind::BadInput);
}

QTEST_APPLESS_MAIN(TrajectoryTest)
#include "trajectory_test.moc"
