// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/view_state.h"

#include <algorithm>

namespace whorl::ui {

void ViewState::zoomAt(double factor, QPointF anchor) {
  const double zoom = std::clamp(m_zoom * factor, 1.0, kLargestZoom);
  place(zoom, anchor + (m_centre - anchor) * (m_zoom / zoom));
}

void ViewState::panBy(QPointF delta) { place(m_zoom, m_centre + delta); }

void ViewState::reset() { place(1, {0.5, 0.5}); }

void ViewState::setHover(QPoint pixel) {
  if (pixel == m_hover) return;
  m_hover = pixel;
  Q_EMIT hoverChanged();
}

void ViewState::place(double zoom, QPointF centre) {
  const double half = 0.5 / zoom;
  centre = {std::clamp(centre.x(), half, 1 - half), std::clamp(centre.y(), half, 1 - half)};
  if (zoom == m_zoom && centre == m_centre) return;
  m_zoom = zoom;
  m_centre = centre;
  Q_EMIT changed();
}

}  // namespace whorl::ui
