// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/similar/neighbour_list.h"

#include <QTest>

using namespace whorl;
using namespace whorl::ui;

namespace {

ShownNeighbour neighbour(const std::string& name, double distance) {
  ShownNeighbour made;
  made.neighbour.name = name;
  made.neighbour.distance = distance;
  return made;
}

}  // namespace

class NeighbourListTest : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void theImageItselfIsAtNoDistance() {
    // What rounding leaves between an image's features and themselves is no distance that anybody wants to read.
    NeighbourList list;
    list.showNeighbours({neighbour("a", 4.145e-14), neighbour("b", -3e-9), neighbour("c", 0.0109641)});
    QCOMPARE(list.text(0), QStringLiteral("1. a\n0"));
    QCOMPARE(list.text(1), QStringLiteral("2. b\n0"));
    QCOMPARE(list.text(2), QStringLiteral("3. c\n0.01096"));
  }

  void smallDistancesAreKept() {
    NeighbourList list;
    list.showNeighbours({neighbour("a", 2.5e-6)});
    QCOMPARE(list.text(0), QStringLiteral("1. a\n2.5e-06"));
  }

  void equalFilesAndClassesAreNamed() {
    NeighbourList list;
    ShownNeighbour shown = neighbour("a", 0.5);
    shown.className = QStringLiteral("7");
    shown.neighbour.also = {"b", "c"};
    list.showNeighbours({shown});
    QCOMPARE(list.text(0), QStringLiteral("1. a\n0.5 · “7” · 2 equal"));
    QCOMPARE(list.count(), 1);
  }
};

QTEST_MAIN(NeighbourListTest)
#include "neighbour_list_test.moc"
