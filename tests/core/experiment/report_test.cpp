// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/experiment/report.h"

#include <QRegularExpression>
#include <QTemporaryDir>
#include <QXmlStreamReader>
#include <QtTest/QtTest>

#include <cmath>
#include <filesystem>
#include <fstream>

#include "core/base/error.h"

using namespace whorl;
namespace fs = std::filesystem;

namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

CellFigures figures(double auc) {
  CellFigures figures;
  figures.attacked = 1000;
  figures.successes = 870;
  figures.successRate = {0.87, 0.848, 0.889};
  figures.aucAll = {auc - 0.02, auc - 0.03, auc - 0.01};
  figures.aucSuccessful = {auc, auc - 0.01, auc + 0.001};
  figures.averagePrecision = 0.975;
  figures.detectionAccuracy = 0.96;
  figures.truePositiveRate = {{0.9, 0.88, 0.92}, {0.95, 0.93, 0.97}, {0.99, 0.98, 0.995}};
  figures.evasionRate = {{0.08, 0.06, 0.1}, {0.04, 0.03, 0.055}, {0.01, 0.005, 0.02}};
  figures.combinedAccuracy = Figure{0.12, 0.1, 0.14};
  figures.meanL2 = 4.321;
  figures.meanLinf = 0.3;
  figures.roc = {{INFINITY, 0, 0}, {0.9, 0.002, 0.5}, {0.8, 0.04, 0.95}, {0.5, 0.2, 0.99}, {0.1, 1, 1}};
  for (int i = 0; i < 100; ++i) {
    figures.cleanScores.push_back(0.1 + 0.004 * i);
    figures.adversarialScores.push_back(0.7 + 0.004 * i);
  }
  return figures;
}

RecipeCell cell(const std::string& detector, const std::string& attack, double auc, std::optional<double> published) {
  RecipeCell cell;
  cell.detector = cell.detectorFamily = detector;
  cell.attack = cell.attackFamily = attack;
  cell.model = "mnist-fingerprint";
  cell.threatModel = "grey-box";
  cell.state = CellState::Done;
  cell.seconds = 12.34;
  cell.figures = figures(auc);
  cell.published = published;
  if (published) cell.publishedSource = "Table 4 of the paper";
  return cell;
}

/// Two rows and two columns: better than published, worse, a failed cell, and one that is missing.
ReportData sample() {
  ReportData data;
  data.result.title = "MNIST, grey box";
  data.result.preset = "quick";
  data.result.seconds = 185;
  data.result.detectors = {"NeuralFP", "LID"};
  data.result.attacks = {"FGSM", "BIM-b"};
  data.result.cells = {cell("NeuralFP", "FGSM", 0.998, 0.995), cell("NeuralFP", "BIM-b", 0.9775, 0.99)};
  data.result.cells.push_back(cell("LID", "FGSM", 0.9, std::nullopt));
  RecipeCell& failed = data.result.cells.back();
  failed.state = CellState::Failed;
  failed.figures.reset();
  failed.problem = "the layer’s features aren't finite";
  data.summary = "Five detectors, five attacks.";
  data.notes = {"A sample of 1,000 images."};
  data.provenance = {{"seed", "7"}, {"device", "cpu"}};
  return data;
}

QString text(const std::string& utf8) { return QString::fromStdString(utf8); }

/// The document's text, or a null string with a message if it isn't well-formed.
QString parsed(const std::string& html) {
  QXmlStreamReader reader(QByteArray::fromStdString(html));
  QString all(QLatin1String(""));
  while (!reader.atEnd()) {
    if (reader.readNext() == QXmlStreamReader::Characters) all += reader.text().toString() + u' ';
  }
  if (!reader.hasError()) return all;
  qWarning("line %lld: %s", reader.lineNumber(), qPrintable(reader.errorString()));
  return {};
}

bool saysNan(const QString& document) {
  static const QRegularExpression expression("\\b(nan|inf)\\b", QRegularExpression::CaseInsensitiveOption);
  return document.contains(expression);
}

/// Names of all elements.
QStringList elements(const std::string& html) {
  QXmlStreamReader reader(QByteArray::fromStdString(html));
  QStringList names;
  while (!reader.atEnd()) {
    if (reader.readNext() == QXmlStreamReader::StartElement) names << reader.name().toString();
  }
  return names;
}

}  // namespace

class ReportTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void checksStandInAllFormats() {
    ReportData data = sample();
    for (const auto& write : {reportMarkdown, reportLatex, reportHtml}) {
      QVERIFY(!QString::fromStdString(write(data)).contains("Verdict"));
    }
    const Figure figure{0.42, 0.31, 0.53};
    data.result.checks = {{"more is more", "evasion", "NeuralFP/BIM-b", true, "NeuralFP/FGSM", figure, figure, true},
                          {"grey is chance", "accuracy", "LID/FGSM", false, "", figure, Figure{0.1, 0.1, 0.1}, false},
                          {"nobody knows", "auc", "LID/FGSM", true, "", {}, Figure{1, 1, 1}, {}}};
    for (const auto& write : {reportMarkdown, reportLatex, reportHtml}) {
      const QString text = QString::fromStdString(write(data));
      for (const char* part :
           {"Verdict", "more is more", "at least 42.00 (31.00", "does not hold", "at most 10.00", "open"}) {
        QVERIFY2(text.contains(part), part);
      }
    }
  }

  void markdownHasOursPublishedAndTheDifference() {
    const QString markdown = text(reportMarkdown(sample()));
    QVERIFY(markdown.contains("| NeuralFP | 99.80 (98.80–99.90) | 97.75 (96.75–97.85) |\n"));
    QVERIFY(markdown.contains("| NeuralFP | 99.50 | 99.00 |\n"));
    QVERIFY(markdown.contains("| NeuralFP | +0.30 | −1.25 |\n"));
    QVERIFY(markdown.contains("| NeuralFP | 99.80 / 97.80 | 97.75 / 95.75 |\n"));
    QVERIFY(markdown.contains("| NeuralFP | 4.00 (3.00–5.50) | 4.00 (3.00–5.50) |\n"));
    QVERIFY(
        markdown.contains("| FGSM | mnist-fingerprint | grey-box | 870/1000 | 87.00 (84.80–88.90) | 4.321 | 0.3000 |"));
    QVERIFY(markdown.contains("Table 4 of the paper"));
    QVERIFY(markdown.contains("| seed | 7 |"));
    QVERIFY(markdown.contains("3 min 05 s"));
    QVERIFY(markdown.contains("A sample of 1,000 images."));
  }

  void everyFigureIsInTheDetails() {
    const QString markdown = text(reportMarkdown(sample()));
    const QStringList lines = markdown.split(u'\n');
    const auto row = std::find_if(lines.begin(), lines.end(), [](const QString& line) {
      return line.startsWith("| NeuralFP | BIM-b | grey-box |");
    });
    QVERIFY(row != lines.end());
    for (const char* figure :
         {"870/1000", "87.00 (84.80–88.90)", "97.75 (96.75–97.85)", "95.75 (94.75–96.75)", "99.00", "−1.25", "97.50",
          "90.00 (88.00–92.00)", "95.00 (93.00–97.00)", "99.00 (98.00–99.50)", "8.00 (6.00–10.00)", "4.00 (3.00–5.50)",
          "1.00 (0.50–2.00)", "96.00", "12.00 (10.00–14.00)", "12.3"}) {
      QVERIFY2(row->contains(QString("| %1 |").arg(figure)), figure);
    }
  }

  void whatEarlierRunsComputedIsSaid() {
    ReportData data = sample();
    data.result.cells[0].kept = true;
    for (const QString& document : {text(reportMarkdown(data)), parsed(reportHtml(data))}) {
      QVERIFY(
          document.contains("2 of 3 cells have figures, 1 of them kept from earlier runs; this run took 3 min 05 s"));
    }
    QVERIFY(text(reportMarkdown(sample())).contains("2 of 3 cells have figures; this run took"));
  }

  void missingAndFailedCellsAreSaid() {
    const QString markdown = text(reportMarkdown(sample()));
    QVERIFY(markdown.contains("| LID | failed | – |\n"));
    QVERIFY(markdown.contains("| LID | FGSM | the layer’s features aren't finite |"));
    const QString latex = text(reportLatex(sample()));
    QVERIFY(latex.contains("LID & failed & -- \\\\\n"));
    QVERIFY(parsed(reportHtml(sample())).contains("the layer’s features aren't finite"));
  }

  void unknownFiguresAreDashes() {
    ReportData data = sample();
    CellFigures& none = *data.result.cells[0].figures;
    none = CellFigures();
    none.attacked = 20;
    none.aucAll = none.aucSuccessful = {kNan, kNan, kNan};
    none.successRate = {0, 0, 0.16};
    none.meanL2 = none.meanLinf = none.averagePrecision = none.detectionAccuracy = kNan;
    const QString markdown = text(reportMarkdown(data));
    QVERIFY(markdown.contains("| NeuralFP | – | 97.75 (96.75–97.85) |"));
    QVERIFY(markdown.contains("| NeuralFP | – | −1.25 |"));
    QVERIFY(markdown.contains("| FGSM | mnist-fingerprint | grey-box | 0/20 | 0.00 (0.00–16.00) | – | – |"));
    for (const QString& document : {markdown, text(reportLatex(data)), text(reportHtml(data))}) {
      QVERIFY(!saysNan(document));
    }
    QVERIFY(!parsed(reportHtml(data)).isNull());
  }

  void differencesAreSigned_data() {
    QTest::addColumn<double>("ours");
    QTest::addColumn<double>("published");
    QTest::addColumn<QString>("shown");
    QTest::newRow("better") << 0.999 << 0.99 << "+0.90";
    QTest::newRow("worse") << 0.5 << 1.0 << "−50.00";
    QTest::newRow("equal") << 0.75 << 0.75 << "±0.00";
    QTest::newRow("a hair less") << 0.74999999 << 0.75 << "±0.00";
  }
  void differencesAreSigned() {
    QFETCH(double, ours);
    QFETCH(double, published);
    QFETCH(QString, shown);
    ReportData data = sample();
    data.result.cells[0] = cell("NeuralFP", "FGSM", ours, published);
    QVERIFY(text(reportMarkdown(data)).contains(QString("| NeuralFP | %1 |").arg(shown)));
    const QString html = parsed(reportHtml(data));
    QVERIFY(html.contains(shown));
  }

  void latexIsABooktabsTable() {
    const QString latex = text(reportLatex(sample()));
    QVERIFY(
        latex.contains("\\begin{longtable}{lrr}\n\\caption{Ours: AUC over successful adversarial images, \\%}\\\\\n"
                       "\\toprule\nDetector & FGSM & BIM-b \\\\\n\\midrule\n"));
    QVERIFY(latex.contains("NeuralFP & +0.30 & $-$1.25 \\\\\n"));
    QCOMPARE(latex.count("\\begin{longtable}"), latex.count("\\end{longtable}"));
    QCOMPARE(latex.count("\\toprule"), latex.count("\\bottomrule"));
    QVERIFY(latex.contains("% seed: 7"));
  }

  void hostileNamesAreEscaped() {
    const std::string name = "<script>alert(\"1\")</script> a\\b & c_d #1 50% {x} $y$ |z| ~^ `q` *e* [u](v)\n\x01\xff";
    ReportData data = sample();
    data.result.title = data.summary = name;
    data.result.detectors[0] = data.result.cells[0].detector = data.result.cells[1].detector = name;
    data.result.attacks[0] = data.result.cells[0].attack = data.result.cells[2].attack = name;
    data.result.cells[2].problem = name;
    data.result.cells[0].publishedSource = name;
    data.notes = {name};
    data.provenance = {{name, name}};
    data.samples = {{name, name, "png", "png", "png"}};

    const std::string html = reportHtml(data);
    const QString words = parsed(html);
    QVERIFY(!words.isNull());
    QVERIFY(!elements(html).contains("script"));
    QVERIFY(words.contains(QString::fromUtf8("<script>alert(\"1\")</script> a\\b & c_d #1 50% {x}")));

    const QString markdown = text(reportMarkdown(data));
    QVERIFY(!markdown.contains("<script>"));
    QVERIFY(
        markdown.contains("\\<script\\>alert(\"1\")\\</script\\> a\\\\b \\& c\\_d \\#1 50% \\{x\\} \\$y\\$ \\|z\\| "
                          "\\~^ \\`q\\` \\*e\\* \\[u\\](v)"));
    for (const QString& line : markdown.split(u'\n')) {
      if (!line.startsWith("| \\<script")) continue;
      QVERIFY(line.endsWith('|'));  // the line break in the name is none of the table's
    }

    const QString latex = text(reportLatex(data));
    QVERIFY(
        latex.contains("\\textless{}script\\textgreater{}alert(\\textquotedbl{}1\\textquotedbl{})\\textless{}/"
                       "script\\textgreater{} a\\textbackslash{}b \\& c\\_d \\#1 50\\% \\{x\\} \\$y\\$ "
                       "\\textbar{}z\\textbar{} \\textasciitilde{}\\textasciicircum{}"));
    for (const QString& line : latex.split(u'\n')) {
      if (line.contains("script") && !line.contains("textless{}")) QVERIFY(line.startsWith('%'));
    }
  }

  void htmlStandsAlone() {
    ReportData data = sample();
    data.samples = {{"FGSM", "7, no. 12", std::string("\x89PNG\x00\x01", 6), "ab", ""}};
    const std::string html = reportHtml(data);
    QVERIFY(!parsed(html).isNull());
    const QStringList names = elements(html);
    for (const char* absent : {"script", "link", "iframe", "object"}) QVERIFY(!names.contains(absent));
    QCOMPARE(names.count("img"), 2);  // an image that is empty is left out
    QVERIFY(text(html).contains("src=\"data:image/png;base64,iVBORwAB\""));
    QVERIFY(text(html).contains("src=\"data:image/png;base64,YWI=\""));
    QVERIFY(!text(html).contains("http://", Qt::CaseInsensitive) ||
            text(html).remove("http://www.w3.org/2000/svg").remove("http://www.w3.org/1999/xhtml").indexOf("http") < 0);
    QVERIFY(text(html).contains("prefers-color-scheme: dark"));
    const QString words = parsed(html);
    for (const char* wanted : {"seed", "7, no. 12", "rejected clean images", "rejected clean images (logarithmic)",
                               "τ at 5 %", "published 99.50", "▲ +0.30", "▼ −1.25", "n 1000"}) {
      QVERIFY2(words.contains(QString::fromUtf8(wanted)), wanted);
    }
  }

  void curvesGoWhereTheyShould() {
    const std::string html = reportHtml(sample());
    QXmlStreamReader reader(QByteArray::fromStdString(html));
    QList<QStringList> curves;
    while (!reader.atEnd()) {
      if (reader.readNext() != QXmlStreamReader::StartElement || reader.name() != u"polyline") continue;
      if (reader.attributes().value("class").startsWith(u"curve")) {
        curves << reader.attributes().value("points").toString().split(u' ', Qt::SkipEmptyParts);
      }
    }
    QCOMPARE(curves.size(), 4);  // one detector with figures, two attacks, two axes
    // The frame is 52…370 wide and 292…8 high.
    const QStringList linear{"52,292", "52.64,150", "64.72,22.2", "115.6,10.84", "370,8"};
    QCOMPARE(curves[0], linear);
    // 0.1 % lies midway between the first two corners; 4 % at 1.602 of three decades, and so on.
    const QStringList logarithmic{"52,221", "83.91,150", "221.82,22.2", "295.91,10.84", "370,8"};
    QCOMPARE(curves[1], logarithmic);
  }

  void budgetsBecomeCurves() {
    ReportData data = sample();
    data.result.detectors = {"NeuralFP"};
    data.result.attacks.clear();
    data.result.cells.clear();
    for (const double epsilon : {0.3, 0.1, 0.2}) {
      RecipeCell one = cell("NeuralFP", "BIM ε=" + std::to_string(epsilon), 1 - epsilon, std::nullopt);
      one.attackFamily = "BIM";
      one.budget = epsilon;
      data.result.attacks.push_back(one.attack);
      data.result.cells.push_back(one);
    }
    const QString html = text(reportHtml(data));
    QVERIFY(!parsed(html.toStdString()).isNull());
    QVERIFY(html.contains("Over the attack’s budget"));
    // AUC 0.9, 0.8, 0.7 over ε 0.1, 0.2, 0.3 in a frame 52…430 wide and 262…8 high, in the order of ε.
    QVERIFY(html.contains("points=\"178,33.4 304,58.8 430,84.2 \""));
    QVERIFY(!text(reportHtml(sample())).contains("Over the attack’s budget"));
  }

  void sweepsBecomeHeatMaps() {
    ReportData data = sample();
    data.result.cells.clear();
    data.result.detectors.clear();
    data.result.attacks = {"FGSM"};
    for (const double count : {5.0, 10.0}) {
      for (const double epsilon : {0.05, 0.1}) {
        if (count == 10 && epsilon == 0.1) continue;  // not computed
        RecipeCell one = cell("NFP " + std::to_string(count) + " " + std::to_string(epsilon), "FGSM",
                              0.5 + count / 100 + epsilon, std::nullopt);
        one.detectorFamily = "NFP";
        one.variant = {{"epsilon", epsilon}, {"fingerprints", count}, {"seed", 7}};
        data.result.detectors.push_back(one.detector);
        data.result.cells.push_back(one);
      }
    }
    const std::string html = reportHtml(data);
    const QString words = parsed(html);
    for (const char* value : {"60.00", "65.00", "NFP against FGSM", "Sweeps"}) QVERIFY2(words.contains(value), value);
    QVERIFY(text(html).contains("rgb(68,1,84)"));     // the least
    QVERIFY(text(html).contains("rgb(253,231,37)"));  // the greatest; two have it
    QVERIFY(text(html).contains("class=\"unknown\""));
    const QString markdown = text(reportMarkdown(data));
    QVERIFY2(markdown.contains("| fingerprints / epsilon | 0.05 | 0.1 |\n| --- | ---: | ---: |\n"
                               "| 5 | 60.00 | 65.00 |\n| 10 | 65.00 | – |\n"),
             qPrintable(markdown));
    QVERIFY(text(reportLatex(data)).contains("NFP against FGSM: AUC"));
    QVERIFY(!text(reportMarkdown(sample())).contains("against FGSM: AUC"));
  }

  void extremeScoresDontBreakTheHistogram() {
    ReportData data = sample();
    CellFigures& extreme = *data.result.cells[0].figures;
    extreme.cleanScores = {1e300, -1e300, 0, INFINITY, kNan};
    extreme.adversarialScores = {};
    CellFigures& flat = *data.result.cells[1].figures;
    flat.cleanScores = flat.adversarialScores = {2, 2, 2};
    const std::string html = reportHtml(data);
    QVERIFY(!parsed(html).isNull());
    QVERIFY(!saysNan(text(html)));
  }

  void anEmptyResultIsAReportToo() {
    const ReportData data;
    QVERIFY(!parsed(reportHtml(data)).isNull());
    QVERIFY(text(reportMarkdown(data)).startsWith("# "));
    QVERIFY(text(reportLatex(data)).contains("\\toprule"));
  }

  void thresholdsComeFromTheCorners() {
    const CellFigures one = figures(0.9);
    QCOMPARE(*thresholdOf(one, 0.05), 0.8);
    QCOMPARE(*thresholdOf(one, 0.001), double(INFINITY));
    QVERIFY(!thresholdOf(CellFigures(), 0.05));
  }

  void filesAreWrittenWhole() {
    QTemporaryDir folder;
    const fs::path target = fs::path(folder.path().toStdString()) / "new" / "report";
    const auto paths = writeReports(sample(), target);
    QCOMPARE(paths.size(), std::size_t{3});
    const std::pair<std::string, std::string> wanted[] = {{"report.md", reportMarkdown(sample())},
                                                          {"report.tex", reportLatex(sample())},
                                                          {"report.html", reportHtml(sample())}};
    for (const auto& [name, contents] : wanted) {
      std::ifstream in(target / name, std::ios::binary);
      QCOMPARE(std::string(std::istreambuf_iterator<char>(in), {}), contents);
    }
    QCOMPARE(std::distance(fs::directory_iterator(target), fs::directory_iterator()), 3);
    QVERIFY_THROWS_EXCEPTION(Error, writeReports(sample(), "/proc/nowhere"));
  }
};

QTEST_GUILESS_MAIN(ReportTest)
#include "report_test.moc"
