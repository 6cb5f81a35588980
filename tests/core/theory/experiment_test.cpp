// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/theory/experiment.h"

#include <algorithm>
#include <cmath>
#include <stop_token>

#include <QTest>

#include "tests/core/landscape/error_kind.h"

using namespace whorl;
using whorl::test::kindOf;

class ExperimentTest : public QObject {
  Q_OBJECT

  static TheoryRequest quick(const std::string& model) {
    TheoryRequest request;
    request.model = model;
    request.resolution = 41;
    if (!isLineModel(model)) request.modelParameters = {{"epochs", std::int64_t{10}}};
    return request;
  }

 private Q_SLOTS:
  void fieldsAreLowOnlyAroundTheData();
  void linesAcceptTheirBands_data();
  void linesAcceptTheirBands();
  void thresholdsAcceptTheirShare();
  void paintedPointsAreTaken();
  void sameRequestSameNumbers();
  void framesComeWhileItLearns();
  void nonsenseIsRefused();
};

void ExperimentTest::fieldsAreLowOnlyAroundTheData() {
  // The second published figure, in kind. The least threshold that accepts 95 % of the data accepts little of the plane
  // with fingerprints, and most of it without: nothing is to be seen there.
  for (const char* toy : {"blobs", "moons"}) {
    TheoryRequest request;
    request.toy = toy;
    request.resolution = 61;
    if (request.toy == "moons") request.fingerprintParameters = {{"epsilon", 2.0}};
    const TheoryResult result = runTheory(request, {});
    QVERIFY(result.fingerprinted.shares.accuracy > 0.95 && result.plain.shares.accuracy > 0.95);
    QVERIFY(result.fingerprinted.shares.acceptedCorrect >= 0.95);
    QCOMPARE(result.fingerprinted.ownThreshold, result.threshold);
    QVERIFY2(result.fingerprinted.ownArea < 0.25, qPrintable(QString::number(result.fingerprinted.ownArea)));
    QVERIFY2(result.plain.ownArea > 0.6, qPrintable(QString::number(result.plain.ownArea)));
    QVERIFY(result.plain.shares.acceptedCorrect < 0.05);  // at the other side's threshold
  }
}

void ExperimentTest::linesAcceptTheirBands_data() {
  QTest::addColumn<QString>("model");
  QTest::newRow("svm") << "svm";
  QTest::newRow("logistic") << "logistic";
}

void ExperimentTest::linesAcceptTheirBands() {
  QFETCH(QString, model);
  TheoryRequest request = quick(model.toStdString());
  request.share = 1;
  const TheoryResult result = runTheory(request, {});
  QVERIFY(result.line.has_value());
  QCOMPARE(result.fingerprints.count(), std::size_t{4});
  QCOMPARE(result.fingerprinted.shares.acceptedCorrect, 1.0);
  QCOMPARE(result.plain.shares.acceptedArea, 1.0);  // without fingerprints all is accepted
  const PlanarField& field = result.fingerprinted.field;
  for (int row = 0; row < field.resolution; ++row) {
    for (int column = 0; column < field.resolution; ++column) {
      const PlanarPoint at = field.at(column, row);
      const auto side = static_cast<std::size_t>(result.line->predicted(at));
      const bool inside = result.bands[side].holds(std::abs(result.line->distance(at)));
      QCOMPARE(field.scores[field.index(column, row)] < result.threshold, inside);
      QCOMPARE(field.classes[field.index(column, row)], static_cast<int>(side));
    }
  }
}

void ExperimentTest::thresholdsAcceptTheirShare() {
  for (const double share : {0.5, 0.9, 1.0}) {
    TheoryRequest request = quick("network");
    request.share = share;
    const TheoryResult result = runTheory(request, {});
    QVERIFY(result.fingerprinted.shares.acceptedCorrect >= share - 1e-12);
    // A hair less accepts less.
    const TheorySide& side = result.fingerprinted;
    const double below = std::nextafter(result.threshold, 0);
    QVERIFY(acceptedShares(below, result.data, side.scores, side.classes, side.field).acceptedCorrect < share);
  }
  TheoryRequest request = quick("network");
  request.threshold = 0.6;
  QCOMPARE(runTheory(request, {}).threshold, 0.6);
}

void ExperimentTest::paintedPointsAreTaken() {
  TheoryRequest request = quick("svm");
  request.toy = "painted";
  request.points = {{{0, 0}, 0}, {{3, 4}, 1}};
  const TheoryResult result = runTheory(request, {});
  QVERIFY(result.data == request.points);
  QVERIFY(std::abs(result.bands[0].near - 2.5) < 1e-9 && std::abs(result.bands[1].far - 2.5) < 1e-9);
  request.points.pop_back();
  QCOMPARE(kindOf([&] { runTheory(request, {}); }), ErrorKind::BadInput);
}

void ExperimentTest::sameRequestSameNumbers() {
  const TheoryResult first = runTheory(quick("network"), {});
  const TheoryResult again = runTheory(quick("network"), {});
  QVERIFY(first.fingerprinted.field.scores == again.fingerprinted.field.scores);
  QVERIFY(first.plain.network.parameters() == again.plain.network.parameters());
  TheoryRequest request = quick("network");
  request.seed = 1;
  QVERIFY(runTheory(request, {}).fingerprints.dx != first.fingerprints.dx);
}

void ExperimentTest::framesComeWhileItLearns() {
  std::vector<TheoryFrame> frames;
  std::int64_t reported = 0;
  const JobContext context({}, [&](const Progress& progress) { reported = progress.done; });
  runTheory(quick("network"), context, {[&](const TheoryFrame& frame) { frames.push_back(frame); }});
  QVERIFY(!frames.empty());
  QCOMPARE(frames.front().epoch, std::int64_t{1});
  QCOMPARE(frames.front().epochs, std::int64_t{10});
  QCOMPARE(frames.front().plain.resolution, 41);
  QVERIFY(frames.front().loss.fingerprint > 0);
  QCOMPARE(reported, std::int64_t{10});
}

void ExperimentTest::nonsenseIsRefused() {
  const auto kind = [](const std::function<void(TheoryRequest&)>& change, const std::string& model = "network") {
    TheoryRequest request = quick(model);
    change(request);
    return kindOf([&] { runTheory(request, {}); });
  };
  QCOMPARE(kind([](auto& request) { request.model = "forest"; }), ErrorKind::Usage);
  QCOMPARE(kind([](auto& request) { request.toy = "swiss-roll"; }), ErrorKind::Usage);
  QCOMPARE(kind([](auto& request) { request.modelParameters.set("c", 1.0); }), ErrorKind::Usage);
  QCOMPARE(kind([](auto& request) { request.fingerprintParameters.set("count", std::int64_t{0}); }), ErrorKind::Usage);
  QCOMPARE(kind([](auto& request) { request.share = 0; }), ErrorKind::Usage);
  QCOMPARE(kind([](auto& request) { request.threshold = -1; }), ErrorKind::Usage);
  QCOMPARE(kind([](auto& request) { request.resolution = 1; }), ErrorKind::Usage);
  QCOMPARE(kind([](auto& request) { request.toyParameters.set("classes", std::int64_t{3}); }, "svm"),
           ErrorKind::BadInput);
  std::stop_source stop;
  stop.request_stop();
  QCOMPARE(kindOf([&] { runTheory(quick("network"), JobContext(stop.get_token(), nullptr)); }), ErrorKind::Cancelled);
}

QTEST_APPLESS_MAIN(ExperimentTest)
#include "experiment_test.moc"
