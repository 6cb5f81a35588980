// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/train/optimizer.h"

#include <QTest>

#include "core/base/error.h"

using namespace whorl;

namespace {

Parameters settings(const char* optimizer, double weightDecay, bool nesterov = false) {
  return Parameters{
      {"optimizer", std::string(optimizer)}, {"weight_decay", weightDecay}, {"beta2", 0.999}, {"nesterov", nesterov}};
}

Optimizer::NamedTensors weights() {
  return {{"w", torch::tensor({1.0F, -2.0F, 0.5F, 3.0F}).view({2, 2})}, {"b", torch::tensor({0.1F, -0.2F})}};
}

/// Step `t` of the problem of the reference numbers: L = (t+1)/2 ‖w‖² + Σ b³.
void step(Optimizer& optimizer, const Optimizer::NamedTensors& w, int t, double momentum) {
  optimizer.step({w[0].second * (t + 1), w[1].second.square() * 3}, StepRates{0.1, momentum});
}

QString text(const torch::Tensor& tensor) {
  QStringList values;
  for (std::int64_t i = 0; i < tensor.numel(); ++i) {
    values << QString::number(tensor.flatten()[i].item<double>(), 'g', 9);
  }
  return values.join(", ");
}

}  // namespace

class OptimizerTest : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  // References: three steps of torch.optim.Adam and SGD (PyTorch 2.13, foreach=False) on the same problem.
  void threeStepsAsPyTorch_data() {
    QTest::addColumn<QString>("optimizer");
    QTest::addColumn<double>("momentum");
    QTest::addColumn<double>("weightDecay");
    QTest::addColumn<bool>("nesterov");
    QTest::addColumn<QList<double>>("expected");
    QTest::newRow("adam") << "adam" << 0.9 << 0.01 << false
                          << QList<double>{0.7047479748725891, -1.7061741352081299,  0.2020849734544754,
                                           2.706646203994751,  -0.13927419483661652, -0.4883573651313782};
    QTest::newRow("sgd, momentum") << "sgd" << 0.9 << 0.01 << false
                                   << QList<double>{0.19411417841911316, -0.3882283568382263, 0.09705708920955658,
                                                    0.5823425650596619,  0.08347658812999725, -0.2735712230205536};
    QTest::newRow("sgd, nesterov") << "sgd" << 0.9 << 0.01 << true
                                   << QList<double>{-0.02638840675354004, 0.05277681350708008, -0.01319420337677002,
                                                    -0.07916521281003952, 0.07746720314025879, -0.31816256046295166};
    QTest::newRow("sgd, plain") << "sgd" << 0.0 << 0.0 << false
                                << QList<double>{0.5040000081062317, -1.0080000162124634, 0.25200000405311584,
                                                 1.5120000839233398, 0.09151649475097656, -0.2407359927892685};
  }
  void threeStepsAsPyTorch() {
    QFETCH(QString, optimizer);
    QFETCH(double, momentum);
    QFETCH(double, weightDecay);
    QFETCH(bool, nesterov);
    QFETCH(QList<double>, expected);
    const auto w = weights();
    const auto made = makeOptimizer(settings(optimizer.toStdString().c_str(), weightDecay, nesterov), w);
    for (int t = 0; t < 3; ++t) step(*made, w, t, momentum);
    const torch::Tensor got = torch::cat({w[0].second.flatten(), w[1].second});
    for (int i = 0; i < expected.size(); ++i) {
      QVERIFY2(qAbs(got[i].item<double>() - expected[i]) < 2e-6, qPrintable(text(got)));
    }
  }

  // Reference: three steps of torch.optim.Adadelta (PyTorch 2.13, lr 1, rho 0.95, foreach=False).
  void adadeltaAsPyTorch() {
    Parameters parameters = settings("adadelta", 0.01);
    parameters.set("beta2", 0.95);
    const auto w = weights();
    const auto made = makeOptimizer(parameters, w);
    for (int t = 0; t < 3; ++t) {
      made->step({w[0].second * (t + 1), w[1].second.square() * 3}, StepRates{1, 0.9});
    }
    const std::vector<double> expected = {0.9830359220504761, -1.9830242395401,    0.4830598831176758,
                                          2.983020544052124,  0.08723489940166473, -0.21388772130012512};
    const torch::Tensor got = torch::cat({w[0].second.flatten(), w[1].second});
    for (int i = 0; i < 6; ++i) QVERIFY2(qAbs(got[i].item<double>() - expected[i]) < 1e-6, qPrintable(text(got)));
  }

  void stateContinuesToTheSameBits_data() {
    QTest::addColumn<QString>("optimizer");
    QTest::newRow("adam") << "adam";
    QTest::newRow("sgd") << "sgd";
    QTest::newRow("adadelta") << "adadelta";
  }
  void stateContinuesToTheSameBits() {
    QFETCH(QString, optimizer);
    const Parameters parameters = settings(optimizer.toStdString().c_str(), 0.01);
    const auto straight = weights();
    const auto first = makeOptimizer(parameters, straight);
    for (int t = 0; t < 2; ++t) step(*first, straight, t, 0.9);
    Optimizer::NamedTensors resumed;
    for (const auto& [name, tensor] : straight) resumed.emplace_back(name, tensor.clone());
    const auto second = makeOptimizer(parameters, resumed);
    second->load(first->state(), "test");
    for (int t = 2; t < 5; ++t) {
      step(*first, straight, t, 0.9);
      step(*second, resumed, t, 0.9);
    }
    for (std::size_t i = 0; i < straight.size(); ++i) QVERIFY(straight[i].second.equal(resumed[i].second));
  }

  void channelsLastWeightsTakeGradientsOfAnyLayout() {
    const torch::Tensor values = torch::arange(24, torch::kFloat32).view({2, 3, 2, 2});
    const Optimizer::NamedTensors plain = {{"w", values.clone()}};
    const Optimizer::NamedTensors last = {{"w", values.clone().contiguous(at::MemoryFormat::ChannelsLast)}};
    const torch::Tensor gradient = torch::linspace(-1, 2, 24).view({2, 3, 2, 2});
    makeOptimizer(settings("adam", 0), plain)->step({gradient}, {0.1, 0.9});
    makeOptimizer(settings("adam", 0), last)->step({gradient}, {0.1, 0.9});
    QVERIFY(plain[0].second.equal(last[0].second));
    QVERIFY(!plain[0].second.equal(values));
  }

  void foreignStateIsRefused() {
    const auto w = weights();
    const auto made = makeOptimizer(settings("adam", 0), w);
    auto state = made->state();
    auto missing = state;
    missing.erase("exp_avg.w");
    auto additional = state;
    additional["exp_avg.v"] = torch::zeros({1});
    auto wrong = state;
    wrong["exp_avg.w"] = torch::zeros({3});
    for (const auto& bad : {missing, additional, wrong}) {
      try {
        made->load(bad, "file");
        QFAIL("accepted");
      } catch (const Error& error) {
        QVERIFY(error.kind() == ErrorKind::BadInput);
        QCOMPARE(error.where(), std::string("file"));
      }
    }
  }
};

QTEST_APPLESS_MAIN(OptimizerTest)
#include "optimizer_test.moc"
