// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/pages/model_past.h"

#include <QTemporaryFile>
#include <QTest>

#include <algorithm>

using namespace whorl;
using namespace whorl::ui;

class ModelPastTest : public QObject {
  Q_OBJECT

  static ModelInfo info() {
    ModelInfo info;
    info.id = info.name = "m";
    info.architecture = "nfp-mnist";
    info.parameters = 313386;
    info.fingerprints = 10;
    info.threshold = 0.125;
    info.pastJson =
        R"({"command":"train","started":"2026-01-31T14:25:00Z","seed":123456,"data":{"name":"mnist","sha256":"ab"},
      "objective":"plain+fingerprint","test_accuracy":0.9958,"seconds":208.4,"parameters":{"learning_rate":0.002,"epochs":4},
      "history":[{"epoch":1,"loss":0.5},{"epoch":2,"loss":0.25}],"resumed":false,"nothing":null})";
    return info;
  }
  static QString value(const std::vector<ModelProperty>& properties, const char* section, const char* name) {
    for (const auto& property : properties) {
      if (property.section == QLatin1String(section) && property.name == QString::fromUtf8(name)) return property.value;
    }
    return QStringLiteral("(missing)");
  }

 private Q_SLOTS:
  void readsWhatTheTableShows() {
    const ModelEntry entry = describeModel(info());
    QCOMPARE(entry.dataset, QStringLiteral("mnist"));
    QCOMPARE(entry.objective, QStringLiteral("plain+fingerprint"));
    QCOMPARE(entry.testAccuracy.value(), 0.9958);
    QCOMPARE(entry.trained.toUTC(), QDateTime(QDate(2026, 1, 31), QTime(14, 25), Qt::UTC));
    QVERIFY(!entry.bytes);
  }

  void findsTheObjectiveInTheRecipe() {
    ModelInfo model = info();
    model.pastJson = R"({"recipe":{"objective":"fingerprint"}})";
    QCOMPARE(describeModel(model).objective, QStringLiteral("fingerprint"));
  }

  void looksAtTheFile() {
    QTemporaryFile file;
    QVERIFY(file.open());
    file.write("12345");
    file.flush();
    ModelInfo broken;
    broken.path = file.fileName().toStdString();
    broken.problem = "cut off";
    const ModelEntry entry = describeModel(broken);
    QCOMPARE(entry.bytes.value(), std::uint64_t{5});
    QVERIFY(entry.trained.isValid());
  }

  void isReadable() {
    const auto properties = modelProperties(describeModel(info()));
    QCOMPARE(value(properties, "Model", "Test accuracy"), QStringLiteral("99.58 %"));
    QCOMPARE(value(properties, "Model", "Parameters"), QStringLiteral("313,386"));
    QCOMPARE(value(properties, "Run", "Seed"), QStringLiteral("123456"));
    QCOMPARE(value(properties, "Run", "Seconds"), QStringLiteral("3 min 28 s"));
    QCOMPARE(value(properties, "Run", "Resumed"), QStringLiteral("no"));
    QCOMPARE(value(properties, "Parameters", "Learning rate"), QStringLiteral("0.002"));
    QCOMPARE(value(properties, "History", "2"), QStringLiteral("Epoch 2, Loss 0.25"));
    QCOMPARE(properties.back().section, QStringLiteral("History"));
  }

  void survivesAnyPast() {
    for (const char* past :
         {"", "{", "[]", "3", "null", "\"x\"", R"({"a":[[1],[2]],"b":{"c":{"d":[]}},"data":7,"objective":[]})",
          R"({"test_accuracy":"high","started":5,"history":[{},3]})"}) {
      ModelInfo odd = info();
      odd.pastJson = past;
      const ModelEntry entry = describeModel(odd);
      QVERIFY(!modelProperties(entry).empty());
    }
  }

  void comparisonShowsWhatDiffers() {
    ModelInfo other = info();
    other.name = "n";
    other.fingerprints = 0;
    other.threshold.reset();
    other.pastJson = R"({"objective":"plain","parameters":{"learning_rate":0.001,"epochs":4,"momentum":0.9}})";
    const auto lines = compareModels({describeModel(info()), describeModel(other)});
    const auto find = [&](const char* name) {
      return *std::find_if(lines.begin(), lines.end(),
                           [&](const auto& l) { return l.name == QString::fromUtf8(name); });
    };
    QVERIFY(find("Learning rate").differs);
    QCOMPARE(find("Learning rate").values, (std::vector<QString>{"0.002", "0.001"}));
    QVERIFY(!find("Epochs").differs);
    QCOMPARE(find("Momentum").values, (std::vector<QString>{"", "0.9"}));
    // A section's lines stand together.
    std::vector<QString> sections;
    for (const auto& line : lines) {
      if (sections.empty() || sections.back() != line.section) sections.push_back(line.section);
    }
    std::sort(sections.begin(), sections.end());
    QVERIFY(std::adjacent_find(sections.begin(), sections.end()) == sections.end());
  }
};

QTEST_APPLESS_MAIN(ModelPastTest)
#include "model_past_test.moc"
