// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/service/comparison_run.h"

#include <QtTest/QtTest>

#include <cmath>
#include <fstream>
#include <iterator>
#include <stop_token>

#include <nlohmann/json.hpp>

#include "tests/core/service/tiny_engine.h"

using namespace whorl;
using nlohmann::json;
using test::kindOf;
namespace fs = std::filesystem;

namespace {

const char* const kText = R"(kind = "comparison"
title = "Tiny"
data = "@DATA@"
seeds = [0, 1]
count = 20
perturbations = ["jpeg", "gaussian-noise"]
severities = [1, 5]
baseline = "plain"
[[curve]]
perturbation = "contrast"
parameter = "factor"
values = [0.2, 1]
[[model]]
name = "plain"
architecture = "nfp-mnist"
objective = "plain"
parameters = { epochs = 2, batch_size = 20 }
[[model]]
name = "stable"
architecture = "nfp-mnist"
objective = "stability"
from = "plain"
parameters = { epochs = 1, batch_size = 20, trained_layers = 3, noise = "jpeg", noise_sigma = @SIGMA@ }
)";

}  // namespace

class ComparisonRunTest : public QObject {
  Q_OBJECT

  test::TinyEngine m_engine;
  ComparisonRequest m_request;

  std::string write(const std::string& name, const std::string& sigma) const {
    QString text = kText;
    text.replace("@DATA@", QString::fromStdString(m_engine.data())).replace("@SIGMA@", sigma.c_str());
    std::ofstream(m_engine.path(name)) << text.toStdString();
    return m_engine.path(name).string();
  }

  /// The same comparison with near-duplicates; `distortions` stands between quotes.
  std::string writeDuplicates(const std::string& name, const std::string& distortions) const {
    const fs::path file = write(name, "0.1");
    std::ofstream(file, std::ios::app) << "[near_duplicates]\ncount = 20\ndraws = 20\ndistortions = [\"" << distortions
                                       << "\"]\n";
    return file.string();
  }

  json run(const ComparisonRequest& request) {
    return json::parse(runComparison(*m_engine.operator->(), request, JobContext{}).json);
  }

 private Q_SLOTS:
  void initTestCase() {
    m_request.recipe = write("tiny.toml", "0.1");
    m_request.store = m_engine.path("store").string();
    m_request.report = m_engine.path("report").string();
    m_request.device = "cpu";
    m_request.threads = 1;
  }

  void aDryRunDoesNothing() {
    ComparisonRequest dry = m_request;
    dry.dryRun = true;
    const json document = run(dry);
    QCOMPARE(document["missing"].size(), std::size_t{4});
    QCOMPARE(document["computed"].get<int>(), 0);
    QVERIFY(!fs::exists(m_engine.path("report")));
  }

  void cancellingKeepsWhatIsFinished() {
    std::stop_source stop;
    int lines = 0;
    const auto kind = kindOf([&] {
      ComparisonHooks hooks;
      hooks.onLine = [&](const std::string&) {
        if (++lines == 4) stop.request_stop();  // in the second training: one is trained and tested twice
      };
      runComparison(*m_engine.operator->(), m_request, JobContext(stop.get_token(), {}), hooks);
    });
    QCOMPARE(kind, ErrorKind::Cancelled);
  }

  void goesOnAndReports() {
    ComparisonHooks hooks;
    std::vector<ComparisonTable> tables;
    hooks.onTable = [&](const ComparisonTable& table) { tables.push_back(table); };
    const ComparisonResult result = runComparison(*m_engine.operator->(), m_request, JobContext{}, hooks);
    const json document = json::parse(result.json);
    QCOMPARE(document["computed"].get<int>(), 9);  // of 4 trainings, 4 tests of severities and 4 of curves
    // The table fills in row by row, and ends as the result's.
    QCOMPARE(tables.size(), std::size_t{5});
    QCOMPARE(tables.front().done, (std::vector<std::size_t>{0, 0}));
    QCOMPARE(tables[2].done, (std::vector<std::size_t>{2, 0}));
    QCOMPARE(tables.back().done, tables.back().wanted);
    QCOMPARE(tables.back().rows, result.table.rows);
    QCOMPARE(tables.front().header.front(), std::string("Model"));
    QCOMPARE(document["rows"].size(), std::size_t{2});
    const json& stable = document["rows"][1]["runs"];
    QCOMPARE(stable.size(), std::size_t{2});
    QCOMPARE(stable[0]["cells"].size(), std::size_t{4});
    QVERIFY(stable[0]["losses"]["stability"].get<double>() > 0);
    QVERIFY(stable[0]["losses"].contains("cross_entropy"));
    const json& points = stable[0]["curves"][0]["points"];
    QCOMPARE(points.size(), std::size_t{2});
    QCOMPARE(points[0]["value"].get<std::string>(), std::string("0.2"));
    QCOMPARE(points[1]["accuracy"].get<double>(), stable[0]["clean_accuracy"].get<double>());  // factor 1 does nothing
    QCOMPARE(result.reports.size(), std::size_t{3});
    for (const std::string& report : result.reports) QVERIFY(fs::file_size(report) > 500);
  }

  void theFiguresAreThoseOfTheModels() {
    const json document = run(m_request);
    int found = 0;
    for (const auto& entry : fs::directory_iterator(m_engine.path("store") / "comparisons")) {
      if (entry.path().extension() != ".safetensors") continue;
      CorruptionRequest request;
      request.model = entry.path().string();
      request.dataset = m_engine.data();
      request.perturbations = {"jpeg", "gaussian-noise"};
      request.severities = {1, 5};
      request.count = 20;
      request.threads = 1;
      const CorruptionResult result = m_engine->corruptions(request, JobContext{});
      for (const json& row : document["rows"]) {
        for (const json& one : row["runs"]) found += one["mean_accuracy"].get<double>() == result.meanAccuracy;
      }
    }
    QVERIFY(found >= 4);
  }

  void nearDuplicatesAreMeasuredSeedBySeed() {
    ComparisonRequest request = m_request;
    request.recipe = writeDuplicates("near.toml", "jpeg:quality=30\", \"crop:offset=3,place=random+jpeg:quality=50");
    ComparisonRequest dry = request;
    dry.dryRun = true;
    QCOMPARE(run(dry)["missing"].size(), std::size_t{2});
    const json document = run(request);
    QCOMPARE(document["computed"].get<int>(), 2);  // the trainings and tests are there
    const json& runs = document["near_duplicates"];
    QCOMPARE(runs.size(), std::size_t{4});
    QCOMPARE(runs[0]["model"], "plain");
    QCOMPARE(runs[1]["model"], "stable");
    QCOMPARE(runs[3]["seed"], 1);
    QCOMPARE(runs[1]["cells"].size(), std::size_t{3});  // the last one is of both together
    QVERIFY(runs[0]["cells"][2]["difference"].is_null());
    const json& all = runs[1]["cells"][2];
    const double gain = all["figures"]["ranking"]["value"].get<double>() -
                        runs[0]["cells"][2]["figures"]["ranking"]["value"].get<double>();
    QVERIFY(std::abs(all["difference"]["ranking"]["value"].get<double>() - gain) < 1e-12);
    std::ifstream file(m_engine.path("report") / "near-duplicates.md");
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    QVERIFY(text.find("crop offset 3 place random, jpeg quality 50") != std::string::npos);
    QVERIFY(fs::file_size(m_engine.path("report") / "near-duplicates.tex") > 300);
    QVERIFY(fs::file_size(m_engine.path("report") / "near-duplicates.html") > 300);
    QCOMPARE(run(request)["computed"].get<int>(), 0);
  }

  void theBenchmarkIsThatOfTheCommand() {
    ComparisonRequest request = m_request;
    request.recipe = writeDuplicates("near.toml", "jpeg:quality=30");
    const json document = run(request);
    // The same networks by themselves give the same figures.
    int found = 0;
    std::vector<std::string> files;
    for (const auto& entry : fs::directory_iterator(m_engine.path("store") / "comparisons")) {
      if (entry.path().extension() == ".safetensors") files.push_back(entry.path().string());
    }
    for (const std::string& file : files) {
      SimilarBenchmarkRequest alone;
      alone.models = {file};
      alone.dataset = m_engine.data();
      alone.count = 20;
      alone.draws = 20;
      alone.threads = 1;
      alone.distortions = {{{"jpeg", {{"quality", std::int64_t{30}}}}}};
      for (const json& one : document["near_duplicates"]) {
        alone.seed = one["seed"].get<std::uint64_t>();
        const auto figures = m_engine->similarBenchmark(alone, JobContext{}).pooled.models.front();
        found += one["cells"][1]["figures"]["ranking"]["value"].get<double>() == figures.ranking.value &&
                 one["cells"][1]["figures"]["precision"][0]["value"].get<double>() == figures.precisions[0].value;
      }
    }
    QVERIFY(found >= 4);
  }

  void nothingIsComputedTwice() {
    QCOMPARE(run(m_request)["computed"].get<int>(), 0);
    ComparisonRequest other = m_request;
    other.recipe = write("other.toml", "0.2");
    QCOMPARE(run(other)["computed"].get<int>(), 6);  // the first row stays
  }

  /// A file that trainings start from is known by what is in it.
  void anotherStartIsAnotherTraining() {
    std::vector<fs::path> trained;
    for (const auto& entry : fs::directory_iterator(m_engine.path("store") / "comparisons")) {
      if (entry.path().extension() == ".safetensors") trained.push_back(entry.path());
    }
    QVERIFY(trained.size() >= 2);
    const fs::path start = m_engine.path("start.safetensors");
    fs::copy_file(trained[0], start);
    ComparisonRequest request = m_request;
    request.recipe = m_engine.path("started.toml").string();
    request.report.clear();
    std::ofstream(request.recipe)
        << "kind = \"comparison\"\ntitle = \"Started\"\ndata = \"" << m_engine.data()
        << "\"\nseeds = [0]\ncount = 20\nperturbations = [\"jpeg\"]\nseverities = [1]\n"
           "baseline = \"tuned\"\n[[model]]\nname = \"tuned\"\narchitecture = \"nfp-mnist\"\n"
           "objective = \"plain\"\nparameters = { epochs = 1, batch_size = 20, start_from = \""
        << start.string() << "\" }\n";
    QCOMPARE(run(request)["computed"].get<int>(), 2);
    QCOMPARE(run(request)["computed"].get<int>(), 0);
    fs::copy_file(trained[1], start, fs::copy_options::overwrite_existing);
    QCOMPARE(run(request)["computed"].get<int>(), 2);
  }

  void aChangedModelIsTrainedAnew() {
    for (const auto& entry : fs::directory_iterator(m_engine.path("store") / "comparisons")) {
      if (entry.path().extension() == ".safetensors") std::ofstream(entry.path(), std::ios::app) << "x";
    }
    // A model file tells how long its training took, so it is another file, and its figures are measured anew.
    QCOMPARE(run(m_request)["computed"].get<int>(), 12);
    QCOMPARE(run(m_request)["computed"].get<int>(), 0);
  }

  void damagedFiguresAreMeasuredAnew() {
    int damaged = 0;
    for (const auto& entry : fs::directory_iterator(m_engine.path("store") / "comparisons")) {
      if (!entry.path().string().ends_with(".cells.json")) continue;
      std::ofstream(entry.path()) << (damaged++ % 2 == 0 ? "{}"
                                                         : R"({"clean_accuracy": 1, "seconds": 1, "cells": [{}]})");
    }
    QVERIFY(damaged >= 8);
    QCOMPARE(run(m_request)["computed"].get<int>(), 8);
    QCOMPARE(run(m_request)["computed"].get<int>(), 0);
  }

  void badDistortionsAreRefusedBeforeAnythingIsTrained_data() {
    QTest::addColumn<QString>("distortion");
    QTest::newRow("unknown") << "blurr";
    QTest::newRow("empty") << "";
    QTest::newRow("an end") << "jpeg:quality=30+";
    QTest::newRow("other parameter") << "jpeg:strength=3";
    QTest::newRow("no value") << "jpeg:quality";
    QTest::newRow("out of range") << "jpeg:quality=400";
    QTest::newRow("NaN") << "gaussian-noise:sigma=nan";
  }

  void badDistortionsAreRefusedBeforeAnythingIsTrained() {
    QFETCH(QString, distortion);
    ComparisonRequest request = m_request;
    request.store = m_engine.path("unused").string();
    request.recipe = writeDuplicates("bad.toml", distortion.toStdString());
    QCOMPARE(kindOf([&] { run(request); }), ErrorKind::BadInput);
    QVERIFY(!fs::exists(m_engine.path("unused")));
  }

  void anotherCurveLeavesTheRest() {
    QFile file(QString::fromStdString(m_request.recipe));
    QVERIFY(file.open(QIODevice::ReadOnly));
    const QByteArray text = file.readAll().replace("[0.2, 1]", "[0.5]");
    ComparisonRequest other = m_request;
    other.recipe = m_engine.path("curve.toml").string();
    std::ofstream(other.recipe) << text.toStdString();
    QCOMPARE(run(other)["computed"].get<int>(), 4);
  }

  void otherImagesUnderTheSameNameAreAnotherExperiment() {
    const json before = run(m_request);
    writeImage(test::tinyImage(0, 4711), fs::path(m_engine.data()) / "train" / "left" / "0.png");
    // The engine keeps a set that it has loaded; another one has to read it.
    EngineOptions options;
    options.userFolder = m_engine.path("user").string();
    options.resourceFolder = m_engine.path("resources").string();
    EngineImpl other(options);
    ComparisonRequest dry = m_request;
    dry.dryRun = true;
    const json document = json::parse(runComparison(other, dry, JobContext{}).json);
    QCOMPARE(document["missing"].size(), std::size_t{4});
    QVERIFY(document["provenance"]["data, SHA-256"] != before["provenance"]["data, SHA-256"]);
  }

  void shippedComparisonsCanBeRun() {
    for (const auto& entry : fs::directory_iterator(fs::path(WHORL_SOURCE_DIR) / "resources/comparisons")) {
      for (const char* preset : {"quick", "paper"}) {
        ComparisonRequest dry = m_request;
        dry.recipe = entry.path().string();
        dry.preset = preset;
        dry.dryRun = true;
        QVERIFY2(run(dry)["missing"].size() >= 6, entry.path().c_str());
      }
    }
  }

  void badRequestsAreRefused() {
    ComparisonRequest none = m_request;
    none.recipe = "no-such";
    QCOMPARE(kindOf([&] { run(none); }), ErrorKind::BadInput);
    for (const auto& [good, bad] : {std::pair{"\"contrast\"", "\"contrasts\""},
                                    {"\"factor\"", "\"factors\""},
                                    {"[0.2, 1]", "[-7]"},
                                    {"trained_layers = 3", "trained_layers = 8"},
                                    {"[\"jpeg\"", "[\"gaussian-noise\""},
                                    {"[\"jpeg\"", "[\"flip\""}}) {
      QFile file(QString::fromStdString(m_request.recipe));
      QVERIFY(file.open(QIODevice::ReadOnly));
      const QByteArray text = file.readAll().replace(good, bad);
      ComparisonRequest broken = m_request;
      broken.recipe = m_engine.path("broken.toml").string();
      std::ofstream(broken.recipe) << text.toStdString();
      QVERIFY2(kindOf([&] { run(broken); }) == ErrorKind::BadInput, bad);
    }
    ComparisonRequest preset = m_request;
    preset.preset = "huge";
    QCOMPARE(kindOf([&] { run(preset); }), ErrorKind::Usage);
    QVERIFY(!comparisonPath(*m_engine.operator->(), m_engine.data()));
    QVERIFY(comparisonPath(*m_engine.operator->(), m_request.recipe));
    std::ofstream(m_engine.path("tight.toml")) << "kind=\"comparison\"\n";
    QVERIFY(comparisonPath(*m_engine.operator->(), m_engine.path("tight.toml").string()));
    std::ofstream(m_engine.path("said.toml")) << "title = 'a kind = \"comparison\" of'\n";
    QVERIFY(!comparisonPath(*m_engine.operator->(), m_engine.path("said.toml").string()));
  }
};

QTEST_GUILESS_MAIN(ComparisonRunTest)
#include "comparison_run_test.moc"
