// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/landscape/weights.h"

#include <cmath>
#include <limits>
#include <stop_token>

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randint.h>
#include <QTest>

#include "tests/core/landscape/error_kind.h"

using namespace whorl;
using test::kindOf;
using torch::Tensor;

namespace {

constexpr ImageShape kShape{1, 6, 6};

/// A convolution with BatchNorm, and a linear layer.
Architecture architecture(int width = 4) {
  using Kind = LayerSpec::Kind;
  Architecture a{"small", "Small", "", kShape, 3, {}, 0};
  a.layers = {{Kind::Convolution, width, 3, 0, 0},
              {Kind::BatchNorm, 0, 0, 0, 0},
              {Kind::Relu, 0, 0, 0, 0},
              {Kind::Flatten, 0, 0, 0, 0},
              {Kind::Linear, 3, 0, 0, 0}};
  return a;
}

Network network(std::uint64_t seed, int width = 4) {
  const torch::NoGradGuard noGradients;
  Network made(architecture(width), kShape, 3, seed);
  // Running statistics that are not those of the start.
  for (const auto& [name, tensor] : made.buffers()) Tensor(tensor).add_(0.1 * static_cast<double>(seed));
  return made;
}

std::map<std::string, Tensor> copied(const Network& network) {
  std::map<std::string, Tensor> copies;
  for (const auto& [name, tensor] : network.tensors()) copies[name] = tensor.detach().clone();
  return copies;
}

bool same(const Network& network, const std::map<std::string, Tensor>& wanted) {
  const auto tensors = network.tensors();
  if (tensors.size() != wanted.size()) return false;
  for (const auto& [name, tensor] : tensors) {
    if (!at::equal(tensor, wanted.at(name))) return false;
  }
  return true;
}

WeightSample sample(std::int64_t count = 40) {
  at::Generator generator = at::detail::createCPUGenerator(3);
  WeightSample sample;
  sample.images = at::rand({count, 1, 6, 6}, generator);
  sample.labels = at::randint(3, {count}, generator, torch::kInt64);
  sample.mean = {0.5};
  sample.scale = {1};
  sample.batchSize = 16;
  return sample;
}

}  // namespace

class WeightsTest : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void filtersKeepTheirLength();
  void theMiddleIsTheNetworkItself();
  void theSeedDrawsTheDirections();
  void aLineEndsAtBothNetworks();
  void valuesAreThoseOfTheNetworkThere();
  void weightsComeBackUntouched_data();
  void weightsComeBackUntouched();
  void nonsenseIsRefused();
};

void WeightsTest::filtersKeepTheirLength() {
  const Network origin = network(1);
  const auto at = WeightPlane::around(origin, 2, 5).at(1, 0).tensors();
  int filters = 0;
  for (const auto& [name, weight] : origin.tensors()) {
    const Tensor step = (at.at(name) - weight).detach();
    if (weight.dim() < 2) {
      QVERIFY2(step.abs().max().item<double>() == 0, name.c_str());  // biases, BatchNorm and its statistics
      continue;
    }
    ++filters;
    QVERIFY2(at::allclose(step.flatten(1).norm(2, 1), weight.detach().flatten(1).norm(2, 1), 1e-5, 1e-6), name.c_str());
  }
  QCOMPARE(filters, 2);
}

void WeightsTest::theMiddleIsTheNetworkItself() {
  const Network origin = network(1);
  QVERIFY(same(WeightPlane::around(origin, 2, 5).at(0, 0), copied(origin)));
}

void WeightsTest::theSeedDrawsTheDirections() {
  const Network origin = network(1);
  const auto first = copied(WeightPlane::around(origin, 2, 5).at(1, 0));
  QVERIFY(same(WeightPlane::around(origin, 1, 5).at(1, 0), first));
  QVERIFY(!same(WeightPlane::around(origin, 2, 5).at(0, 1), first));
  QVERIFY(!same(WeightPlane::around(origin, 2, 6).at(1, 0), first));
}

void WeightsTest::aLineEndsAtBothNetworks() {
  const Network from = network(1), to = network(2);
  const WeightPlane line = WeightPlane::between(from, to);
  QVERIFY(same(line.at(-1, 0), copied(from)));
  QVERIFY(same(line.at(1, 0), copied(to)));
  const auto middle = line.at(0, 0).tensors();
  for (const auto& [name, tensor] : from.tensors()) {
    QVERIFY2(at::allclose(middle.at(name), (tensor + to.tensors().at(name)) / 2, 0, 1e-6), name.c_str());
  }
}

void WeightsTest::valuesAreThoseOfTheNetworkThere() {
  const torch::NoGradGuard noGradients;
  const WeightPlane plane = WeightPlane::around(network(1), 2, 5);
  const WeightSample images = sample();
  const Surface surface = sampleWeights(plane, Grid(2, 0.7, 5), images, 2, 1, JobContext{});
  for (std::size_t i = 0; i < surface.pointCount(); ++i) {
    const Network there = plane.at(surface.x[i % 5], surface.y[i / 5]);
    const Tensor logits = there.forward(images.images - 0.5).to(torch::kFloat64);
    const double loss = at::cross_entropy_loss(logits, images.labels).item<double>();
    const double accuracy = (logits.argmax(1) == images.labels).to(torch::kFloat64).mean().item<double>();
    QVERIFY(std::abs(surface.layer("cross_entropy").values[i] - loss) < 1e-5);
    QVERIFY(std::abs(surface.layer("accuracy").values[i] - accuracy) < 1e-12);
  }
}

void WeightsTest::weightsComeBackUntouched_data() {
  QTest::addColumn<QString>("end");
  QTest::newRow("finished") << "finished";
  QTest::newRow("cancelled") << "cancelled";
  QTest::newRow("failed") << "failed";
}

void WeightsTest::weightsComeBackUntouched() {
  QFETCH(QString, end);
  const Network origin = network(1);
  const auto before = copied(origin);
  const WeightPlane plane = WeightPlane::around(origin, 2, 5);
  WeightSample images = sample();
  if (end == "failed") images.images[30].fill_(std::numeric_limits<float>::infinity());
  std::stop_source stop;
  int levels = 0;
  const auto run = [&] {
    sampleWeights(plane, Grid(2, 1, 12), images, 1, 1, JobContext(stop.get_token(), nullptr), [&](const Surface&) {
      ++levels;
      if (end == "cancelled") stop.request_stop();
    });
  };
  if (end == "finished") run();
  if (end == "cancelled") QCOMPARE(kindOf(run), ErrorKind::Cancelled);
  if (end == "failed") QCOMPARE(kindOf(run), ErrorKind::BadInput);
  QCOMPARE(levels, end == "finished" ? 2 : end == "cancelled" ? 1 : 0);
  QVERIFY(same(origin, before));
  QVERIFY(same(plane.at(0, 0), before));
}

void WeightsTest::nonsenseIsRefused() {
  const Network origin = network(1);
  for (const int dimensions : {0, 3}) {
    QCOMPARE(kindOf([&] { WeightPlane::around(origin, dimensions, 1); }), ErrorKind::Usage);
  }
  QCOMPARE(kindOf([&] { WeightPlane::between(origin, network(1, 5)); }), ErrorKind::BadInput);
  const WeightPlane line = WeightPlane::between(origin, network(2));
  QCOMPARE(kindOf([&] { sampleWeights(line, Grid(2, 1, 3), sample(), 1, 1, JobContext{}); }), ErrorKind::Usage);
  WeightSample none = sample();
  none.images = none.images.narrow(0, 0, 0);
  QCOMPARE(kindOf([&] { sampleWeights(line, Grid(1, 1, 3), none, 1, 1, JobContext{}); }), ErrorKind::Usage);
}

QTEST_APPLESS_MAIN(WeightsTest)
#include "weights_test.moc"
