// SPDX-License-Identifier: GPL-3.0-or-later
// whorl-cli run and recipes, as a person or a script meets them.
#include <QJsonArray>
#include <QJsonObject>
#include <QProcess>
#include <QtTest>

#include <signal.h>

#include <filesystem>
#include <fstream>

#include "tests/app/cli_program.h"
#include "tests/core/service/tiny_data.h"

using namespace whorl;
namespace fs = std::filesystem;

class RecipesCliTest : public QObject, test::CliProgram {
  Q_OBJECT

 private:
  QStringList recipe(const QStringList& more) const {
    return QStringList{"run", text("tiny.toml"), "--threads", "1", "--device", "cpu", "--store", text("runs")} + more;
  }

  void write(const std::string& name, int steps) const {
    std::ofstream(path(name))
        << "title = \"Tiny\"\ndata = \"" << path("data").string() << "\"\n"
        << "[sample]\ncount = 4\nslice = 1\n"
        << "[[model]]\nname = \"net\"\narchitecture = \"nfp-mnist\"\nobjective = \"plain\"\n"
        << "parameters = { epochs = 3, batch_size = 20, learning_rate = 0.01 }\n"
        << "[[attack]]\nname = \"PGD\"\nattack = \"pgd\"\n"
        << "parameters = { epsilon = 0.5, steps = " << steps << ", stop = \"last\" }\n"
        << "[[detector]]\nname = \"softmax\"\ndetector = \"max-softmax\"\nmodel = \"net\"\n"
        << "[[published]]\ndetector = \"softmax\"\nsource = \"nobody\"\nauc_percent = { PGD = 50 }\n";
  }

  /// Results in the store.
  int files() const {
    int count = 0;
    std::error_code gone;
    for (const auto& each : fs::recursive_directory_iterator(path("runs/files"), gone)) count += each.is_regular_file();
    return count;
  }

 private Q_SLOTS:
  void initTestCase() {
    QVERIFY(valid());
    test::writeTinyDataset(path("data"));
    write("tiny.toml", 10);
  }

  void listsRecipes() {
    const Outcome outcome = run({"recipes", "--json", "-"});
    QVERIFY2(outcome.code == 0, qPrintable(outcome.err));
    const QJsonArray recipes = outcome.json()["recipes"].toArray();
    QVERIFY(recipes.size() >= 10);
    for (const auto& each : recipes) QVERIFY(each.toObject()["problem"].isNull());
    const QJsonArray compared = outcome.json()["comparisons"].toArray();
    QVERIFY(compared.size() >= 4);
    for (const auto& each : compared) QVERIFY(each.toObject()["problem"].isNull());
  }

  /// Both kinds are known to whoever mistypes a name.
  void anUnknownNameListsAll() {
    const Outcome outcome = run({"run", "stability-mnst"});
    QVERIFY(outcome.code != 0);
    QVERIFY2(outcome.err.contains("mnist-greybox") && outcome.err.contains("stability-mnist"), qPrintable(outcome.err));
  }

  void comparisonsWriteAllReports() {
    std::ofstream(path("compared.toml"))
        << "kind = \"comparison\"\ntitle = \"Compared\"\ndata = \"" << path("data").string() << "\"\nseeds = [0]\n"
        << "count = 10\nperturbations = [\"contrast\"]\nseverities = [5]\nbaseline = \"plain\"\n"
        << "[[curve]]\nperturbation = \"jpeg\"\nparameter = \"quality\"\nvalues = [50, 10]\n"
        << "[[model]]\nname = \"plain\"\narchitecture = \"nfp-mnist\"\nobjective = \"plain\"\n"
        << "parameters = { epochs = 1, batch_size = 20 }\n";
    const QStringList command = {
        "run",      text("compared.toml"),   "--threads", "1", "--device", "cpu", "--store", text("compared"),
        "--report", text("compared-report"), "--json",    "-"};
    const Outcome outcome = run(command);
    QVERIFY2(outcome.code == 0, qPrintable(outcome.err));
    const QJsonObject only = outcome.json()["rows"].toArray()[0].toObject()["runs"].toArray()[0].toObject();
    QCOMPARE(only["curves"].toArray()[0].toObject()["points"].toArray().size(), qsizetype{2});
    for (const char* name : {"report.md", "report.tex", "report.html"}) {
      QVERIFY2(fs::exists(path("compared-report") / name), name);
    }
    QCOMPARE(run(command).json()["computed"].toInt(), 0);
  }

  void plansRunsAndKeeps() {
    const Outcome plan = run(recipe({"--dry-run"}));
    QVERIFY2(plan.code == 0, qPrintable(plan.err));
    QVERIFY2(plan.out.contains("to be computed") && plan.out.contains("in all"), qPrintable(plan.out));

    const Outcome first = run(recipe({"--report", text("report")}));
    QVERIFY2(first.code == 0, qPrintable(first.err));
    QVERIFY2(first.out.contains("softmax") && first.out.contains("50.00"), qPrintable(first.out));
    QVERIFY(fs::exists(path("report/report.html")));
    QVERIFY(first.err.contains("softmax/PGD:"));

    const Outcome second = run(recipe({"--json", "-"}));
    QVERIFY2(second.code == 0, qPrintable(second.err));
    const QJsonObject cell = second.json()["cells"].toArray().at(0).toObject();
    QVERIFY(cell["kept"].toBool());
    QCOMPARE(cell["figures"].toObject()["attacked"].toInt(), 4);
    QVERIFY(second.err.contains("(kept)"));
  }

  void saysWhatIsWrong() {
    std::ofstream(path("bad.toml")) << "title = \"x\"\ndatta = 1\n";
    const Outcome bad = run({"run", text("bad.toml")});
    QCOMPARE(bad.code, 3);
    QVERIFY2(bad.err.contains("bad.toml:1"), qPrintable(bad.err));
    const Outcome unknown = run(recipe({"--only", "xyz/*"}));
    QCOMPARE(unknown.code, 2);
    QVERIFY2(unknown.err.contains("softmax/PGD"), qPrintable(unknown.err));
    QCOMPARE(run({"run", "unheard-of"}).code, 3);
    QCOMPARE(run(recipe({"--preset", "paper"})).code, 2);
  }

  /// Ctrl+C while a long cell is attacked: what was finished stays, and the same command goes on from there.
  void interruptedRunsGoOn() {
    write("tiny.toml", 1500);
    const int before = files();
    QProcess process;
    prepare(process, recipe({}));
    process.start();
    QTRY_VERIFY_WITH_TIMEOUT(files() > before || process.state() == QProcess::NotRunning, kTimeout);
    QVERIFY2(process.state() == QProcess::Running, "it ended before it could be interrupted");
    ::kill(static_cast<pid_t>(process.processId()), SIGINT);
    QVERIFY(process.waitForFinished(kTimeout));
    QCOMPARE(process.exitCode(), 130);
    QVERIFY(files() > before);
    const Outcome outcome = run(recipe({"--resume", "--json", "-"}));
    QVERIFY2(outcome.code == 0, qPrintable(outcome.err));
    QVERIFY(!outcome.out.contains("\"failed\""));
  }
};

QTEST_GUILESS_MAIN(RecipesCliTest)
#include "recipes_cli_test.moc"
