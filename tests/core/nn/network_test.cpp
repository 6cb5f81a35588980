// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/nn/network.h"

#include <QtTest>

#include <cmath>
#include <limits>

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/types.h>

#include "core/base/error.h"

using namespace whorl;
using torch::Tensor;

namespace {

at::Generator generator(std::uint64_t seed) { return at::make_generator<at::CPUGeneratorImpl>(seed); }

Tensor images(const ImageShape& shape, std::int64_t count, std::uint64_t seed = 1) {
  return at::empty({count, shape.channels, shape.height, shape.width}).uniform_(-.5, .5, generator(seed));
}

Network network(const std::string& name, std::uint64_t seed = 3) {
  const Architecture& architecture = findArchitecture(name);
  return Network(architecture, architecture.input, architecture.classes, seed);
}

// A small network with everything that matters for gradients: padding, BatchNorm on maps and on features, pooling.
Architecture tiny() {
  using Kind = LayerSpec::Kind;
  return {"tiny",
          "",
          "",
          {2, 6, 6},
          3,
          {{Kind::Convolution, 4, 3, 1, 0},
           {Kind::Relu},
           {Kind::BatchNorm},
           {Kind::MaxPool, 0, 2},
           {Kind::Flatten},
           {Kind::Linear, 5},
           {Kind::Relu},
           {Kind::BatchNorm},
           {Kind::Linear, 3}},
          0};
}

double maximum(const Tensor& x) { return x.abs().max().item<double>(); }
double difference(const Tensor& a, const Tensor& b) { return maximum(a - b); }

// Gradients of a fixed sum of the logits with respect to all parameters.
std::vector<Tensor> parameterGradients(const Network& net, const Tensor& x, const Network::Mode& mode) {
  Tensor logits = net.forward(x, mode);
  const Tensor factors = at::empty_like(logits.detach()).normal_(0, 1, generator(9));
  std::vector<Tensor> wanted;
  for (const auto& [name, tensor] : net.parameters()) wanted.push_back(tensor);
  return torch::autograd::grad({(logits * factors).sum()}, wanted);
}

double cosine(const Tensor& a, const Tensor& b) {
  return (a * b).sum().item<double>() / (a.norm().item<double>() * b.norm().item<double>() + 1e-30);
}

}  // namespace

class NetworkTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void initTestCase() { at::set_num_threads(1); }

  void everyArchitectureGivesLogitsAndTheDeclaredParameters_data() {
    QTest::addColumn<bool>("channelsLast");
    for (const Architecture& architecture : architectures()) {
      QTest::addRow("%s", architecture.name.c_str()) << false;
      QTest::addRow("%s channels-last", architecture.name.c_str()) << true;
    }
  }
  void everyArchitectureGivesLogitsAndTheDeclaredParameters() {
    QFETCH(bool, channelsLast);
    const std::string name = QString(QTest::currentDataTag()).split(' ').first().toStdString();
    Network net = network(name);
    const Network plain = net.clone();
    if (channelsLast) net.toChannelsLast();
    const Tensor x = images(net.inputShape(), 3);
    const Tensor logits = net.forward(x);
    QVERIFY(logits.sizes() == at::IntArrayRef({3, net.classCount()}));
    QVERIFY(difference(logits, plain.forward(x)) < 1e-5);
    QVERIFY(difference(net.features(x), plain.features(x)) < 1e-5);
    std::int64_t count = 0;
    for (const auto& [key, tensor] : net.parameters()) count += tensor.numel();
    QCOMPARE(count, parameterCount(net.architecture(), net.inputShape(), net.classCount()));
  }

  void tensorsAreNamedByKindAndNumber() {
    const Network net = network("nfp-mnist");
    std::string names;
    for (const auto& [name, tensor] : net.parameters()) names += name + " ";
    QCOMPARE(QString::fromStdString(names),
             QString("conv1.weight conv1.bias bn1.weight bn1.bias conv2.weight conv2.bias bn2.weight bn2.bias "
                     "conv3.weight conv3.bias bn3.weight bn3.bias conv4.weight conv4.bias bn4.weight bn4.bias "
                     "fc1.weight fc1.bias bn5.weight bn5.bias fc2.weight fc2.bias bn6.weight bn6.bias fc3.weight "
                     "fc3.bias "));
    QCOMPARE(net.buffers().size(), std::size_t{12});
    QCOMPARE(QString::fromStdString(net.buffers()[3].first), QString("bn2.running_var"));
  }

  void theSameSeedGivesTheSameWeights() {
    const Network a = network("nfp-mnist", 7);
    at::rand({5});  // the default generator plays no part
    const Network b = network("nfp-mnist", 7);
    const Network c = network("nfp-mnist", 8);
    for (const auto& [name, tensor] : a.tensors()) QVERIFY(tensor.equal(b.tensors().at(name)));
    QVERIFY(!a.parameters()[0].second.equal(c.parameters()[0].second));
  }

  void initialWeightsAreUniformWithinTheFanIn() {
    const Network net = network("nfp-mnist");
    const auto tensors = net.tensors();
    for (const auto& [name, fanIn] :
         std::vector<std::pair<std::string, double>>{{"conv1", 9}, {"conv4", 576}, {"fc1", 1024}, {"fc3", 200}}) {
      const double bound = 1 / std::sqrt(fanIn);
      const Tensor& weight = tensors.at(name + ".weight");
      QVERIFY(maximum(weight) <= bound);
      QVERIFY(maximum(weight) > .95 * bound);
      QVERIFY(maximum(tensors.at(name + ".bias")) <= bound);
      if (weight.numel() > 1000) QVERIFY(std::abs(weight.std().item<double>() / (bound / std::sqrt(3.)) - 1) < .05);
    }
  }

  void forwardIsTheLayersOneByOne() {
    const Network net = network("nfp-mnist-paper");
    const auto t = net.tensors();
    const Tensor x = images(net.inputShape(), 2);
    Tensor h = at::max_pool2d(at::relu(at::conv2d(x, t.at("conv1.weight"), t.at("conv1.bias"))), 2);
    h = at::max_pool2d(at::relu(at::conv2d(h, t.at("conv2.weight"), t.at("conv2.bias"))), 2).reshape({2, 1024});
    h = at::relu(at::matmul(h, t.at("fc1.weight").t()) + t.at("fc1.bias"));
    h = at::relu(at::matmul(h, t.at("fc2.weight").t()) + t.at("fc2.bias"));
    QVERIFY(difference(net.features(x), h) < 1e-6);
    h = at::matmul(h, t.at("fc3.weight").t()) + t.at("fc3.bias");
    QVERIFY(difference(net.forward(x), h) < 1e-6);
  }

  void batchNormInTrainingAndInEvaluation() {
    using Kind = LayerSpec::Kind;
    Architecture norm{"norm", "", "", {1, 1, 2}, 2, {{Kind::BatchNorm}, {Kind::Flatten}, {Kind::Linear, 2}}, 0};
    Network net(norm, norm.input, 2, 1);
    auto tensors = net.tensors();
    tensors.at("fc1.weight").copy_(at::eye(2));
    tensors.at("fc1.bias").zero_();
    tensors.at("bn1.weight").fill_(2);
    tensors.at("bn1.bias").fill_(1);
    // Values 1, 3, 5, 7: mean 4, variance 5 (biased) or 20/3 (unbiased, for the running average).
    const Tensor x = at::tensor({1.f, 3.f, 5.f, 7.f}).view({2, 1, 1, 2});
    const Tensor training = net.forward(x, Network::Mode{.training = true, .dropoutGenerator = {}});
    const double unit = 2 / std::sqrt(5 + 1e-5);
    QVERIFY(difference(training, at::tensor({-3 * unit + 1, -unit + 1, unit + 1, 3 * unit + 1}).view({2, 2})) < 1e-5);
    QVERIFY(std::abs(tensors.at("bn1.running_mean").item<double>() - .4) < 1e-6);
    QVERIFY(std::abs(tensors.at("bn1.running_var").item<double>() - (.9 + .1 * 20 / 3)) < 1e-6);
    // Without updateStatistics the result is the same and the averages stay.
    const Tensor again =
        net.forward(x, Network::Mode{.training = true, .updateStatistics = false, .dropoutGenerator = {}});
    QVERIFY(again.equal(training));
    QVERIFY(std::abs(tensors.at("bn1.running_mean").item<double>() - .4) < 1e-6);
    // Evaluation uses the averages: (x - 0.4) / sqrt(1.5667) * 2 + 1.
    const double running = std::sqrt(.9 + .1 * 20 / 3 + 1e-5);
    const Tensor evaluated = net.forward(x);
    QVERIFY(std::abs(evaluated[0][0].item<double>() - ((1 - .4) / running * 2 + 1)) < 1e-5);
    QVERIFY(std::abs(evaluated[1][1].item<double>() - ((7 - .4) / running * 2 + 1)) < 1e-5);
    QVERIFY(evaluated.slice(0, 0, 1).equal(net.forward(x.slice(0, 0, 1))));
  }

  void batchNormCannotTrainOnOneImage() {
    try {
      network("nfp-mnist").forward(images({1, 28, 28}, 1), Network::Mode{.training = true, .dropoutGenerator = {}});
      QFAIL("accepted");
    } catch (const Error& error) {
      QCOMPARE(error.kind(), ErrorKind::Usage);
    }
  }

  void gradientsMatchCentralDifferences_data() {
    QTest::addColumn<bool>("training");
    QTest::addColumn<bool>("channelsLast");
    QTest::newRow("evaluation") << false << false;
    QTest::newRow("training") << true << false;
    QTest::newRow("evaluation, channels-last") << false << true;
    QTest::newRow("training, channels-last") << true << true;
  }
  void gradientsMatchCentralDifferences() {
    QFETCH(bool, training);
    QFETCH(bool, channelsLast);
    Network net(tiny(), tiny().input, 3, 5);
    net.to(torch::kFloat64);
    if (channelsLast) net.toChannelsLast();
    net.setRequiresGrad(true);
    const Network::Mode mode{.training = training, .updateStatistics = false, .dropoutGenerator = {}};
    const Tensor x = images(net.inputShape(), 4).to(torch::kFloat64).set_requires_grad(true);
    const Tensor factors = at::empty({4, 3}, torch::kFloat64).normal_(0, 1, generator(2));
    const auto value = [&](const Tensor& at) { return (net.forward(at, mode) * factors).sum(); };
    std::vector<Tensor> inputs{x};
    for (const auto& [name, tensor] : net.parameters()) inputs.push_back(tensor);
    const std::vector<Tensor> gradients = torch::autograd::grad({value(x)}, inputs);
    const c10::AutoGradMode noGrad(false);
    constexpr double kStep = 1e-6;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      QVERIFY(maximum(gradients[i]) > 1e-6 || (training && i % 2 == 0));  // a bias before BatchNorm may have none
      const Tensor direction = at::empty_like(inputs[i]).normal_(0, 1, generator(40 + i));
      const Tensor start = inputs[i].clone();
      inputs[i].copy_(start + kStep * direction);
      const double up = value(x).item<double>();
      inputs[i].copy_(start - kStep * direction);
      const double down = value(x).item<double>();
      inputs[i].copy_(start);
      const double expected = (up - down) / (2 * kStep);
      const double actual = (gradients[i] * direction).sum().item<double>();
      QVERIFY2(std::abs(expected - actual) <= 1e-5 * std::max(1., std::abs(expected)),
               qPrintable(QString("input %1: %2 and %3").arg(i).arg(expected).arg(actual)));
    }
  }

  void bfloat16IsCloseToFloat32_data() {
    QTest::addColumn<bool>("channelsLast");
    QTest::newRow("nfp-mnist") << false;
    QTest::newRow("nfp-mnist channels-last") << true;
    QTest::newRow("conv-84 channels-last") << true;
    QTest::newRow("nfp-cifar channels-last") << true;
  }
  void bfloat16IsCloseToFloat32() {
    QFETCH(bool, channelsLast);
    Network net = network(QString(QTest::currentDataTag()).split(' ').first().toStdString());
    if (channelsLast) net.toChannelsLast();
    net.setRequiresGrad(true);
    // BatchNorm on few images would amplify the rounding.
    const Tensor x = images(net.inputShape(), net.inputShape().height > 32 ? 16 : 64);
    const Network::Mode exact{.training = true, .updateStatistics = false, .dropoutGenerator = {}};
    const Network::Mode half{
        .training = true, .computeType = torch::kBFloat16, .updateStatistics = false, .dropoutGenerator = {}};
    const Tensor expected = net.forward(x, exact);
    const Tensor actual = net.forward(x, half);
    QCOMPARE(actual.scalar_type(), torch::kFloat32);
    QVERIFY2(
        (expected - actual).norm().item<double>() < .05 * expected.norm().item<double>(),
        qPrintable(QString("relative error %1").arg(((expected - actual).norm() / expected.norm()).item<double>())));
    const auto wanted = parameterGradients(net, x, exact);
    const auto got = parameterGradients(net, x, half);
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      QCOMPARE(got[i].scalar_type(), torch::kFloat32);
      const std::string& name = net.parameters()[i].first;
      // A convolution's bias right before BatchNorm (conv-84) has no effect: its gradient is rounding noise.
      if (net.architecture().name == "conv-84" && name.starts_with("conv") && name.ends_with("bias")) continue;
      // Biases and BatchNorm's gradients are sums that nearly cancel.
      QVERIFY2(cosine(wanted[i], got[i]) > (name.starts_with("bn") || name.ends_with("bias") ? .85 : .95),
               qPrintable(QString("%1: cosine %2").arg(name.c_str()).arg(cosine(wanted[i], got[i]))));
    }
  }

  void bfloat16UpdatesTheRunningStatistics() {
    Network exact = network("nfp-mnist");
    Network half = exact.clone();
    half.toChannelsLast();
    const Tensor x = images({1, 28, 28}, 16);
    exact.forward(x, Network::Mode{.training = true, .dropoutGenerator = {}});
    half.forward(x, Network::Mode{.training = true, .computeType = torch::kBFloat16, .dropoutGenerator = {}});
    for (std::size_t i = 0; i < exact.buffers().size(); ++i) {
      QCOMPARE(half.buffers()[i].second.scalar_type(), torch::kFloat32);
      QVERIFY(difference(exact.buffers()[i].second, half.buffers()[i].second) < .01);
    }
  }

  void channelsLastGivesTheSameGradients() {
    Network plain = network("nfp-mnist");
    plain.to(torch::kFloat64);
    plain.setRequiresGrad(true);
    Network last = plain.clone();
    last.toChannelsLast();
    const Tensor x = images({1, 28, 28}, 8).to(torch::kFloat64);
    const Network::Mode mode{.training = true, .dropoutGenerator = {}};
    const auto expected = parameterGradients(plain, x, mode);
    const auto actual = parameterGradients(last, x, mode);
    for (std::size_t i = 0; i < expected.size(); ++i) {
      QVERIFY(actual[i].sizes() == expected[i].sizes());
      QVERIFY(difference(expected[i], actual[i]) < 1e-9 * (1 + maximum(expected[i])));
    }
  }

  void dropoutNeedsAGeneratorAndFollowsIt() {
    const Network net = network("feinman-mnist");
    const Tensor x = images({1, 28, 28}, 4);
    const auto run = [&](std::uint64_t seed) {
      return net.forward(x, Network::Mode{.training = true, .dropoutGenerator = generator(seed)});
    };
    QVERIFY(run(1).equal(run(1)));
    QVERIFY(!run(1).equal(run(2)));
    QVERIFY(net.forward(x).equal(net.forward(x)));
    QVERIFY_EXCEPTION_THROWN(net.forward(x, Network::Mode{.training = true, .dropoutGenerator = {}}), Error);
  }

  void dropoutKeepsTheMean() {
    using Kind = LayerSpec::Kind;
    Architecture drop{
        "drop", "", "", {1, 100, 100}, 2, {{Kind::Dropout, 0, 0, 0, .25}, {Kind::Flatten}, {Kind::Linear, 2}}, 0};
    Network net(drop, drop.input, 2, 1);
    auto tensors = net.tensors();
    tensors.at("fc1.weight").fill_(1e-4);
    tensors.at("fc1.bias").zero_();
    const Tensor logits =
        net.forward(at::ones({20, 1, 100, 100}), Network::Mode{.training = true, .dropoutGenerator = generator(5)});
    QVERIFY(std::abs(logits.mean().item<double>() - 1) < .01);
    QVERIFY(maximum(logits - logits.mean()) > 1e-4);
  }

  void cloneIsIndependentAndKeepsTheLayout() {
    Network net = network("nfp-mnist");
    net.toChannelsLast();
    net.setRequiresGrad(true);
    const Network copy = net.clone();
    QVERIFY(copy.parameters()[0].second.requires_grad());
    QVERIFY(copy.parameters()[4].second.strides() == net.parameters()[4].second.strides());
    const c10::AutoGradMode noGrad(false);
    const Tensor before = copy.parameters()[0].second.clone();
    net.parameters()[0].second.zero_();
    QVERIFY(copy.parameters()[0].second.equal(before));
  }

  void aCopySharesItsTensors() {
    const Network net = network("nfp-mnist");
    const Network shared = net;
    QVERIFY(shared.parameters()[0].second.is_same(net.parameters()[0].second));
  }

  void loadCopiesValues() {
    const Network source = network("nfp-mnist", 1);
    Network target = network("nfp-mnist", 2);
    target.toChannelsLast();
    target.load(source.tensors(), "test");
    const Tensor x = images({1, 28, 28}, 2);
    QVERIFY(difference(target.forward(x), source.forward(x)) < 1e-5);
    for (const auto& [name, tensor] : source.tensors()) QVERIFY(tensor.equal(target.tensors().at(name)));
  }

  void loadRefuses_data() {
    QTest::addColumn<QString>("words");
    for (const char* row : {"missing", "additional", "shape", "NaN", "infinite", "variance", "floating-point"}) {
      QTest::newRow(row) << row;
    }
  }
  void loadRefuses() {
    QFETCH(QString, words);
    const Network source = network("nfp-mnist", 1);
    Network target = network("nfp-mnist", 2);
    auto tensors = source.clone().tensors();
    QString name = "bn3.running_var";
    if (words == "missing") tensors.erase(name.toStdString());
    if (words == "additional") tensors[(name = "fc9.weight").toStdString()] = at::zeros({1});
    if (words == "shape") tensors[name.toStdString()] = at::ones({65});
    if (words == "NaN") tensors[name.toStdString()][3] = std::nan("");
    if (words == "infinite") tensors[name.toStdString()][3] = std::numeric_limits<float>::infinity();
    if (words == "variance") tensors[name.toStdString()][3] = -1;
    if (words == "floating-point") tensors[name.toStdString()] = at::ones({64}, torch::kInt64);
    try {
      target.load(tensors, "model.safetensors");
      QFAIL("accepted");
    } catch (const Error& error) {
      QCOMPARE(error.kind(), ErrorKind::BadInput);
      const QString what = error.what();
      QVERIFY2(what.contains(name) && what.contains("model.safetensors"), error.what());
      if (words != "additional") QVERIFY2(what.contains(words), error.what());
    }
    // Nothing was changed.
    const Network untouched = network("nfp-mnist", 2);
    for (const auto& [key, tensor] : target.tensors()) QVERIFY(tensor.equal(untouched.tensors().at(key)));
  }

  void imagesOfAnotherShapeAreRefused() {
    const Network net = network("nfp-mnist");
    QVERIFY_EXCEPTION_THROWN(net.forward(at::zeros({2, 3, 28, 28})), Error);
    QVERIFY_EXCEPTION_THROWN(net.forward(at::zeros({2, 1, 28, 27})), Error);
    QVERIFY_EXCEPTION_THROWN(net.forward(at::zeros({1, 28, 28})), Error);
    QVERIFY_EXCEPTION_THROWN(net.forward(at::zeros({2, 1, 28, 28}, torch::kFloat64)), Error);
  }
};

QTEST_APPLESS_MAIN(NetworkTest)
#include "network_test.moc"
