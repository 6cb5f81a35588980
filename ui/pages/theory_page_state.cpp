// SPDX-License-Identifier: GPL-3.0-or-later
// What the Theory page tells of the place under the cursor, what is painted there, and what it keeps from one session
// to the next.
#include <QCheckBox>
#include <QComboBox>
#include <QLabel>
#include <QStringList>

#include <cmath>

#include "ui/pages/theory_page.h"
#include "ui/theory/plane_view.h"
#include "ui/theory/theory_form.h"

namespace whorl::ui {
namespace {

/// How near, in shares of the plane, a stroke's points lie.
constexpr double kStroke = 0.012;

}  // namespace

void TheoryPage::showCursor(const std::optional<QPointF>& place) {
  if (!place) return m_cursor->clear();
  QStringList parts = {tr("At (%1, %2)").arg(place->x(), 0, 'f', 2).arg(place->y(), 0, 'f', 2)};
  for (const bool with : {false, true}) {
    const auto value = view(with)->valueAt(*place);
    if (!value) continue;
    parts << tr("%1: class %2, fingerprint loss %3, %4")
                 .arg(with ? tr("with") : tr("without"))
                 .arg(value->second)
                 .arg(value->first, 0, 'g', 3)
                 .arg(value->first < m_threshold ? tr("accepted") : tr("rejected"));
  }
  m_cursor->setText(parts.join(QStringLiteral("   ·   ")));
}

PageState TheoryPage::state() const {
  if (!m_listed) return m_restored;
  PageState state = m_form->state();
  state["page"].set("regions", m_regions->isChecked());
  if (!m_form->painted()) return state;
  QStringList points;
  for (const PlanarSample& sample : m_data) {
    points << QStringLiteral("%1,%2,%3").arg(sample.at.x, 0, 'g', 17).arg(sample.at.y, 0, 'g', 17).arg(sample.label);
  }
  state["page"].set("points", points.join(u';').toStdString());
  return state;
}

void TheoryPage::restore(const PageState& state) { m_restored = state; }

/// What the form doesn't know: painted points, and what is shown of them.
void TheoryPage::takeUp() {
  m_listed = true;
  m_regions->setChecked(keptFlag(m_restored, "page", "regions", false));
  const QString text = QString::fromStdString(keptText(m_restored, "page", "points"));
  m_restored.clear();
  if (!m_form->painted()) return;
  PlanarData data;
  for (const QString& point : text.split(u';', Qt::SkipEmptyParts)) {
    const QStringList numbers = point.split(u',');
    bool x = false, y = false, isLabel = false;
    const PlanarSample sample{{numbers.value(0).toDouble(&x), numbers.value(1).toDouble(&y)},
                              numbers.value(2).toInt(&isLabel)};
    const bool fits = x && y && isLabel && std::isfinite(sample.at.x) && std::isfinite(sample.at.y) &&
                      sample.label >= 0 && sample.label < planar::kMostClasses && data.size() < planar::kMostSamples;
    if (fits) data.push_back(sample);
  }
  showData(data);
}

void TheoryPage::paint(const PlanarPoint& at, int label) {
  const double near = kStroke * boxAround(m_data).side;
  if (!m_data.empty() && m_data.back().label == label && length(m_data.back().at - at) < near) return;
  if (m_data.size() >= planar::kMostSamples) return;
  const PlanarBox box = m_form->painted() || m_data.empty() ? PlanarBox{{-6, -6}, 12} : boxAround(m_data);
  m_form->choosePainted();
  ++m_dataAsked;
  PlanarData data = m_data;
  data.push_back({at, label});
  showData(data);
  // The plane stays where it is under the brush.
  for (PlaneView* view : m_views) view->setData(data, box);
}

void TheoryPage::clearPoints() {
  m_form->choosePainted();
  ++m_dataAsked;
  showData({});
  for (PlaneView* view : m_views) view->setData({}, {{-6, -6}, 12});
  if (m_brush->currentData().toInt() == kAttackBrush) m_brush->setCurrentIndex(1);
  m_state->setText(tr("Paint points of at least two classes, then press “Learn”."));
}

}  // namespace whorl::ui
