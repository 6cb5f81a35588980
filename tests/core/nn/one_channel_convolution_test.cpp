// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/nn/one_channel_convolution.h"

#include <QTest>

#include <functional>

#include <ATen/ops/conv2d.h>
#include <torch/csrc/autograd/autograd.h>

#include "core/nn/network.h"

using namespace whorl;
using torch::Tensor;

namespace {

const auto kDouble = torch::TensorOptions().dtype(torch::kFloat64);

Tensor gradientAt(const Tensor& x, const std::function<Tensor(const Tensor&)>& f, const Tensor& outer) {
  const Tensor leaf = x.detach().requires_grad_(true);
  return torch::autograd::grad({f(leaf)}, {leaf}, {outer})[0];
}

double farthest(const Tensor& a, const Tensor& b) { return (a - b).abs().max().item<double>(); }

}  // namespace

class OneChannelConvolutionTest : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void agreesWithConv2d_data() {
    QTest::addColumn<int>("kernel");
    QTest::addColumn<int>("padding");
    QTest::newRow("5x5") << 5 << 0;
    QTest::newRow("3x3 padded") << 3 << 1;
    QTest::newRow("1x1") << 1 << 0;
  }
  void agreesWithConv2d() {
    QFETCH(int, kernel);
    QFETCH(int, padding);
    torch::manual_seed(1);
    const Tensor x = torch::rand({3, 1, 9, 11}, kDouble);
    const Tensor weight = torch::randn({6, 1, kernel, kernel}, kDouble);
    const Tensor bias = torch::randn({6}, kDouble);
    const auto ours = [&](const Tensor& y) { return oneChannelConvolution(y, weight, bias, padding); };
    const auto theirs = [&](const Tensor& y) { return at::conv2d(y, weight, bias, 1, padding); };
    QVERIFY(at::equal(ours(x), theirs(x)));
    const Tensor outer = torch::randn(theirs(x).sizes(), kDouble);
    QVERIFY(farthest(gradientAt(x, ours, outer), gradientAt(x, theirs, outer)) < 1e-12);
  }

  void networksAgreeInBothLayouts_data() {
    QTest::addColumn<QString>("name");
    QTest::newRow("grey, pool after ReLU") << "reference-cnn";
    QTest::newRow("grey, BatchNorm between") << "nfp-mnist";
    QTest::newRow("colour") << "nfp-cifar";
  }
  void networksAgreeInBothLayouts() {
    QFETCH(QString, name);
    const Architecture& architecture = findArchitecture(name.toStdString());
    Network plain(architecture, architecture.input, 10, 3);
    plain.setRequiresGrad(false);
    Network fast = plain.clone();
    fast.toChannelsLast();
    torch::manual_seed(2);
    const ImageShape& shape = architecture.input;
    const Tensor x = torch::rand({4, shape.channels, shape.height, shape.width});
    const Tensor outer = torch::randn({4, 10});
    const Tensor logits = plain.forward(x);
    QVERIFY(farthest(fast.forward(x), logits) < 1e-5);
    const Tensor a = gradientAt(
        x, [&](const Tensor& y) { return plain.forward(y); }, outer);
    const Tensor b = gradientAt(
        x, [&](const Tensor& y) { return fast.forward(y); }, outer);
    QVERIFY(farthest(a, b) < 1e-4 * a.abs().max().item<double>());
  }

  void weightsStillGetGradients() {
    // Frozen or not is what decides: a network in training keeps conv2d.
    const Architecture& architecture = findArchitecture("reference-cnn");
    Network network(architecture, architecture.input, 10, 3);
    network.toChannelsLast();
    network.setRequiresGrad(true);
    const Tensor x = torch::rand({2, 1, 28, 28}).requires_grad_(true);
    const Tensor weight = network.parameters().front().second;
    const Tensor gradient = torch::autograd::grad({network.forward(x).sum()}, {weight})[0];
    QVERIFY(gradient.abs().max().item<double>() > 0);
  }
};

QTEST_APPLESS_MAIN(OneChannelConvolutionTest)
#include "one_channel_convolution_test.moc"
