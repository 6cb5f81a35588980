// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/experiment/duplicates.h"

#include <cmath>

#include <QRegularExpression>
#include <QTest>
#include <QXmlStreamReader>

using namespace whorl;

namespace {

DuplicateFigures figures(double precision, double ranking) {
  return {{{precision, precision - .02, precision + .02}}, {.9, .8, .95}, {ranking, ranking - .01, ranking + .01}};
}

DuplicateCell cell(const std::string& name, double precision, double difference) {
  DuplicateCell made;
  made.distortion = name;
  made.figures = figures(precision, .5);
  if (difference != 0) made.difference = figures(difference, .03);
  made.curve = {{.5, 1}, {.75, .9}, {1, precision}};
  for (int i = 0; i <= 100; ++i) {
    made.positives.push_back(.001 * i);
    made.negatives.push_back(.01 * i);
  }
  return made;
}

DuplicateRun run(const std::string& model, std::uint64_t seed, double precision, double difference) {
  return {model, seed,
          {.95}, {cell("jpeg quality 10", precision, difference), cell("all", precision - .1, difference)},
          .6,    std::nan(""),
          1};
}

const std::vector<DuplicateRun> kRuns = {run("plain", 0, .80, 0), run("stable", 0, .83, .03), run("plain", 4, .82, 0),
                                         run("stable", 4, .83, .01)};

QString row(const report::ReportTable& table, int number) {
  QStringList cells;
  for (const std::string& each : table.rows.at(static_cast<std::size_t>(number))) cells << each.c_str();
  return cells.join(" | ");
}

const report::ReportTable& tableOf(const std::vector<report::ReportTable>& tables, const QString& start) {
  for (const auto& each : tables) {
    if (QString::fromStdString(each.title).startsWith(start)) return each;
  }
  qFatal("no such table");
}

}  // namespace

class DuplicatesTest : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void precisionIsReadOffTheCurve() {
    const std::vector<std::pair<double, double>> curve = {{.5, 1}, {.75, .9}, {1, .7}};
    QCOMPARE(precisionOnCurve(curve, .4), 1.0);
    QCOMPARE(precisionOnCurve(curve, .75), .9);
    QCOMPARE(precisionOnCurve(curve, .751), .7);
    QVERIFY(std::isnan(precisionOnCurve({}, .5)));
    QVERIFY(std::isnan(precisionOnCurve({{.5, 1}}, .6)));
  }

  void meansAreThoseOfAllDistortionsTogether() {
    const auto tables = duplicateTables(kRuns, "plain");
    // 70 and 72: half a t interval is 12.706 of the mean's deviation, which is 1.
    const auto& means = tables.front();
    QCOMPARE(means.rows.size(), std::size_t{2});
    QCOMPARE(row(means, 0), "plain | 2 | 71.00 ± 12.71 | 90.00 ± 0.00 | 50.00 ± 0.00 | 60.00 ± 0.00 | –");
    QCOMPARE(row(means, 1), "stable | 2 | 73.00 ± 0.00 | 90.00 ± 0.00 | 50.00 ± 0.00 | 60.00 ± 0.00 | –");
  }

  void differencesLeaveTheBaselineOut() {
    const auto tables = duplicateTables(kRuns, "plain");
    const auto& means = tableOf(tables, "Difference to “plain”, all");
    QCOMPARE(means.rows.size(), std::size_t{1});
    QVERIFY2(row(means, 0).startsWith("stable | 2 | +2.00 ± 12.71 |"), qPrintable(row(means, 0)));
    const auto& seeds = tableOf(tables, "Difference to “plain” by seed");
    QCOMPARE(seeds.rows.size(), std::size_t{2});
    QVERIFY2(row(seeds, 0).startsWith("stable | 0 | +3.00 (+1.00 to +5.00) |"), qPrintable(row(seeds, 0)));
    QVERIFY(row(seeds, 1).startsWith("stable | 4 | +1.00 (−1.00 to +3.00) |"));
  }

  void everyDistortionHasItsRow() {
    const auto tables = duplicateTables(kRuns, "plain");
    const auto& precision = tableOf(tables, "P@0.95 by distortion");
    QCOMPARE(precision.header, (std::vector<std::string>{"Distortion", "plain", "stable"}));
    QCOMPARE(row(precision, 0), "jpeg quality 10 | 81.00 ± 12.71 | 83.00 ± 0.00");
    QCOMPARE(row(precision, 1), "all | 71.00 ± 12.71 | 73.00 ± 0.00");
  }

  void distancesAreThoseOfTheShare() {
    const auto tables = duplicateTables(kRuns, "plain");
    const auto& distances = tableOf(tables, "Distribution functions");
    QCOMPARE(row(distances, 0).section(" | ", 0, 3), "plain | copies | 0.00100 | 0.00500");
    QCOMPARE(row(distances, 1).section(" | ", 0, 3), "plain | others | 0.01000 | 0.05000");
  }

  void oneSeedHasNoInterval() {
    const auto tables = duplicateTables({kRuns[0], kRuns[1]}, "plain");
    QVERIFY2(row(tables.front(), 0).startsWith("plain | 1 | 70.00 | "), qPrintable(row(tables.front(), 0)));
    QVERIFY(duplicateTables({}, "plain").empty());
  }

  void theReportEscapesNames() {
    auto runs = kRuns;
    for (auto& each : runs) each.model += "|x";
    const auto report = duplicatesReport("Title_1", {"A paragraph."}, runs, "plain|x", {{"seeds", "0, 4"}});
    const QString text = QString::fromStdString(report::documentMarkdown(report));
    QVERIFY(text.startsWith("# Title\\_1\n\nA paragraph.\n\n"));
    QVERIFY(text.contains("| stable\\|x | 2 |"));
    QVERIFY(text.contains("| seeds | 0, 4 |"));
  }

  void allFormatsSayTheSame() {
    auto runs = kRuns;
    for (auto& each : runs) each.model += " <&> 50 %_";
    const auto report = duplicatesReport("Title", {}, runs, "plain <&> 50 %_", {});
    const QString latex = QString::fromStdString(report::documentLatex(report));
    const QString html = QString::fromStdString(report::documentHtml(report));
    QXmlStreamReader reader(html);
    while (!reader.atEnd()) reader.readNext();
    QVERIFY2(!reader.hasError(), qPrintable(reader.errorString()));
    const QString markdown = QString::fromStdString(report::documentMarkdown(report));
    auto figures = QRegularExpression(QStringLiteral("[+−]?\\d+\\.\\d\\d")).globalMatch(markdown);
    int count = 0;
    for (; figures.hasNext(); ++count) {
      QString figure = figures.next().captured();
      QVERIFY2(html.contains(figure), qPrintable(figure));
      QVERIFY2(latex.contains(figure.remove(QChar(0x2212))), qPrintable(figure));
    }
    QVERIFY(count > 40);
  }

  void precisionsAndDistancesAreDrawn() {
    const QString html =
        QString::fromStdString(report::documentHtml(duplicatesReport("Title", {}, kRuns, "plain", {})));
    QCOMPARE(html.count("<figure>"), 3);
    // The curve of the row "plain": precision 1 up to recall 0.5, 0.9 to 0.75, then the mean of its seeds, 0.71.
    const qsizetype start = html.indexOf("points=\"") + 8;
    const QStringList points = html.mid(start, html.indexOf('"', start) - start).split(' ', Qt::SkipEmptyParts);
    QCOMPARE(points.size(), 100);
    const auto height = [&](int percent) { return points[percent - 1].section(',', 1).toDouble(); };
    const double top = height(1);
    const double range = (height(75) - top) / .1;  // pixels of the whole scale
    QVERIFY(range > 100);
    QCOMPARE(height(50), top);
    QVERIFY(std::abs(height(51) - height(75)) < .02);
    QVERIFY2(std::abs((height(100) - top) / range - .29) < .002, qPrintable(QString::number(height(100))));
    QVERIFY(html.contains("Distances of an image and its distorted copy"));
    QVERIFY(QString::fromStdString(report::documentHtml(duplicatesReport("Title", {}, {}, "plain", {})))
                .contains("Near-duplicates"));
  }
};

QTEST_GUILESS_MAIN(DuplicatesTest)
#include "duplicates_test.moc"
