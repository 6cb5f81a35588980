// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/train/stability.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include <torch/csrc/autograd/autograd.h>
#include <QTemporaryDir>
#include <QTest>

#include "core/base/error.h"
#include "core/base/random.h"
#include "core/nn/model.h"
#include "core/train/noise.h"
#include "core/train/trainer.h"

using namespace whorl;
using Kind = LayerSpec::Kind;

namespace {

constexpr int kClasses = 4;

Parameters resolved(const std::string& objective, const Parameters& given = {}) {
  return resolve("test", objectiveParameters(objective), given);
}

Noise noise(const std::string& name, double sigma = 0.04, std::int64_t severity = 5,
            const std::string& parameters = "") {
  return Noise(
      {{"noise", name}, {"noise_sigma", sigma}, {"noise_severity", severity}, {"noise_parameters", parameters}});
}

torch::Tensor someImages(std::int64_t count, std::int64_t side = 28, std::int64_t channels = 1) {
  return torch::linspace(0, 1, count * channels * side * side).sin().abs().view({count, channels, side, side});
}

/// Quarters of a grey image, one bright.
DatasetPtr quarters(int side = 28) {
  auto data = std::make_shared<Dataset>();
  data->name = "quarters";
  data->checksum = "none";
  for (int i = 0; i < kClasses; ++i) data->classNames.push_back(std::to_string(i));
  Random random(5);
  for (DataSplit* split : {&data->train, &data->test}) {
    split->shape = {1, side, side};
    for (int i = 0; i < 64; ++i) {
      split->labels.push_back(i % kClasses);
      for (int pixel = 0; pixel < side * side; ++pixel) {
        const int quarter = 2 * (pixel / side / (side / 2)) + pixel % side / (side / 2);
        split->pixels.push_back(static_cast<std::uint8_t>(random.below(100) + (quarter == i % kClasses ? 120 : 0)));
      }
    }
  }
  return data;
}

TrainingPlan plan(const std::string& objective, const Parameters& more = {}) {
  TrainingPlan made;
  made.dataset = quarters();
  made.architecture = "nfp-mnist";
  made.objective = objective;
  made.parameters = {{"epochs", std::int64_t{1}}, {"batch_size", std::int64_t{16}}, {"checkpoint_seconds", 0.0}};
  for (const auto& [name, value] : more.values()) made.parameters.set(name, value);
  made.seed = 11;
  made.threads = 1;
  return made;
}

bool sameTensor(const TrainingOutcome& a, const TrainingOutcome& b, const std::string& name) {
  return a.model.network()->tensors().at(name).equal(b.model.network()->tensors().at(name));
}

double metric(const TrainingEvent& event, const std::string& name) {
  for (const Metric& each : event.metrics) {
    if (each.name == name) return each.value;
  }
  return -1;
}

torch::Tensor row(std::initializer_list<double> values) {
  return torch::tensor(std::vector<double>(values), torch::kFloat64).view({1, -1});
}

}  // namespace

class StabilityTest : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void distancesHaveTheirKnownValues() {
    const torch::Tensor p = row({.7, .2, .1}).log();
    const torch::Tensor q = row({.5, .3, .2}).log();
    const auto of = [](const char* name, const torch::Tensor& a, const torch::Tensor& b) {
      return stabilityDistance(name, a, b).item<double>();
    };
    QVERIFY(std::abs(of("cross_entropy", p, q) - .8869414) < 1e-6);
    QVERIFY(std::abs(of("kl", p, q) - .0851228) < 1e-6);
    QVERIFY(std::abs(of("cross_entropy", p, p) - .8018186) < 1e-6);
    QCOMPARE(of("kl", p, p), 0.0);
    QCOMPARE(of("squared_l2", row({1, 2}), row({4, 6})), 25.0);
    QVERIFY(std::abs(of("l2", row({1, 2}), row({4, 6})) - 5) < 1e-9);
    QVERIFY(of("l2", p, p) < 1e-5);
    QVERIFY_THROWS_EXCEPTION(Error, of("other", p, p));
  }

  void theGradientIsFiniteWhereNothingMoves() {
    for (const char* name : {"cross_entropy", "kl", "squared_l2", "l2"}) {
      const torch::Tensor a = row({1, 2, 3}).requires_grad_(true);
      const auto gradient = torch::autograd::grad({stabilityDistance(name, a, a.detach()).sum()}, {a}).front();
      QVERIFY2(gradient.isfinite().all().item<bool>(), name);
    }
  }

  void aLinearNetworkMovesAsTheNoiseSays() {
    // Method 11.14: E|Wx - Wx'|² = σ² Σ W².
    const torch::Tensor w =
        torch::tensor({1.F, -2.F, .5F, 0.F, 0.F, 1.F, -1.F, 2.F, -1.F, .5F, 1.F, -1.F}).view({3, 4});
    const torch::Tensor images = torch::full({40000, 1, 2, 2}, .5);
    const torch::Tensor copies = noise("gaussian", .1).apply(images, 7);
    const double mean =
        stabilityDistance("squared_l2", images.flatten(1).mm(w.t()), copies.flatten(1).mm(w.t())).mean().item<double>();
    QVERIFY2(std::abs(mean - .145) < .03 * .145, qPrintable(QString::number(mean)));
  }

  void hingeOfATriplet() {
    const torch::Tensor q = row({0, 0});
    QVERIFY(std::abs(tripletHinge(q, row({.3, 0}), row({0, .35}), .1).item<double>() - .05) < 1e-6);
    QCOMPARE(tripletHinge(q, row({.3, 0}), row({0, .5}), .1).item<double>(), 0.0);
  }

  void negativesAreOthers() {
    for (const std::int64_t count : {2, 3, 17}) {
      const auto negatives = tripletNegatives(count, 5);
      const std::set<std::int64_t> distinct(negatives.begin(), negatives.end());
      QCOMPARE(static_cast<std::int64_t>(distinct.size()), count);
      for (std::int64_t i = 0; i < count; ++i) QVERIFY(negatives[static_cast<std::size_t>(i)] != i);
    }
    QVERIFY(tripletNegatives(17, 5) != tripletNegatives(17, 6));
    QCOMPARE(tripletNegatives(1, 0), std::vector<std::int64_t>{0});
  }

  void noiseIsFreshAndSeeded_data() {
    QTest::addColumn<QString>("name");
    QTest::addColumn<QString>("parameters");
    QTest::newRow("gaussian") << "gaussian"
                              << "";
    QTest::newRow("severities") << "jpeg"
                                << "";
    QTest::newRow("range") << "jpeg"
                           << "quality=5:60";
    QTest::newRow("mixed") << "gaussian+crop+thumbnail"
                           << "";
  }

  void noiseIsFreshAndSeeded() {
    QFETCH(QString, name);
    QFETCH(QString, parameters);
    const Noise made = noise(name.toStdString(), .04, 5, parameters.toStdString());
    for (const torch::Tensor& images : {someImages(6), someImages(6, 32, 3)}) {
      const torch::Tensor before = images.clone();
      const torch::Tensor once = made.apply(images, 1);
      QVERIFY(images.equal(before));
      QVERIFY(once.sizes() == images.sizes());
      QVERIFY(!once.equal(images));
      QVERIFY(once.equal(made.apply(images, 1)));
      QVERIFY(!once.equal(made.apply(images, 2)));
    }
  }

  void imagesDrawTheirOwnStrength() {
    // The same image 40 times: with one quality all copies are alike, with a range they are not.
    const torch::Tensor images = someImages(1).expand({40, 1, 28, 28}).contiguous();
    const auto kinds = [&](const std::string& parameters) {
      const torch::Tensor copies = noise("jpeg", 0, 5, parameters).apply(images, 3);
      std::set<double> sums;
      for (std::int64_t i = 0; i < copies.size(0); ++i) sums.insert(copies[i].sum().item<double>());
      return sums.size();
    };
    QCOMPARE(kinds("quality=30"), std::size_t{1});
    QVERIFY(kinds("quality=5:90") > 10);
    const auto severities = kinds("");
    QVERIFY(severities > 2 && severities <= 5);
  }

  void badNoiseIsRefused_data() {
    QTest::addColumn<QString>("name");
    QTest::addColumn<QString>("parameters");
    QTest::newRow("unknown") << "earthquake"
                             << "";
    QTest::newRow("empty") << ""
                           << "";
    QTest::newRow("open end") << "jpeg+"
                              << "";
    QTest::newRow("no such parameter") << "jpeg"
                                       << "loudness=3";
    QTest::newRow("no number") << "jpeg"
                               << "quality=high";
    QTest::newRow("out of range") << "jpeg"
                                  << "quality=10:900";
    QTest::newRow("backwards") << "jpeg"
                               << "quality=60:10";
    QTest::newRow("no value") << "jpeg"
                              << "quality=";
    QTest::newRow("gaussian has none") << "gaussian"
                                       << "quality=3";
  }

  void badNoiseIsRefused() {
    QFETCH(QString, name);
    QFETCH(QString, parameters);
    QVERIFY_THROWS_EXCEPTION(Error, noise(name.toStdString(), .04, 5, parameters.toStdString()));
  }

  void probabilitiesOfFeaturesAreRefused() {
    QVERIFY_THROWS_EXCEPTION(
        Error,
        makeTrainingLoss("stability", resolved("stability", {{"stability_of", std::string("features")}}), nullptr));
  }

  void weightZeroIsPlainTraining() {
    const auto plain = train(plan("plain"), JobContext());
    const auto zero = train(plan("stability", {{"stability_weight", 0.0}}), JobContext());
    for (const auto& [name, tensor] : plain.model.network()->tensors()) QVERIFY(sameTensor(plain, zero, name));
    const auto one = train(plan("stability"), JobContext());
    QVERIFY(!sameTensor(plain, one, "fc3.weight"));
    QVERIFY(metric(one.history.front(), "cross_entropy") > 0);
    QVERIFY(metric(one.history.front(), "stability") > 0);
    QVERIFY(metric(plain.history.front(), "stability") < 0);
  }

  void stopGradientChangesTheGradientAlone() {
    const auto both = train(plan("stability"), JobContext());
    const auto stopped = train(plan("stability", {{"stop_gradient", true}}), JobContext());
    QVERIFY(!sameTensor(both, stopped, "fc1.weight"));
  }

  void everyObjectiveTrains_data() {
    QTest::addColumn<QString>("objective");
    QTest::addColumn<QString>("of");
    QTest::addColumn<QString>("term");
    QTest::newRow("kl") << "stability"
                        << "logits"
                        << "stability";
    QTest::newRow("features") << "stability"
                              << "features"
                              << "stability";
    QTest::newRow("unit features") << "stability"
                                   << "unit_features"
                                   << "stability";
    QTest::newRow("noisy") << "noisy"
                           << ""
                           << "noisy";
    QTest::newRow("plain and noisy") << "plain+noisy"
                                     << ""
                                     << "noisy";
    QTest::newRow("triplet") << "triplet"
                             << ""
                             << "probe";
    QTest::newRow("all") << "stability+noisy+triplet"
                         << "unit_features"
                         << "triplet";
  }

  void everyObjectiveTrains() {
    QFETCH(QString, objective);
    QFETCH(QString, of);
    QFETCH(QString, term);
    Parameters more = {{"noise", std::string("gaussian+jpeg")}};
    if (!of.isEmpty()) {
      more.set("stability_of", of.toStdString());
      more.set("stability_divergence", std::string(of == "logits" ? "kl" : "squared_l2"));
    }
    const auto outcome = train(plan(objective.toStdString(), more), JobContext());
    QVERIFY(metric(outcome.history.front(), term.toStdString()) >= 0);
    const auto again = train(plan(objective.toStdString(), more), JobContext());
    QVERIFY(sameTensor(outcome, again, "fc1.weight"));
  }

  void theStartIsTakenOverAndTheRestStays() {
    const QTemporaryDir folder;
    const std::filesystem::path file = folder.filePath("start.safetensors").toStdString();
    const auto first = train(plan("plain"), JobContext());
    writeModel(first.model, file);
    const Parameters more = {{"start_from", file.string()}, {"trained_layers", std::int64_t{2}}};
    const auto tuned = train(plan("stability", more), JobContext());
    for (const char* name : {"conv1.weight", "conv4.bias", "bn1.weight", "bn1.running_mean", "fc1.weight"}) {
      QVERIFY2(sameTensor(first, tuned, name), name);
    }
    for (const char* name : {"fc2.weight", "fc3.bias", "bn6.running_mean"}) {
      QVERIFY2(!sameTensor(first, tuned, name), name);
    }
    QCOMPARE(tuned.model.past.at("start_sha256").get<std::string>().size(), std::size_t{64});
    const auto whole = train(plan("stability", {{"start_from", file.string()}}), JobContext());
    QVERIFY(!sameTensor(first, whole, "conv1.weight"));
  }

  void aCheckpointIsAStart() {
    const QTemporaryDir folder;
    const std::filesystem::path file = folder.filePath("run.checkpoint").toStdString();
    TrainingPlan kept = plan("plain");
    kept.checkpoint = file;
    const auto first = train(kept, JobContext());
    const auto tuned =
        train(plan("plain", {{"start_from", file.string()}, {"trained_layers", std::int64_t{1}}}), JobContext());
    QVERIFY(sameTensor(first, tuned, "conv1.weight"));
    QVERIFY(!sameTensor(first, tuned, "fc3.weight"));
  }

  void badStartsAreRefused() {
    const QTemporaryDir folder;
    const std::filesystem::path file = folder.filePath("start.safetensors").toStdString();
    QVERIFY_THROWS_EXCEPTION(Error, train(plan("plain", {{"start_from", file.string()}}), JobContext()));
    Model model = train(plan("plain"), JobContext()).model;
    writeModel(model, file);
    TrainingPlan other = plan("plain", {{"start_from", file.string()}});
    other.architecture = "reference-cnn";
    QVERIFY_THROWS_EXCEPTION(Error, train(other, JobContext()));
    QVERIFY_THROWS_EXCEPTION(Error, train(plan("plain", {{"trained_layers", std::int64_t{9}}}), JobContext()));
    model.mean = {0.1};
    writeModel(model, file);
    QVERIFY_THROWS_EXCEPTION(Error, train(plan("plain", {{"start_from", file.string()}}), JobContext()));
  }

  void embeddingsTakeAnySize() {
    for (const ImageShape shape : {ImageShape{1, 28, 28}, ImageShape{3, 32, 32}, ImageShape{3, 84, 84}}) {
      const Network network(findArchitecture("embedding-small"), shape, 10, 1);
      const torch::Tensor x = torch::zeros({2, shape.channels, shape.height, shape.width});
      QCOMPARE(network.features(x).size(1), std::int64_t{64});
      QVERIFY(network.logitsOf(network.features(x)).allclose(network.forward(x), 1e-5, 1e-6));
    }
  }

  void tripletsPullCopiesTogether() {
    Parameters more = {{"epochs", std::int64_t{6}}, {"noise_sigma", .3}, {"learning_rate", 2e-3}};
    TrainingPlan made = plan("triplet", more);
    made.architecture = "embedding-small";
    const auto outcome = train(made, JobContext());
    const double first = metric(outcome.history.front(), "triplet");
    const double last = metric(outcome.history.back(), "triplet");
    QVERIFY2(last < .7 * first, qPrintable(QString("%1 to %2").arg(first).arg(last)));
  }
};

QTEST_GUILESS_MAIN(StabilityTest)
#include "stability_test.moc"
