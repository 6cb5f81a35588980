// SPDX-License-Identifier: GPL-3.0-or-later
// Comparisons of trained models in the window, over the real engine: what the table shows is what the run computed.
#include <QComboBox>
#include <QPushButton>
#include <QSignalSpy>
#include <QTableWidget>
#include <QTemporaryDir>

#include <filesystem>
#include <fstream>

#include "core/service/comparison_run.h"
#include "tests/ui/ui_test.h"
#include "ui/evaluate/comparison_dialog.h"
#include "ui/session/engine_session.h"

using namespace whorl;
using namespace whorl::ui;

class LiveComparisonTest : public QObject {
  Q_OBJECT

  QTemporaryDir m_folder;
  std::unique_ptr<EngineSession> m_session;

  void write(const char* name, const char* lines) const {
    const auto folder = std::filesystem::path(m_folder.path().toStdString()) / "comparisons";
    std::filesystem::create_directories(folder);
    std::ofstream(folder / name) << lines;
  }
  static QString cell(const ComparisonDialog& dialog, int row, int column) {
    return dialog.table()->item(row, column)->text();
  }

 private Q_SLOTS:
  void initTestCase() {
    write("tiny.toml", R"(kind = "comparison"
title = "Tiny"
summary = "Two networks."
data = "glyphs"
seeds = [0, 1]
limit_train = 100
count = 30
perturbations = ["contrast"]
severities = [5]
baseline = "plain"
[[model]]
name = "plain"
architecture = "nfp-mnist"
objective = "plain"
parameters = { epochs = 1, batch_size = 50 }
[[model]]
name = "longer"
from = "plain"
architecture = "nfp-mnist"
objective = "plain"
parameters = { epochs = 1, batch_size = 50 }
)");
    write("broken.toml", "kind = \"comparison\"\ntitle = 7\n");
    m_session = std::make_unique<EngineSession>();
    EngineOptions options;
    options.userFolder = m_folder.path().toStdString();
    options.reservedCores = 1;
    m_session->load(options);
    QVERIFY(QTest::qWaitFor([&] { return m_session->ready(); }, 60'000));
  }
  void init() { test::failOnWarnings(); }

  void theTableIsWhatTheRunComputed() {
    ComparisonDialog dialog(m_session.get());
    dialog.show();
    QVERIFY(QTest::qWaitFor([&] { return dialog.choose(QStringLiteral("tiny")); }, 60'000));
    ComparisonResult computed;
    connect(&dialog, &ComparisonDialog::finished, this, [&](const ComparisonResult& result) { computed = result; });
    QSignalSpy finished(&dialog, &ComparisonDialog::finished);
    dialog.start();
    QVERIFY(dialog.running());
    QVERIFY(!dialog.choose(QStringLiteral("broken")));
    QVERIFY(QTest::qWaitFor([&] { return finished.count() > 0; }, 300'000));
    QVERIFY(!dialog.running());
    QCOMPARE(dialog.table()->rowCount(), 2);
    QCOMPARE(dialog.table()->columnCount(), static_cast<int>(computed.table.header.size()));
    for (int row = 0; row < 2; ++row) {
      for (int column = 0; column < dialog.table()->columnCount(); ++column) {
        QCOMPARE(cell(dialog, row, column).toStdString(), computed.table.rows[std::size_t(row)][std::size_t(column)]);
      }
    }
    QCOMPARE(computed.table.done, computed.table.wanted);
    QCOMPARE(computed.table.wanted, (std::vector<std::size_t>{2, 2}));
    QCOMPARE(computed.reports.size(), std::size_t{3});
    QVERIFY(dialog.tableText().startsWith(QString::fromStdString(computed.table.header[0]) + u'\t'));

    // Again: everything is there.
    dialog.start();
    QVERIFY(QTest::qWaitFor([&] { return finished.count() > 1; }, 60'000));
    QVERIFY(computed.json.find("\"computed\":0") != std::string::npos);
  }

  void whatIsBrokenSaysSoAndCannotRun() {
    ComparisonDialog dialog(m_session.get());
    QVERIFY(QTest::qWaitFor([&] { return dialog.choose(QStringLiteral("broken")); }, 60'000));
    dialog.start();
    QVERIFY(!dialog.running());
    QVERIFY(!dialog.choose(QStringLiteral("nobody")));
  }

  void stoppingKeepsWhatIsFinished() {
    ComparisonDialog dialog(m_session.get());
    QVERIFY(QTest::qWaitFor([&] { return dialog.choose(QStringLiteral("stability-mnist")); }, 60'000));
    QSignalSpy failed(&dialog, &ComparisonDialog::failed);
    dialog.start();
    dialog.stop();
    QVERIFY(QTest::qWaitFor([&] { return failed.count() > 0; }, 60'000));
    QVERIFY(!dialog.running());
  }
};

QTEST_MAIN(LiveComparisonTest)
#include "live_comparison_test.moc"
