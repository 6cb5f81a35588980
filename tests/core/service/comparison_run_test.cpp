// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/service/comparison_run.h"

#include <QtTest/QtTest>

#include <fstream>
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
      runComparison(*m_engine.operator->(), m_request, JobContext(stop.get_token(), {}), [&](const std::string&) {
        if (++lines == 3) stop.request_stop();  // in the second training: one is trained and tested
      });
    });
    QCOMPARE(kind, ErrorKind::Cancelled);
  }

  void goesOnAndReports() {
    const json document = run(m_request);
    QCOMPARE(document["computed"].get<int>(), 6);  // of 4 trainings and 4 tests
    QCOMPARE(document["rows"].size(), std::size_t{2});
    const json& stable = document["rows"][1]["runs"];
    QCOMPARE(stable.size(), std::size_t{2});
    QCOMPARE(stable[0]["cells"].size(), std::size_t{4});
    QVERIFY(stable[0]["losses"]["stability"].get<double>() > 0);
    QVERIFY(stable[0]["losses"].contains("cross_entropy"));
    QVERIFY(fs::file_size(m_engine.path("report") / "report.md") > 500);
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

  void nothingIsComputedTwice() {
    QCOMPARE(run(m_request)["computed"].get<int>(), 0);
    ComparisonRequest other = m_request;
    other.recipe = write("other.toml", "0.2");
    QCOMPARE(run(other)["computed"].get<int>(), 4);  // the first row stays
  }

  void aChangedModelIsTrainedAnew() {
    for (const auto& entry : fs::directory_iterator(m_engine.path("store") / "comparisons")) {
      if (entry.path().extension() == ".safetensors") std::ofstream(entry.path(), std::ios::app) << "x";
    }
    // A model file tells how long its training took, so it is another file, and its figures are measured anew.
    QCOMPARE(run(m_request)["computed"].get<int>(), 8);
    QCOMPARE(run(m_request)["computed"].get<int>(), 0);
  }

  void badRequestsAreRefused() {
    ComparisonRequest none = m_request;
    none.recipe = "no-such";
    QCOMPARE(kindOf([&] { run(none); }), ErrorKind::BadInput);
    ComparisonRequest preset = m_request;
    preset.preset = "huge";
    QCOMPARE(kindOf([&] { run(preset); }), ErrorKind::Usage);
    QVERIFY(!comparisonPath(*m_engine.operator->(), m_engine.data()));
    QVERIFY(comparisonPath(*m_engine.operator->(), m_request.recipe));
  }
};

QTEST_GUILESS_MAIN(ComparisonRunTest)
#include "comparison_run_test.moc"
