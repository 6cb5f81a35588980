// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/landscape/sample.h"

#include <atomic>
#include <cmath>
#include <stop_token>

#include <QTest>

#include "core/landscape/direction.h"
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

ValueSources sourcesOf(const Classifier& net, const Tensor& image, std::int64_t label) {
  ValueSources sources;
  sources.classifier = &net;
  sources.image = image;
  sources.label = label;
  return sources;
}

/// x + 10 y at each point, and how often it was asked.
struct Counted {
  std::atomic<std::int64_t> points{0};
  std::atomic<int> batches{0};
  PointFunction function() {
    return [this](const Tensor& coordinates) {
      points += coordinates.size(0);
      ++batches;
      return (coordinates.select(1, 0) + 10 * coordinates.select(1, 1)).unsqueeze(0);
    };
  }
};

}  // namespace

class SampleTest : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void valuesOfALinearModelAreKnown_data();
  void valuesOfALinearModelAreKnown();
  void theMiddleIsThePlainPrediction();
  void everyPointIsComputedOnce_data();
  void everyPointIsComputedOnce();
  void coarsePointsAreThoseOfTheFineGrid();
  void batchesAndWorkersChangeNothing();
  void progressEndsAtAll();
  void cancellingTakesEffectAtTheNextBatch_data();
  void cancellingTakesEffectAtTheNextBatch();
  void whatFailsEndsIt();
  void nonsenseIsRefused();
};

void SampleTest::valuesOfALinearModelAreKnown_data() {
  QTest::addColumn<bool>("clip");
  QTest::newRow("free") << false;
  QTest::newRow("clipped") << true;
}

void SampleTest::valuesOfALinearModelAreKnown() {
  QFETCH(bool, clip);
  const LinearClassifier net = knownNetwork();
  // Two pixels, each an axis of the plane: the logits are those of (.2 + x, .4, .6 + y, .8), clipped or not.
  const Plane plane(knownImage(),
                    {torch::tensor({3.0, 0.0, 0.0, 0.0}, kDouble), torch::tensor({1.0, 0.0, .5, 0.0}, kDouble)},
                    PlaneScale::Linf, clip);
  const PointValues values(sourcesOf(net, knownImage(), 1), {"cross_entropy", "margin", "predicted"});
  const Surface surface = sampleSurface(plane, Grid(2, 0.9, 11), values, {7, 1, 1}, JobContext{});
  QCOMPARE(surface.x.size(), std::size_t{11});
  QCOMPARE(surface.y.size(), std::size_t{11});
  for (std::size_t row = 0; row < 11; ++row) {
    for (std::size_t column = 0; column < 11; ++column) {
      const auto boxed = [&](double pixel) { return clip ? std::clamp(pixel, 0.0, 1.0) : pixel; };
      const double a = boxed(.2 + surface.x[column]), c = boxed(.6 + surface.y[row]);
      const double logits[] = {a - .8 + .5 * c + .1, .4 - c + 1.6, -a + .2 + c - .8 - .1};
      const double sum = std::exp(logits[0]) + std::exp(logits[1]) + std::exp(logits[2]);
      const std::size_t at = row * 11 + column;
      QVERIFY(std::abs(surface.layer("cross_entropy").values[at] - (std::log(sum) - logits[1])) < 1e-12);
      QVERIFY(std::abs(surface.layer("margin").values[at] - (std::max(logits[0], logits[2]) - logits[1])) < 1e-12);
      QCOMPARE(surface.layer("predicted").values[at],
               static_cast<double>(std::max_element(logits, logits + 3) - logits));
    }
  }
}

void SampleTest::theMiddleIsThePlainPrediction() {
  const test::SmoothClassifier net({1, 5, 5}, 12, 4, 3);
  const Tensor image = test::randomImages({1, 5, 5}, 1, 8);
  DirectionSource source;
  source.classifier = &net;
  source.image = image;
  const Plane plane(image, {makeDirection("gradient-sign", {}, source, 0), makeDirection("gaussian", {}, source, 1)},
                    PlaneScale::Linf, true);
  const PointValues values(sourcesOf(net, image, 0), {"cross_entropy", "confidence", "predicted"});
  const Surface surface = sampleSurface(plane, Grid(2, 0.5, 21), values, {}, JobContext{});
  const Tensor probabilities = net.logits(image).softmax(1);
  const std::size_t middle = 10 * 21 + 10;
  QVERIFY(std::abs(surface.layer("confidence").values[middle] - probabilities.max().item<double>()) < 1e-14);
  QCOMPARE(surface.layer("predicted").values[middle], probabilities.argmax().item<double>());
  QVERIFY(std::abs(surface.layer("cross_entropy").values[middle] + probabilities[0][0].log().item<double>()) < 1e-13);
  // Along the gradient's sign the loss rises from there.
  QVERIFY(surface.layer("cross_entropy").values[middle + 1] > surface.layer("cross_entropy").values[middle]);
}

void SampleTest::everyPointIsComputedOnce_data() {
  QTest::addColumn<int>("dimensions");
  QTest::addColumn<int>("resolution");
  for (const int dimensions : {1, 2}) {
    for (const int resolution : {2, 9, 33, 51, 130}) {
      QTest::addRow("%d-D, %d", dimensions, resolution) << dimensions << resolution;
    }
  }
}

void SampleTest::everyPointIsComputedOnce() {
  QFETCH(int, dimensions);
  QFETCH(int, resolution);
  const Grid grid(dimensions, 2, resolution);
  Counted counted;
  std::vector<Surface> levels;
  const Surface surface = sampleSurface(grid, {"value"}, counted.function(), {64, 2, 1}, JobContext{},
                                        [&](const Surface& level) { levels.push_back(level); });
  QCOMPARE(counted.points.load(), grid.pointCount());
  QCOMPARE(levels.size(), grid.levels().size());
  levels.push_back(surface);
  for (const Surface& level : levels) {
    QCOMPARE(level.isLine(), dimensions == 1);
    const auto& found = level.layer("value").values;
    QCOMPARE(found.size(), level.pointCount());
    for (std::size_t i = 0; i < found.size(); ++i) {
      QCOMPARE(found[i], level.x[i % level.x.size()] + 10 * level.y[i / level.x.size()]);
    }
  }
  QCOMPARE(surface.layer("value").values.size(), static_cast<std::size_t>(grid.pointCount()));
}

void SampleTest::coarsePointsAreThoseOfTheFineGrid() {
  const test::SmoothClassifier net({1, 5, 5}, 12, 4, 3);
  const Tensor image = test::randomImages({1, 5, 5}, 1, 8);
  const Tensor directions = test::randomImages({1, 5, 5}, 2, 9) - 0.5;
  const Plane plane(image, {directions[0], directions[1]}, PlaneScale::L2, false);
  const PointValues values(sourcesOf(net, image, 0), {"cross_entropy"});
  std::vector<Surface> levels;
  const Surface fine = sampleSurface(plane, Grid(2, 1, 51), values, {50, 1, 1}, JobContext{},
                                     [&](const Surface& level) { levels.push_back(level); });
  QCOMPARE(levels.size(), std::size_t{3});
  for (const Surface& level : levels) {
    for (std::size_t row = 0; row < level.y.size(); ++row) {
      for (std::size_t column = 0; column < level.x.size(); ++column) {
        const auto place = [](const std::vector<double>& all, double value) {
          return static_cast<std::size_t>(std::find(all.begin(), all.end(), value) - all.begin());
        };
        const std::size_t x = place(fine.x, level.x[column]), y = place(fine.y, level.y[row]);
        QVERIFY(x < 51 && y < 51);
        QCOMPARE(level.layers[0].values[row * level.x.size() + column], fine.layers[0].values[y * 51 + x]);
      }
    }
  }
  // A grid that is the coarse one by itself has the same points.
  const Surface coarse = sampleSurface(plane, Grid(2, 1, 9), values, {50, 1, 1}, JobContext{});
  const Surface nested = sampleSurface(plane, Grid(2, 1, 33), values, {50, 1, 1}, JobContext{});
  for (std::size_t i = 0; i < 81; ++i) {
    const double same = nested.layers[0].values[(i / 9) * 4 * 33 + (i % 9) * 4];
    QVERIFY(std::abs(coarse.layers[0].values[i] - same) < 1e-12);
  }
}

void SampleTest::batchesAndWorkersChangeNothing() {
  const LinearClassifier net = LinearClassifier::random({1, 5, 5}, 4, 2);
  const Tensor image = test::randomImages({1, 5, 5}, 1, 8);
  const Plane plane(image, {image - 0.3}, PlaneScale::L2, false);
  const PointValues values(sourcesOf(net, image, 0), {"cross_entropy", "gradient_norm"});
  const Surface one = sampleSurface(plane, Grid(1, 1, 200), values, {1000, 1, 1}, JobContext{});
  for (const SamplingPlan& plan : {SamplingPlan{1, 1, 1}, SamplingPlan{7, 2, 1}, SamplingPlan{1000, 3, 1}}) {
    const Surface other = sampleSurface(plane, Grid(1, 1, 200), values, plan, JobContext{});
    QCOMPARE(other.x, one.x);
    for (const std::size_t layer : {std::size_t{0}, std::size_t{1}}) {
      for (std::size_t i = 0; i < 200; ++i) {
        QVERIFY(std::abs(other.layers[layer].values[i] - one.layers[layer].values[i]) < 1e-12);
      }
    }
  }
}

void SampleTest::progressEndsAtAll() {
  std::vector<Progress> reports;
  const JobContext context({}, [&](const Progress& progress) { reports.push_back(progress); });
  Counted counted;
  sampleSurface(Grid(2, 1, 20), {"value"}, counted.function(), {50, 1, 1}, context);
  QCOMPARE(static_cast<int>(reports.size()), counted.batches.load());
  for (std::size_t i = 1; i < reports.size(); ++i) QVERIFY(reports[i].done > reports[i - 1].done);
  QCOMPARE(reports.back().done, std::int64_t{400});
  QCOMPARE(reports.back().total, std::int64_t{400});
}

void SampleTest::cancellingTakesEffectAtTheNextBatch_data() {
  QTest::addColumn<int>("workers");
  QTest::newRow("one") << 1;
  QTest::newRow("two") << 2;
}

void SampleTest::cancellingTakesEffectAtTheNextBatch() {
  QFETCH(int, workers);
  std::stop_source stop;
  const JobContext context(stop.get_token(), nullptr);
  Counted counted;
  const PointFunction values = counted.function();
  int levels = 0;
  const auto cancelled = [&](const Tensor& coordinates) {
    if (counted.batches >= 5) stop.request_stop();
    return values(coordinates);
  };
  QCOMPARE(kindOf([&] {
             sampleSurface(Grid(2, 1, 129), {"value"}, cancelled, {40, workers, 1}, context,
                           [&](const Surface&) { ++levels; });
           }),
           ErrorKind::Cancelled);
  QVERIFY(counted.batches <= 5 + 2 * workers);
  QCOMPARE(levels, 1);  // 81 points in three or four batches, then 1,008 that never came to an end
}

void SampleTest::whatFailsEndsIt() {
  for (const int workers : {1, 2}) {
    int levels = 0;
    const auto failing = [](const Tensor& coordinates) -> Tensor {
      if (coordinates.abs().max().item<double>() < 0.9) throw Error(ErrorKind::OutOfMemory, "full");
      return coordinates.select(1, 0).unsqueeze(0);
    };
    QCOMPARE(kindOf([&] {
               sampleSurface(Grid(1, 1, 400), {"value"}, failing, {20, workers, 1}, JobContext{},
                             [&](const Surface&) { ++levels; });
             }),
             ErrorKind::OutOfMemory);
    QVERIFY(levels >= 1);
  }
}

void SampleTest::nonsenseIsRefused() {
  const LinearClassifier net = knownNetwork();
  const PointValues values(sourcesOf(net, knownImage(), 1), {"margin"});
  const Plane line(knownImage(), {torch::tensor({1.0, 0.0, 0.0, 0.0}, kDouble)}, PlaneScale::L2, false);
  QCOMPARE(kindOf([&] { sampleSurface(line, Grid(2, 1, 9), values, {}, JobContext{}); }), ErrorKind::Usage);
  for (const SamplingPlan& plan : {SamplingPlan{0, 1, 1}, SamplingPlan{10, 0, 1}, SamplingPlan{10, 1, 0}}) {
    QCOMPARE(kindOf([&] { sampleSurface(line, Grid(1, 1, 9), values, plan, JobContext{}); }), ErrorKind::Usage);
  }
  const Surface surface = sampleSurface(line, Grid(1, 1, 9), values, {}, JobContext{});
  QCOMPARE(kindOf([&] { surface.layer("loss"); }), ErrorKind::Usage);
}

QTEST_APPLESS_MAIN(SampleTest)
#include "sample_test.moc"
