// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/detect/logistic.h"

#include <algorithm>
#include <cmath>

#include <QTest>

#include <ATen/ATen.h>

#include "core/base/error.h"
#include "core/base/random.h"

using namespace whorl;
using torch::Tensor;

namespace {

struct Data {
  Tensor x;
  Tensor labels;
};

/// Two overlapping clouds of `count` points each in two dimensions.
Data clouds(std::int64_t count, double distance, std::uint64_t seed) {
  Random random(seed);
  Data data{at::empty({2 * count, 2}, torch::kFloat64), at::empty({2 * count}, torch::kInt64)};
  for (std::int64_t i = 0; i < 2 * count; ++i) {
    const bool positive = i >= count;
    data.x.data_ptr<double>()[2 * i] = random.normal() + (positive ? distance : 0);
    data.x.data_ptr<double>()[2 * i + 1] = 2 * random.normal() - (positive ? distance : 0);
    data.labels.data_ptr<std::int64_t>()[i] = positive;
  }
  return data;
}

double objective(const Data& data, double c, const Tensor& weights, double intercept) {
  const Tensor margins = (data.labels.to(torch::kFloat64) * 2 - 1) * (data.x.mv(weights) + intercept);
  return (weights.square().sum() / 2 - at::log_sigmoid(margins).sum() * c).item<double>();
}

}  // namespace

class LogisticTest : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void agreesWithScikitLearn();
  void isAMinimum();
  void interceptIsNotPenalised();
  void separatedCloudsHaveAFiniteFit();
  void foldsAreThoseOfScikitLearn();
  void crossValidationPicksASmallStrengthOfNoise();
  void swappingLabelsFlipsTheSign();
  void scaling();
  void nonsenseIsRefused();
};

// LogisticRegression(C=0.5, tol=1e-12) on x = (−2,1), (−1,0), (0,2), (1,−1), (1,1), (3,0) with labels 0 0 1 0 1 1.
void LogisticTest::agreesWithScikitLearn() {
  const Tensor x =
      at::tensor({-2.0, 1.0, -1.0, 0.0, 0.0, 2.0, 1.0, -1.0, 1.0, 1.0, 3.0, 0.0}, torch::kFloat64).view({6, 2});
  const LogisticModel model = fitLogistic(x, at::tensor({0, 0, 1, 0, 1, 1}, torch::kInt64), 0.5);
  QVERIFY(std::abs(model.weights[0].item<double>() - 0.62851252) < 1e-6);
  QVERIFY(std::abs(model.weights[1].item<double>() - 0.58121969) < 1e-6);
  QVERIFY(std::abs(model.intercept + 0.49916332) < 1e-6);
}

void LogisticTest::isAMinimum() {
  const Data data = clouds(100, 1.5, 1);
  for (const double c : {1e-4, 1.0, 1e4}) {
    const LogisticModel model = fitLogistic(data.x, data.labels, c);
    const double least = objective(data, c, model.weights, model.intercept);
    for (int k = 0; k < 6; ++k) {
      Tensor weights = model.weights.clone();
      double intercept = model.intercept;
      const double step = (k % 2 ? 1 : -1) * 1e-3;
      if (k / 2 < 2) {
        weights[k / 2] += step;
      } else {
        intercept += step;
      }
      QVERIFY(objective(data, c, weights, intercept) > least);
    }
  }
}

void LogisticTest::interceptIsNotPenalised() {
  // Shifting a column moves the intercept alone.
  const Data data = clouds(60, 1, 2);
  const LogisticModel model = fitLogistic(data.x, data.labels, 1);
  const LogisticModel shifted = fitLogistic(data.x + 100, data.labels, 1);
  QVERIFY(at::allclose(model.weights, shifted.weights, 1e-6, 1e-8));
  QVERIFY(std::abs(shifted.intercept + 100 * shifted.weights.sum().item<double>() - model.intercept) < 1e-5);
}

void LogisticTest::separatedCloudsHaveAFiniteFit() {
  const Data data = clouds(50, 40, 3);
  const LogisticModel model = fitLogisticCV(data.x, data.labels);
  QVERIFY(std::isfinite(model.intercept) && model.weights.isfinite().all().item<bool>());
  QVERIFY(((decision(model, data.x) > 0).to(torch::kInt64) == data.labels).all().item<bool>());
  QVERIFY(fitLogistic(data.x, data.labels, 1e4).weights.isfinite().all().item<bool>());
}

void LogisticTest::foldsAreThoseOfScikitLearn() {
  // StratifiedKFold(3) on 1 0 0 1 1 0 0 0 1 1 0: as scikit-learn 1.9 prints it.
  const std::vector<int> folds = stratifiedFolds(at::tensor({1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0}, torch::kInt64), 3);
  QCOMPARE(folds, (std::vector<int>{0, 0, 0, 0, 1, 1, 1, 2, 1, 2, 2}));
}

void LogisticTest::crossValidationPicksASmallStrengthOfNoise() {
  // Labels that have nothing to do with the columns: whatever is picked, the fit must not be better than chance by
  // much.
  Data data = clouds(200, 0, 4);
  const LogisticModel model = fitLogisticCV(data.x, data.labels);
  const double hits =
      ((decision(model, data.x) > 0).to(torch::kInt64) == data.labels).to(torch::kFloat64).mean().item<double>();
  QVERIFY(hits < 0.62);
  // And labels that do are learned.
  data = clouds(200, 2.5, 5);
  const LogisticModel good = fitLogisticCV(data.x, data.labels);
  const Data fresh = clouds(200, 2.5, 6);
  QVERIFY(((decision(good, fresh.x) > 0).to(torch::kInt64) == fresh.labels).to(torch::kFloat64).mean().item<double>() >
          0.88);
}

void LogisticTest::swappingLabelsFlipsTheSign() {
  const Data data = clouds(40, 1, 7);
  const LogisticModel model = fitLogistic(data.x, data.labels, 1);
  const LogisticModel swapped = fitLogistic(data.x, 1 - data.labels, 1);
  QVERIFY(at::allclose(model.weights, -swapped.weights, 1e-6, 1e-9));
  QVERIFY(std::abs(model.intercept + swapped.intercept) < 1e-6);
}

void LogisticTest::scaling() {
  const Tensor x = at::tensor({1.0, 5.0, 3.0, 5.0, 8.0, 5.0}, torch::kFloat64).view({3, 2});
  const ColumnScaling minmax = columnScaling(x, "minmax");
  QVERIFY(at::allclose(minmax(x).select(1, 0), at::tensor({0.0, 2.0 / 7, 1.0}, torch::kFloat64)));
  QVERIFY((minmax(x).select(1, 1) == 0).all().item<bool>());  // constant: no division by 0
  const Tensor z = columnScaling(x, "zscore")(x).select(1, 0);
  QVERIFY(std::abs(z.sum().item<double>()) < 1e-12);
  QVERIFY(std::abs(z.square().mean().item<double>() - 1) < 1e-12);
  QVERIFY(columnScaling(x, "none")(x).equal(x));
}

void LogisticTest::nonsenseIsRefused() {
  const Data data = clouds(10, 1, 8);
  QVERIFY_EXCEPTION_THROWN(fitLogistic(data.x, at::zeros_like(data.labels), 1), Error);
  Tensor broken = data.x.clone();
  broken[3][1] = std::nan("");
  QVERIFY_EXCEPTION_THROWN(fitLogistic(broken, data.labels, 1), Error);
  QVERIFY_EXCEPTION_THROWN(fitLogisticCV(data.x.narrow(0, 6, 8), data.labels.narrow(0, 6, 8)), Error);  // 4 a label
}

QTEST_APPLESS_MAIN(LogisticTest)
#include "logistic_test.moc"
