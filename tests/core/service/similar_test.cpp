// SPDX-License-Identifier: GPL-3.0-or-later
#include <QTest>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stop_token>

#include "core/service/similar_support.h"
#include "tests/core/service/tiny_engine.h"

using namespace whorl;
using nlohmann::json;
using test::kindOf;
namespace fs = std::filesystem;

class SimilarTest : public QObject {
  Q_OBJECT

  test::TinyEngine m_engine;
  std::string m_other;  ///< another model

  SimilarIndexRequest indexRequest(const std::string& folder, const std::string& index) const {
    SimilarIndexRequest request;
    request.model = m_engine.model();
    request.folder = m_engine.path(folder).string();
    request.index = m_engine.path(index).string();
    request.device = "cpu";
    request.threads = 1;
    return request;
  }

  SimilarQueryRequest queryRequest(const std::string& index, const std::string& file) const {
    SimilarQueryRequest request;
    request.index = m_engine.path(index).string();
    if (!file.empty()) request.files = {m_engine.path(file).string()};
    request.device = "cpu";
    request.threads = 1;
    return request;
  }

  SimilarBenchmarkRequest benchmarkRequest() const {
    SimilarBenchmarkRequest request;
    request.models = {m_engine.model()};
    request.dataset = m_engine.data();
    request.negatives = 5;
    request.draws = 50;
    request.device = "cpu";
    request.threads = 1;
    return request;
  }

  /// Ten images in a folder of their own.
  std::string makeFolder(const std::string& name) const {
    fs::create_directories(m_engine.path(name) / "deep");
    for (int i = 0; i < 10; ++i) {
      const fs::path file = m_engine.path(name) / (i < 5 ? "" : "deep") / (std::to_string(i) + ".png");
      writeImage(test::tinyImage(i % 2, 500 + static_cast<std::uint64_t>(i)), file);
    }
    return name;
  }

 private Q_SLOTS:
  void initTestCase() {
    m_engine.train();
    TrainRequest request = m_engine.trainRequest("other.safetensors");
    request.seed = 8;
    request.parameters.set("epochs", std::int64_t{1});
    m_other = m_engine->train(request, JobContext{}, {}).model;
  }

  void anImageFindsItself() {
    makeFolder("self");
    const SimilarIndexResult made = m_engine->similarIndex(indexRequest("self", "self.index"), JobContext{});
    QCOMPARE(made.images, std::int64_t{10});
    QCOMPARE(made.added, std::int64_t{10});
    QVERIFY(made.problems.empty() && made.duplicates.empty());
    const SimilarQueryResult found =
        m_engine->similarQuery(queryRequest("self.index", "self/deep/7.png"), JobContext{});
    QCOMPARE(found.answers.size(), std::size_t{1});
    QCOMPARE(found.answers[0].neighbours.size(), std::size_t{10});
    QCOMPARE(found.answers[0].neighbours[0].name, std::string("deep/7.png"));
    QVERIFY(found.answers[0].neighbours[0].distance < 1e-8);
    for (std::size_t i = 1; i < 10; ++i) {
      QVERIFY(found.answers[0].neighbours[i].distance >= found.answers[0].neighbours[i - 1].distance);
    }
    const json document = json::parse(found.json);
    QCOMPARE(document["queries"][0]["neighbours"][0]["name"].get<std::string>(), std::string("deep/7.png"));
    QCOMPARE(json::parse(made.json)["layer"].get<std::string>(), std::string("features"));
    // Rows of length 1: squared L2 is twice the cosine's distance.
    SimilarQueryRequest cosine = queryRequest("self.index", "self/deep/7.png");
    cosine.measure = "cosine";
    const auto other = m_engine->similarQuery(cosine, JobContext{}).answers[0].neighbours;
    for (std::size_t i = 0; i < 10; ++i) {
      QVERIFY(std::abs(other[i].distance * 2 - found.answers[0].neighbours[i].distance) < 1e-5);
    }
  }

  void folderAndDataSetAgree() {
    SimilarIndexRequest asked = indexRequest("data/test", "folder.index");
    asked.layer = "conv1";
    asked.normalise = false;
    const auto folder = m_engine->similarIndex(asked, JobContext{});
    asked.folder.clear();
    asked.dataset = m_engine.data();
    asked.index = m_engine.path("set.index").string();
    asked.threads = 2;
    asked.batchSize = 7;
    const auto set = m_engine->similarIndex(asked, JobContext{});
    QCOMPARE(set.images, std::int64_t{40});
    QCOMPARE(set.dimension, folder.dimension);
    SimilarQueryRequest query = queryRequest("folder.index", "");
    query.dataset = m_engine.data();
    query.first = 3;
    query.count = 2;
    query.steps = {{"jpeg", {{"quality", std::int64_t{20}}}}};
    const auto one = m_engine->similarQuery(query, JobContext{});
    query.index = asked.index;
    const auto other = m_engine->similarQuery(query, JobContext{});
    QCOMPARE(one.answers[1].query, std::string("test/4"));
    for (std::size_t i = 0; i < 10; ++i) {
      const auto& a = one.answers[1].neighbours[i];
      const auto& b = other.answers[1].neighbours[i];
      QVERIFY(std::abs(a.distance - b.distance) < 1e-6 * (1 + a.distance));
      QVERIFY(b.label && !a.label);
    }
    const DatasetImage image = m_engine->similarImage(asked.index, "test/4", JobContext{});
    QVERIFY(image.image == m_engine->testImages(m_engine.data(), 4, 1, JobContext{})[0].image);
    QVERIFY(!image.className.empty());
    QCOMPARE(kindOf([&] { m_engine->similarImage(asked.index, "test/400", JobContext{}); }), ErrorKind::BadInput);
  }

  void whatCannotBeReadIsNamed() {
    makeFolder("odd");
    const fs::path odd = m_engine.path("odd");
    std::ofstream(odd / "notes.txt") << "not an image";
    std::ofstream(odd / "cut.png") << "\x89PNG\r\n\x1a\n";
    std::ofstream(odd / ".hidden") << "left out";
    fs::copy_file(odd / "3.png", odd / "deep" / "again.png");
    writeImage(test::tinyImage(1, 9, 40), odd / "large.png");
    Image colour{{3, 5, 9}, std::vector<float>(135, 0.5F)};
    writeImage(colour, odd / "colour.bmp");
    SimilarIndexRequest asked = indexRequest("odd", "odd/own.index");  // in the folder itself: no image of it
    const auto result = m_engine->similarIndex(asked, JobContext{});
    QCOMPARE(result.images, std::int64_t{13});
    QCOMPARE(result.rows, std::int64_t{12});
    QCOMPARE(result.sizes, std::int64_t{3});
    QCOMPARE(result.duplicates, (std::vector<std::vector<std::string>>{{"3.png", "deep/again.png"}}));
    QCOMPARE(result.problems.size(), std::size_t{2});
    QCOMPARE(result.problems[0].name, std::string("cut.png"));
    QCOMPARE(result.problems[1].name, std::string("notes.txt"));
    QVERIFY(!result.problems[1].problem.empty());
    const auto found = m_engine->similarQuery(queryRequest("odd/own.index", "odd/3.png"), JobContext{});
    QCOMPARE(found.answers[0].neighbours[0].also, (std::vector<std::string>{"deep/again.png"}));
    // Nothing has changed: nothing is computed; what couldn't be read is tried again, and still told.
    const auto again = m_engine->similarIndex(asked, JobContext{});
    QCOMPARE(again.added, std::int64_t{0});
    QCOMPARE(again.kept, std::int64_t{13});
    QCOMPARE(again.problems.size(), std::size_t{2});
  }

  void indexesFollowTheirFolder() {
    makeFolder("moving");
    const SimilarIndexRequest asked = indexRequest("moving", "moving.index");
    m_engine->similarIndex(asked, JobContext{});
    m_engine->similarQuery(queryRequest("moving.index", "moving/1.png"), JobContext{});  // in memory now
    fs::remove(m_engine.path("moving/0.png"));
    writeImage(test::tinyImage(0, 12345, 20), m_engine.path("moving/1.png"));
    writeImage(test::tinyImage(0, 54321), m_engine.path("moving/new.png"));
    const auto result = m_engine->similarIndex(asked, JobContext{});
    QCOMPARE(result.added, std::int64_t{2});
    QCOMPARE(result.removed, std::int64_t{2});
    QCOMPARE(result.images, std::int64_t{10});
    const auto found = m_engine->similarQuery(queryRequest("moving.index", "moving/1.png"), JobContext{});
    QCOMPARE(found.answers[0].neighbours[0].name, std::string("1.png"));
    QVERIFY(found.answers[0].neighbours[0].distance < 1e-8);
  }

  void cancelledWorkGoesOn() {
    SimilarIndexRequest asked = indexRequest("data/train", "cut.index");
    asked.batchSize = 8;
    std::stop_source stop;
    const JobContext stopping(stop.get_token(), [&](const Progress& progress) {
      if (progress.done >= 16) stop.request_stop();
    });
    QCOMPARE(kindOf([&] { m_engine->similarIndex(asked, stopping); }), ErrorKind::Cancelled);
    std::int64_t last = 0;
    const JobContext watching({}, [&](const Progress& progress) {
      QVERIFY(progress.done >= last && progress.total == 120);
      last = progress.done;
    });
    const auto resumed = m_engine->similarIndex(asked, watching);
    QVERIFY(resumed.kept >= 16 && resumed.kept < 120);
    QCOMPARE(resumed.kept + resumed.added, std::int64_t{120});
    QCOMPARE(last, std::int64_t{120});
    // The same answers as from an index made in one go.
    asked.index = m_engine.path("whole.index").string();
    m_engine->similarIndex(asked, JobContext{});
    const auto one = m_engine->similarQuery(queryRequest("cut.index", "data/train/left/5.png"), JobContext{});
    const auto other = m_engine->similarQuery(queryRequest("whole.index", "data/train/left/5.png"), JobContext{});
    for (std::size_t i = 0; i < 10; ++i) {
      QCOMPARE(one.answers[0].neighbours[i].name, other.answers[0].neighbours[i].name);
      QCOMPARE(one.answers[0].neighbours[i].distance, other.answers[0].neighbours[i].distance);
    }
  }

  void anotherModelIsRefused() {
    makeFolder("models");
    SimilarIndexRequest asked = indexRequest("models", "models.index");
    m_engine->similarIndex(asked, JobContext{});
    asked.model = m_other;
    std::string message;
    QCOMPARE(kindOf([&] { m_engine->similarIndex(asked, JobContext{}); }, &message), ErrorKind::BadInput);
    QVERIFY2(message.find("another model") != std::string::npos, message.c_str());
    SimilarQueryRequest query = queryRequest("models.index", "models/1.png");
    query.model = m_other;
    QCOMPARE(kindOf([&] { m_engine->similarQuery(query, JobContext{}); }, &message), ErrorKind::BadInput);
    asked.model = m_engine.model();
    asked.layer = "conv1";
    QCOMPARE(kindOf([&] { m_engine->similarIndex(asked, JobContext{}); }), ErrorKind::BadInput);
    // Without a name each gets a file of its own.
    asked.index.clear();
    const std::string first = m_engine->similarIndex(asked, JobContext{}).index;
    asked.model = m_other;
    QVERIFY(m_engine->similarIndex(asked, JobContext{}).index != first);
  }

  void nonsenseIsRefused() {
    fs::create_directories(m_engine.path("empty/.git"));
    std::ofstream(m_engine.path("empty/.git/config")) << "hidden";
    fs::create_directories(m_engine.path("texts"));
    std::ofstream(m_engine.path("texts/a.txt")) << "text";
    std::string message;
    QCOMPARE(kindOf([&] { m_engine->similarIndex(indexRequest("empty", "e.index"), JobContext{}); }, &message),
             ErrorKind::BadInput);
    QVERIFY2(message.find("no files") != std::string::npos, message.c_str());
    QVERIFY(!fs::exists(m_engine.path("e.index")));
    QCOMPARE(kindOf([&] { m_engine->similarIndex(indexRequest("nowhere", "e.index"), JobContext{}); }),
             ErrorKind::BadInput);
    QCOMPARE(kindOf([&] { m_engine->similarIndex(indexRequest("texts", "t.index"), JobContext{}); }, &message),
             ErrorKind::BadInput);
    QVERIFY2(message.find("a.txt") != std::string::npos, message.c_str());
    QCOMPARE(kindOf([&] { m_engine->similarQuery(queryRequest("t.index", "data/test/left/0.png"), JobContext{}); }),
             ErrorKind::BadInput);
    SimilarIndexRequest both = indexRequest("data/test", "b.index");
    both.dataset = m_engine.data();
    QCOMPARE(kindOf([&] { m_engine->similarIndex(both, JobContext{}); }), ErrorKind::Usage);
    both.folder.clear();
    both.split = "all";
    QCOMPARE(kindOf([&] { m_engine->similarIndex(both, JobContext{}); }), ErrorKind::Usage);
    both.split = "test";
    both.layer = "fc9";
    QCOMPARE(kindOf([&] { m_engine->similarIndex(both, JobContext{}); }, &message), ErrorKind::Usage);
    QVERIFY2(message.find("fc1") != std::string::npos, message.c_str());
    makeFolder("asked");
    m_engine->similarIndex(indexRequest("asked", "asked.index"), JobContext{});
    const auto refused = [&](auto change) {
      SimilarQueryRequest query = queryRequest("asked.index", "asked/1.png");
      change(query);
      return kindOf([&] { m_engine->similarQuery(query, JobContext{}); });
    };
    QCOMPARE(refused([](auto& q) { q.top = 0; }), ErrorKind::Usage);
    QCOMPARE(refused([](auto& q) { q.measure = "miles"; }), ErrorKind::Usage);
    QCOMPARE(refused([](auto& q) { q.files.clear(); }), ErrorKind::Usage);
    QCOMPARE(refused([](auto& q) { q.steps = {{"fgsm", {}}}; }), ErrorKind::Usage);
    QCOMPARE(refused([](auto& q) { q.files = {"/nowhere.png"}; }), ErrorKind::BadInput);
  }

  void whatIsNotChangedIsFoundForSure() {
    SimilarBenchmarkRequest asked = benchmarkRequest();
    asked.distortions = {{{"jpeg", {}, false}}};
    const auto result = m_engine->similarBenchmark(asked, JobContext{});
    QCOMPARE(result.images, std::int64_t{40});
    QCOMPARE(result.distortions[0].name, std::string("nothing"));
    const SimilarModelFigures& figures = result.distortions[0].models[0];
    QCOMPARE(figures.precisions[2].value, 1.0);
    QCOMPARE(figures.precisions[2].low, 1.0);
    QCOMPARE(figures.ranking.value, 1.0);
    QVERIFY(figures.positiveQuantiles.back() < 1e-8 && figures.negativeQuantiles.front() > 0);
    // A network that tells the classes puts an image nearer to its own.
    QVERIFY(result.classRankingClean[0] > 0.9);
  }

  void worseDistortionsAreFoundLessOften() {
    SimilarBenchmarkRequest asked = benchmarkRequest();
    const StepRequest mild{"gaussian-noise", {{"sigma", 0.01}}};
    const StepRequest strong{"gaussian-noise", {{"sigma", 0.8}}};
    asked.distortions = {{mild}, {strong}};
    asked.models = {m_engine.model(), m_engine.model(), m_other};
    const auto result = m_engine->similarBenchmark(asked, JobContext{});
    QVERIFY(result.distortions[0].models[0].precisions[0].value > result.distortions[1].models[0].precisions[0].value);
    QVERIFY(result.distortions[0].models[0].ranking.value > result.distortions[1].models[0].ranking.value);
    QCOMPARE(result.distortions[1].differences[0].ranking.low, 0.0);  // the same model
    QCOMPARE(result.distortions[1].differences[0].precisions[1].high, 0.0);
    const SimilarFigure& other = result.distortions[1].differences[1].ranking;
    QVERIFY(std::abs(other.value - (result.distortions[1].models[2].ranking.value -
                                    result.distortions[1].models[0].ranking.value)) < 1e-12);
    QVERIFY(other.low <= other.value && other.value <= other.high);
    // All pairs together: the ranking is the mean of the two, as they have as many triplets.
    QVERIFY(std::abs(result.pooled.models[0].ranking.value -
                     (result.distortions[0].models[0].ranking.value + result.distortions[1].models[0].ranking.value) /
                         2) < 1e-12);
    const auto& curve = result.distortions[1].models[0].curve;
    QVERIFY(curve.size() <= 301 && curve.back().recall == 1);
    const json document = json::parse(result.json);
    QCOMPARE(document["distortions"][1]["models"].size(), std::size_t{3});
    QCOMPARE(document["models"][2]["model_sha256"].get<std::string>().size(), std::size_t{64});
  }

  void benchmarksRepeat() {
    SimilarBenchmarkRequest asked = benchmarkRequest();
    asked.seed = 3;
    asked.count = 30;
    asked.distortions = {{{"gaussian-noise", {{"sigma", 0.3}}}},
                         {{"crop", {{"place", std::string("random")}}}, {"jpeg", {}}}};
    const auto one = m_engine->similarBenchmark(asked, JobContext{});
    asked.threads = 2;
    asked.batchSize = 7;
    const auto other = m_engine->similarBenchmark(asked, JobContext{});
    for (std::size_t d = 0; d < 2; ++d) {
      const auto& a = one.distortions[d].models[0];
      const auto& b = other.distortions[d].models[0];
      QCOMPARE(a.precisions[1].value, b.precisions[1].value);
      QCOMPARE(a.ranking.low, b.ranking.low);
      QVERIFY(std::abs(a.positiveQuantiles[50] - b.positiveQuantiles[50]) < 1e-6);
    }
    asked.seed = 4;
    QVERIFY(m_engine->similarBenchmark(asked, JobContext{}).distortions[0].models[0].positiveQuantiles[50] !=
            one.distortions[0].models[0].positiveQuantiles[50]);
  }

  void standardDistortionsGoWithTheSize() {
    const auto small = m_engine->standardDistortions({1, 28, 28});
    QVERIFY(small.size() >= 15);
    for (const auto& steps : small) checkDistortion(steps);
    const auto large = m_engine->standardDistortions({3, 224, 224});
    QCOMPARE(small.size(), large.size());
    QCOMPARE(distortionName(large[10]), std::string("crop offset 28 place random"));
    SimilarBenchmarkRequest asked = benchmarkRequest();
    asked.draws = 5;
    const auto result = m_engine->similarBenchmark(asked, JobContext{});
    QCOMPARE(result.distortions.size(), small.size());
    const auto& points = result.pooled.models[0].curve;  // fewer than copies; two of these may tie
    for (double r = 0.01, two = .05 / double(small.size()); r < 1; r += 0.01) {
      QVERIFY(std::ranges::any_of(points, [&](auto& p) { return p.recall > r - 1e-9 && p.recall < r + two; }));
    }
  }

  void foldersAreMeasuredToo() {
    fs::create_directories(m_engine.path("photos/deep"));
    for (int i = 0; i < 12; ++i) {
      const auto seed = 700 + static_cast<std::uint64_t>(i);
      writeImage(test::tinyImage(i % 2, seed, 20 + 3 * (i % 4)),
                 m_engine.path("photos") / (i % 3 ? "" : "deep") / (std::to_string(i) + ".png"));
    }
    std::ofstream(m_engine.path("photos/notes.txt")) << "no image";
    SimilarBenchmarkRequest request = benchmarkRequest();
    request.dataset = m_engine.path("photos").string();
    request.count = 0;
    request.distortions = {{{"jpeg", {{"quality", std::int64_t{50}}}}}};
    const auto result = m_engine->similarBenchmark(request, JobContext{});
    QCOMPARE(result.images, std::int64_t{12});
    QVERIFY(std::isnan(result.classRankingClean[0]));  // no classes
    QVERIFY(result.pooled.models[0].ranking.value > 0.5);
    const json document = json::parse(result.json);
    QCOMPARE(document["problems"].size(), std::size_t{1});
    QCOMPARE(document["problems"][0]["name"].get<std::string>(), std::string("notes.txt"));
    QVERIFY(document["models"][0]["class_ranking_clean"].is_null());
    QCOMPARE(m_engine->similarBenchmark(request, JobContext{}).pooled.models[0].ranking.value,
             result.pooled.models[0].ranking.value);
    request.count = 5;
    QCOMPARE(m_engine->similarBenchmark(request, JobContext{}).images, std::int64_t{5});
    request.dataset = m_engine.path("texts").string();
    std::string message;
    QCOMPARE(kindOf([&] { m_engine->similarBenchmark(request, JobContext{}); }, &message), ErrorKind::BadInput);
    QVERIFY2(message.find("two images") != std::string::npos, message.c_str());
  }

  void benchmarksStopAndRefuse() {
    std::stop_source stop;
    const JobContext stopping(stop.get_token(), [&](const Progress&) { stop.request_stop(); });
    QCOMPARE(kindOf([&] { m_engine->similarBenchmark(benchmarkRequest(), stopping); }), ErrorKind::Cancelled);
    const auto refused = [&](auto change) {
      SimilarBenchmarkRequest asked = benchmarkRequest();
      change(asked);
      return kindOf([&] { m_engine->similarBenchmark(asked, JobContext{}); }) == ErrorKind::Usage;
    };
    QVERIFY(refused([](auto& r) { r.models.clear(); }));
    QVERIFY(refused([](auto& r) { r.count = 1; }));
    QVERIFY(refused([](auto& r) { r.negatives = 0; }));
    QVERIFY(refused([](auto& r) { r.draws = 0; }));
    QVERIFY(refused([](auto& r) { r.measure = "l7"; }));
    QVERIFY(refused([](auto& r) { r.layer = "fc77"; }));
    QVERIFY(refused([](auto& r) { r.distortions = {{{"jpeg", {{"quality", std::int64_t{0}}}}}}; }));
  }
};

QTEST_GUILESS_MAIN(SimilarTest)
#include "similar_test.moc"
