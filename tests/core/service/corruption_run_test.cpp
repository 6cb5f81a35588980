// SPDX-License-Identifier: GPL-3.0-or-later
#include <stop_token>

#include <QTest>
#include <nlohmann/json.hpp>

#include "core/service/impl/perturbed_images.h"
#include "tests/core/service/tiny_engine.h"

using namespace whorl;
using nlohmann::json;
using test::kindOf;

class CorruptionRunTest : public QObject {
  Q_OBJECT

  test::TinyEngine m_engine;

  CorruptionRequest request() const {
    CorruptionRequest request;
    request.model = m_engine.model();
    request.dataset = m_engine.data();
    request.perturbations = {"contrast", "gaussian-noise"};
    request.severities = {5, 1};
    request.device = "cpu";
    request.threads = 1;
    return request;
  }

 private Q_SLOTS:
  void initTestCase() { m_engine.train(); }

  void cellsAreWhatTheModelSaysOfPerturbedImages() {
    const CorruptionResult result = m_engine->corruptions(request(), JobContext{});
    QCOMPARE(result.cells.size(), std::size_t{4});
    QCOMPARE(result.cells[0].perturbation, std::string("contrast"));
    QCOMPARE(result.cells[0].severity, 5);
    // By another road: contrast isn't random, so Explore gives the same answers image by image.
    std::int64_t right = 0;
    const auto images = m_engine->testImages(m_engine.data(), 0, 1000, JobContext{});
    QCOMPARE(images.size(), std::size_t{40});
    for (const DatasetImage& each : images) {
      ExploreRequest explore = m_engine.exploreRequest();
      explore.image = each.image;
      explore.steps = {{"contrast", {{"severity", std::int64_t{5}}}}};
      right += m_engine->explore(explore, JobContext{}).after.predicted == each.label ? 1 : 0;
    }
    QCOMPARE(result.cells[0].accuracy, static_cast<double>(right) / 40);
    const json document = json::parse(result.json);
    QCOMPARE(document["cells"][0]["parameters"]["factor"].get<double>(), 0.15);
    QCOMPARE(document["images"].get<int>(), 40);
    QVERIFY(document["mean_corruption_error"].is_null() && document["baseline"].is_null());
  }

  void valuesOfOnesOwnStandBesideSeverities() {
    CorruptionRequest asked = request();
    asked.perturbations = {"contrast:factor=0.15", "contrast", "crop:offset=2,place=centre", "contrast:factor=1"};
    const CorruptionResult result = m_engine->corruptions(asked, JobContext{});
    QCOMPARE(result.cells.size(), std::size_t{5});
    QCOMPARE(result.summaries.size(), std::size_t{4});
    QCOMPARE(result.cells[0].severity, 0);
    QCOMPARE(result.cells[0].accuracy, result.cells[1].accuracy);  // what severity 5 stands for
    QCOMPARE(result.cells[4].accuracy, result.cleanAccuracy);      // does nothing
    const json document = json::parse(result.json);
    QCOMPARE(document["cells"][3]["perturbation"].get<std::string>(), std::string("crop:offset=2,place=centre"));
    QCOMPARE(document["cells"][3]["parameters"]["offset"].get<int>(), 2);
  }

  void withoutAModelItSaysWhatTheDataIs() {
    CorruptionRequest asked;
    asked.dataset = m_engine.data();
    asked.suite.clear();
    const json document = json::parse(m_engine->corruptions(asked, JobContext{}).json);
    const json measured = json::parse(m_engine->corruptions(request(), JobContext{}).json);
    QCOMPARE(document["data"]["checksum"].get<std::string>().size(), std::size_t{64});
    QVERIFY(document["data"] == measured["data"]);
  }

  void againstItselfAModelIsAsGood() {
    CorruptionRequest asked = request();
    asked.perturbations = {"contrast", "salt-and-pepper", "pixelate"};
    asked.severities = {};
    asked.baseline = m_engine.model();
    const CorruptionResult result = m_engine->corruptions(asked, JobContext{});
    QCOMPARE(result.cells.size(), std::size_t{15});
    for (const CorruptionCell& cell : result.cells) QCOMPARE(*cell.baselineAccuracy, cell.accuracy);
    double mean = 0;
    for (const CorruptionSummary& each : result.summaries) {
      mean += each.accuracy / 3;
      // No errors, no ratio; some errors, 1.
      QCOMPARE(each.error.has_value(), each.accuracy < 1);
      if (each.error) QVERIFY(std::abs(*each.error - 1) < 1e-12);
    }
    QVERIFY(std::abs(mean - result.meanAccuracy) < 1e-12);
    QCOMPARE(*result.baselineCleanAccuracy, result.cleanAccuracy);
  }

  void batchesAndThreadsChangeNothing() {
    CorruptionRequest asked = request();
    asked.perturbations = {"impulse-noise", "elastic", "snow"};
    asked.count = 23;
    const CorruptionResult one = m_engine->corruptions(asked, JobContext{});
    asked.batchSize = 7;
    asked.threads = 2;
    const CorruptionResult other = m_engine->corruptions(asked, JobContext{});
    for (std::size_t i = 0; i < one.cells.size(); ++i) QCOMPARE(one.cells[i].accuracy, other.cells[i].accuracy);
  }

  void progressGoesToTheEndAndCancellingStops() {
    std::stop_source stop;
    std::int64_t last = 0;
    std::int64_t total = 0;
    const JobContext counting(stop.get_token(), [&](const Progress& progress) {
      QVERIFY(progress.done > last);
      last = progress.done;
      total = progress.total;
    });
    m_engine->corruptions(request(), counting);
    QCOMPARE(last, std::int64_t{5 * 40});
    QCOMPARE(total, last);
    const JobContext stopping(stop.get_token(), [&](const Progress&) { stop.request_stop(); });
    CorruptionRequest asked = request();
    asked.batchSize = 10;
    QCOMPARE(kindOf([&] { m_engine->corruptions(asked, stopping); }), ErrorKind::Cancelled);
  }

  void nonsenseIsRefused() {
    const auto refused = [&](auto change) {
      CorruptionRequest asked = request();
      change(asked);
      return kindOf([&] { m_engine->corruptions(asked, JobContext{}); }) == ErrorKind::Usage;
    };
    QVERIFY(refused([](auto& r) { r.perturbations = {"nothing"}; }));
    QVERIFY(refused([](auto& r) { r.perturbations = {"flip"}; }));  // has no severities
    QVERIFY(refused([](auto& r) { r.perturbations = {"jpeg", "jpeg"}; }));
    QVERIFY(refused([](auto& r) { r.perturbations = {"jpeg:quality=10", "jpeg:quality=10"}; }));
    for (const char* bad : {"nothing:quality=1", "jpeg:", "jpeg:quality", "jpeg:qualities=10", "jpeg:quality=0",
                            "jpeg:quality=ten", "jpeg:quality=10,", "crop:offset=30"}) {
      QVERIFY2(refused([bad](auto& r) { r.perturbations = {bad}; }), bad);
    }
    QVERIFY(refused([](auto& r) { r.severities = {0}; }));
    QVERIFY(refused([](auto& r) { r.severities = {2, 2}; }));
    QVERIFY(refused([](auto& r) { r.count = -1; }));
    QVERIFY(refused([](auto& r) { r.perturbations = {}, r.suite = "nothing"; }));
  }

  void madeImagesPassErrorsOn() {
    const ImageShape shape{1, 2, 2};
    QCOMPARE(madeImages(3, shape,
                        [&](std::int64_t i) {
                          return Image{shape, std::vector<float>(4, float(i))};
                        })
                 .sum()
                 .item<float>(),
             12.0f);
    const auto throws = [&](std::int64_t i) -> Image {
      if (i == 17) throw Error(ErrorKind::BadInput, "seventeen");
      return {shape, std::vector<float>(4)};
    };
    QCOMPARE(kindOf([&] { madeImages(40, shape, throws); }), ErrorKind::BadInput);
  }
};

QTEST_GUILESS_MAIN(CorruptionRunTest)
#include "corruption_run_test.moc"
