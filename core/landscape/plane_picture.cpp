// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <cmath>

#include "core/landscape/plot_frame.h"
#include "core/landscape/surface_picture.h"

namespace whorl {
namespace {

constexpr double kSide = 440;
constexpr DrawnPoint kCorner{72, 40};
constexpr double kBar = 14;
constexpr double kBarLeft = kCorner.x + kSide + 22;
constexpr double kLegendTop = kCorner.y + kSide + 52;
constexpr double kLegendLine = 18;
constexpr int kContours = 9;
/// Regions that are narrower than this share of the picture have no room for a name.
constexpr double kRoomForName = 0.025;

constexpr DrawnColour kDark{0, 0, 0, 0.75};
constexpr DrawnColour kWhite{255, 255, 255};
constexpr DrawnColour kAccepted{0xFF, 0x9E, 0xDB};
constexpr DrawnColour kPath{0xFF, 0x8A, 0x4C};

const SurfaceLayer* find(const Surface& surface, const std::string& name) {
  const auto found = std::find_if(surface.layers.begin(), surface.layers.end(),
                                  [&name](const SurfaceLayer& layer) { return layer.name == name; });
  return found == surface.layers.end() ? nullptr : &*found;
}

/// From edge to edge of the cells, of which a point is the middle.
std::pair<double, double> edges(const std::vector<double>& points) {
  const double half = (points.back() - points.front()) / static_cast<double>(points.size() - 1) / 2;
  return {points.front() - half, points.back() + half};
}

/// Draws one plane, part by part.
class PlaneDrawer {
 public:
  PlaneDrawer(const Surface& surface, const SurfaceNotes& notes)
      : m_surface(surface),
        m_notes(notes),
        m_shown(surface.layers.front()),
        m_range(finiteRange(m_shown.values)),
        m_frame(kCorner, kSide, kSide, edges(surface.x), edges(surface.y)) {}

  Drawing draw() {
    drawField();
    if (m_shown.name != "predicted" && m_shown.name != "accepted") drawContours();
    drawBorders();
    drawAccepted();
    drawPath();
    m_frame.drawXTicks(m_drawing, 5, false);
    m_frame.drawYTicks(m_drawing, 5, false);
    m_frame.drawBox(m_drawing);
    m_frame.drawTitles(m_drawing, m_notes.across, m_notes.upwards);
    drawScale();
    drawNames();
    m_drawing.items.emplace_back(DrawnText{{kCorner.x, 24}, m_notes.title, TextAnchor::Start, kInk, 12});
    m_drawing.title = m_notes.title;
    m_drawing.width = kBarLeft + kBar + 74;
    m_drawing.height = kLegendTop + kLegendLine * m_legend + (m_legend > 0 ? 4 : -8);
    return std::move(m_drawing);
  }

 private:
  void drawField() {
    DrawnCells cells{kCorner, kSide, kSide, static_cast<int>(m_surface.x.size()), {}};
    cells.colours.reserve(m_shown.values.size());
    const double span = m_range.second - m_range.first;
    for (std::size_t row = m_surface.y.size(); row-- > 0;) {
      for (std::size_t column = 0; column < m_surface.x.size(); ++column) {
        const double value = m_shown.values[row * m_surface.x.size() + column];
        const double share = span > 0 ? (value - m_range.first) / span : 0;
        cells.colours.push_back(std::isfinite(value) ? static_cast<int>(std::lround(share * 255)) : -1);
      }
    }
    m_drawing.items.emplace_back(std::move(cells));
  }

  void drawContours() {
    DrawnLines low{{}, {255, 255, 255, 0.37}, 0.9};
    DrawnLines high{{}, {0, 0, 0, 0.37}, 0.9};
    const std::vector<double> levels = contourLevels(m_range.first, m_range.second, kContours);
    const auto lines = contourLines(m_surface, m_shown.values, levels);
    for (std::size_t i = 0; i < levels.size(); ++i) {
      append(levels[i] < (m_range.first + m_range.second) / 2 ? low : high, lines[i]);
    }
    m_drawing.items.emplace_back(std::move(low));
    m_drawing.items.emplace_back(std::move(high));
  }

  void drawBorders() {
    const SurfaceLayer* predicted = find(m_surface, "predicted");
    const SurfaceLayer* margin = m_notes.label ? find(m_surface, "margin") : nullptr;
    if (!predicted && !margin) return;
    std::vector<ContourLine> borders;
    if (predicted) borders = classBorders(m_surface, predicted->values, margin ? m_notes.label : std::nullopt);
    if (margin) {
      auto own = contourLines(m_surface, margin->values, 0);
      std::move(own.begin(), own.end(), std::back_inserter(borders));
    }
    drawEdged(borders, kWhite, 1.8, false, predicted ? "class borders" : "border of the class");
  }

  void drawAccepted() {
    const SurfaceLayer* distance = m_notes.threshold ? find(m_surface, "fingerprint_distance") : nullptr;
    const SurfaceLayer* accepted = find(m_surface, "accepted");
    if (distance) {
      drawEdged(contourLines(m_surface, distance->values, *m_notes.threshold), kAccepted, 2.2, true,
                "accepted below a distance of " + shortNumber(*m_notes.threshold, 3));
    } else if (accepted && m_shown.name != "accepted") {
      drawEdged(contourLines(m_surface, accepted->values, 0.5), kAccepted, 2.2, true, "border of the accepted region");
    }
  }

  void drawPath() {
    if (m_notes.places.empty()) return;
    drawEdged({m_notes.places}, kPath, 2, false, m_notes.path);
    mark(m_notes.places.back(), 7, 4, kPath);
    mark(m_notes.places.front(), 5, 16, kWhite);
  }

  /// A polygon of `corners` around a point: a diamond, or what looks like a circle.
  void mark(const ContourPoint& place, double radius, int corners, const DrawnColour& colour) {
    const DrawnPoint middle = m_frame.at(place.x, place.y);
    if (middle.x < kCorner.x || middle.x > kCorner.x + kSide || middle.y < kCorner.y || middle.y > kCorner.y + kSide) {
      return;
    }
    std::vector<DrawnPoint> outline;
    for (int i = 0; i <= corners; ++i) {
      const double angle = 2 * std::acos(-1.0) * i / corners;
      outline.push_back({middle.x + radius * std::cos(angle), middle.y + radius * std::sin(angle)});
    }
    m_drawing.items.emplace_back(DrawnArea{outline, colour});
    m_drawing.items.emplace_back(DrawnLines{{outline}, kDark, 1});
  }

  /// A light line with a dark edge is seen on dark blue and on yellow.
  void drawEdged(const std::vector<ContourLine>& lines, const DrawnColour& colour, double width, bool dashed,
                 const std::string& name) {
    DrawnLines drawn{{}, colour, width, dashed};
    append(drawn, lines);
    if (drawn.lines.empty()) return;
    const double y = kLegendTop + kLegendLine * m_legend++;
    const std::vector<DrawnPoint> sample = {{kCorner.x, y}, {kCorner.x + 28, y}};
    DrawnLines edge{drawn.lines, kDark, width + 1.8};
    edge.lines.push_back(sample);
    drawn.lines.push_back(sample);
    m_drawing.items.emplace_back(std::move(edge));
    m_drawing.items.emplace_back(std::move(drawn));
    m_drawing.items.emplace_back(DrawnText{{kCorner.x + 38, y + 4}, name, TextAnchor::Start, kInk});
  }

  void append(DrawnLines& to, const std::vector<ContourLine>& lines) const {
    for (const ContourLine& line : lines) {
      std::vector<std::pair<double, double>> points;
      for (const ContourPoint& point : line) points.emplace_back(point.x, point.y);
      auto parts = m_frame.inside(points);
      std::move(parts.begin(), parts.end(), std::back_inserter(to.lines));
    }
  }

  void drawScale() {
    DrawnCells bar{{kBarLeft, kCorner.y}, kBar, kSide, 1, {}};
    for (int colour = 255; colour >= 0; --colour) bar.colours.push_back(colour);
    m_drawing.items.emplace_back(std::move(bar));
    const PlotFrame frame({kBarLeft, kCorner.y}, kBar, kSide, {0, 1}, m_range);
    frame.drawBox(m_drawing);
    const double x = kBarLeft + kBar + 5;
    const auto say = [&](double value, const std::string& text) {
      m_drawing.items.emplace_back(DrawnText{{x, frame.at(0, value).y + 4}, text, TextAnchor::Start, kInk});
    };
    const std::size_t classes = m_notes.classNames.size();
    if (m_shown.name == "predicted" && classes <= 20) {
      for (std::size_t i = 0; i < classes; ++i) {
        const auto value = static_cast<double>(i);
        if (value >= m_range.first && value <= m_range.second) say(value, m_notes.classNames[i]);
      }
    } else {
      const double slack = (m_range.second - m_range.first) * 1e-6;
      for (const double value : contourLevels(m_range.first - slack, m_range.second + slack, 7)) {
        say(value, shortNumber(value));
      }
    }
    m_drawing.items.emplace_back(
        DrawnText{{kBarLeft + kBar + 66, kCorner.y + kSide / 2}, m_shown.name, TextAnchor::Middle, kInk, 11, true});
  }

  void drawNames() {
    const SurfaceLayer* predicted = find(m_surface, "predicted");
    if (!predicted) return;
    for (const ClassPlace& place : classPlaces(m_surface, predicted->values)) {
      if (place.depth < kRoomForName * static_cast<double>(m_surface.x.size())) continue;
      const auto number = static_cast<std::size_t>(place.number);
      const bool named = place.number >= 0 && number < m_notes.classNames.size();
      const std::string name = named ? m_notes.classNames[number] : std::to_string(place.number);
      const DrawnPoint at = m_frame.at(place.x, place.y);
      const double half = 4 + 3.2 * static_cast<double>(name.size());
      m_drawing.items.emplace_back(DrawnArea{
          {{at.x - half, at.y - 8}, {at.x + half, at.y - 8}, {at.x + half, at.y + 8}, {at.x - half, at.y + 8}},
          {0, 0, 0, 0.5}});
      m_drawing.items.emplace_back(DrawnText{{at.x, at.y + 4}, name, TextAnchor::Middle, kWhite});
    }
  }

  const Surface& m_surface;
  const SurfaceNotes& m_notes;
  const SurfaceLayer& m_shown;
  std::pair<double, double> m_range;
  PlotFrame m_frame;
  Drawing m_drawing;
  int m_legend = 0;  ///< lines of it
};

}  // namespace

Drawing planePicture(const Surface& surface, const SurfaceNotes& notes) { return PlaneDrawer(surface, notes).draw(); }

}  // namespace whorl
