// SPDX-License-Identifier: GPL-3.0-or-later
#include <QtTest/QtTest>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <set>

#include <nlohmann/json.hpp>

#include "core/nn/safetensors.h"
#include "core/service/recipe_workbench.h"
#include "tests/core/service/tiny_engine.h"

using namespace whorl;
using nlohmann::json;
using test::kindOf;
namespace fs = std::filesystem;

namespace {

/// Two networks, two attacks and one of each kind of detector on a data set that is learned in seconds. @DATA@ is its
/// folder, @MODEL@ a trained, fingerprinted network.
const char* const kRecipe = R"(title = "Tiny"
data = "@DATA@"
notes = ["a note"]
[sample]
count = 12
fit = 12
train = 40
slice = 5
[[model]]
name = "given"
file = "@MODEL@"
[[model]]
name = "plain"
architecture = "nfp-mnist"
objective = "plain"
parameters = { epochs = 3, batch_size = 20, learning_rate = 0.01 }
seed = 3
[[attack]]
name = "BIM"
attack = "bim"
parameters = { epsilon = 0.5, steps = 10, step_size = 0.1 }
[[attack]]
name = "from plain"
attack = "fgsm"
parameters = { epsilon = 0.5 }
on = "plain"
[[attack]]
name = "adaptive"
attack = "pgd"
parameters = { epsilon = 0.5, steps = 3 }
threat_model = "adaptive-white-box"
count = 6
[[detector]]
name = "NeuralFP"
detector = "fingerprint"
model = "given"
[[detector]]
name = "KD"
detector = "kd"
parameters = { output = "logistic" }
model = "given"
fit = "BIM"
noisy_negatives = true
attacks = ["BIM"]
[[detector]]
name = "softmax"
detector = "max-softmax"
model = "plain"
attacks = ["BIM", "from plain"]
[[detector]]
name = "alone"
detector = "none"
model = "given"
attacks = ["BIM"]
[[published]]
detector = "NeuralFP"
source = "nobody"
auc_percent = { BIM = 99 }
)";

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (auto place = text.find(from); place != std::string::npos; place = text.find(from)) {
    text.replace(place, from.size(), to);
  }
  return text;
}

const RecipeCell& cellOf(const RecipeResult& result, const std::string& detector, const std::string& attack) {
  const auto found = std::find_if(result.cells.begin(), result.cells.end(), [&](const RecipeCell& cell) {
    return cell.detector == detector && cell.attack == attack;
  });
  if (found == result.cells.end()) throw std::runtime_error("no cell " + detector + "/" + attack);
  return *found;
}

std::set<std::int64_t> indicesOf(const std::string& path) {
  const TensorFile file = readSafetensors(path);
  const auto& indices = file.tensors.at("index");
  const auto* data = indices.const_data_ptr<std::int64_t>();
  return {data, data + indices.numel()};
}

}  // namespace

class RecipesTest : public QObject {
  Q_OBJECT

 private:
  test::TinyEngine m_engine;
  RecipeRequest m_request;

  std::string write(const std::string& name, const std::string& text) const {
    const fs::path path = m_engine.path(name);
    std::ofstream(path) << replaced(replaced(text, "@DATA@", m_engine.data()), "@MODEL@", m_engine.model());
    return path.string();
  }

 private Q_SLOTS:
  void initTestCase() {
    qunsetenv("WHORL_DATA");
    m_engine.train();
    m_request.recipe = write("tiny.toml", kRecipe);
    m_request.store = m_engine.path("runs").string();
    m_request.report = m_engine.path("report").string();
    m_request.device = "cpu";
    m_request.threads = 1;
  }

  void runsFromTrainingToReport() {
    const RecipeResult result = m_engine->runRecipe(m_request, JobContext{});
    for (const RecipeCell& cell : result.cells) {
      QVERIFY2(cell.state == CellState::Done, (cell.detector + "/" + cell.attack + ": " + cell.problem).c_str());
      QVERIFY(!cell.kept || cell.detector == "NeuralFP");
    }
    QCOMPARE(result.cells.size(), std::size_t{3 + 1 + 2 + 1});
    const RecipeCell& first = cellOf(result, "NeuralFP", "BIM");
    QCOMPARE(first.figures->attacked, std::int64_t{12});
    QVERIFY(first.figures->successes > 6);
    QVERIFY(first.figures->meanLinf <= 0.5 + 1e-6);
    QCOMPARE(first.published.value(), 0.99);
    QCOMPARE(cellOf(result, "NeuralFP", "adaptive").figures->attacked, std::int64_t{6});
    // Noisy images count as clean ones, too.
    QCOMPARE(cellOf(result, "KD", "BIM").figures->cleanScores.size(), std::size_t{24});
    QVERIFY(std::isnan(cellOf(result, "alone", "BIM").figures->aucAll.value));
    QCOMPARE(cellOf(result, "alone", "BIM").figures->successes, first.figures->successes);
    QCOMPARE(cellOf(result, "NeuralFP", "from plain").threatModel, std::string("black-box"));
    QCOMPARE(cellOf(result, "NeuralFP", "from plain").model, std::string("plain"));
    QCOMPARE(result.reports.size(), std::size_t{3});
    for (const auto& report : result.reports) QVERIFY(fs::file_size(report) > 500);

    const json document = json::parse(result.json);
    QCOMPARE(document["command"].get<std::string>(), std::string("run"));
    QCOMPARE(document["cells"].size(), result.cells.size());
    QCOMPARE(document["cells"][0]["published"].get<double>(), 0.99);
    QCOMPARE(document["cells"][0]["figures"]["attacked"].get<int>(), 12);
    QCOMPARE(document["dry_run"].get<bool>(), false);
  }

  void theSecondTimeAllIsThere() {
    const RecipeResult result = m_engine->runRecipe(m_request, JobContext{});
    for (const RecipeCell& cell : result.cells) QVERIFY2(cell.kept, cell.detector.c_str());
    RecipeRequest plan = m_request;
    plan.dryRun = true;
    for (const RecipeCell& cell : m_engine->runRecipe(plan, JobContext{}).cells) {
      QVERIFY(cell.state == CellState::Done);
    }
  }

  void agreesWithASingleDetection() {
    const RecipeResult result = m_engine->runRecipe(m_request, JobContext{});
    DetectRequest single;
    single.attack = m_engine.attackRequest();
    single.attack.batchSize = 0;
    const DetectResult expected = m_engine->detect(single, JobContext{});
    const CellFigures& figures = *cellOf(result, "NeuralFP", "BIM").figures;
    QCOMPARE(figures.attacked, expected.attack.attacked);
    QCOMPARE(figures.successRate.value, expected.attack.successRate);
    QVERIFY(std::abs(figures.aucAll.value - expected.aucAll) < 1e-9);
    QVERIFY(std::abs(figures.meanL2 - expected.attack.meanL2) < 1e-5);
  }

  void fittedImagesAreNeverTested() {
    // Every attacked set in the store: those of the fit have no image in common with those of the test.
    std::vector<std::set<std::int64_t>> sets;
    for (const auto& file : fs::recursive_directory_iterator(m_engine.path("runs") / "files")) {
      if (!file.is_regular_file()) continue;
      const auto header = readSafetensorsHeader(file.path());
      if (header.tensors.contains("adversarial")) sets.push_back(indicesOf(file.path().string()));
    }
    const RecipeResult result = m_engine->runRecipe(m_request, JobContext{});
    const auto tested = indicesOf(cellOf(result, "KD", "BIM").attackedImages);
    QCOMPARE(tested.size(), std::size_t{12});
    int apart = 0;
    for (const auto& set : sets) {
      apart += std::none_of(set.begin(), set.end(), [&](std::int64_t index) { return tested.contains(index); });
    }
    QCOMPARE(apart, 1);
  }

  void attackedImagesCanBeLookedAt() {
    const RecipeResult result = m_engine->runRecipe(m_request, JobContext{});
    const AttackedImages images =
        m_engine->attackedImages(cellOf(result, "NeuralFP", "BIM").attackedImages, 0, 100, JobContext{});
    QCOMPARE(images.total, std::int64_t{12});
    QCOMPARE(std::count_if(images.images.begin(), images.images.end(), [](const auto& image) { return image.success; }),
             cellOf(result, "NeuralFP", "BIM").figures->successes);
  }

  void oneBrokenCellIsNoEnd() {
    RecipeRequest request = m_request;
    request.report.clear();
    // Fingerprints are asked for where the network has none.
    request.recipe =
        write("broken.toml", replaced(kRecipe, "name = \"NeuralFP\"\ndetector = \"fingerprint\"\nmodel = \"given\"",
                                      "name = \"NeuralFP\"\ndetector = \"fingerprint\"\nmodel = \"plain\""));
    const RecipeResult result = m_engine->runRecipe(request, JobContext{});
    QVERIFY(cellOf(result, "NeuralFP", "BIM").state == CellState::Failed);
    QVERIFY(cellOf(result, "NeuralFP", "BIM").problem.find("no fingerprints") != std::string::npos);
    QVERIFY(cellOf(result, "softmax", "BIM").state == CellState::Done);
  }

  void sayWhatIsWrong() {
    std::string message;
    RecipeRequest request = m_request;
    request.recipe = "unheard-of";
    QCOMPARE(kindOf([&] { m_engine->runRecipe(request, JobContext{}); }, &message), ErrorKind::BadInput);
    QVERIFY2(message.find("no such recipe") != std::string::npos, message.c_str());
    request.recipe = write("typo.toml", replaced(kRecipe, "steps = 10", "stepps = 10"));
    QCOMPARE(kindOf([&] { m_engine->runRecipe(request, JobContext{}); }, &message), ErrorKind::BadInput);
    QVERIFY2(message.find("typo.toml:18") != std::string::npos, message.c_str());
    QVERIFY2(message.find("stepps") != std::string::npos, message.c_str());
    QVERIFY(!m_engine->recipe(request.recipe).problem.empty());
    request = m_request;
    request.preset = "paper";
    QCOMPARE(kindOf([&] { m_engine->runRecipe(request, JobContext{}); }, &message), ErrorKind::Usage);
    request = m_request;
    request.only = {"NeuralFP"};
    QCOMPARE(kindOf([&] { m_engine->runRecipe(request, JobContext{}); }, &message), ErrorKind::Usage);
  }

  /// All that are shipped, each with both presets: names, values and published figures fit, and a plan can be made.
  void shippedRecipesCanBePlanned() {
    EngineOptions options;
    options.userFolder = m_engine.path("other").string();
    options.resourceFolder = WHORL_SOURCE_DIR "/resources";
    EngineImpl engine(options);
    const auto recipes = engine.recipes();
    QVERIFY(recipes.size() >= 10);
    for (const RecipeInfo& info : recipes) {
      QVERIFY2(info.problem.empty(), (info.id + ": " + info.problem).c_str());
      QVERIFY(info.shipped);
      QCOMPARE(info.presets, (std::vector<std::string>{"quick", "paper"}));
      for (const auto& preset : info.presets) {
        RecipeRequest request;
        request.recipe = info.id;
        request.preset = preset;
        request.dryRun = true;
        request.device = "cpu";
        request.threads = 1;
        const RecipeResult plan = engine.runRecipe(request, JobContext{}, {});
        QVERIFY(!plan.cells.empty());
        for (const RecipeCell& cell : plan.cells) {
          QVERIFY2(cell.state == CellState::Waiting,
                   (info.id + " " + cell.detector + "/" + cell.attack + ": " + cell.problem).c_str());
        }
      }
    }
  }

  void estimatesCountGradients() {
    const ImageShape shape{1, 28, 28};
    AttackTask task{"pgd", {{"steps", std::int64_t{40}}, {"restarts", std::int64_t{5}}}, "grey-box", "float32", -1};
    QCOMPARE(gradientsPerImage(task, shape, 10).value(), 200.0);
    task.threatModel = "adaptive-white-box";
    task.parameters.set("detector_weight_search", std::int64_t{6});
    task.parameters.set("target_candidates", std::int64_t{3});
    QCOMPARE(gradientsPerImage(task, shape, 10).value(), 200.0 * 11 * 6 * 3);
    task = {"cw", {{"steps", std::int64_t{1000}}, {"search_steps", std::int64_t{9}}}, "grey-box", "float32", -1};
    QCOMPARE(gradientsPerImage(task, shape, 0).value(), 9000.0);
    // As published: nine search steps for c, then five more weights beside the c that was found.
    task.threatModel = "adaptive-white-box";
    task.parameters.set("detector_weight_search", std::int64_t{6});
    QCOMPARE(gradientsPerImage(task, shape, 10).value(), 14000.0 * 11);
    task.attack = "something";
    QVERIFY(!gradientsPerImage(task, shape, 0));
  }
};

QTEST_GUILESS_MAIN(RecipesTest)
#include "recipes_test.moc"
