// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/experiment/comparison.h"

#include <cmath>
#include <filesystem>

#include <QRegularExpression>
#include <QTemporaryDir>
#include <QTest>
#include <QXmlStreamReader>

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

[[curve]]
perturbation = "jpeg"
parameter = "quality"
values = [50, 10]

[[curve]]
perturbation = "crop"
parameter = "offset"
values = [1, 2, 4]
parameters = { place = "random" }

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
  made.curves = {{jpeg, jpeg / 2}, {crop, crop, crop / 4}};
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

  void curvesAreSpelledOut() {
    const Comparison comparison = parsed(kText);
    QCOMPARE(comparison.curves.size(), std::size_t{2});
    QCOMPARE(comparison.curves[0].title(), std::string("jpeg: quality"));
    QCOMPARE(comparison.curves[0].point(1), std::string("jpeg:quality=10"));
    QCOMPARE(comparison.curves[1].title(), std::string("crop: offset (place=random)"));
    QCOMPARE(comparison.curves[1].point(2), std::string("crop:offset=4,place=random"));
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
    QTest::newRow("curve of nothing") << replaced("perturbation = \"jpeg\"\n", "");
    QTest::newRow("curve over nothing") << replaced("parameter = \"quality\"\n", "");
    QTest::newRow("curve without values") << replaced("values = [50, 10]", "values = []");
    QTest::newRow("curve with one value") << replaced("values = [50, 10]", "values = 50");
    QTest::newRow("a value twice") << replaced("values = [50, 10]", "values = [50, 50]");
    QTest::newRow("a list of lists") << replaced("values = [50, 10]", "values = [[50], 10]");
    QTest::newRow("fixed and varied") << replaced("{ place", "{ offset = 1, place");
    QTest::newRow("a curve twice") << replaced(
        "\"crop\"\nparameter = \"offset\"\nvalues = [1, 2, 4]\nparameters "
        "= { place = \"random\" }",
        "\"jpeg\"\nparameter = \"quality\"\nvalues = [1]");
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
    const QString text =
        QString::fromStdString(report::documentMarkdown(comparisonReport(comparison, rows, {{"seeds", "0, 3"}})));
    QVERIFY2(text.contains("| plain | 2 | 91.00 ± 12.71 | 50.00 ± 0.00 | 60.00 ± 0.00 | 55.00 ± 0.00 |"),
             qPrintable(text));
    QVERIFY2(text.contains("| stable | +1.00 ± 0.00 | +3.00 ± 0.00 |"), qPrintable(text));
    QVERIFY(text.contains("1: quality=25"));
    QVERIFY(text.contains("cross\\_entropy 0.2500, stability 0.5000"));
    QVERIFY(text.contains("| seeds | 0, 3 |"));
    QVERIFY2(text.contains("### Accuracy over crop: offset (place=random), %"), qPrintable(text));
    QVERIFY2(text.contains("| stable | 2 | 53.00 ± 0.00 | 26.50 ± 0.00 |"), qPrintable(text));
    QVERIFY2(text.contains("| stable | +3.00 ± 0.00 | +1.50 ± 0.00 |"), qPrintable(text));
  }

  void allFormatsSayTheSame() {
    Comparison comparison = parsed(kText);
    comparison.models[1].name = "50 % <stable> & _";
    const std::vector<ComparedRow> rows = {{comparison.models[0], {run(0, .90, .5, .6), run(3, .92, .5, .6)}},
                                           {comparison.models[1], {run(0, .91, .53, .6), run(3, .93, .54, .6)}}};
    const Provenance provenance = {{"seeds", "0, 3"}};
    const QString latex = QString::fromStdString(report::documentLatex(comparisonReport(comparison, rows, provenance)));
    const QString html = QString::fromStdString(report::documentHtml(comparisonReport(comparison, rows, provenance)));
    QVERIFY2(latex.contains("50 \\% "), qPrintable(latex));
    QVERIFY(latex.contains("% seeds: 0, 3"));
    QCOMPARE(latex.count("\\begin{longtable}"), latex.count("\\end{longtable}"));
    QVERIFY(html.contains("50 % &lt;stable&gt; &amp; _"));
    QXmlStreamReader reader(html);
    while (!reader.atEnd()) reader.readNext();
    QVERIFY2(!reader.hasError(), qPrintable(reader.errorString()));
    QCOMPARE(html.count("<figure>"), 2);  // a curve each
    // Every figure of one is in the others.
    const QString markdown =
        QString::fromStdString(report::documentMarkdown(comparisonReport(comparison, rows, provenance)));
    auto figures = QRegularExpression(QStringLiteral("[+−]?\\d+\\.\\d\\d")).globalMatch(markdown);
    int count = 0;
    for (; figures.hasNext(); ++count) {
      QString figure = figures.next().captured();
      QVERIFY2(html.contains(figure), qPrintable(figure));
      QVERIFY2(latex.contains(figure.remove(QChar(0x2212))), qPrintable(figure));
    }
    QVERIFY(count > 40);
  }

  void reportsAreWrittenWhole() {
    const QTemporaryDir folder;
    const Comparison comparison = parsed(kText);
    const std::vector<ComparedRow> rows = {{comparison.models[0], {run(0, .90, .5, .6)}}};
    const auto paths =
        report::writeDocument(comparisonReport(comparison, rows, {}), folder.filePath("new").toStdString(), "report");
    QCOMPARE(paths.size(), std::size_t{3});
    for (const std::string& path : paths) QVERIFY(std::filesystem::file_size(path) > 300);
  }

  void aReportWithoutRunsSaysSo() {
    const Comparison comparison = parsed(kText);
    const std::vector<ComparedRow> rows = {{comparison.models[0], {}}};
    QVERIFY(QString::fromStdString(report::documentMarkdown(comparisonReport(comparison, rows, {})))
                .contains("| plain | 0 | –"));
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
    QVERIFY(count >= 4);
  }
};

QTEST_GUILESS_MAIN(ComparisonTest)
#include "comparison_test.moc"
