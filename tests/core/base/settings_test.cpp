// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/base/settings.h"

#include <QTest>

#include "core/base/error.h"

using namespace whorl;

class SettingsTest : public QObject {
  Q_OBJECT

  const std::vector<ParameterSpec> m_specs = {ParameterSpec::integer("quality", 50, 1, 100, "", "Quality"),
                                              ParameterSpec::choice("chroma", "4:2:0", {"4:2:0", "4:4:4"}, "Chroma")};

 private Q_SLOTS:
  void namedValuesAlone() {
    const Parameters given = parseSettings("jpeg", m_specs, "quality=10");
    QCOMPARE(given.integer("quality"), std::int64_t{10});
    QVERIFY(!given.has("chroma"));
    QCOMPARE(parseSettings("jpeg", m_specs, "chroma=4:4:4,quality=7").text("chroma"), std::string("4:4:4"));
  }

  void otherFormsAreRefused() {
    for (const char* bad : {"", "quality", "quality=", "quality=ten", "quality=10,", "qualities=10", ",quality=10"}) {
      bool refused = false;
      try {
        parseSettings("jpeg", m_specs, bad);
      } catch (const Error& error) {
        refused = error.kind() == ErrorKind::Usage;
      }
      QVERIFY2(refused, bad);
    }
  }
};

QTEST_APPLESS_MAIN(SettingsTest)
#include "settings_test.moc"
