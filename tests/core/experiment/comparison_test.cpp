// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/experiment/comparison.h"

#include <cmath>
#include <filesystem>

#include <QTest>

#include "core/base/error.h"

using namespace whorl;

namespace {

const char* const kText = R"(kind = "comparison"
title = "Two"
data = "mnist"
seeds = [0, 3]
count = 500
perturbations = ["jpeg", "crop"]
severities = [1, 5]
baseline = "plain"

[[model]]
name = "plain"
train = "mnist-plain"

[[model]]
name = "stable"
train = "mnist-plain"
objective = "stability"
from = "plain"
parameters = { epochs = 3 }

[[model]]
name = "sweep"
train = "mnist-plain"
objective = "stability"
from = "plain"
seeds = [3]
sweep = { stability_weight = [0.1, 1], noise_sigma = [0.04, 0.16] }

[preset.quick]
limit_train = 100
skip = ["sweep"]
parameters = { epochs = 1 }

[preset.paper]
count = 0
seeds = [0, 1, 3]
)";

Comparison parsed(const QString& text, const std::string& preset = "") {
  return parseComparison(text.toStdString(), "two.toml", preset);
}

QString replaced(const char* what, const char* with) {
  QString text = kText;
  Q_ASSERT(text.contains(what));
  return text.replace(what, with);
}

ComparedRun run(std::uint64_t seed, double clean, double jpeg, double crop) {
  ComparedRun made;
  made.seed = seed;
  made.clean = clean;
  made.cells = {{"jpeg", 1, "quality=25", jpeg + .01},
                {"jpeg", 5, "quality=7", jpeg - .01},
                {"crop", 1, "offset=1", crop},
                {"crop", 5, "offset=5", crop}};
  made.losses = {{"cross_entropy", .25}, {"stability", .5}};
  return made;
}

}  // namespace

class ComparisonTest : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void presetsAndSweepsAreSpelledOut() {
    const Comparison quick = parsed(kText);
    QCOMPARE(quick.preset, std::string("quick"));
    QCOMPARE(quick.limitTrain, std::int64_t{100});
    QCOMPARE(quick.count, std::int64_t{500});
    QCOMPARE(quick.models.size(), std::size_t{2});
    QCOMPARE(quick.models[0].parameters.integer("epochs"), std::int64_t{1});
    QCOMPARE(quick.models[1].parameters.integer("epochs"), std::int64_t{3});  // its own stands

    const Comparison paper = parsed(kText, "paper");
    QCOMPARE(paper.count, std::int64_t{0});
    QCOMPARE(paper.models.size(), std::size_t{6});
    QCOMPARE(paper.models[1].seeds, (std::vector<std::uint64_t>{0, 1, 3}));
    QCOMPARE(paper.models[2].seeds, std::vector<std::uint64_t>{3});
    QCOMPARE(paper.models[3].name, std::string("sweep, stability_weight=0.1, noise_sigma=0.16"));
    QCOMPARE(paper.models[3].parameters.real("noise_sigma"), .16);
  }

  void badFilesAreRefused_data() {
    QTest::addColumn<QString>("text");
    QTest::newRow("no TOML") << "kind = ";
    QTest::newRow("other kind") << replaced("\"comparison\"", "\"evaluation\"");
    QTest::newRow("no seeds") << replaced("seeds = [0, 3]", "");
    QTest::newRow("a seed twice") << replaced("seeds = [0, 3]", "seeds = [3, 3]");
    QTest::newRow("half a seed") << replaced("seeds = [0, 3]", "seeds = [0.5, 3]");
    QTest::newRow("severity 6") << replaced("[1, 5]", "[1, 6]");
    QTest::newRow("no perturbations") << replaced("[\"jpeg\", \"crop\"]", "[]");
    QTest::newRow("no such baseline") << replaced("baseline = \"plain\"", "baseline = \"plane\"");
    QTest::newRow("a name twice") << replaced("name = \"stable\"", "name = \"plain\"");
    QTest::newRow("starts from nothing") << replaced("from = \"plain\"", "from = \"later\"");
    QTest::newRow("a seed that the start lacks") << replaced("seeds = [3]", "seeds = [4]");
    QTest::newRow("unknown key") << replaced("count = 500", "counts = 500");
    QTest::newRow("skips what isn't there") << replaced("skip = [\"sweep\"]", "skip = [\"swipe\"]");
    QTest::newRow("no training") << replaced("name = \"stable\"\ntrain = \"mnist-plain\"", "name = \"stable\"");
    QTest::newRow("sweep without list") << replaced("[0.1, 1]", "0.1");
  }

  void badFilesAreRefused() {
    QFETCH(QString, text);
    try {
      // The preset without `skip`, so that every model is read; but for what the other one doesn't have.
      parsed(text, text.contains("swipe") || !text.contains("seeds = [0, 3]") ? "quick" : "paper");
      QFAIL("no error");
    } catch (const Error& error) {
      QCOMPARE(error.kind(), ErrorKind::BadInput);
      QVERIFY2(std::string(error.what()).find("two.toml") != std::string::npos, error.what());
    }
  }

  void nearDuplicatesAreAskedForAndChanged() {
    QVERIFY(!parsed(kText).duplicates);
    const QString table =
        "[near_duplicates]\ncount = 40\ndistortions = [\"jpeg:quality=10\"]\n[[model]]\nname = \"stable\"";
    const QString text = replaced("[[model]]\nname = \"stable\"", table.toUtf8().constData());
    const Comparison plain = parsed(text, "paper");
    QCOMPARE(plain.duplicates->count, std::int64_t{40});
    QCOMPARE(plain.duplicates->negatives, std::int64_t{10});
    QCOMPARE(plain.duplicates->distortions, std::vector<std::string>{"jpeg:quality=10"});
    QString changed = text;
    changed.replace("limit_train = 100", "near_duplicates = { count = 7, measure = \"cosine\" }");
    const Comparison quick = parsed(changed, "quick");
    QCOMPARE(quick.duplicates->count, std::int64_t{7});
    QCOMPARE(quick.duplicates->measure, std::string("cosine"));
    QCOMPARE(quick.duplicates->distortions, std::vector<std::string>{"jpeg:quality=10"});
  }

  void badNearDuplicatesAreRefused_data() {
    QTest::addColumn<QString>("table");
    QTest::newRow("one image") << "count = 1";
    QTest::newRow("no negatives") << "negatives = 0";
    QTest::newRow("other measure") << "measure = \"l7\"";
    QTest::newRow("unknown key") << "counts = 5";
    QTest::newRow("a distortion twice") << "distortions = [\"jpeg\", \"jpeg\"]";
    QTest::newRow("too many draws") << "draws = 10000000";
  }

  void badNearDuplicatesAreRefused() {
    QFETCH(QString, table);
    const QString with = "[near_duplicates]\n" + table + "\n[preset.quick]\nlimit_train";
    try {
      parsed(replaced("[preset.quick]\nlimit_train", with.toUtf8().constData()), "paper");
      QFAIL("no error");
    } catch (const Error& error) {
      QCOMPARE(error.kind(), ErrorKind::BadInput);
      QVERIFY2(std::string(error.what()).find("two.toml:") != std::string::npos, error.what());
    }
    // A preset can't change what the file doesn't ask for.
    QVERIFY_THROWS_EXCEPTION(Error, parsed(replaced("limit_train = 100", "near_duplicates = { count = 9 }"), "quick"));
  }

  void anUnknownPresetIsRefused() { QVERIFY_THROWS_EXCEPTION(Error, parsed(kText, "huge")); }

  void meansHaveStudentsIntervals() {
    const SeedMean mean = seedMean({1, 2, 3});
    QCOMPARE(mean.mean, 2.0);
    QVERIFY(std::abs(*mean.halfWidth - 4.303 / std::sqrt(3.0)) < 1e-9);
    QVERIFY(!seedMean({1}).halfWidth);
    QVERIFY(std::isnan(seedMean({}).mean));
    QCOMPARE(*seedMean({2, 2}).halfWidth, 0.0);
  }

  void differencesAreTakenSeedBySeed() {
    const ComparedRow plain{{}, {run(0, .90, .5, .6), run(1, .80, .4, .5)}};
    const ComparedRow other{{}, {run(1, .81, .43, .5), run(7, 1, 1, 1), run(0, .92, .52, .6)}};
    const auto clean = pairedDifferences(other, plain, "clean");
    QCOMPARE(clean.size(), std::size_t{2});
    QVERIFY(std::abs(clean[0] - .01) < 1e-12 && std::abs(clean[1] - .02) < 1e-12);
    QVERIFY(std::abs(pairedDifferences(other, plain, "jpeg")[0] - .03) < 1e-12);
    QVERIFY(std::abs(pairedDifferences(other, plain, "mean")[0] - .015) < 1e-12);
  }

  void theReportShowsWhatWasMeasured() {
    Comparison comparison = parsed(kText);
    std::vector<ComparedRow> rows = {{comparison.models[0], {run(0, .90, .5, .6), run(3, .92, .5, .6)}},
                                     {comparison.models[1], {run(0, .91, .53, .6), run(3, .93, .53, .6)}}};
    const QString text = QString::fromStdString(comparisonMarkdown(comparison, rows, {{"seeds", "0, 3"}}));
    QVERIFY2(text.contains("| plain | 2 | 91.00 ± 12.71 | 50.00 ± 0.00 | 60.00 ± 0.00 | 55.00 ± 0.00 |"),
             qPrintable(text));
    QVERIFY2(text.contains("| stable | +1.00 ± 0.00 | +3.00 ± 0.00 |"), qPrintable(text));
    QVERIFY(text.contains("1: quality=25"));
    QVERIFY(text.contains("cross\\_entropy 0.2500, stability 0.5000"));
    QVERIFY(text.contains("| seeds | 0, 3 |"));
  }

  void aReportWithoutRunsSaysSo() {
    const Comparison comparison = parsed(kText);
    const std::vector<ComparedRow> rows = {{comparison.models[0], {}}};
    QVERIFY(QString::fromStdString(comparisonMarkdown(comparison, rows, {})).contains("| plain | 0 | –"));
  }

  void shippedComparisonsAreWhole() {
    const std::filesystem::path folder = std::filesystem::path(WHORL_SOURCE_DIR) / "resources/comparisons";
    int count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      const Comparison first = readComparison(entry.path(), "");
      QCOMPARE(first.presets, (std::vector<std::string>{"quick", "paper"}));
      for (const auto& preset : first.presets) QVERIFY(readComparison(entry.path(), preset).models.size() >= 6);
      ++count;
    }
    QVERIFY(count >= 3);
  }
};

QTEST_GUILESS_MAIN(ComparisonTest)
#include "comparison_test.moc"
