// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/experiment/recipe.h"

#include <QtTest/QtTest>

#include <functional>

#include "core/base/error.h"
#include "core/experiment/toml_document.h"

using namespace whorl;

namespace {

const char* const kSmall = R"(title = "Small"
data = "glyphs"
[[model]]
name = "net"
file = "glyphs-fingerprint"
[[attack]]
name = "FGSM"
attack = "fgsm"
parameters = { epsilon = 0.3, targeted = false }
[[attack]]
name = "PGD"
attack = "pgd"
epsilon = [0.1, 0.2]
[[detector]]
name = "NeuralFP"
detector = "fingerprint"
model = "net"
[[published]]
detector = "NeuralFP"
source = "a paper"
auc_percent = { FGSM = 99.5, PGD = 90 }
[[check]]
claim = "more is more"
figure = "evasion"
cell = "NeuralFP/PGD ε=0.2"
at_least = "NeuralFP/PGD ε=0.1"
)";

Recipe parse(const std::string& text, const std::string& preset = "") {
  return parseRecipe(text, "/nowhere/small.toml", preset);
}

/// The message of the Error(BadInput) that comes of it.
QString refusal(const std::string& text, const std::string& preset = "") {
  try {
    parse(text, preset);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::BadInput) return "another kind of error: " + QString(error.what());
    return error.what();
  }
  return "it was accepted";
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const auto place = text.find(from);
  if (place == std::string::npos) throw std::runtime_error("nothing to replace: " + from);
  return text.replace(place, from.size(), to);
}

}  // namespace

class RecipeTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void readsAllThatIsThere() {
    const Recipe recipe = parse(std::string(kSmall) + R"(
[sample]
count = 7
fit = 8
fit_split = "train"
train = 9
slice = 3
seed = 4
)");
    QCOMPARE(recipe.title, std::string("Small"));
    QCOMPARE(recipe.presets, std::vector<std::string>{"default"});
    QCOMPARE(recipe.sample.count, std::int64_t{7});
    QCOMPARE(recipe.sample.fit, std::int64_t{8});
    QCOMPARE(recipe.sample.fitSplit, std::string("train"));
    QCOMPARE(recipe.sample.seed, std::uint64_t{4});
    QCOMPARE(recipe.models.at(0).file, std::string("glyphs-fingerprint"));
    QCOMPARE(recipe.attacks.size(), std::size_t{2});
    QCOMPARE(recipe.attacks[0].parameters.real("epsilon"), 0.3);
    QCOMPARE(recipe.attacks[0].parameters.boolean("targeted"), false);
    QCOMPARE(recipe.attacks[1].epsilon, (std::vector<double>{0.1, 0.2}));
    QCOMPARE(recipe.published.size(), std::size_t{2});
    QCOMPARE(recipe.published[0].auc, 0.995);
    QCOMPARE(recipe.published[1].attack, std::string("PGD"));
    QCOMPARE(recipe.published[1].auc, 0.9);
  }

  void presetsChangeWhatTheyName() {
    const std::string text = std::string(kSmall) + R"(
[preset.zuerst.sample]
count = 5
[preset.quick.attack.FGSM]
count = 3
parameters = { epsilon = 0.1 }
[preset.quick.attack.PGD]
skip = true
)";
    const Recipe first = parse(text);
    QCOMPARE(first.presets, (std::vector<std::string>{"zuerst", "quick"}));  // as written, not by the alphabet
    QCOMPARE(first.sample.count, std::int64_t{5});
    QCOMPARE(first.attacks.size(), std::size_t{2});
    const Recipe quick = parse(text, "quick");
    QCOMPARE(quick.sample.count, std::int64_t{1000});
    QCOMPARE(quick.attacks.size(), std::size_t{1});
    QCOMPARE(quick.attacks[0].count, std::int64_t{3});
    QCOMPARE(quick.attacks[0].parameters.real("epsilon"), 0.1);
    QCOMPARE(quick.attacks[0].parameters.boolean("targeted"), false);  // merged, not replaced
    QCOMPARE(quick.published.size(), std::size_t{2});                  // the figure of the skipped one does no harm
    try {
      parse(text, "slow");
      QFAIL("an unknown preset was accepted");
    } catch (const Error& error) {
      QCOMPARE(error.kind(), ErrorKind::Usage);
      QVERIFY2(QString(error.what()).contains("zuerst, quick"), error.what());
    }
  }

  void refusesWithFileAndLine_data() {
    QTest::addColumn<QString>("from");
    QTest::addColumn<QString>("to");
    QTest::addColumn<QString>("place");
    QTest::addColumn<QString>("reason");
    const auto row = [](const char* name, const char* from, const char* to, const char* place, const char* reason) {
      QTest::newRow(name) << from << to << place << reason;
    };
    row("no TOML", "title = ", "title == ", "small.toml:1", "TOML");
    row("unknown key", "file = ", "fiel = ", "small.toml:5", "no key \"fiel\"");
    row("unknown key beside", "attack = \"fgsm\"", "attack = \"fgsm\"\nepsilonn = 1", "small.toml:9", "epsilonn");
    row("unknown table", "[[published]]", "[[publisht]]", "small.toml:18", "publisht");
    row("unknown kind", "title = ", "kind = \"compare\"\ntitle = ", "small.toml:1", "kind of recipe");
    row("wrong type", "title = \"Small\"", "title = 3", "small.toml:1", "title must be a text");
    row("wrong element", "[0.1, 0.2]", "[0.1, \"b\"]", "small.toml:13", "epsilon must be a number");
    row("out of range", "[0.1, 0.2]", "[0.1, -1]", "small.toml:13", "epsilon lies in");
    row("twice in a list", "[0.1, 0.2]", "[0.1, 0.1]", "small.toml:13", "twice");
    row("infinite", "[0.1, 0.2]", "[0.1, inf]", "small.toml:13", "finite");
    row("date", "epsilon = 0.3", "epsilon = 2020-01-01", "small.toml:9", "dates");
    row("list as parameter", "epsilon = 0.3", "epsilon = [1]", "small.toml:9", "a number or a text");
    row("two of a name", "name = \"PGD\"", "name = \"FGSM\"", "small.toml:10", "two attacks \"FGSM\"");
    row("no such model", "model = \"net\"", "model = \"ner\"", "small.toml:14", "no model \"ner\"");
    row("no such row", "detector = \"NeuralFP\"", "detector = \"NFP\"", "small.toml:21", "no detector \"NFP\"");
    row("no such column", "PGD = 90", "PGF = 90", "small.toml:21", "no attack \"PGF\"");
    row("above 100", "PGD = 90", "PGD = 900", "small.toml:21", "0 to 100");
    row("bad name", "name = \"PGD\"", "name = \"P/GD\"", "small.toml:10", "no name");
    row("table for a list", "[[model]]", "[model]", "small.toml:3", "list of tables");
    row("nothing trained", "file = \"glyphs-fingerprint\"", "architecture = \"nfp-mnist\"", "small.toml:3", "made");
    row("both", "file = \"glyphs-fingerprint\"", "file = \"a\"\ntrain = \"b\"", "small.toml:3", "not both");
    row("missing", "attack = \"pgd\"", "", "small.toml:10", "needs attack");
    row("check of no figure", "\"evasion\"", "\"evasions\"", "small.toml:24", "evasion");
    row("check of no cell", "\"NeuralFP/PGD ε=0.2\"", "\"NeuralFP\"", "small.toml:22", "no cell");
    row("check of no row", "\"NeuralFP/PGD ε=0.2\"", "\"NFP/PGD\"", "small.toml:22", "no detector \"NFP\"");
    row("check against no column", "\"NeuralFP/PGD ε=0.1\"", "\"NeuralFP/PGF\"", "small.toml:22", "no attack \"PGF\"");
    row("check against nothing", "at_least = ", "at_leest = ", "small.toml:26", "at_leest");
    row("check against two", "at_least = ", "at_most = 1\nat_least = ", "small.toml:22", "at_least or at_most");
    row("check above all", "\"NeuralFP/PGD ε=0.1\"", "101", "small.toml:26", "0 to 100");
  }
  void refusesWithFileAndLine() {
    QFETCH(const QString, from);
    QFETCH(const QString, to);
    QFETCH(const QString, place);
    QFETCH(const QString, reason);
    const QString text = refusal(replaced(kSmall, from.toStdString(), to.toStdString()));
    QVERIFY2(text.contains(place), qPrintable(text));
    QVERIFY2(text.contains(reason), qPrintable(text));
  }

  void namesMayLookLikeSweptOnes() {
    std::string text = kSmall;
    while (text.find("NeuralFP") != std::string::npos) text = replaced(text, "NeuralFP", "NFP (log)");
    QCOMPARE(parse(text).checks[0].cell, std::string("NFP (log)/PGD ε=0.2"));
    text = replaced(text, "detector = \"NFP (log)\"", "detector = \"NFP (log) (N=5)\"");  // of a sweep
    QCOMPARE(parse(text).published[0].detector, std::string("NFP (log) (N=5)"));
  }

  void refusesWrongPresets() {
    QVERIFY(refusal(std::string(kSmall) + "[preset.a.attack.XYZ]\ncount = 1\n").contains("\"XYZ\", which doesn't"));
    QVERIFY(refusal(std::string(kSmall) + "[preset.a]\ntitle = \"b\"\n").contains("can't change \"title\""));
    QVERIFY(refusal(std::string(kSmall) + "[preset.a.attack.FGSM]\nskip = 1\n").contains("skip must be"));
    QVERIFY(refusal(std::string(kSmall) + "[preset.a.model.net]\nfil = \"\"\n").contains("no key \"fil\""));
  }

  void hostileFilesAreNoTrouble() {
    std::string many = kSmall;
    for (int i = 0; i < 600; ++i) many += "[[attack]]\nname = \"a" + std::to_string(i) + "\"\nattack = \"fgsm\"\n";
    QVERIFY(refusal(many).contains("more than 500"));
    std::string values = std::string(kSmall) + "[[sweep]]\nmodel = \"net\"\nparameters = { a = [";
    for (std::size_t i = 0; i <= kMostTomlValues; ++i) values += std::to_string(i) + ",";
    QVERIFY(refusal(values + "] }\n").contains("too many values"));
    QVERIFY(refusal("a = " + std::string(5000, '[') + std::string(5000, ']')).contains("small.toml:1"));
    QVERIFY(refusal("title = \"" + std::string(30'000, 'x') + "\"").contains("too long"));
    QVERIFY(refusal(std::string("title = \"a\0b\"", 13)).contains("small.toml:1"));
    QVERIFY(refusal("").contains("needs title"));
  }

  void deepFilesAreRefusedBeforeAnythingRecurses() {
    const auto dotted = [](int parts) {
      std::string key = "a";
      for (int i = 1; i < parts; ++i) key += ".a";
      return key;
    };
    // Without the check these overflow the stack.
    QVERIFY(refusal("[" + dotted(200'000) + "]\n").contains("small.toml:1: a key has too many parts"));
    QVERIFY(refusal("\n" + dotted(200'000) + " = 1\n").contains("small.toml:2: a key has too many parts"));
    QVERIFY(refusal("x = {" + dotted(200'000) + " = 1}\n").contains("too many parts"));
    QVERIFY(refusal("x = '''\\'''\n[" + dotted(200'000) + "]\n").contains("small.toml:2: a key"));
    QVERIFY(refusal("x = \"\"\"\\\"\"\"\"\"\n[" + dotted(200'000) + "]\n").contains("small.toml:2: a key"));
    QVERIFY(refusal("x = \"\"\"\n\\\n\"\"\"\n[" + dotted(200'000) + "]\n").contains("small.toml:4: a key"));
    QVERIFY(refusal("x = " + std::string(17, '[') + std::string(17, ']') + "\n").contains("nested too deeply"));
    // What is no key, and lists one after the other, are not counted.
    const std::string dots(100, '.');
    std::string harmless = "x1 = \"" + dots + "\" # " + dots + "\nx2 = '" + dots + "'\nx3 = \"\"\"\n" + dots + "\"\n" +
                           dots + "\"\"\"\"\"\nx4 = '''" + dots + "''''\nx5 = [\n";
    for (int i = 0; i < 100; ++i) harmless += "[0.5, 0.5],\n";
    const QString text = refusal(harmless + "]\n" + kSmall);
    QVERIFY2(text.contains("no key \"x1\""), qPrintable(text));
  }
};

QTEST_APPLESS_MAIN(RecipeTest)
#include "recipe_test.moc"
