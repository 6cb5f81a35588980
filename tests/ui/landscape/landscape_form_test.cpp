// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/landscape/landscape_form.h"

#include <QComboBox>
#include <QSignalSpy>
#include <QSlider>
#include <QStandardItemModel>

#include "tests/ui/fake_lists.h"
#include "tests/ui/ui_test.h"
#include "ui/landscape/direction_box.h"
#include "ui/widgets/number_box.h"

using namespace whorl;
using namespace whorl::ui;
using whorl::test::FakeWorld;

class LandscapeFormTest : public QObject {
  Q_OBJECT

  static LandscapeSubject subject(bool attack, std::int64_t fingerprints = 10) {
    LandscapeSubject subject;
    subject.model = FakeWorld::blobModel(fingerprints > 0 ? "with" : "without", {1, 28, 28}, fingerprints);
    subject.images = 200;
    if (attack) {
      subject.attack = StepRequest{"bim", {{"epsilon", 0.3}, {"steps", std::int64_t{10}}}};
      subject.attackTitle = "BIM";
      subject.attackSpecs = {ParameterSpec::real("epsilon", 0.3, 0, 1, "[0,1]", "How far")};
    }
    return subject;
  }

  struct Shown {
    LandscapeForm form;
    explicit Shown(const LandscapeSubject& about) {
      DetectorInfo detector;
      detector.spec = {"max-softmax", "Largest probability", "Low is suspicious.", "", {}};
      auto values = test::fakeValues();
      LandscapeValueInfo score{{"detector_score", "Detector's score", "Higher is more adversarial.", "", {}}};
      score.needsDetector = true;
      values.push_back(score);
      form.setLists({test::fakeDirections(), values, {detector}, test::fakeColours()});
      form.setSubject(about);
      form.show();
    }
    template <class Widget>
    Widget* child(const char* name) const {
      QCoreApplication::sendPostedEvents(nullptr, QEvent::DeferredDelete);  // forms that were built anew
      return form.findChild<Widget*>(QString::fromLatin1(name));
    }
    void choose(const char* combo, const QString& text) const {
      auto* box = child<QComboBox>(combo);
      const int row = box->findText(text);
      if (row < 0) qFatal("no such choice");
      box->setCurrentIndex(row);
    }
    LandscapeRequest request(bool distances = true) const {
      LandscapeRequest request;
      form.fill(request, distances);
      return request;
    }
  };

 private Q_SLOTS:
  void init() { test::failOnWarnings(); }

  void aMaskIsMissingUntilItIsPainted() {
    const Shown shown(subject(true));
    QVERIFY(shown.form.problem().isEmpty());
    shown.choose("upwards", "Mask");
    QVERIFY(!shown.form.problem().isEmpty());
    QVERIFY(shown.request().mask && !shown.request().attack->operation.empty());
    shown.choose("upwards", "Random signs");
    QVERIFY(shown.form.problem().isEmpty());
    QVERIFY(!shown.request().mask);
  }

  void anAttacksPathIsWhatOneSeesFirst() {
    const Shown shown(subject(true));
    const auto axes = shown.form.axes();
    QCOMPARE(axes.front().first, (StepRequest{"pca", {{"component", std::int64_t{1}}}}));
    QCOMPARE(axes.front().second, (StepRequest{"pca", {{"component", std::int64_t{2}}}}));
    QCOMPARE(axes[1].first.operation, std::string("adversarial"));
    QCOMPARE(axes.back().first.operation, std::string("gaussian"));
    QCOMPARE(shown.form.layer().layer, std::string("fingerprint_distance"));
    QCOMPARE(shown.form.threshold().value(), 0.5);
    QCOMPARE(shown.request().range, 0.42);
    QCOMPARE(shown.request().attack->operation, std::string("bim"));
  }

  void withoutAnAttackOrFingerprints() {
    const Shown shown(subject(false, 0));
    QCOMPARE(shown.form.axes().front().first.operation, std::string("gradient-sign"));
    QCOMPARE(shown.form.layer().layer, std::string("cross_entropy"));
    QVERIFY(!shown.form.threshold());
    QCOMPARE(shown.request().values, (std::vector<std::string>{"cross_entropy", "margin", "confidence", "predicted"}));
    QVERIFY(!shown.request().attack);
    const auto enabled = [](QComboBox* box, const QString& text) {
      return qobject_cast<QStandardItemModel*>(box->model())->item(box->findText(text))->isEnabled();
    };
    auto* values = shown.child<QComboBox>("landscape_value");
    QVERIFY(!enabled(values, "Fingerprint distance") && enabled(values, "Margin"));
    auto* across = shown.child<QComboBox>("across");
    QVERIFY(!enabled(across, "Attack's path") && enabled(across, "Another image"));
  }

  void whatIsChosenStands() {
    const Shown shown(subject(true));
    shown.choose("across", "Random signs");
    for (const auto& [across, upwards] : shown.form.axes()) {
      QCOMPARE(across.operation, std::string("rademacher"));
      QVERIFY(upwards != across);
    }
    QCOMPARE(shown.form.axes().front().second.operation, std::string("pca"));
    shown.choose("upwards", "Another image");
    QCOMPARE(shown.form.axes().size(), std::size_t{1});
    QCOMPARE(shown.form.axes().front().second.parameters.integer("index"), std::int64_t{0});
    QCOMPARE(directionText(shown.form.axes().front().second, test::fakeDirections()),
             QString("Another image, index 0"));
  }

  void theRangeFollowsTheAttackUntilSomebodySetsIt() {
    Shown shown(subject(true));
    LandscapeSubject weaker = subject(true);
    weaker.attack->parameters.set("epsilon", 0.1);
    const auto* epsilon = shown.child<NumberBox>("epsilon");
    shown.form.setSubject(weaker);
    QCOMPARE(shown.child<NumberBox>("epsilon"), epsilon);  // it may be in somebody's hand
    QCOMPARE(epsilon->value(), 0.1);
    QCOMPARE(shown.request().range, 0.14);
    QSignalSpy changed(&shown.form, &LandscapeForm::changed);
    shown.child<NumberBox>("range")->setValue(0.25);
    QCOMPARE(changed.count(), 1);
    shown.form.setSubject(subject(true));
    QCOMPARE(shown.request().range, 0.25);
  }

  void aValueOfEachClass() {
    const Shown shown(subject(true));
    QSignalSpy changed(&shown.form, &LandscapeForm::layerChanged);
    shown.choose("landscape_value", "Fingerprint distance of each class: “3”");
    QCOMPARE(changed.count(), 1);
    QCOMPARE(shown.form.layer().layer, std::string("fingerprint_distances_3"));
    QCOMPARE(shown.request(false).values.back(), std::string("fingerprint_distances"));
    QCOMPARE(shown.request(false).values.size(), std::size_t{5});
  }

  void aDetectorIsNamedWhereItsScoreIsWanted() {
    const Shown shown(subject(true));
    auto* detector = shown.child<QComboBox>("landscape_detector");
    QVERIFY(!detector->isVisible());
    QVERIFY(shown.request().detector.empty());
    shown.choose("landscape_value", "Detector's score");
    QVERIFY(detector->isVisible());
    QCOMPARE(shown.request().detector, std::string("max-softmax"));
  }

  void theBudgetIsTheAttacks() {
    Shown shown(subject(true));
    QSignalSpy edited(&shown.form, &LandscapeForm::attackEdited);
    shown.child<NumberBox>("epsilon")->setValue(0.2);
    QCOMPARE(edited.count(), 1);
    QCOMPARE(edited.first().at(0).value<Parameters>().real("epsilon"), 0.2);
    shown.form.setSubject(subject(false));
    QVERIFY(!shown.child<NumberBox>("epsilon"));
  }
};

QTEST_MAIN(LandscapeFormTest)
#include "landscape_form_test.moc"
