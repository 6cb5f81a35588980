// SPDX-License-Identifier: GPL-3.0-or-later
// Arrows point one way: app → ui → core/service → the rest of core → core/base, and inside core from the bottom of the
// list below to its top. Checked from the includes, so that a misplaced capability is noticed when it is written.

#include <QtTest/QtTest>

#include "tests/house/source_tree.h"

using namespace whorl::house;

namespace {

/// A folder may use itself and those before it. service/ may use all.
const QStringList kCore{"base",  "image",  "data",      "nn",     "fingerprint", "detect",    "attack",
                        "train", "defend", "landscape", "theory", "retrieval",   "experiment"};

/// What front ends may include of core/service; its other headers are the engine's own, and may use torch.
const QStringList kServiceHeaders{"core/service/comparison_run.h",    "core/service/engine.h",
                                  "core/service/even_trace.h",        "core/service/landscape_types.h",
                                  "core/service/output_divergence.h", "core/service/perturbation_types.h",
                                  "core/service/recipe_types.h",      "core/service/run_forecast.h",
                                  "core/service/similar_types.h",     "core/service/theory_types.h",
                                  "core/service/train_types.h",       "core/service/types.h"};

struct Include {
  QString path;
  bool ours = false;  ///< "…" rather than <…>
};

QList<Include> includesOf(const QString& text) {
  static const QRegularExpression expression(R"(^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"])",
                                             QRegularExpression::MultilineOption);
  QList<Include> found;
  for (auto match = expression.globalMatch(codeOnly(text, true)); match.hasNext();) {
    const auto m = match.next();
    found.append({m.captured(2), m.captured(1) == "\""});
  }
  return found;
}

bool isQt(const QString& include) {
  static const QRegularExpression expression(R"(^(Q[A-Z]|Qt[A-Z]?\w*/|q[a-z]+\.h$))");
  return expression.match(include).hasMatch() || include.contains("qcp.h") || include.contains("qcustomplot");
}

bool isTorch(const QString& include) {
  return include.startsWith("torch/") || include.startsWith("ATen/") || include.startsWith("c10/") ||
         include.startsWith("caffe2/");
}

bool isOpenCv(const QString& include) { return include.startsWith("opencv2/") || include.startsWith("opencv/"); }

QString room(const QString& path) { return path.section('/', 0, 0); }
QString coreFolder(const QString& path) { return path.section('/', 1, 1); }

/// Why `file` must not include `include`; "" if it may.
QString objection(const QString& file, const QString& include) {
  const QString from = room(file), to = room(include);
  const bool intoHouse = to == "core" || to == "ui" || to == "app";
  if (from == "core") {
    if (isQt(include)) return "core knows no Qt";
    if (!intoHouse) return {};
    if (to != "core") return "core uses neither ui nor app";
    const QString source = coreFolder(file), target = coreFolder(include);
    if (source == "service") return {};
    if (target == "service") return "only ui, app and service itself use core/service";
    if (!kCore.contains(source)) return "core/" + source + " is not in the list of core's folders";
    if (kCore.indexOf(target) > kCore.indexOf(source)) return "core/" + source + " is above core/" + target;
    return {};
  }
  if (isTorch(include) || isOpenCv(include)) return "torch and OpenCV stay in core";
  if (to == "core" && coreFolder(include) == "service" && !kServiceHeaders.contains(include)) {
    return "that header is the engine's own";
  }
  if (from == "ui") {
    if (to == "app") return "ui doesn't use app";
    if (to == "core" && coreFolder(include) != "service") return "ui sees core only through core/service";
  }
  if (from == "app" && to == "core" && coreFolder(include) != "service" && coreFolder(include) != "base") {
    return "app sees core only through core/service (and core/base, which everybody uses)";
  }
  return {};
}

QStringList wrongArrows(const Tree& tree) {
  QStringList wrong;
  for (auto file = tree.begin(); file != tree.end(); ++file) {
    for (const Include& include : includesOf(file.value())) {
      const QString why = objection(file.key(), include.path);
      if (!why.isEmpty()) wrong += file.key() + " includes " + include.path + ": " + why;
    }
  }
  return wrong;
}

/// What a front end compiles when it includes a header of core/service must be plain types, however deep.
QStringList heavyServiceHeaders(const Tree& tree) {
  QStringList wrong;
  for (const QString& start : kServiceHeaders) {
    QStringList queue{start};
    for (qsizetype i = 0; i < queue.size(); ++i) {
      for (const Include& include : includesOf(tree.value(queue[i]))) {
        if (isTorch(include.path) || isOpenCv(include.path) || isQt(include.path)) {
          wrong += start + " reaches " + include.path + " through " + queue[i];
        }
        if (tree.contains(include.path) && !queue.contains(include.path)) queue += include.path;
      }
    }
  }
  return wrong;
}

/// Device and dtype come from the model's own tensors: `cuda` is a matter of core/nn/device alone. Front ends and the
/// service pass on what a person typed, so texts are their business.
QStringList cudaOutsideDevice(const Tree& tree) {
  static const QRegularExpression word("cuda", QRegularExpression::CaseInsensitiveOption);
  QStringList wrong;
  for (auto file = tree.begin(); file != tree.end(); ++file) {
    if (file.key().startsWith("core/nn/device")) continue;
    const bool passesTexts = room(file.key()) != "core" || file.key().startsWith("core/service/");
    QString code = codeOnly(file.value(), !passesTexts);
    code.remove("cudaAvailable").remove("cudaDeviceCount");  // functions of core/nn/device
    if (code.contains(word)) wrong += file.key() + " speaks of CUDA outside core/nn/device";
  }
  return wrong;
}

Tree house() { return readTree(WHORL_SOURCE_DIR, {"core", "ui", "app"}, {"*.h", "*.cpp", "*.in"}); }

}  // namespace

class ArrowsTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  // First that each rule can fail: a made-up tree with one wrong arrow.
  void rulesNoticeWhatIsWrong_data() {
    QTest::addColumn<QString>("file");
    QTest::addColumn<QString>("text");
    QTest::addColumn<QString>("reason");
    QTest::newRow("upwards") << "core/nn/a.cpp"
                             << "#include \"core/attack/attack.h\""
                             << "core/nn is above";
    QTest::newRow("service") << "core/train/a.cpp"
                             << "#include \"core/service/types.h\""
                             << "only ui, app";
    QTest::newRow("unlisted") << "core/extra/a.cpp"
                              << "#include \"core/base/log.h\""
                              << "not in the list";
    QTest::newRow("core to ui") << "core/nn/a.h"
                                << "#include \"ui/a.h\""
                                << "neither ui nor app";
    QTest::newRow("Qt in core") << "core/nn/a.h"
                                << "  #  include <QString>"
                                << "no Qt";
    QTest::newRow("Qt module") << "core/nn/a.h"
                               << "#include <QtCore/QString>"
                               << "no Qt";
    QTest::newRow("Qt old style") << "core/nn/a.h"
                                  << "#include <qstring.h>"
                                  << "no Qt";
    QTest::newRow("around service") << "ui/a.cpp"
                                    << "#include \"core/nn/model.h\""
                                    << "only through";
    QTest::newRow("ui to base") << "ui/a.cpp"
                                << "#include \"core/base/log.h\""
                                << "only through";
    QTest::newRow("ui to app") << "ui/a.cpp"
                               << "#include \"app/cli/cli.h\""
                               << "doesn't use app";
    QTest::newRow("torch in ui") << "ui/a.cpp"
                                 << "#include <torch/types.h>"
                                 << "stay in core";
    QTest::newRow("OpenCV in app") << "app/a.cpp"
                                   << "#include <opencv2/core.hpp>"
                                   << "stay in core";
    QTest::newRow("engine's own") << "app/a.cpp"
                                  << "#include \"core/service/models.h\""
                                  << "the engine's own";
    QTest::newRow("app to nn") << "app/a.cpp"
                               << "#include \"core/nn/model.h\""
                               << "only through";
  }
  void rulesNoticeWhatIsWrong() {
    QFETCH(const QString, file);
    QFETCH(const QString, text);
    QFETCH(const QString, reason);
    const QStringList wrong = wrongArrows({{file, text}});
    QCOMPARE(wrong.size(), qsizetype{1});
    QVERIFY2(wrong[0].contains(reason), qPrintable(wrong[0]));
  }

  void rulesLeaveTheRestAlone() {
    QCOMPARE(wrongArrows({{"core/attack/a.cpp", "#include \"core/nn/model.h\"\n#include <torch/types.h>\n"},
                          {"core/service/a.cpp", "#include \"core/train/trainer.h\"\n"},
                          {"core/nn/b.cpp", "// #include <QString>\n/* #include \"ui/a.h\" */\n#include <queue>\n"},
                          {"ui/a.cpp", "#include <QString>\n#include \"core/service/types.h\"\n"},
                          {"app/a.cpp", "#include \"ui/a.h\"\n#include \"core/base/error.h\"\n"}}),
             QStringList());
  }

  void deepRulesNoticeWhatIsWrong() {
    const Tree deep{{"core/service/types.h", "#include \"core/image/image.h\""},
                    {"core/image/image.h", "#include \"core/base/job.h\"\n"},
                    {"core/base/job.h", "#include <c10/core/Device.h>\n"}};
    QCOMPARE(heavyServiceHeaders(deep),
             QStringList{"core/service/types.h reaches c10/core/Device.h through core/base/job.h"});
    QCOMPARE(cudaOutsideDevice({{"core/train/a.cpp", "if (x.is_cuda()) {}"}}).size(), qsizetype{1});
    QCOMPARE(cudaOutsideDevice({{"core/train/a.cpp", "f(\"cuda\");"}}).size(), qsizetype{1});
    QCOMPARE(cudaOutsideDevice({{"core/service/a.cpp", "f(c10::kCUDA);"}}).size(), qsizetype{1});
    QCOMPARE(cudaOutsideDevice({{"core/service/a.cpp", "f(\"cuda:0\"); if (cudaAvailable()) g();"},
                                {"core/train/a.cpp", "// not cuda\n/* nor CUDA */ int n = 1'000; char c = '\"';"},
                                {"core/nn/device.cpp", "c10::kCUDA"},
                                {"app/a.cpp", "R\"(\"cuda\")\""}}),
             QStringList());
  }

  void arrowsPointOneWay() {
    const Tree tree = house();
    QVERIFY(tree.size() > 50);
    const QStringList wrong = wrongArrows(tree);
    QVERIFY2(wrong.isEmpty(), qPrintable("\n" + wrong.join('\n')));
  }

  void serviceHeadersArePlain() {
    const Tree tree = house();
    for (const QString& header : kServiceHeaders) QVERIFY2(tree.contains(header), qPrintable(header));
    const QStringList wrong = heavyServiceHeaders(tree);
    QVERIFY2(wrong.isEmpty(), qPrintable("\n" + wrong.join('\n')));
  }

  void cudaIsNamedInOnePlace() {
    const QStringList wrong = cudaOutsideDevice(house());
    QVERIFY2(wrong.isEmpty(), qPrintable("\n" + wrong.join('\n')));
  }
};

QTEST_APPLESS_MAIN(ArrowsTest)
#include "arrows_test.moc"
