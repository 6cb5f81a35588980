// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/arguments.h"

#include <QtTest>

#include "app/cli/terminal.h"
#include "core/base/error.h"

using namespace whorl;
using namespace whorl::cli;

namespace {

KnownOption known(const std::string& name) {
  if (name == "--seed" || name == "--batch-size") return KnownOption::WithValue;
  return name == "--quiet" ? KnownOption::Flag : KnownOption::No;
}

std::vector<ParameterSpec> specs() {
  return {ParameterSpec::real("epsilon", 0.3, 0, 1, "[0,1]", "largest change"),
          ParameterSpec::real("step_size", 0.01, 0, 1, "[0,1]", "change a step"),
          ParameterSpec::boolean("random_start", true, "start inside the ball"),
          ParameterSpec::choice("norm", "linf", {"linf", "l2"}, "the ball's norm")};
}

ErrorKind kindOf(const std::function<void()>& work, std::string* message = nullptr) {
  try {
    work();
  } catch (const Error& error) {
    if (message) *message = error.what();
    return error.kind();
  }
  return ErrorKind::Internal;
}

}  // namespace

class ArgumentsTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void takesOnlyUnknownOptions() {
    std::vector<std::string> arguments = {
        "image.png",      "--seed",         "-3",           "--epsilon", "0.3", "--quiet", "x",
        "--step_size=.1", "--random-start", "--batch_size", "7"};
    const auto extras = takeExtraOptions(arguments, known);
    // A known option keeps its value even where that begins with a dash, and is found under its underscored name.
    QCOMPARE(arguments, (std::vector<std::string>{"image.png", "--seed", "-3", "--quiet", "x", "--batch-size", "7"}));
    QCOMPARE(extras.size(), std::size_t{3});
    QCOMPARE(extras[0].name, std::string("epsilon"));
    QCOMPARE(extras[0].value.value(), std::string("0.3"));
    QCOMPARE(extras[1].value.value(), std::string(".1"));
    QCOMPARE(extras[2].name, std::string("random-start"));
    QVERIFY(!extras[2].value);
  }

  void textFromFilesStaysOnOneLine() {
    QCOMPARE(oneLine("caf\u00e9 \u4e2d"), std::string("caf\u00e9 \u4e2d"));
    QCOMPARE(oneLine("a\nb\tc\rd"), std::string("a\\nb\\tc\\rd"));
    QCOMPARE(oneLine("\x1b[31m\x7f"), std::string("\\x1b[31m\\x7f"));
    QCOMPARE(oneLine("\u009b31m"), std::string("\\x9b31m"));
    QCOMPARE(oneLine(std::string("\xc2")), std::string("\xc2"));
  }

  void findsTheOptionThatIsGivenTwice() {
    const auto once = [](const std::string& name) { return name != "--quiet"; };
    const auto repeated = [&](const std::vector<std::string>& arguments) {
      return QString::fromStdString(repeatedOption(arguments, known, once));
    };
    QCOMPARE(repeated({"--seed", "1", "--batch-size", "2"}), QString());
    QCOMPARE(repeated({"--seed", "1", "--batch-size=2", "--batch-size", "3", "--seed=4"}), QString("--batch-size"));
    QCOMPARE(repeated({"--seed", "--seed"}), QString());  // its value
    QCOMPARE(repeated({"--quiet", "--quiet", "--other", "--other"}), QString());
  }

  void refusesAParameterThatIsGivenTwice() {
    std::vector<ExtraOption> extras = {{"step-size", "0.1"}, {"epsilon", "0.1"}, {"step_size", "0.2"}};
    std::string message;
    QVERIFY(kindOf([&] { takeParameters("pgd", specs(), extras); }, &message) == ErrorKind::Usage);
    QVERIFY2(message.find("--step-size is given twice") != std::string::npos, message.c_str());
  }

  void readsParametersUnderBothSpellings() {
    std::vector<ExtraOption> extras = {
        {"epsilon", "8/255"}, {"step-size", "0.5"}, {"random_start", std::nullopt}, {"norm", "l2"}, {"other", "1"}};
    const Parameters parameters = takeParameters("pgd", specs(), extras);
    QCOMPARE(parameters.real("epsilon"), 8.0 / 255);
    QCOMPARE(parameters.real("step_size"), 0.5);
    QVERIFY(parameters.boolean("random_start"));
    QCOMPARE(parameters.text("norm"), std::string("l2"));
    QCOMPARE(extras.size(), std::size_t{1});
    QCOMPARE(extras[0].name, std::string("other"));
  }

  void refusesWhatDoesNotFit() {
    std::string message;
    std::vector<ExtraOption> tooMuch = {{"epsilon", "2"}};
    QCOMPARE(kindOf([&] { takeParameters("pgd", specs(), tooMuch); }, &message), ErrorKind::Usage);
    QVERIFY2(message.find("epsilon") != std::string::npos && message.find("pgd") != std::string::npos, message.c_str());
    std::vector<ExtraOption> bare = {{"epsilon", std::nullopt}};
    QCOMPARE(kindOf([&] { takeParameters("pgd", specs(), bare); }, &message), ErrorKind::Usage);
    QVERIFY2(message.find("--epsilon needs a value") != std::string::npos, message.c_str());
    QCOMPARE(kindOf([&] { refuseLeftOvers("attack", {{"epsilom", "1"}}, specs()); }, &message), ErrorKind::Usage);
    QVERIFY2(message.find("did you mean --epsilon") != std::string::npos, message.c_str());
    QCOMPARE(kindOf([&] { refuseLeftOvers("attack", {{"zzzzzzzz", "1"}}, specs()); }, &message), ErrorKind::Usage);
    QVERIFY2(message.find("did you mean") == std::string::npos, message.c_str());
    refuseLeftOvers("attack", {}, specs());
  }

  void findsRawOptions() {
    QCOMPARE(rawOption({"train", "--json", "-"}, "--json"), std::string("-"));
    QCOMPARE(rawOption({"train", "--json=a b"}, "--json"), std::string("a b"));
    QCOMPARE(rawOption({"train", "--json"}, "--json"), std::string());
    QCOMPARE(rawOption({"--jsonx", "1"}, "--json"), std::string());
  }

  void parsesSteps() {
    const StepText plain = parseStep("jpeg");
    QCOMPARE(plain.operation, std::string("jpeg"));
    QVERIFY(plain.options.empty());
    const StepText step = parseStep("pgd:epsilon=0.3,random-start,norm=l2");
    QCOMPARE(step.operation, std::string("pgd"));
    QCOMPARE(step.options.size(), std::size_t{3});
    QCOMPARE(step.options[0].value.value(), std::string("0.3"));
    QVERIFY(!step.options[1].value);
    for (const char* bad : {"", ":epsilon=1", "pgd:", "pgd:epsilon=1,,"}) {
      QCOMPARE(kindOf([&] { parseStep(bad); }), ErrorKind::Usage);
    }
  }

  void explainsEachParameter() {
    const std::string text = describeParameters(specs());
    for (const char* part : {"--epsilon NUMBER in [0,1]", "0 to 1", "default 0.3", "largest change", "--step-size",
                             "--random-start true|false", "linf, l2"}) {
      QVERIFY2(text.find(part) != std::string::npos, (std::string(part) + " not in\n" + text).c_str());
    }
  }

  void drawsBars() {
    QCOMPARE(durationText(7), std::string("0:07"));
    QCOMPARE(durationText(754), std::string("12:34"));
    QCOMPARE(durationText(10921), std::string("3:02:01"));
    const JobDisplay images;
    const std::string half = barText({50, 100, "attacking", {}}, 10, images, 200);
    QVERIFY2(half.starts_with("[##########----------]  50 %  5.00 images/s  ETA 0:10"), half.c_str());
    QVERIFY(half.ends_with("attacking"));
    const std::string own = barText({50, 100, "", {{"images_per_second", 25}, {"loss", 0.5}}}, 10, images, 200);
    QVERIFY2(own.find("25.0 images/s  ETA 0:02  loss 0.5") != std::string::npos, own.c_str());
    QCOMPARE(barText({50, 100, "attacking", {}}, 10, images, 12).size(), std::size_t{12});
    // Where the units differ, somebody else knows how long it takes, or nobody.
    QVERIFY(barText({1, 4, "", {}}, 10, JobDisplay{false, "cells", [] { return std::optional(125.0); }}, 80)
                .ends_with("ETA 2:05"));
    const JobDisplay nobody{false, "cells", [] { return std::optional<double>(); }};
    QCOMPARE(barText({1, 4, "", {}}, 10, nobody, 80).find("ETA"), std::string::npos);
    QVERIFY(barText({3, 0, "", {}}, 1, JobDisplay{false, "files"}, 80).starts_with("3 files"));
  }
};

QTEST_APPLESS_MAIN(ArgumentsTest)
#include "arguments_test.moc"
