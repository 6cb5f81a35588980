// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/session/session_store.h"

#include <QFile>
#include <QTemporaryDir>

#include "tests/ui/ui_test.h"

using namespace whorl;
using namespace whorl::ui;

class SessionStoreTest : public QObject {
  Q_OBJECT

  static SessionState example() {
    SessionState state;
    state.model = QStringLiteral("glyphs-fingerprint");
    state.dataset = QStringLiteral("glyphs");
    state.index = 7;
    state.fit = InputFit::Crop;
    state.seed = 11;
    state.steps = {
        {"bim",
         {{"epsilon", 8.0 / 255}, {"steps", std::int64_t{10}}, {"random_start", true}, {"norm", std::string("l2")}},
         false}};
    state.landscape = {{"choices", {{"layer", std::string("margin")}}}, {"shape", {{"range", 0.25}, {"clip", true}}}};
    state.theory = {{"choices", {{"toy", std::string("moons")}}}};
    state.similar = {{"page", {{"layer", std::string("fc1")}, {"count", std::int64_t{50}}}}};
    return state;
  }

 private Q_SLOTS:
  void init() { test::failOnWarnings(); }

  void roundTrip() {
    const auto back = sessionFromJson(toJsonText(example()));
    QVERIFY(back.has_value());
    QVERIFY(*back == example());
  }

  void olderSessionsHaveNoPages() {
    auto text = QString::fromUtf8(toJsonText(SessionState{}));
    QVERIFY(text.contains("landscape"));
    text.replace(QLatin1String("\"landscape\""), QLatin1String("\"a\""))
        .replace(QLatin1String("\"theory\""), QLatin1String("\"b\""))
        .replace(QLatin1String("\"similar\""), QLatin1String("\"c\""));
    const auto back = sessionFromJson(text.toUtf8());
    QVERIFY(back && back->landscape.empty() && back->theory.empty() && back->similar.empty());
  }

  void keptValuesAreReadWithCare() {
    const PageState state = example().landscape;
    QCOMPARE(keptText(state, "choices", "layer"), std::string("margin"));
    QCOMPARE(keptText(state, "choices", "nothing", "other"), std::string("other"));
    QCOMPARE(keptText(state, "shape", "clip", "other"), std::string("other"));  // it is no text
    QVERIFY(keptFlag(state, "shape", "clip", false) && keptFlag(state, "nowhere", "clip", true));
    QCOMPARE(keptSection(state, "shape").real("range"), 0.25);
    QVERIFY(keptSection(state, "nowhere").values().empty());
  }

  void throughAFile() {
    QTemporaryDir folder;
    const SessionStore store(folder.path() + "/deep/er");
    QVERIFY(!store.read());
    QVERIFY(store.write(example()));
    QVERIFY(store.read() == example());
  }

  void refusesWhatIsNotASession_data() {
    QTest::addColumn<QByteArray>("text");
    QTest::newRow("empty") << QByteArray();
    QTest::newRow("noise") << QByteArray("\x00\xff\x10nonsense", 12);
    QTest::newRow("another version") << toJsonText(example()).replace("\"whorl_session\": 1", "\"whorl_session\": 99");
    QTest::newRow("cut") << toJsonText(example()).chopped(20);
    QTest::newRow("wrong types") << QByteArray(R"({"whorl_session":1,"model":3})");
  }

  void refusesWhatIsNotASession() {
    QFETCH(QByteArray, text);
    QVERIFY(!sessionFromJson(text).has_value());
  }
};

QTEST_GUILESS_MAIN(SessionStoreTest)
#include "session_store_test.moc"
