// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/experiment/runner.h"

#include <signal.h>
#include <sys/wait.h>

#include <QTemporaryDir>
#include <QtTest/QtTest>

#include <SQLiteCpp/SQLiteCpp.h>

#include "core/base/error.h"
#include "tests/core/experiment/fake_workbench.h"

using namespace whorl;
using namespace whorl::test;
namespace fs = std::filesystem;

namespace {

const char* const kText = R"(title = "Small"
data = "glyphs"
[sample]
count = 25
fit = 10
slice = 10
[[model]]
name = "net"
architecture = "net"
objective = "plain"
[[attack]]
name = "FGSM"
attack = "fgsm"
[[attack]]
name = "PGD"
attack = "pgd"
epsilon = [0.1, 0.2]
[[detector]]
name = "NeuralFP"
detector = "fingerprint"
model = "net"
[[detector]]
name = "LID"
detector = "lid"
model = "net"
fit = "FGSM"
[[detector]]
name = "alone"
detector = "none"
model = "net"
attacks = ["PGD"]
[[published]]
detector = "LID"
source = "a paper"
auc_percent = { FGSM = 90 }
)";

Plan planOf(const std::string& text, const Workbench& workbench) {
  return makePlan(parseRecipe(text, "/nowhere/small.toml", ""), workbench);
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  return text.replace(text.find(from), from.size(), to);
}

/// A run in a store of its own.
struct World {
  QTemporaryDir dir;
  FakeWorkbench bench;
  std::string text = kText;

  fs::path folder() const { return dir.path().toStdString(); }
  RecipeResult run(const RunOptions& options = {}, const JobContext& context = {}, const RunHooks& hooks = {}) {
    RunStore store(folder());
    return runPlan(planOf(text, bench), store, bench, options, context, hooks);
  }
};

int count(const RecipeResult& result, CellState state) {
  return static_cast<int>(std::count_if(result.cells.begin(), result.cells.end(),
                                        [&](const RecipeCell& cell) { return cell.state == state; }));
}

QString messageOf(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing was thrown";
}

}  // namespace

class RunnerTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void claimsGetVerdicts() {
    World world;
    const auto check = [](const char* figure, const char* cell, const char* bound) {
      return std::string("[[check]]\nclaim = \"c\"\nfigure = \"") + figure + "\"\ncell = \"" + cell + "\"\n" + bound +
             "\n";
    };
    world.text +=
        check("success", "alone/PGD ε=0.1", "at_least = 100") + check("success", "alone/PGD ε=0.1", "at_most = 100") +
        check("accuracy", "alone/PGD ε=0.1", "at_least = \"alone/PGD ε=0.1\"") +
        check("auc", "alone/PGD ε=0.1", "at_least = 0") + check("auc", "NeuralFP/FGSM", "at_least = \"LID/FGSM\"");
    const RecipeResult result = world.run();
    QCOMPARE(result.checks.size(), std::size_t{5});
    const double success = result.checks[0].value->value;
    QVERIFY(success > 0 && success < 1);
    QCOMPARE(result.checks[0].holds, std::optional(false));
    QCOMPARE(result.checks[1].holds, std::optional(true));
    QCOMPARE(result.checks[2].holds, std::optional(true));  // as itself, within its own interval
    QCOMPARE(result.checks[2].value->value, 1 - success);
    QVERIFY(result.checks[2].value->low <= 1 - success && 1 - success <= result.checks[2].value->high);
    QVERIFY(!result.checks[3].value && !result.checks[3].holds);  // without a detector
    const CheckedClaim& last = result.checks[4];
    QCOMPARE(last.holds, std::optional(last.value->value >= last.bound->low));
    // A budget that isn't there is refused where it stands, an open figure stays open.
    const std::string wrong = kText + check("success", "alone/PGD ε=0.7", "at_least = 1");
    const QString message = messageOf([&] { planOf(wrong, world.bench); });
    QVERIFY2(message.contains("no cell \"alone/PGD ε=0.7\"") && message.contains("small.toml:"), qPrintable(message));
    RunOptions only;
    only.only = {"LID/FGSM"};
    World other;
    other.text = world.text;
    QVERIFY(!other.run(only).checks[0].holds);
  }

  void noiseFromATableIsAnotherFit() {
    World world;
    world.text = replaced(world.text, "fit = \"FGSM\"", "fit = \"FGSM\"\nnoisy_negatives = true");
    world.run();
    const auto before = world.bench.calls;
    world.text = replaced(world.text, "attack = \"fgsm\"", "attack = \"fgsm\"\nnoise_sigma = 0.25");
    QCOMPARE(planOf(world.text, world.bench).attacks.front().noiseSigma, 0.25);
    world.run();
    QCOMPARE(world.bench.calls["attack"], before.at("attack"));
    QCOMPARE(world.bench.calls["fit"], before.at("fit") + 1);
    // The columns of the one row with noise; the others' scores are still good.
    QCOMPARE(world.bench.calls["score"], before.at("score") + 3);
  }

  void plansTheGrid() {
    const FakeWorkbench bench;
    const Plan plan = planOf(kText, bench);
    QCOMPARE(plan.attacks.size(), std::size_t{3});
    QCOMPARE(plan.attacks[2].name, std::string("PGD ε=0.2"));
    QCOMPARE(plan.attacks[2].task.parameters.real("epsilon"), 0.2);
    QCOMPARE(plan.cells.size(), std::size_t{3 + 3 + 2});
    QCOMPARE(plan.cells[3].published.value(), 0.9);
    QVERIFY(!plan.cells[4].published);
    QVERIFY(matchesCell("*/PGD", plan, plan.cells[1]));
    QVERIFY(matchesCell("Neural*/*0.1", plan, plan.cells[1]));
    QVERIFY(!matchesCell("LID/*", plan, plan.cells[1]));
    QVERIFY(messageOf([&] { matchesCell("LID", plan, plan.cells[1]); }).contains("DETECTOR/ATTACK"));
  }

  void sweepsMakeRows() {
    const FakeWorkbench bench;
    const Plan plan =
        planOf(std::string(kText) + "[[sweep]]\nmodel = \"net\"\nparameters = { n = [1, 2], e = [0.5] }\n", bench);
    QCOMPARE(plan.models.size(), std::size_t{2});
    QCOMPARE(plan.models[1].variant, (std::map<std::string, double>{{"e", 0.5}, {"n", 2}}));
    QCOMPARE(plan.detectors.size(), std::size_t{6});
    QCOMPARE(plan.detectors[0].name, std::string("NeuralFP (e=0.5, n=1)"));
    QCOMPARE(plan.detectors[0].family, std::string("NeuralFP"));
  }

  void wrongNamesHaveALine() {
    const FakeWorkbench bench;
    const QString message =
        messageOf([&] { planOf(replaced(kText, "attack = \"fgsm\"", "attack = \"unheard-of\""), bench); });
    QVERIFY2(message.contains("small.toml:11") && message.contains("unheard-of"), qPrintable(message));
    const QString unfitted = messageOf([&] { planOf(replaced(kText, "fit = \"FGSM\"", ""), bench); });
    QVERIFY2(unfitted.contains("must be fitted"), qPrintable(unfitted));
  }

  void computesEachThingOnce() {
    World world;
    std::vector<CellState> told;
    std::size_t planned = 0;
    RunHooks hooks;
    hooks.onPlan = [&](const RecipeResult& result) { planned = result.cells.size(); };
    hooks.onCell = [&](std::size_t, const RecipeCell& cell) { told.push_back(cell.state); };
    const RecipeResult result = world.run({}, {}, hooks);
    QCOMPARE(planned, std::size_t{8});
    QCOMPARE(told.size(), std::size_t{16});
    QCOMPARE(count(result, CellState::Done), 8);
    QCOMPARE(world.bench.calls["train"], 1);
    // Three tested sets of 25 in slices of 10, and one of 10 for the fit.
    QCOMPARE(world.bench.calls["attack"], 3 * 3 + 1);
    QCOMPARE(world.bench.calls["join"], 4);
    QCOMPARE(world.bench.calls["fit"], 1);
    QCOMPARE(world.bench.calls["score"], 8);
    const CellFigures& figures = *result.cells[0].figures;
    QCOMPARE(figures.attacked, std::int64_t{25});
    QVERIFY(figures.aucAll.value > 0.6 && figures.aucAll.low <= figures.aucAll.value);
    QVERIFY(std::isnan(result.cells[6].figures->aucAll.value));  // no detector
    QVERIFY(result.cells[6].figures->combinedAccuracy);
    QVERIFY(!result.cells[0].kept);

    const RecipeResult again = world.run();
    QCOMPARE(world.bench.calls["train"], 1);
    QCOMPARE(world.bench.calls["attack"], 10);
    QCOMPARE(world.bench.calls["score"], 8);
    QVERIFY(again.cells[0].kept);
    QCOMPARE(again.cells[0].figures->aucAll.value, figures.aucAll.value);
    QCOMPARE(again.cells[0].figures->aucAll.low, figures.aucAll.low);
  }

  void whatMattersChangesTheKey_data() {
    QTest::addColumn<QString>("from");
    QTest::addColumn<QString>("to");
    QTest::addColumn<int>("trained");
    QTest::addColumn<int>("attacked");
    QTest::newRow("a title") << "Small"
                             << "Large" << 0 << 0;
    QTest::newRow("a slice's size") << "slice = 10"
                                    << "slice = 5" << 0 << 0;
    QTest::newRow("data") << "glyphs"
                          << "shapes" << 1 << 10;
    QTest::newRow("seed") << "slice = 10"
                          << "slice = 10\nseed = 3" << 0 << 10;
    QTest::newRow("an attack") << "attack = \"fgsm\""
                               << "attack = \"bim\"" << 0 << 4;
    QTest::newRow("a budget") << "[0.1, 0.2]"
                              << "[0.1, 0.3]" << 0 << 3;
    QTest::newRow("a threat model") << "attack = \"fgsm\""
                                    << "attack = \"fgsm\"\nthreat_model = \"black-box\"" << 0 << 4;
    QTest::newRow("precision") << "attack = \"fgsm\""
                               << "attack = \"fgsm\"\nprecision = \"bfloat16\"" << 0 << 4;
    QTest::newRow("training") << "objective = \"plain\""
                              << "objective = \"plain\"\nseed = 9" << 1 << 0;
  }
  void whatMattersChangesTheKey() {
    QFETCH(const QString, from);
    QFETCH(const QString, to);
    QFETCH(const int, trained);
    QFETCH(const int, attacked);
    World world;
    world.run();
    world.bench.calls.clear();
    world.text = replaced(kText, from.toStdString(), to.toStdString());
    const RecipeResult result = world.run();
    QCOMPARE(count(result, CellState::Done), 8);
    QCOMPARE(world.bench.calls["train"], trained);
    // The fake's weights don't depend on its seed, so the same attacks are there.
    QCOMPARE(world.bench.calls["attack"], attacked);
  }

  void onlySomeAndAgain() {
    World world;
    RecipeResult result = world.run({{"NeuralFP/FGSM"}, {}, false});
    QCOMPARE(count(result, CellState::Done), 1);
    QCOMPARE(count(result, CellState::Waiting), 7);
    QCOMPARE(world.bench.calls["attack"], 3);
    world.run();
    world.bench.calls.clear();
    QCOMPARE(count(world.run({{"NeuralFP/FGSM"}, {}, false}), CellState::Done), 8);  // the others are there
    QCOMPARE(world.bench.calls, (std::map<std::string, int>{}));
    result = world.run({{}, {"*/FGSM"}, false});
    QCOMPARE(world.bench.calls["attack"], 3 + 1);  // tested and fitted images, once each
    QCOMPARE(world.bench.calls["score"], 2);
    QCOMPARE(world.bench.calls["train"], 0);
    QVERIFY(messageOf([&] { world.run({{"XY/*"}, {}, false}); }).contains("no cell is called"));
  }

  void aDamagedChoiceIsToldAndMended() {
    World world;
    world.run();
    {
      SQLite::Database store((world.folder() / "runs.sqlite").string(), SQLite::OPEN_READWRITE);
      QVERIFY(store.exec("UPDATE entries SET document = '{}' WHERE stage = 'selection'") > 0);
    }
    RecipeResult result = world.run();
    QCOMPARE(count(result, CellState::Failed), 8);
    QVERIFY2(result.cells[0].problem.find("damaged") != std::string::npos, result.cells[0].problem.c_str());
    result = world.run({{}, {"*/*"}, false});
    QCOMPARE(count(result, CellState::Done), 8);
  }

  void attacksOnOthersAreNotFittedTo() {
    const World world;
    std::string text = std::string(kText) +
                       "[[model]]\nname = \"other\"\nfile = \"other\"\n"
                       "[[attack]]\nname = \"moved\"\nattack = \"fgsm\"\non = \"other\"\n";
    QCOMPARE(planOf(text, world.bench).attacks.size(), std::size_t{4});
    text = replaced(text, "fit = \"FGSM\"", "fit = \"each\"");
    const QString message = messageOf([&] { planOf(text, world.bench); });
    QVERIFY2(message.contains("\"moved\" attacks another model"), qPrintable(message));
    planOf(replaced(text, "fit = \"each\"", "fit = \"each\"\nattacks = [\"FGSM\", \"PGD\"]"), world.bench);
  }

  void dryRunsComputeNothing() {
    World world;
    const RecipeResult plan = world.run({{}, {}, true});
    QCOMPARE(world.bench.calls, (std::map<std::string, int>{}));
    QCOMPARE(count(plan, CellState::Waiting), 8);
    QCOMPARE(plan.cells[0].seconds, 100 + 25 * 0.5);  // training and its images
    QCOMPARE(plan.cells[1].seconds, 25 * 0.5);
    world.run();
    const RecipeResult there = world.run({{}, {}, true});
    QCOMPARE(count(there, CellState::Done), 8);
    world.text = replaced(kText, "count = 25", "count = 30");
    QVERIFY(world.run({{}, {}, true}).cells[0].seconds < 1);  // as the others took, not as the workbench guesses
    World elsewhere;
    elsewhere.bench.dataThere = false;
    const RecipeResult unknown = elsewhere.run({{}, {}, true});
    QVERIFY(unknown.cells[0].problem.find("not known") != std::string::npos);
  }

  void impossibleDetectorsAreToldBeforeAnyAttack() {
    World world;
    world.text = replaced(kText, "detector = \"fingerprint\"", "detector = \"impossible\"");
    world.text = replaced(world.text, "architecture = \"net\"\nobjective = \"plain\"", "file = \"net\"");
    const RecipeResult plan = world.run({{}, {}, true});
    QCOMPARE(count(plan, CellState::Failed), 3);
    QVERIFY(plan.cells[0].problem.find("no dropout") != std::string::npos);
    const RecipeResult result = world.run({{"NeuralFP/*"}, {}, false});
    QCOMPARE(count(result, CellState::Failed), 3);
    QCOMPARE(world.bench.calls["attack"], 0);
    World few;
    few.text = replaced(kText, "count = 25", "count = 1");
    QVERIFY(few.run().cells[0].problem.find("too few images") != std::string::npos);
  }

  void failuresLeaveTheOthers() {
    World world;
    world.bench.failAttacks = 1;
    const RecipeResult result = world.run();
    // FGSM's tested set failed, and is not tried again for the next row.
    QCOMPARE(count(result, CellState::Failed), 2);
    QVERIFY(result.cells[0].problem.find("the attack broke") != std::string::npos);
    QCOMPARE(count(result, CellState::Done), 6);
    QCOMPARE(count(world.run(), CellState::Done), 8);
  }

  void withoutDataNothingIsTried() {
    World world;
    world.bench.dataThere = false;
    QVERIFY(messageOf([&] { world.run(); }).contains("can't be fetched"));
    QCOMPARE(world.bench.calls, (std::map<std::string, int>{}));
  }

  void cancelledRunsGoOnInsideTheCell() {
    World world;
    std::stop_source stop;
    world.bench.onStep = [&](const std::string& step) {
      if (step == "attack" && world.bench.calls["attack"] == 2) stop.request_stop();
    };
    try {
      world.run({}, JobContext(stop.get_token(), {}));
      QFAIL("it was not cancelled");
    } catch (const Error& error) {
      QCOMPARE(error.kind(), ErrorKind::Cancelled);
    }
    world.bench.onStep = {};
    world.run();
    QCOMPARE(world.bench.calls["attack"], 10);  // the two finished slices were kept
    QCOMPARE(world.bench.calls["train"], 1);
  }

  void fitAndTestNeverMeet() {
    World world;
    world.bench.testImages = 30;  // 25 tested ones and 10 to fit to
    const RecipeResult result = world.run();
    QCOMPARE(count(result, CellState::Failed), 3);
    QVERIFY(result.cells[3].problem.find("too small") != std::string::npos);
    World enough;
    enough.bench.testImages = 35;
    QCOMPARE(count(enough.run(), CellState::Failed), 0);
  }

  void killedRunsKeepWhatWasFinished() {
    World world;
    Random random(3);
    int kills = 0;
    bool done = false;
    for (int round = 0; round < 200 && !done; ++round) {
      const pid_t child = ::fork();
      if (child == 0) {
        world.bench.onStep = [](const std::string&) { ::usleep(1500); };
        try {
          const RecipeResult result = world.run();
          ::_exit(count(result, CellState::Done) == 8 ? 0 : 1);
        } catch (const std::exception& error) {
          std::fprintf(stderr, "child: %s\n", error.what());
          ::_exit(2);
        }
      }
      ::usleep(static_cast<useconds_t>(random.uniform(5'000, 40'000)));
      ::kill(child, SIGKILL);
      int status = 0;
      ::waitpid(child, &status, 0);
      done = WIFEXITED(status);
      if (done) QCOMPARE(WEXITSTATUS(status), 0);
      if (!done) ++kills;
      RunStore store(world.folder());
      QCOMPARE(store.problems(true), std::vector<std::string>());
    }
    QVERIFY2(kills > 3, qPrintable(QString::number(kills)));
    World whole;
    const RecipeResult expected = whole.run();
    const RecipeResult result = world.run();
    for (std::size_t i = 0; i < expected.cells.size(); ++i) {
      QCOMPARE(result.cells[i].figures->successes, expected.cells[i].figures->successes);
    }
    QCOMPARE(result.cells[0].figures->aucAll.value, expected.cells[0].figures->aucAll.value);
  }

  void twoProcessesShareOneStore() {
    World world;
    const auto child = [&] {
      const pid_t pid = ::fork();
      if (pid == 0) {
        world.bench.onStep = [](const std::string&) { ::usleep(3000); };
        try {
          const RecipeResult result = world.run();
          for (const RecipeCell& cell : result.cells) {
            if (cell.state != CellState::Done) std::fprintf(stderr, "child: %s\n", cell.problem.c_str());
          }
          ::_exit(count(result, CellState::Done) == 8 ? 0 : 1);
        } catch (const std::exception& error) {
          std::fprintf(stderr, "child: %s\n", error.what());
          ::_exit(2);
        }
      }
      return pid;
    };
    for (const pid_t pid : {child(), child()}) {
      int status = 0;
      ::waitpid(pid, &status, 0);
      QVERIFY(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    world.run();
    QCOMPARE(world.bench.calls, (std::map<std::string, int>{}));
  }
};

QTEST_APPLESS_MAIN(RunnerTest)
#include "runner_test.moc"
