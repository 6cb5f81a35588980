// SPDX-License-Identifier: GPL-3.0-or-later
#include <stop_token>

#include <QTest>
#include <nlohmann/json.hpp>

#include "core/service/robustness_measures.h"
#include "tests/core/service/tiny_engine.h"

using namespace whorl;
using nlohmann::json;
using test::kindOf;

class RobustnessTest : public QObject {
  Q_OBJECT

  test::TinyEngine m_engine;

  RobustnessRequest request() const {
    RobustnessRequest request;
    request.model = m_engine.model();
    request.dataset = m_engine.data();
    request.perturbations = {"noise"};
    request.parameters = {{"trials", std::int64_t{12}}, {"delta", 0.08}};
    request.count = 6;
    request.device = "cpu";
    request.threads = 1;
    return request;
  }

 private Q_SLOTS:
  void initTestCase() { m_engine.train(); }

  void theWorstIsMadeAgainByItsParameters() {
    RobustnessRequest asked = request();
    asked.output = m_engine.path("worst.png").string();
    const RobustnessResult result = m_engine->robustness(asked, JobContext{});
    QCOMPARE(result.samples.size(), std::size_t{6});
    QCOMPARE(result.examined, std::int64_t{6});
    QVERIFY(result.worst.has_value());
    const RobustnessSample& worst = result.samples[*result.worst];
    for (const RobustnessSample& each : result.samples) {
      QVERIFY(each.divergence <= worst.divergence && each.distance <= 0.08);
      QCOMPARE(each.tried, std::int64_t{12});
      QCOMPARE(each.holds, each.divergence < 0.5);
    }
    // The command line's way: the file, the perturbation, its values and its seed.
    m_engine->writeImage(result.original, m_engine.path("x.tif").string());
    m_engine->perturb({m_engine.path("x.tif").string(), m_engine.path("again.png").string(), worst.perturbation,
                       worst.parameters, worst.seed},
                      JobContext{});
    QVERIFY(m_engine->readImage(m_engine.path("again.png").string()) == m_engine->readImage(asked.output));
    // And the model says of it what was told.
    const auto judged =
        m_engine->judge({m_engine.model(), result.original, {result.original, result.perturbed}, "cpu"}, JobContext{});
    QCOMPARE(judged[1].verdict.predicted, worst.predictedThere);
    double squares = 0;
    for (std::size_t k = 0; k < 2; ++k) {
      squares += std::pow(judged[0].verdict.probabilities[k] - judged[1].verdict.probabilities[k], 2);
    }
    QVERIFY(std::abs(std::sqrt(squares) - worst.divergence) < 1e-5);
    QVERIFY(std::abs(judged[1].norms.l2 / 16 - worst.distance) < 1e-6);  // rms of 16 x 16 values
    const json document = json::parse(result.json);
    QCOMPARE(document["samples"].size(), std::size_t{6});
    QCOMPARE(document["worst"]["worst"]["seed"].get<std::uint64_t>(), worst.seed);
  }

  void moreTrialsAndRoomFindNoLess() {
    RobustnessRequest asked = request();
    const RobustnessResult few = m_engine->robustness(asked, JobContext{});
    asked.parameters.set("trials", std::int64_t{48});
    const RobustnessResult many = m_engine->robustness(asked, JobContext{});
    for (std::size_t i = 0; i < few.samples.size(); ++i) {
      QCOMPARE(few.samples[i].index, many.samples[i].index);
      QVERIFY(many.samples[i].divergence >= few.samples[i].divergence);
    }
    // Whatever is bright ends up dark under a family that allows everything.
    asked.perturbations = {"flip"};
    asked.parameters.set("delta", 1.0);
    const RobustnessResult flipped = m_engine->robustness(asked, JobContext{});
    QCOMPARE(flipped.held, std::int64_t{0});  // left becomes right
    QCOMPARE(flipped.samples[0].perturbation, std::string("flip"));
  }

  void nothingInsideIsNoProof() {
    RobustnessRequest asked = request();
    asked.perturbations = {"flip"};
    asked.parameters.set("delta", 0.0);
    const RobustnessResult result = m_engine->robustness(asked, JobContext{});
    QCOMPARE(result.examined, std::int64_t{0});
    QCOMPARE(result.held, std::int64_t{0});
    QVERIFY(!result.worst);
    QVERIFY(json::parse(result.json)["samples"][0]["holds"].is_null());
  }

  void everyMeasureAndThreadsGoTogether() {
    RobustnessRequest asked = request();
    asked.count = 2;
    asked.perturbations = {"blur", "jpeg"};
    for (const ImageDistance& d : imageDistances()) {
      for (const OutputDivergence& each : outputDivergences()) {
        asked.parameters = {
            {"trials", std::int64_t{4}}, {"delta", 0.05}, {"distance", d.name}, {"divergence", each.name}};
        for (const RobustnessSample& sample : m_engine->robustness(asked, JobContext{}).samples) {
          QVERIFY(sample.distance <= 0.05 && sample.divergence >= -1e-9);
        }
      }
    }
    asked.parameters = {{"trials", std::int64_t{20}}};
    const RobustnessResult one = m_engine->robustness(asked, JobContext{});
    asked.threads = 2;
    const RobustnessResult two = m_engine->robustness(asked, JobContext{});
    for (std::size_t i = 0; i < 2; ++i) {
      QVERIFY(std::abs(one.samples[i].divergence - two.samples[i].divergence) < 1e-5);
    }
  }

  void nonsenseIsRefusedAndCancellingStops() {
    const auto refused = [&](auto change) {
      RobustnessRequest asked = request();
      change(asked);
      return kindOf([&] { m_engine->robustness(asked, JobContext{}); }) == ErrorKind::Usage;
    };
    QVERIFY(refused([](auto& r) { r.perturbations = {}; }));
    QVERIFY(refused([](auto& r) { r.perturbations = {"nothing"}; }));
    QVERIFY(refused([](auto& r) { r.count = 0; }));
    QVERIFY(refused([](auto& r) { r.parameters.set("distance", std::string("miles")); }));
    QVERIFY(refused([](auto& r) { r.parameters.set("delta", -1.0); }));
    std::stop_source stop;
    const JobContext stopping(stop.get_token(), [&](const Progress&) { stop.request_stop(); });
    QCOMPARE(kindOf([&] { m_engine->robustness(request(), stopping); }), ErrorKind::Cancelled);
  }
};

QTEST_GUILESS_MAIN(RobustnessTest)
#include "robustness_test.moc"
