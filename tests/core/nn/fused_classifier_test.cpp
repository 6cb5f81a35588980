// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/nn/fused_classifier.h"

#include <QtTest>

#include <algorithm>
#include <cstdint>

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <torch/csrc/autograd/autograd.h>

using namespace whorl;
using Kind = LayerSpec::Kind;

namespace {

/// A network whose BatchNorms do something: statistics and scales as after a training, with `least` the smallest scale.
Network trained(const Architecture& architecture, const ImageShape& input, double least = 0.5) {
  Network network(architecture, input, architecture.classes, 3);
  at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(5);
  network.setRequiresGrad(false);
  for (const auto& [name, tensor] : network.parameters()) {
    if (name.starts_with("bn")) {
      const double low = name.ends_with("weight") ? least : -0.5;
      at::Tensor values = tensor;
      values.uniform_(low, low + 1.5, generator);
    }
  }
  for (const auto& [name, tensor] : network.buffers()) {
    at::Tensor values = tensor;
    values.uniform_(name.ends_with("var") ? 0.3 : -0.3, name.ends_with("var") ? 2.0 : 0.5, generator);
  }
  return network;
}

at::Tensor imagesFor(const ImageShape& shape, std::int64_t count = 3) {
  return at::rand({count, shape.channels, shape.height, shape.width}, at::make_generator<at::CPUGeneratorImpl>(1));
}

std::int64_t norms(const Network& network) {
  return std::count_if(network.architecture().layers.begin(), network.architecture().layers.end(),
                       [](const LayerSpec& layer) { return layer.kind == Kind::BatchNorm; });
}

/// Two convolutions with a BatchNorm between them that could go into either, or neither.
Architecture small(int padding, bool pool) {
  Architecture architecture{"small", "", "", {1, 8, 8}, 3, {}, 0};
  architecture.layers = {{Kind::Convolution, 4, 3}, {Kind::Relu}, {Kind::BatchNorm}};
  if (pool) architecture.layers.push_back({Kind::MaxPool, 0, 2});
  architecture.layers.insert(architecture.layers.end(),
                             {{Kind::Convolution, 4, 3, padding}, {Kind::Relu}, {Kind::Flatten}, {Kind::Linear, 3}});
  return architecture;
}

}  // namespace

class FusedClassifierTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void everyArchitectureKeepsItsLogitsFeaturesAndGradients_data() {
    QTest::addColumn<QString>("name");
    for (const Architecture& each : architectures()) {
      QTest::newRow(each.name.c_str()) << QString::fromStdString(each.name);
    }
  }
  void everyArchitectureKeepsItsLogitsFeaturesAndGradients() {
    QFETCH(QString, name);
    const Architecture& architecture = findArchitecture(name.toStdString());
    const Network network = trained(architecture, architecture.input);
    const Network fused = fusedForInference(network);
    const at::Tensor images = imagesFor(architecture.input);
    QVERIFY(at::allclose(fused.forward(images), network.forward(images), 1e-4, 1e-4));
    QVERIFY(at::allclose(fused.features(images), network.features(images), 1e-4, 1e-4));

    // In float64: a ReLU or a pool at its kink goes the other way for the last digit of a float32.
    Network exact = network.clone();
    exact.to(torch::kFloat64);
    const auto gradient = [&](const Network& of) {
      const at::Tensor x = images.to(torch::kFloat64).set_requires_grad(true);
      return torch::autograd::grad({of.forward(x).select(1, 0).sum()}, {x}).front();
    };
    const at::Tensor expected = gradient(exact);
    QVERIFY(expected.abs().max().item<double>() > 0);
    QVERIFY(at::allclose(gradient(fusedForInference(exact)), expected, 1e-9, 1e-12));
  }

  void aTrainedNetworkKeepsOnlyTheNormBeforeItsLastLayer() {
    const Architecture& architecture = findArchitecture("nfp-mnist");
    const Network network = trained(architecture, architecture.input);
    QCOMPARE(norms(network), std::int64_t{6});
    QCOMPARE(norms(fusedForInference(network)), std::int64_t{1});
  }

  void aNormStaysWhereFoldingWouldBeAnotherFunction() {
    const auto left = [](const Architecture& architecture, double least) {
      const Network network = trained(architecture, architecture.input, least);
      const Network fused = fusedForInference(network);
      const at::Tensor images = imagesFor(architecture.input, 5);
      [&] { QVERIFY(at::allclose(fused.forward(images), network.forward(images), 1e-4, 1e-4)); }();
      return norms(fused);
    };
    QCOMPARE(left(small(0, false), 0.5), std::int64_t{0});
    QCOMPARE(left(small(0, false), -1.0), std::int64_t{0});  // any sign passes where there is no maximum
    QCOMPARE(left(small(1, false), 0.5), std::int64_t{1});
    QCOMPARE(left(small(0, true), 0.5), std::int64_t{0});
    QCOMPARE(left(small(0, true), -1.0), std::int64_t{1});
  }

  void doublePrecisionIsKept() {
    const Architecture& architecture = findArchitecture("nfp-mnist");
    Network network = trained(architecture, architecture.input);
    network.to(torch::kFloat64);
    const at::Tensor images = imagesFor(architecture.input).to(torch::kFloat64);
    QVERIFY(at::allclose(fusedForInference(network).forward(images), network.forward(images), 1e-12, 1e-12));
  }

  void theNetworkItselfStaysAsItWas() {
    const Architecture& architecture = findArchitecture("nfp-mnist");
    const Network network = trained(architecture, architecture.input);
    const auto before = network.clone().tensors();
    const FusedClassifier classifier(network, {0.5}, {0.5});
    for (const auto& [name, tensor] : network.tensors()) QVERIFY2(at::equal(tensor, before.at(name)), name.c_str());
    QCOMPARE(classifier.network().architecture().layers.size(), architecture.layers.size());

    const NetworkClassifier plain(network, {0.5}, {0.5});
    const at::Tensor images = imagesFor(architecture.input);
    QVERIFY(at::equal(classifier.features(images), plain.features(images)));
    QVERIFY(at::allclose(classifier.logits(images), plain.logits(images), 1e-4, 1e-4));
    QVERIFY(!classifier.logits(images).requires_grad());
  }
};

QTEST_MAIN(FusedClassifierTest)
#include "fused_classifier_test.moc"
