// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/attack/quantise.h"

#include <cmath>

#include <QTest>

#include "core/attack/attack.h"
#include "core/attack/support.h"
#include "tests/core/attack/linear_classifier.h"

using namespace whorl;
using namespace whorl::test;

namespace {

const auto kDouble = torch::TensorOptions().dtype(torch::kFloat64);

/// Images on the grid of 8 bits, as those of files are.
torch::Tensor fileImages(const ImageShape& shape, std::int64_t count, std::uint64_t seed) {
  return (randomImages(shape, count, seed) * 255).round() / 255;
}

bool onGrid(const torch::Tensor& images) {
  const torch::Tensor levels = images * 255;
  return (levels - levels.round()).abs().max().item<double>() < 1e-9 && images.min().item<double>() >= 0 &&
         images.max().item<double>() <= 1;
}

}  // namespace

class QuantiseTest : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void staysInTheBallAndAdversarial_data();
  void staysInTheBallAndAdversarial();
  void nearestIsKeptWhereItWorks();
  void roundingAwayIsUndone();
  void impossibleIsSaid();
};

void QuantiseTest::staysInTheBallAndAdversarial_data() {
  QTest::addColumn<int>("norm");
  QTest::addColumn<double>("epsilon");
  QTest::newRow("linf") << static_cast<int>(Norm::Linf) << 0.03;
  QTest::newRow("linf on the grid") << static_cast<int>(Norm::Linf) << 8.0 / 255;
  QTest::newRow("l2") << static_cast<int>(Norm::L2) << 0.3;
  QTest::newRow("l1") << static_cast<int>(Norm::L1) << 1.5;
}

void QuantiseTest::staysInTheBallAndAdversarial() {
  QFETCH(int, norm);
  QFETCH(double, epsilon);
  const SmoothClassifier net({1, 8, 8}, 30, 5, 7);
  AttackRequest request;
  request.images = fileImages({1, 8, 8}, 40, 3);
  request.labels = net.logits(request.images).argmax(1);
  const char* const names[] = {"linf", "l2", "l1"};
  const AttackOutcome outcome = findAttack("pgd").run(net, request,
                                                      {{"norm", std::string(names[norm])},
                                                       {"epsilon", epsilon},
                                                       {"loss", std::string("margin")},
                                                       {"steps", std::int64_t{30}}},
                                                      {});
  const torch::Tensor rows = outcome.success.nonzero().squeeze(1);
  QVERIFY(rows.size(0) >= 5);
  const torch::Tensor original = request.images.index_select(0, rows);
  const AttackAims aims = {request.labels.index_select(0, rows), {}, {}};
  const QuantisedImages saved =
      quantise(net, original, outcome.adversarial.index_select(0, rows), aims, static_cast<Norm>(norm), epsilon);
  QVERIFY(onGrid(saved.images));
  const torch::Tensor delta = (saved.images - original).flatten(1);
  const torch::Tensor distance = static_cast<Norm>(norm) == Norm::Linf ? delta.abs().amax(1)
                                 : static_cast<Norm>(norm) == Norm::L2 ? l2Norms(delta)
                                                                       : delta.abs().sum(1);
  QVERIFY(distance.max().item<double>() <= epsilon + 1e-5);
  QVERIFY(at::equal(saved.survived, fooled(net.logits(saved.images), aims)));
  // Rounding to nearest may leave the ball, where more fool; on an ε of the grid it can't.
  const bool epsilonOnGrid = std::abs(epsilon * 255 - std::round(epsilon * 255)) < 1e-9;
  if (static_cast<Norm>(norm) == Norm::Linf && epsilonOnGrid) {
    QVERIFY(saved.survived.sum().item<int>() >= saved.naive.sum().item<int>());
  }
  // An ε between two levels is worth the lower one to a file.
  const double share = epsilonOnGrid || static_cast<Norm>(norm) != Norm::Linf ? 0.8 : 0.5;
  QVERIFY(saved.survived.sum().item<int>() >= share * static_cast<double>(rows.size(0)));
}

void QuantiseTest::nearestIsKeptWhereItWorks() {
  const LinearClassifier net = knownNetwork();
  const torch::Tensor original = torch::full({1, 1, 2, 2}, 51.0 / 255, kDouble);
  const AttackAims aims = {torch::full({1}, 2, torch::kInt64), {}, {}};
  const torch::Tensor adversarial = torch::tensor({0.3, 0.301, 0.302, 0.303}, kDouble).view({1, 1, 2, 2});
  const QuantisedImages saved = quantise(net, original, adversarial, aims, Norm::Linf, 0.5);
  QVERIFY(saved.survived.item<bool>() && saved.naive.item<bool>());
  QVERIFY(at::allclose(saved.images * 255, (adversarial * 255).round()));
}

void QuantiseTest::roundingAwayIsUndone() {
  // Class 1 where x > 100.4/255. At 100.45 the nearest level, 100, is class 0 again; 101 is still within ε.
  const LinearClassifier net(torch::tensor({{0.0}, {1.0}}, kDouble), torch::tensor({0.0, -100.4 / 255}, kDouble),
                             {1, 1, 1});
  const torch::Tensor original = torch::full({1, 1, 1, 1}, 90.0 / 255, kDouble);
  const torch::Tensor adversarial = torch::full({1, 1, 1, 1}, 100.45 / 255, kDouble);
  const AttackAims aims = {torch::zeros({1}, torch::kInt64), {}, {}};
  const QuantisedImages saved = quantise(net, original, adversarial, aims, Norm::Linf, 11.5 / 255);
  QVERIFY(!saved.naive.item<bool>());
  QVERIFY(saved.survived.item<bool>());
  QVERIFY(std::abs(saved.images.item<double>() - 101.0 / 255) < 1e-12);
}

void QuantiseTest::impossibleIsSaid() {
  const LinearClassifier net(torch::tensor({{0.0}, {1.0}}, kDouble), torch::tensor({0.0, -100.4 / 255}, kDouble),
                             {1, 1, 1});
  const torch::Tensor original = torch::full({1, 1, 1, 1}, 90.0 / 255, kDouble);
  const torch::Tensor adversarial = torch::full({1, 1, 1, 1}, 100.45 / 255, kDouble);
  const AttackAims aims = {torch::zeros({1}, torch::kInt64), {}, {}};
  const QuantisedImages saved = quantise(net, original, adversarial, aims, Norm::Linf, 10.5 / 255);
  QVERIFY(!saved.survived.item<bool>());
  QVERIFY(std::abs(saved.images.item<double>() - 100.0 / 255) < 1e-12);
}

QTEST_APPLESS_MAIN(QuantiseTest)
#include "quantise_test.moc"
