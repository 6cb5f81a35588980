// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/landscape/bend.h"

#include <algorithm>
#include <stop_token>

#include <ATen/ops/tensor.h>
#include <QTest>

#include "tests/core/landscape/error_kind.h"
#include "tests/core/landscape/small_networks.h"

using namespace whorl;
using namespace whorl::test;

namespace {

/// Which of three bands of an image is bright: a problem that a small network learns.
WeightSample bands(std::int64_t count) {
  WeightSample images = sample(count);
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t label = images.labels[i].item<std::int64_t>();
    images.images[i].narrow(1, 2 * label, 2) += 0.3;
  }
  return images;
}

BendTraining training(const WeightSample& data) {
  BendTraining training;
  training.images = [&data](std::span<const std::int64_t> places) {
    const Tensor wanted = at::tensor(at::ArrayRef<std::int64_t>(places.data(), places.size()), torch::kInt64);
    return std::pair(data.images.index_select(0, wanted), data.labels.index_select(0, wanted));
  };
  training.count = data.images.size(0);
  training.mean = data.mean;
  training.scale = data.scale;
  training.steps = 40;
  training.batchSize = 32;
  training.learningRate = 0.02;
  return training;
}

/// The same function with its filters in another order.
Network permuted(const Network& network) {
  const torch::NoGradGuard noGradients;
  const Tensor order = at::tensor({1, 2, 3, 0}, torch::kInt64);
  std::map<std::string, Tensor> tensors = copied(network);
  for (auto& [name, tensor] : tensors) {
    if (name == "fc1.bias") continue;
    tensor = name == "fc1.weight" ? tensor.view({3, 4, 16}).index_select(1, order).reshape({3, 64})
                                  : tensor.index_select(0, order);
  }
  Network other = network.clone();
  other.load(tensors, "test");
  return other;
}

double largestLoss(const WeightPlane& plane, WeightSample data) {
  data.measureStatistics = true;
  const Surface surface = sampleWeights(plane, Grid(1, 1, 11), {"cross_entropy"}, data, 1, 1, JobContext{});
  return *std::max_element(surface.layers[0].values.begin(), surface.layers[0].values.end());
}

}  // namespace

class BendTest : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void theBendIsLowerThanTheLine();
  void theSeedDecides();
  void cancellingLeavesTheNetworksAlone();
  void nonsenseIsRefused();
};

void BendTest::theBendIsLowerThanTheLine() {
  const WeightSample data = bands(96);
  // Two ends that answer alike, but with other filters in other places: between them the filters are mixed.
  BendTraining hard = training(data);
  hard.steps = 100;
  const Network from = trainBend(network(1), network(2), hard, JobContext{}).control;
  const Network to = permuted(from);
  const Tensor difference = from.forward(data.images) - to.forward(data.images);
  QVERIFY(difference.abs().max().item<double>() < 1e-3);
  const double line = largestLoss(WeightPlane::between(from, to), data);
  const TrainedBend bend = trainBend(from, to, training(data), JobContext{});
  const double bent = largestLoss(WeightPlane::bend(from, bend.control, to), data);
  QVERIFY2(bent < 0.8 * line, qPrintable(QStringLiteral("%1 bent, %2 straight").arg(bent).arg(line)));
}

void BendTest::theSeedDecides() {
  const WeightSample data = bands(64);
  BendTraining brief = training(data);
  brief.steps = 5;
  const Network from = network(1), to = network(2);
  const auto first = copied(trainBend(from, to, brief, JobContext{}).control);
  QVERIFY(same(trainBend(from, to, brief, JobContext{}).control, first));
  brief.seed = 1;
  QVERIFY(!same(trainBend(from, to, brief, JobContext{}).control, first));
}

void BendTest::cancellingLeavesTheNetworksAlone() {
  const WeightSample data = bands(64);
  const Network from = network(1), to = network(2);
  const auto before = copied(from), after = copied(to);
  std::stop_source stop;
  int steps = 0;
  const JobContext context(stop.get_token(), [&](const Progress& progress) {
    steps = static_cast<int>(progress.done);
    if (progress.done == 3) stop.request_stop();
  });
  QCOMPARE(kindOf([&] { trainBend(from, to, training(data), context); }), ErrorKind::Cancelled);
  QCOMPARE(steps, 3);
  QVERIFY(same(from, before) && same(to, after));
}

void BendTest::nonsenseIsRefused() {
  const WeightSample data = bands(64);
  const auto refused = [&](const Network& to, const std::function<void(BendTraining&)>& change) {
    BendTraining asked = training(data);
    change(asked);
    return kindOf([&] { trainBend(network(1), to, asked, JobContext{}); });
  };
  QCOMPARE(refused(network(2), [](BendTraining& t) { t.steps = 0; }), ErrorKind::Usage);
  QCOMPARE(refused(network(2), [](BendTraining& t) { t.count = 1; }), ErrorKind::Usage);
  QCOMPARE(refused(network(2), [](BendTraining& t) { t.learningRate = 0; }), ErrorKind::Usage);
  QCOMPARE(refused(network(2, 5), [](BendTraining&) {}), ErrorKind::BadInput);
}

QTEST_APPLESS_MAIN(BendTest)
#include "bend_test.moc"
