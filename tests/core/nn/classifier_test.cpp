// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/nn/classifier.h"

#include <QtTest>

#include <atomic>
#include <cmath>
#include <thread>

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/autograd.h>

#include "core/base/error.h"

using namespace whorl;
using torch::Tensor;

namespace {

Network network(const std::string& name) {
  const Architecture& architecture = findArchitecture(name);
  return Network(architecture, architecture.input, architecture.classes, 3);
}

Tensor images(const ImageShape& shape, std::int64_t count) {
  return at::rand({count, shape.channels, shape.height, shape.width}, at::make_generator<at::CPUGeneratorImpl>(1));
}

}  // namespace

class ClassifierTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void initTestCase() { at::set_num_threads(1); }

  void normalisesPerChannel() {
    const Network net = network("nfp-cifar");
    const NetworkClassifier classifier(net, {.5, .4, .3}, {.2, .5, 1});
    const Tensor x = images({3, 32, 32}, 2);
    Tensor expected = x.clone();
    const double mean[] = {.5, .4, .3};
    const double scale[] = {.2, .5, 1};
    for (int c = 0; c < 3; ++c) expected.select(1, c).sub_(mean[c]).div_(scale[c]);
    QVERIFY(at::allclose(classifier.logits(x), net.forward(expected), 1e-5, 1e-6));
    QVERIFY(at::allclose(classifier.features(x), net.features(expected), 1e-5, 1e-6));
  }

  void withoutNormalisationTheNetworkSeesTheImages() {
    const Network net = network("nfp-mnist");
    const Tensor x = images({1, 28, 28}, 2);
    QVERIFY(NetworkClassifier(net, {}, {}).logits(x).equal(net.forward(x)));
    QVERIFY(NetworkClassifier(net, {0}, {1}).logits(x).equal(net.forward(x)));
  }

  void isAFrozenCopy() {
    Network net = network("nfp-mnist");
    net.setRequiresGrad(true);
    const NetworkClassifier classifier(net, {.5}, {1});
    const Tensor x = images({1, 28, 28}, 4);
    const Tensor before = classifier.logits(x);
    QVERIFY(!before.requires_grad());
    net.forward(x, Network::Mode{.training = true, .dropoutGenerator = {}});
    {
      const c10::AutoGradMode noGrad(false);
      net.parameters()[0].second.zero_();
    }
    QVERIFY(classifier.logits(x).equal(before));
    for (const auto& [name, tensor] : classifier.network().parameters()) QVERIFY(!tensor.requires_grad());
    QVERIFY(net.parameters()[0].second.requires_grad());
  }

  void everyLayerIsSeen() {
    // What the authors of LID take from Keras: the input, every layer with dropout and flatten, and the softmax.
    QCOMPARE(NetworkClassifier(network("feinman-mnist"), {}, {}).layerOutputs(images({1, 28, 28}, 2)).size(), 13U);
    QCOMPARE(NetworkClassifier(network("feinman-cifar"), {}, {}).layerOutputs(images({3, 32, 32}, 2)).size(), 26U);
    for (const char* name : {"feinman-mnist", "nfp-mnist", "conv-84"}) {
      const Network net = network(name);
      const NetworkClassifier classifier(net, {}, {});
      const Tensor x = images(net.inputShape(), 2);
      const std::vector<Tensor> outputs = classifier.layerOutputs(x);
      QCOMPARE(outputs.size(), net.activationCount());
      QVERIFY(outputs.front().equal(x));
      const std::vector<ImageShape> shapes = layerShapes(net.architecture(), net.inputShape());
      for (std::size_t i = 0; i < shapes.size(); ++i) {
        QCOMPARE(outputs[i + 1].numel(), 2 * shapes[i].size());
        // A ReLU that wrote into its input would leave no negative number before it.
        if (net.architecture().layers[i].kind != LayerSpec::Kind::Convolution) continue;
        QVERIFY((outputs[i + 1] < 0).any().item<bool>());
      }
      QVERIFY(at::allclose(outputs[outputs.size() - 2], classifier.logits(x), 1e-4, 1e-5));
      QVERIFY(at::allclose(outputs.back(), classifier.logits(x).softmax(1), 1e-4, 1e-5));
      QVERIFY(at::allclose(net.logitsOf(net.features(x)), net.forward(x), 1e-4, 1e-5));
    }
  }

  void layersSeeNormalisedImages() {
    const NetworkClassifier classifier(network("nfp-mnist"), {.5}, {2});
    const Tensor x = images({1, 28, 28}, 2);
    QVERIFY(at::allclose(classifier.layerOutputs(x).front(), (x - .5) / 2));
  }

  void dropoutPassesKeepTheMean() {
    const Network net = network("feinman-mnist");
    const NetworkClassifier classifier(net, {}, {});
    const Tensor x = images({1, 28, 28}, 3);
    const Tensor passes = classifier.dropoutPasses(x, 400, 1);
    QVERIFY(passes.sizes() == at::IntArrayRef({400, 3, 10}));
    QVERIFY((passes.std(0) > 1e-4).all().item<bool>());
    // The last layers are linear but for one ReLU of small numbers: the mean is near the passes without dropout.
    const Tensor off = (passes.mean(0) - classifier.logits(x)).abs() / passes.std(0);
    QVERIFY2(off.max().item<double>() < 0.8, std::to_string(off.max().item<double>()).c_str());
  }

  void dropoutPassesAreOfTheImageAlone() {
    const NetworkClassifier classifier(network("feinman-mnist"), {}, {});
    const Tensor x = images({1, 28, 28}, 4);
    const Tensor passes = classifier.dropoutPasses(x, 5, 9);
    QVERIFY(at::allclose(classifier.dropoutPasses(x.slice(0, 2, 3), 5, 9), passes.slice(1, 2, 3), 1e-4, 1e-5));
    QVERIFY(classifier.dropoutPasses(x, 5, 9).equal(passes));
    QVERIFY(!classifier.dropoutPasses(x, 5, 10).allclose(passes));
    // The first passes don't depend on how many follow.
    QVERIFY(classifier.dropoutPasses(x, 2, 9).equal(passes.slice(0, 0, 2)));
  }

  void dropoutPassesLeaveBatchNormAlone() {
    Architecture architecture = findArchitecture("nfp-mnist");
    QVERIFY_EXCEPTION_THROWN(
        NetworkClassifier(network("nfp-mnist"), {}, {}).dropoutPasses(images({1, 28, 28}, 2), 2, 1), Error);
    LayerSpec dropout;
    dropout.kind = LayerSpec::Kind::Dropout;
    dropout.probability = .5;
    architecture.layers.insert(architecture.layers.end() - 1, dropout);
    const Network net(architecture, architecture.input, 10, 1);
    const auto before = net.clone().tensors();
    // One image: batch statistics would be an error, and running averages stay what they are.
    QVERIFY(net.dropoutPasses(images({1, 28, 28}, 1), 3, 1).isfinite().all().item<bool>());
    for (const auto& [name, tensor] : net.tensors()) QVERIFY2(tensor.equal(before.at(name)), name.c_str());
  }

  void anImageDoesNotDependOnItsBatch() {
    const NetworkClassifier classifier(network("nfp-mnist"), {.5}, {1});
    const Tensor x = images({1, 28, 28}, 5);
    QVERIFY(at::allclose(classifier.logits(x).slice(0, 2, 3), classifier.logits(x.slice(0, 2, 3)), 1e-5, 1e-6));
  }

  void gradientsReachTheImages_data() {
    QTest::addColumn<QString>("name");
    for (const Architecture& architecture : architectures()) {
      QTest::newRow(architecture.name.c_str()) << QString::fromStdString(architecture.name);
    }
  }
  void gradientsReachTheImages() {
    QFETCH(QString, name);
    Network net = network(name.toStdString());
    net.to(torch::kFloat64);
    const NetworkClassifier classifier(net, std::vector<double>(net.inputShape().channels, .5),
                                       std::vector<double>(net.inputShape().channels, .5));
    QCOMPARE(classifier.dtype(), torch::kFloat64);
    Tensor x = images(net.inputShape(), 2).to(torch::kFloat64).set_requires_grad(true);
    const auto value = [&](const Tensor& at) {
      return (classifier.logits(at).select(1, 1) - classifier.logits(at).select(1, 0)).sum();
    };
    const Tensor gradient = torch::autograd::grad({value(x)}, {x})[0];
    QVERIFY(gradient.abs().max().item<double>() > 0);
    const Tensor direction = at::empty_like(x.detach()).normal_(0, 1, at::make_generator<at::CPUGeneratorImpl>(2));
    const double step = 1e-9;  // small enough to meet few kinks of ReLU and max-pool
    const double expected =
        (value(x.detach() + step * direction) - value(x.detach() - step * direction)).item<double>() / (2 * step);
    const double actual = (gradient * direction).sum().item<double>();
    QVERIFY2(std::abs(expected - actual) < 1e-4 * std::max(1., std::abs(expected)),
             qPrintable(QString("%1 and %2").arg(expected).arg(actual)));
  }

  void valuesOutsideTheBoxAreAllowed() {
    const NetworkClassifier classifier(network("nfp-mnist"), {.5}, {1});
    QVERIFY(at::isfinite(classifier.logits(images({1, 28, 28}, 2) * 3 - 1)).all().item<bool>());
  }

  void manyThreadsMayAsk() {
    const NetworkClassifier classifier(network("nfp-mnist"), {.5}, {1});
    const Tensor x = images({1, 28, 28}, 4);
    const Tensor expected = classifier.logits(x);
    std::atomic<int> equal = 0;
    {
      std::vector<std::jthread> threads;
      for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
          at::set_num_threads(1);
          for (int k = 0; k < 5; ++k) equal += at::allclose(classifier.logits(x), expected) ? 1 : 0;
        });
      }
    }
    QCOMPARE(equal.load(), 20);
  }

  void badNormalisationIsRefused() {
    const Network net = network("nfp-cifar");
    QVERIFY_EXCEPTION_THROWN(NetworkClassifier(net, {.5}, {1, 1, 1}), Error);
    QVERIFY_EXCEPTION_THROWN(NetworkClassifier(net, {0, 0, 0}, {1, 0, 1}), Error);
    QVERIFY_EXCEPTION_THROWN(NetworkClassifier(net, {0, 0, 0}, {1, -1, 1}), Error);
    QVERIFY_EXCEPTION_THROWN(NetworkClassifier(net, {0, std::nan(""), 0}, {1, 1, 1}), Error);
    QVERIFY_EXCEPTION_THROWN(NetworkClassifier(net, {0, 0, 0}, {1, std::nan(""), 1}), Error);
  }
};

QTEST_APPLESS_MAIN(ClassifierTest)
#include "classifier_test.moc"
