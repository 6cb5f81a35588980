// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>
#include <vector>

#include "ui/plots/qcp.h"
#include "ui/theory/plane_view.h"

namespace whorl::ui {

/// What a plane is drawn with. Belongs to plane_view*.cpp alone.
struct PlaneView::Parts {
  QCustomPlot* plot = nullptr;
  QCPColorMap* field = nullptr;
  QCPColorMap* accepted = nullptr;
  QCPCurve* border = nullptr;
  std::array<QCPCurve*, planar::kMostClasses> points{};
  QCPCurve* rings = nullptr;  ///< around what is accepted falsely
  QCPCurve* cross = nullptr;
  QCPCurve* path = nullptr;
  QCPCurve* end = nullptr;
  std::vector<QCPItemLine*> arrows;
  PlanarFingerprints fingerprints;
};

}  // namespace whorl::ui
