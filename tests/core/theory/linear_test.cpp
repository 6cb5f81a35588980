// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/theory/linear.h"

#include <algorithm>
#include <cmath>
#include <stop_token>

#include <QTest>

#include "core/theory/toys.h"
#include "tests/core/landscape/error_kind.h"

using namespace whorl;
using whorl::test::kindOf;

namespace {

/// Twelve points that no line parts without error.
PlanarData knownData() {
  const std::vector<PlanarPoint> points{{-3, -2.5}, {-2, -3}, {-1, -1.5}, {0.5, -0.25}, {-2.5, 0.5}, {-1.25, -3.5},
                                        {3, 2.5},   {2, 3},   {1, 1.5},   {-0.5, 0.75}, {2.5, -0.5}, {1.25, 3.5}};
  PlanarData data;
  for (std::size_t i = 0; i < points.size(); ++i) data.push_back({points[i], i < 6 ? 0 : 1});
  return data;
}

double sign(const PlanarSample& sample) { return sample.label == 1 ? 1 : -1; }

double hingeObjective(const PlanarData& data, double c, const LinearModel& model) {
  double loss = 0;
  for (const PlanarSample& sample : data) loss += std::max(0.0, 1 - sign(sample) * model.value(sample.at));
  return dot(model.w, model.w) / 2 + c * loss;
}

void expectModel(const LinearModel& found, const LinearModel& wanted) {
  QVERIFY2(std::abs(found.w.x - wanted.w.x) < 1e-6 && std::abs(found.w.y - wanted.w.y) < 1e-6 &&
               std::abs(found.b - wanted.b) < 1e-6,
           qPrintable(QStringLiteral("%1 %2 %3").arg(found.w.x, 0, 'g', 12).arg(found.w.y, 0, 'g', 12).arg(found.b)));
}

}  // namespace

class LinearTest : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void agreesWithTheReference_data();
  void agreesWithTheReference();
  void twoPointsByHand();
  void isOptimalOnToys_data();
  void isOptimalOnToys();
  void logisticGradientVanishes();
  void sameDataSameNumbers();
  void stopsWhenAsked();
  void nonsenseIsRefused();
};

void LinearTest::agreesWithTheReference_data() {
  // scikit-learn 1.9.1 on knownData(): SVC(kernel="linear", C=c, tol=1e-12) and
  // LogisticRegression(C=c, tol=1e-14, max_iter=100000, solver="newton-cholesky"); "%.12g" of coef_ and intercept_.
  QTest::addColumn<double>("c");
  QTest::addColumn<QVector<double>>("svm");
  QTest::addColumn<QVector<double>>("logistic");
  QTest::newRow("0.1") << 0.1 << QVector<double>{0.465384615385, 0.326923076923, 0}
                       << QVector<double>{0.347402852895, 0.360782366488, -0.0216083948353};
  QTest::newRow("1") << 1.0 << QVector<double>{0.538461538462, 0.692307692308, 0}
                     << QVector<double>{0.786972463308, 0.880041914713, -0.102795758862};
  QTest::newRow("100") << 100.0 << QVector<double>{1.42857142857, 3.42857142857, -0.857142857142}
                       << QVector<double>{3.21308316274, 7.32055507605, -1.56261192755};
}

void LinearTest::agreesWithTheReference() {
  QFETCH(double, c);
  QFETCH(QVector<double>, svm);
  QFETCH(QVector<double>, logistic);
  expectModel(trainSvm(knownData(), c).model, {{svm[0], svm[1]}, svm[2]});
  expectModel(trainLogistic(knownData(), c), {{logistic[0], logistic[1]}, logistic[2]});
}

void LinearTest::twoPointsByHand() {
  // The margin of two points is their distance, 5: w = 2/25 · (3, 4), and b puts the boundary in the middle.
  const SvmSolution solution = trainSvm({{{0, 0}, 0}, {{3, 4}, 1}}, 10);
  expectModel(solution.model, {{0.24, 0.32}, -1});
  QVERIFY(std::abs(solution.alpha[0] - 0.08) < 1e-9 && std::abs(solution.alpha[1] - 0.08) < 1e-9);
}

void LinearTest::isOptimalOnToys_data() {
  QTest::addColumn<QString>("toy");
  QTest::addColumn<double>("c");
  for (const ToyEntry& entry : toys()) {
    for (const double c : {0.01, 1.0, 50.0}) {
      QTest::addRow("%s %g", entry.spec.name.c_str(), c) << QString::fromStdString(entry.spec.name) << c;
    }
  }
}

void LinearTest::isOptimalOnToys() {
  QFETCH(QString, toy);
  QFETCH(double, c);
  const PlanarData data = makeToy(toy.toStdString(), {{"count", std::int64_t{120}}}, 2);
  const SvmSolution solution = trainSvm(data, c);
  const LinearModel& model = solution.model;
  // Karush, Kuhn and Tucker's conditions.
  PlanarPoint w;
  double balance = 0, alphas = 0;
  for (std::size_t i = 0; i < data.size(); ++i) {
    const double alpha = solution.alpha[i];
    QVERIFY(alpha >= 0 && alpha <= c);
    w = w + data[i].at * (alpha * sign(data[i]));
    balance += alpha * sign(data[i]);
    alphas += alpha;
    const double margin = sign(data[i]) * model.value(data[i].at);
    if (alpha == 0) QVERIFY(margin >= 1 - 1e-6);
    if (alpha == c) QVERIFY(margin <= 1 + 1e-6);
    if (alpha > 0 && alpha < c) QVERIFY(std::abs(margin - 1) < 1e-6);
  }
  QVERIFY(length(w - model.w) < 1e-9 && std::abs(balance) < 1e-9 * (1 + alphas));
  // No gap between the primal and the dual.
  const double primal = hingeObjective(data, c, model);
  QVERIFY(std::abs(primal - (alphas - dot(w, w) / 2)) < 1e-6 * (1 + primal));
}

void LinearTest::logisticGradientVanishes() {
  const PlanarData data = makeToy("moons", {}, 1);
  const double c = 3;
  const LinearModel model = trainLogistic(data, c);
  double x = model.w.x, y = model.w.y, b = 0;
  for (const PlanarSample& sample : data) {
    const double pull = c * sign(sample) / (1 + std::exp(sign(sample) * model.value(sample.at)));
    x -= pull * sample.at.x, y -= pull * sample.at.y, b -= pull;
  }
  QVERIFY(std::max({std::abs(x), std::abs(y), std::abs(b)}) < 1e-5);
}

void LinearTest::sameDataSameNumbers() {
  const PlanarData data = makeToy("moons", {}, 1);
  const SvmSolution first = trainSvm(data, 1);
  const SvmSolution again = trainSvm(data, 1);
  QVERIFY(first.model.w == again.model.w && first.model.b == again.model.b && first.alpha == again.alpha);
}

void LinearTest::stopsWhenAsked() {
  std::stop_source stop;
  stop.request_stop();
  const JobContext context(stop.get_token(), nullptr);
  QCOMPARE(kindOf([&] { trainSvm(knownData(), 1, 1e-9, context); }), ErrorKind::Cancelled);
  QCOMPARE(kindOf([&] { trainLogistic(knownData(), 1, context); }), ErrorKind::Cancelled);
}

void LinearTest::nonsenseIsRefused() {
  QCOMPARE(kindOf([] { trainSvm(knownData(), 0); }), ErrorKind::Usage);
  QCOMPARE(kindOf([] { trainSvm(knownData(), std::nan("")); }), ErrorKind::Usage);
  QCOMPARE(kindOf([] { trainSvm(knownData(), 1, 0); }), ErrorKind::Usage);
  QCOMPARE(kindOf([] { trainSvm({}, 1); }), ErrorKind::BadInput);
  const PlanarData three = makeToy("blobs", {{"classes", std::int64_t{3}}}, 1);
  QCOMPARE(kindOf([&] { trainSvm(three, 1); }), ErrorKind::BadInput);
  QCOMPARE(kindOf([&] { trainLogistic(three, 1); }), ErrorKind::BadInput);
  // Two classes at one place: no direction tells them apart, and no step is divided by nothing.
  const SvmSolution same = trainSvm({{{1, 1}, 0}, {{1, 1}, 1}}, 1);
  QVERIFY(length(same.model.w) == 0 && std::isfinite(same.model.b));
}

QTEST_APPLESS_MAIN(LinearTest)
#include "linear_test.moc"
