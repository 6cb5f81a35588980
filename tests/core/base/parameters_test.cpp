// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/base/parameters.h"

#include <QtTest/QtTest>
#include <functional>
#include <limits>
#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "core/base/random.h"

using namespace whorl;

namespace {

const ParameterSpec kEpsilon = ParameterSpec::real("epsilon", 0.3, 0, 1, "[0,1]", "largest change");
const ParameterSpec kSteps = ParameterSpec::integer("steps", 40, 1, 1000, "", "number of steps");
const ParameterSpec kNorm = ParameterSpec::choice("norm", "linf", {"linf", "l2"}, "the budget's norm");
const ParameterSpec kRandom = ParameterSpec::boolean("random_start", true, "start inside the ball");
const ParameterSpec kNote = ParameterSpec::text("note", "", "for people");
const std::vector<ParameterSpec> kSpecs{kEpsilon, kSteps, kNorm, kRandom, kNote};

std::string messageOf(ErrorKind kind, const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.kind() == kind ? error.what() : "another kind: " + errorKindName(error.kind());
  }
  return "no error";
}

}  // namespace

class ParametersTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void defaultsAreFilledIn() {
    const Parameters p = resolve("pgd", kSpecs, {{"steps", std::int64_t{7}}});
    QCOMPARE(p.real("epsilon"), 0.3);
    QCOMPARE(p.integer("steps"), std::int64_t{7});
    QCOMPARE(p.text("norm"), std::string("linf"));
    QCOMPARE(p.boolean("random_start"), true);
    QCOMPARE(p.values().size(), kSpecs.size());
  }

  void wholeNumbersServeAsReals() {
    const Parameters p = resolve("pgd", kSpecs, {{"epsilon", std::int64_t{1}}});
    QVERIFY(std::holds_alternative<double>(p.values().at("epsilon")));
    QCOMPARE(p.real("epsilon"), 1.0);
    QCOMPARE(Parameters({{"x", std::int64_t{3}}}).real("x"), 3.0);
  }

  void badValuesAreRefused_data() {
    QTest::addColumn<QString>("name");
    QTest::addColumn<int>("which");
    QTest::newRow("above") << "epsilon" << 0;
    QTest::newRow("below") << "epsilon" << 1;
    QTest::newRow("NaN") << "epsilon" << 2;
    QTest::newRow("infinity") << "epsilon" << 3;
    QTest::newRow("text for a number") << "epsilon" << 4;
    QTest::newRow("truth for a number") << "steps" << 5;
    QTest::newRow("real for an integer") << "steps" << 6;
    QTest::newRow("no choice") << "norm" << 4;
    QTest::newRow("number for a truth value") << "random_start" << 7;
    QTest::newRow("zero steps") << "steps" << 8;
  }
  void badValuesAreRefused() {
    QFETCH(const QString, name);
    QFETCH(const int, which);
    const std::vector<ParameterValue> values{1.01,
                                             -0.01,
                                             std::numeric_limits<double>::quiet_NaN(),
                                             std::numeric_limits<double>::infinity(),
                                             std::string("l7"),
                                             true,
                                             2.0,
                                             std::int64_t{1},
                                             std::int64_t{0}};
    Parameters given;
    given.set(name.toStdString(), values[static_cast<std::size_t>(which)]);
    const std::string message = messageOf(ErrorKind::Usage, [&] { resolve("pgd", kSpecs, given); });
    QVERIFY2(message.starts_with("pgd: " + name.toStdString() + " must be "), message.c_str());
  }

  void messagesNameTheRange() {
    QCOMPARE(messageOf(ErrorKind::Usage,
                       [] {
                         resolve("pgd", kSpecs, {{"epsilon", 2.5}});
                       }),
             std::string("pgd: epsilon must be 0 to 1, not 2.5 (largest change)"));
    QCOMPARE(messageOf(ErrorKind::Usage, [] { parseParameter("pgd", kNorm, "l0"); }),
             std::string("pgd: norm must be one of linf, l2, not \"l0\" (the budget's norm)"));
    QCOMPARE(messageOf(ErrorKind::Usage, [] { parseParameter("pgd", kSteps, "many"); }),
             std::string("pgd: steps must be a whole number 1 to 1000, not \"many\" (number of steps)"));
    QCOMPARE(messageOf(ErrorKind::Usage,
                       [] {
                         resolve("pgd", kSpecs, {{"eps", 0.1}});
                       }),
             std::string("pgd: there is no parameter \"eps\" (it takes epsilon, steps, norm, random_start, note)"));
    QCOMPARE(messageOf(ErrorKind::Usage,
                       [] {
                         resolve("none", {}, {{"eps", 0.1}});
                       }),
             std::string("none: there is no parameter \"eps\" (it takes none)"));
  }

  void rangesAreSaidInWords() {
    const double infinity = std::numeric_limits<double>::infinity();
    QCOMPARE(allowedRange(ParameterSpec::real("x", 0, 0, infinity, "", "")), std::string("a number of at least 0"));
    QCOMPARE(allowedRange(ParameterSpec::real("x", 0, -infinity, 2, "", "")), std::string("a number of at most 2"));
    QCOMPARE(allowedRange(ParameterSpec::integer("seed", 0, 0, INT64_MAX, "", "")),
             std::string("a whole number of at least 0"));
    QCOMPARE(allowedRange(kRandom), std::string("true or false"));
    QCOMPARE(allowedRange(kNote), std::string("any text"));
  }

  void textIsRead() {
    QCOMPARE(std::get<double>(parseParameter("", kEpsilon, "0.25")), 0.25);
    QCOMPARE(std::get<double>(parseParameter("", kEpsilon, "8/255")), 8.0 / 255.0);
    QCOMPARE(std::get<double>(parseParameter("", kEpsilon, " 1 / 4 ")), 0.25);
    QCOMPARE(std::get<double>(parseParameter("", kEpsilon, "+1e-3")), 1e-3);
    QCOMPARE(std::get<std::int64_t>(parseParameter("", kSteps, "12")), std::int64_t{12});
    QCOMPARE(std::get<bool>(parseParameter("", kRandom, "false")), false);
    QCOMPARE(std::get<bool>(parseParameter("", kRandom, "on")), true);
    QCOMPARE(std::get<std::string>(parseParameter("", kNorm, "l2")), std::string("l2"));
    QCOMPARE(std::get<std::string>(parseParameter("", kNote, " as it is ")), std::string(" as it is "));
  }

  void badTextIsRefused() {
    for (const char* text : {"", " ", "abc", "0.1x", "1/0", "1/", "/2", "1/2/3", "nan", "inf", "0,5", "1e999", "--1"}) {
      const std::string message = messageOf(ErrorKind::Usage, [&] { parseParameter("pgd", kEpsilon, text); });
      QVERIFY2(message.starts_with("pgd: epsilon must be 0 to 1, not"), (std::string(text) + ": " + message).c_str());
    }
    for (const char* text : {"1.5", "1/1", "99999999999999999999", "0x10", ""}) {
      const std::string message = messageOf(ErrorKind::Usage, [&] { parseParameter("pgd", kSteps, text); });
      QVERIFY2(message.starts_with("pgd: steps must be"), message.c_str());
    }
    QVERIFY(
        messageOf(ErrorKind::Usage, [] { parseParameter("pgd", kRandom, "maybe"); }).starts_with("pgd: random_start"));
  }

  void textReadsBackAsTheSameNumber() {
    QCOMPARE(toText(0.1), std::string("0.1"));
    QCOMPARE(toText(8.0 / 255.0), std::string("0.03137254901960784"));
    QCOMPARE(toText(true), std::string("true"));
    QCOMPARE(toText(std::int64_t{-3}), std::string("-3"));
    const ParameterSpec any = ParameterSpec::real("x", 0, -1e308, 1e308, "", "");
    Random random(1);
    for (int i = 0; i < 1000; ++i) {
      const double value = std::ldexp(random.uniform(-1, 1), static_cast<int>(random.below(600)) - 300);
      QCOMPARE(std::get<double>(parseParameter("", any, toText(value))), value);
    }
  }

  void jsonGoesRound() {
    const Parameters p = resolve("pgd", kSpecs, {{"epsilon", 8.0 / 255.0}, {"note", std::string("\"ü\"")}});
    const std::string text = toJson(p).dump();
    QCOMPARE(parametersFromJson(nlohmann::json::parse(text)), p);
    QCOMPARE(toJson(Parameters()).dump(), std::string("{}"));
  }

  void badJsonIsRefused() {
    for (const char* text :
         {R"([])", R"(3)", R"({"a":null})", R"({"a":[1]})", R"({"a":{}})", R"({"a":18446744073709551615})"}) {
      const std::string message =
          messageOf(ErrorKind::BadInput, [&] { parametersFromJson(nlohmann::json::parse(text)); });
      QVERIFY2(message.find("parameter") != std::string::npos, message.c_str());
    }
  }

  void declarationsAreJson() {
    const nlohmann::json json = toJson(OperationSpec{"pgd", "PGD", "Steps.", "Madry et al., 2018", kSpecs});
    QCOMPARE(json["name"].get<std::string>(), std::string("pgd"));
    QCOMPARE(json["parameters"].size(), kSpecs.size());
    QCOMPARE(json["parameters"][0]["maximum"].get<double>(), 1.0);
    QCOMPARE(json["parameters"][2]["choices"].dump(), std::string(R"(["linf","l2"])"));
    QVERIFY(!json["parameters"][3].contains("minimum"));
  }

  void unresolvedParametersAreOurMistake() {
    const Parameters p{{"steps", std::int64_t{1}}};
    QVERIFY(messageOf(ErrorKind::Internal, [&] { p.real("epsilon"); }).find("epsilon") != std::string::npos);
    QVERIFY(messageOf(ErrorKind::Internal, [&] { p.text("steps"); }).find("steps") != std::string::npos);
  }
};

QTEST_APPLESS_MAIN(ParametersTest)
#include "parameters_test.moc"
