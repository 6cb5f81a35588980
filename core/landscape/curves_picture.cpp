// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <array>
#include <map>

#include "core/base/error.h"
#include "core/landscape/plot_frame.h"
#include "core/landscape/surface_picture.h"

namespace whorl {
namespace {

constexpr double kLeft = 72;
constexpr double kTop = 46;
constexpr double kWidth = 460;
constexpr double kHeight = 130;
constexpr double kGap = 46;
constexpr double kLegend = 96;

/// Okabe and Ito's colours, which the colour-blind tell apart; later curves are dashed.
constexpr std::array<DrawnColour, 6> kColours = {{{0x00, 0x72, 0xB2},
                                                  {0xD5, 0x5E, 0x00},
                                                  {0x00, 0x9E, 0x73},
                                                  {0xCC, 0x79, 0xA7},
                                                  {0xE6, 0x9F, 0x00},
                                                  {0x56, 0xB4, 0xE9}}};

/// What ball.h calls them; "median" and "mean" are lines, the others pairs that span a band.
constexpr std::array<const char*, 8> kBallSuffixes = {"_mean",   "_min", "_q05", "_q25",
                                                      "_median", "_q75", "_q95", "_max"};

std::string withoutBallSuffix(const std::string& name) {
  for (const std::string suffix : kBallSuffixes) {
    if (name.ends_with(suffix)) return name.substr(0, name.size() - suffix.size());
  }
  return {};
}

std::string withoutNumber(const std::string& name) {
  const std::size_t last = name.find_last_not_of("0123456789");
  return last != std::string::npos && last + 1 < name.size() && name[last] == '_' ? name.substr(0, last)
                                                                                  : std::string();
}

/// One panel of the picture.
class Panel {
 public:
  Panel(Drawing& drawing, const Surface& surface, const CurveGroup& group, double top)
      : m_drawing(drawing), m_surface(surface), m_group(group), m_top(top), m_frame(frameOf(surface, group, top)) {}

  void draw(const std::string& below) {
    m_frame.drawYTicks(m_drawing, 4, true);
    m_frame.drawXTicks(m_drawing, 6, true);
    if (m_group.ball) {
      drawBall();
    } else {
      drawCurves();
    }
    m_frame.drawBox(m_drawing);
    m_frame.drawTitles(m_drawing, below, {});
    m_drawing.items.emplace_back(DrawnText{{kLeft, m_top - 6}, m_group.name, TextAnchor::Start, kInk});
  }

 private:
  static PlotFrame frameOf(const Surface& surface, const CurveGroup& group, double top) {
    std::vector<double> all;
    for (const SurfaceLayer* layer : group.layers) all.insert(all.end(), layer->values.begin(), layer->values.end());
    const auto [least, largest] = finiteRange(all);
    const double room = (largest - least) * 0.05;
    return {{kLeft, top}, kWidth, kHeight, {surface.x.front(), surface.x.back()}, {least - room, largest + room}};
  }

  std::vector<std::pair<double, double>> pointsOf(const SurfaceLayer& layer) const {
    std::vector<std::pair<double, double>> points;
    for (std::size_t i = 0; i < layer.values.size(); ++i) points.emplace_back(m_surface.x[i], layer.values[i]);
    return points;
  }

  void drawLine(const SurfaceLayer& layer, const DrawnColour& colour, bool dashed, const std::string& name) {
    m_drawing.items.emplace_back(DrawnLines{m_frame.inside(pointsOf(layer)), colour, 1.6, dashed});
    say(colour, 1.6, dashed, name);
  }

  void say(const DrawnColour& colour, double width, bool dashed, const std::string& name) {
    if (name.empty()) return;
    const double y = m_top + 6 + 12 * m_legend++;
    const double x = kLeft + kWidth + 10;
    m_drawing.items.emplace_back(DrawnLines{{{{x, y}, {x + 16, y}}}, colour, width, dashed});
    m_drawing.items.emplace_back(DrawnText{{x + 22, y + 3.5}, name, TextAnchor::Start, kInk, 10});
  }

  void drawCurves() {
    const bool one = m_group.layers.size() == 1;
    for (std::size_t i = 0; i < m_group.layers.size(); ++i) {
      const SurfaceLayer& layer = *m_group.layers[i];
      const std::string name = one ? "" : layer.name.substr(m_group.name.size() + 1);
      drawLine(layer, kColours[i % kColours.size()], i >= kColours.size(), name);
    }
  }

  const SurfaceLayer* ofBall(const std::string& suffix) const {
    const auto found = std::find_if(m_group.layers.begin(), m_group.layers.end(),
                                    [&](const SurfaceLayer* layer) { return layer->name == m_group.name + suffix; });
    return found == m_group.layers.end() ? nullptr : *found;
  }

  void drawBall() {
    struct Band {
      const char* low;
      const char* high;
      const char* name;
      DrawnColour colour;
    };
    constexpr std::array<Band, 3> kBands = {{{"_min", "_max", "all", {0xDC, 0xEA, 0xF5}},
                                             {"_q05", "_q95", "5 to 95 %", {0xB3, 0xD3, 0xEA}},
                                             {"_q25", "_q75", "25 to 75 %", {0x7F, 0xB6, 0xDB}}}};
    for (const Band& band : kBands) {
      const SurfaceLayer* low = ofBall(band.low);
      const SurfaceLayer* high = ofBall(band.high);
      if (!low || !high) continue;
      std::vector<DrawnPoint> outline;
      for (const auto& part : m_frame.inside(pointsOf(*high))) outline.insert(outline.end(), part.begin(), part.end());
      const std::size_t upper = outline.size();
      for (const auto& part : m_frame.inside(pointsOf(*low))) outline.insert(outline.end(), part.begin(), part.end());
      std::reverse(outline.begin() + static_cast<std::ptrdiff_t>(upper), outline.end());
      if (!outline.empty()) m_drawing.items.emplace_back(DrawnArea{outline, band.colour});
      say(band.colour, 8, false, band.name);
    }
    if (const SurfaceLayer* median = ofBall("_median")) drawLine(*median, kColours[0], false, "median");
    if (const SurfaceLayer* mean = ofBall("_mean")) drawLine(*mean, kColours[1], true, "mean");
  }

  Drawing& m_drawing;
  const Surface& m_surface;
  const CurveGroup& m_group;
  double m_top;
  PlotFrame m_frame;
  int m_legend = 0;
};

}  // namespace

std::vector<CurveGroup> curveGroups(const Surface& surface) {
  // Those of a ball have all of its suffixes: a value may be called something_mean by itself.
  std::map<std::string, std::size_t> statistics;
  for (const SurfaceLayer& layer : surface.layers) ++statistics[withoutBallSuffix(layer.name)];
  std::vector<CurveGroup> groups;
  for (const SurfaceLayer& layer : surface.layers) {
    const std::string value = withoutBallSuffix(layer.name);
    const bool ball = !value.empty() && statistics[value] == kBallSuffixes.size();
    const std::string family = ball ? value : withoutNumber(layer.name);
    const std::string& name = family.empty() ? layer.name : family;
    const auto known = std::find_if(groups.begin(), groups.end(),
                                    [&](const CurveGroup& group) { return group.name == name && group.ball == ball; });
    if (known != groups.end() && !family.empty()) {
      known->layers.push_back(&layer);
    } else {
      groups.push_back({name, {&layer}, ball});
    }
  }
  return groups;
}

Drawing curvesPicture(const Surface& surface, const SurfaceNotes& notes) {
  Drawing drawing;
  drawing.title = notes.title;
  drawing.items.emplace_back(DrawnText{{kLeft, 18}, notes.title, TextAnchor::Start, kInk, 12});
  const std::vector<CurveGroup> groups = curveGroups(surface);
  double top = kTop;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    Panel(drawing, surface, groups[i], top).draw(i + 1 == groups.size() ? notes.across : "");
    top += kHeight + kGap;
  }
  drawing.width = kLeft + kWidth + 12 + kLegend;
  drawing.height = top - kGap + 46;
  return drawing;
}

Drawing surfacePicture(const Surface& surface, const SurfaceNotes& notes) {
  if (surface.layers.empty() || surface.pointCount() == 0) {
    throw Error(ErrorKind::Usage, "the landscape is empty", "picture");
  }
  return surface.isLine() ? curvesPicture(surface, notes) : planePicture(surface, notes);
}

}  // namespace whorl
