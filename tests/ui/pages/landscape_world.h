// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QComboBox>

#include "tests/ui/window_world.h"
#include "ui/landscape/heat_map_view.h"
#include "ui/landscape/landscape_form.h"
#include "ui/pages/landscape_page.h"

namespace whorl::test {

/// The Landscape page in its window, over a fake engine whose landscapes are real.
struct LandscapeWorld : WindowWorld {
  ui::LandscapePage* page() const { return window->landscape(); }
  ui::HeatMapView* map() const { return page()->map(); }
  template <class Widget>
  Widget* child(const char* name) const {
    // The form around networks has a range, too.
    auto* own = page()->form()->findChild<Widget*>(QString::fromLatin1(name));
    return own ? own : page()->findChild<Widget*>(QString::fromLatin1(name));
  }
  bool open() const {
    return firstPicture() && next([this] { window->showPage(QStringLiteral("landscape")); });
  }
  /// Waits until a whole landscape is shown.
  template <class Act>
  bool next(Act act) const {
    return waitsFor(page(), &ui::LandscapePage::completed, act);
  }
  void choose(const char* combo, const QString& text) const { test::choose(child<QComboBox>(combo), text); }
};

}  // namespace whorl::test
