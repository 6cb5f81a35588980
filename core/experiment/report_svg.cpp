// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/experiment/report_svg.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <tuple>

#include "core/experiment/report.h"
#include "core/experiment/report_text.h"

namespace whorl::report {

namespace {

constexpr double kLeft = 52;
constexpr double kTop = 8;
constexpr double kBottom = 38;
constexpr double kRight = 20;
constexpr double kSmallestRate = 1e-3;
constexpr std::size_t kColours = 6;

/// Coordinates: at most two decimals, and a plain minus.
std::string number(double value) {
  std::string text = fixedText(value, 2);
  if (text.starts_with("−")) text.replace(0, std::string("−").size(), "-");
  if (text.find('.') != std::string::npos) {
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') text.pop_back();
  }
  return text;
}

std::string viridis(double share) {
  const auto [red, green, blue] = sweepColour(share);
  return "rgb(" + std::to_string(red) + "," + std::to_string(green) + "," + std::to_string(blue) + ")";
}

/// A frame with axes, in which shares and other values are drawn.
class Frame {
 public:
  Frame(double width, double height, double xLow, double xHigh, bool logarithmic = false)
      : m_width(width), m_height(height), m_xLow(xLow), m_xHigh(xHigh), m_logarithmic(logarithmic) {}

  void yRange(double low, double high) { m_yLow = low, m_yHigh = high; }
  double x(double value) const {
    const double share = m_logarithmic ? std::log(std::max(value, m_xLow) / m_xLow) / std::log(m_xHigh / m_xLow)
                                       : (value - m_xLow) / (m_xHigh - m_xLow);
    return kLeft + std::clamp(share, 0.0, 1.0) * (m_width - kLeft - kRight);
  }
  double y(double value) const {
    const double share = std::clamp((value - m_yLow) / (m_yHigh - m_yLow), 0.0, 1.0);
    return kTop + (1 - share) * (m_height - kTop - kBottom);
  }

  void xTick(double value, const std::string& text) {
    line("grid", x(value), y(m_yLow), x(value), y(m_yHigh));
    label(x(value), m_height - kBottom + 14, "middle", text);
  }
  void yTick(double value, const std::string& text) {
    line("grid", x(m_xLow), y(value), x(m_xHigh), y(value));
    label(kLeft - 6, y(value) + 4, "end", text);
  }
  void titles(const std::string& below, const std::string& beside) {
    label(kLeft + (m_width - kLeft - kRight) / 2, m_height - 6, "middle", below);
    const double middle = kTop + (m_height - kTop - kBottom) / 2;
    m_body += "<text text-anchor=\"middle\" transform=\"translate(12," + number(middle) + ") rotate(-90)\">" +
              escapeHtml(beside) + "</text>\n";
  }
  void line(const std::string& style, double x1, double y1, double x2, double y2) {
    m_body += "<line stroke=\"#8a929a\" class=\"" + style + "\" x1=\"" + number(x1) + "\" y1=\"" + number(y1) +
              "\" x2=\"" + number(x2) + "\" y2=\"" + number(y2) + "\"/>\n";
  }
  void curve(const std::string& style, const std::string& colour, const std::vector<std::pair<double, double>>& points,
             const std::string& name) {
    m_body += "<polyline fill=\"none\" stroke=\"" + colour + "\" class=\"" + style + "\" points=\"";
    for (const auto& [px, py] : points) m_body += number(x(px)) + "," + number(y(py)) + " ";
    m_body += "\"><title>" + escapeHtml(name) + "</title></polyline>\n";
  }
  void dot(const std::string& style, const std::string& colour, double px, double py, const std::string& name) {
    m_body += "<circle fill=\"" + colour + "\" class=\"" + style + "\" cx=\"" + number(x(px)) + "\" cy=\"" +
              number(y(py)) + "\" r=\"3\"><title>" + escapeHtml(name) + "</title></circle>\n";
  }
  void bar(const std::string& style, const std::string& colour, double from, double to, double height,
           const std::string& name) {
    if (!(height > 0)) return;
    m_body += "<rect fill=\"" + colour + "\" fill-opacity=\"0.55\" class=\"" + style + "\" x=\"" + number(x(from)) +
              "\" y=\"" + number(y(height)) + "\" width=\"" + number(std::max(x(to) - x(from) - 0.5, 0.5)) +
              "\" height=\"" + number(y(0) - y(height)) + "\"><title>" + escapeHtml(name) + "</title></rect>\n";
  }
  /// A square of a heat map, by viridis; its text is dark or light, whichever is read better there.
  void cell(double px, double py, double width, double height, double share, const std::string& text) {
    const bool known = std::isfinite(share);
    m_body += "<rect " + (known ? "fill=\"" + viridis(share) + "\"" : std::string("class=\"unknown\"")) + " x=\"" +
              number(px) + "\" y=\"" + number(py) + "\" width=\"" + number(width - 1) + "\" height=\"" +
              number(height - 1) + "\"/>\n<text style=\"fill:" +
              (!known         ? "currentColor"
               : share > 0.55 ? "#111"
                              : "#fff") +
              "\" x=\"" + number(px + width / 2) + "\" y=\"" + number(py + height / 2 + 4) +
              "\" text-anchor=\"middle\">" + escapeHtml(text) + "</text>\n";
  }
  void label(double px, double py, const char* anchor, const std::string& text) {
    m_body += "<text x=\"" + number(px) + "\" y=\"" + number(py) + "\" text-anchor=\"" + anchor + "\">" +
              escapeHtml(text) + "</text>\n";
  }
  std::string svg(const std::string& description) const {
    return "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " + number(m_width) + " " + number(m_height) +
           "\" width=\"" + number(m_width) + "\" height=\"" + number(m_height) +
           "\" font-size=\"11\" role=\"img\" aria-label=\"" + escapeHtml(description) + "\">\n" + m_body + "</svg>\n";
  }

 private:
  double m_width;
  double m_height;
  double m_xLow;
  double m_xHigh;
  double m_yLow = 0;
  double m_yHigh = 1;
  bool m_logarithmic;
  std::string m_body;
};

void shareTicks(Frame& frame) {
  for (const double share : {0.0, 0.25, 0.5, 0.75, 1.0}) frame.yTick(share, percentText(share, 0) + " %");
}

/// What a logarithmic axis begins with: the curve's height at its smallest rate.
std::vector<std::pair<double, double>> rocPoints(const CellFigures& figures, bool logarithmic) {
  std::vector<std::pair<double, double>> points;
  for (const RocCorner& corner : figures.roc) points.emplace_back(corner.falsePositiveRate, corner.truePositiveRate);
  std::sort(points.begin(), points.end());
  if (!logarithmic || points.empty()) return points;
  const auto right = std::find_if(points.begin(), points.end(), [](const auto& p) { return p.first > kSmallestRate; });
  double height = points.front().second;
  if (right != points.begin()) {
    const auto& before = *(right - 1);
    height = before.second;
    if (right != points.end()) {
      height += (right->second - before.second) * (kSmallestRate - before.first) / (right->first - before.first);
    }
  }
  points.erase(points.begin(), right);
  points.insert(points.begin(), {kSmallestRate, height});
  return points;
}

double quantile(const std::vector<double>& sorted, double share) {
  return sorted[static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1))];
}

/// A round step so that about `count` ticks fit.
double roundStep(double range, int count) {
  const double rough = range / count;
  const double power = std::pow(10, std::floor(std::log10(rough)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= rough) return factor * power;
  }
  return 10 * power;
}

void numberTicks(Frame& frame, double low, double high, int count) {
  const double step = roundStep(high - low, count);
  const int decimals = std::max(0, static_cast<int>(-std::floor(std::log10(step))));
  for (double at = std::ceil(low / step) * step; at <= high + step * 1e-6; at += step) {
    frame.xTick(at, fixedText(at, std::min(decimals, 6)));
  }
}

/// With the curves drawn; none where they have no extent.
std::optional<Frame> sharesFrame(const std::vector<ReportCurve>& curves, const std::string& xLabel,
                                 const std::string& yLabel) {
  double low = INFINITY, high = -INFINITY;
  for (const ReportCurve& curve : curves) {
    for (const auto& [x, y] : curve.points) low = std::min(low, x), high = std::max(high, x);
  }
  if (!(high > low)) return {};
  Frame frame(450, 300, std::min(low, 0.0), high);
  shareTicks(frame);
  numberTicks(frame, std::min(low, 0.0), high, 6);
  frame.titles(xLabel, yLabel);
  for (std::size_t i = 0; i < curves.size(); ++i) {
    frame.curve("curve " + curveClass(i), curveColour(i), curves[i].points, curves[i].name);
  }
  return frame;
}

}  // namespace

std::string curveColour(std::size_t index) {
  static const char* const kColour[kColours] = {"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b07d00", "#3f3f3f"};
  return kColour[index % kColours];
}

std::string curveClass(std::size_t index) {
  return "s" + std::to_string(index % kColours) + " d" + std::to_string(index / kColours % 3);
}

std::string rocSvg(const std::vector<const RecipeCell*>& cells, bool logarithmic) {
  Frame frame(390, 330, logarithmic ? kSmallestRate : 0, 1, logarithmic);
  shareTicks(frame);
  if (logarithmic) {
    for (const auto& [rate, text] : {std::pair{1e-3, "0.1 %"}, {1e-2, "1 %"}, {1e-1, "10 %"}, {1.0, "100 %"}}) {
      frame.xTick(rate, text);
    }
  } else {
    for (const double share : {0.0, 0.25, 0.5, 0.75, 1.0}) frame.xTick(share, percentText(share, 0) + " %");
  }
  frame.titles(logarithmic ? "rejected clean images (logarithmic)" : "rejected clean images",
               "rejected adversarial images");
  std::vector<std::pair<double, double>> chance;
  for (int i = 0; i <= 60; ++i) {
    const double rate = logarithmic ? std::pow(10, -3 + i / 20.0) : i / 60.0;
    chance.emplace_back(rate, rate);
  }
  frame.curve("chance", "#8a929a", chance, "by chance");
  bool any = false;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const CellFigures* figures = figuresOf(cells[i]);
    if (!figures || figures->roc.empty()) continue;
    any = true;
    frame.curve("curve " + curveClass(i), curveColour(i), rocPoints(*figures, logarithmic),
                cells[i]->detector + ", AUC " + percentText(figures->aucSuccessful.value) + " %");
  }
  return any ? frame.svg("ROC curves") : std::string();
}

ReportHistogram histogramOf(const CellFigures& figures) {
  ReportHistogram histogram;
  std::vector<double> all;
  for (const auto* scores : {&figures.cleanScores, &figures.adversarialScores}) {
    std::copy_if(scores->begin(), scores->end(), std::back_inserter(all), [](double s) { return std::isfinite(s); });
  }
  if (all.empty()) return histogram;
  std::sort(all.begin(), all.end());
  histogram.low = quantile(all, 0.005);
  histogram.high = quantile(all, 0.995);
  if (!(histogram.high > histogram.low)) {
    const double room = std::max(std::abs(histogram.low) * 0.05, 1e-6);
    histogram.low -= room;
    histogram.high += room;
  }
  const auto fill = [&](const std::vector<double>& scores) {
    std::vector<double> bins(ReportHistogram::kBins);
    for (const double score : scores) {
      if (std::isnan(score)) continue;
      const double place = (score - histogram.low) / (histogram.high - histogram.low) * ReportHistogram::kBins;
      const double bin = std::clamp(place, 0.0, ReportHistogram::kBins - 1.0);
      bins[static_cast<std::size_t>(bin)] += 1 / static_cast<double>(scores.size());
    }
    return bins;
  };
  histogram.clean = fill(figures.cleanScores);
  histogram.adversarial = fill(figures.adversarialScores);
  return histogram;
}

std::string histogramSvg(const CellFigures& figures, const std::string& name) {
  const ReportHistogram histogram = histogramOf(figures);
  if (histogram.clean.empty()) return {};
  Frame frame(310, 190, histogram.low, histogram.high);
  double top = 0;
  for (const auto* bins : {&histogram.clean, &histogram.adversarial}) {
    top = std::max(top, *std::max_element(bins->begin(), bins->end()));
  }
  frame.yRange(0, std::max(top, 1e-9) * 1.05);
  const double step = roundStep(top, 3);
  for (double at = 0; at <= top * 1.05; at += step) frame.yTick(at, percentText(at, step < 0.01 ? 1 : 0) + " %");
  numberTicks(frame, histogram.low, histogram.high, 4);
  frame.titles("score", "share");
  const double width = (histogram.high - histogram.low) / ReportHistogram::kBins;
  for (const auto& [bins, kind, colour] : {std::tuple{&histogram.clean, "clean", curveColour(0)},
                                           std::tuple{&histogram.adversarial, "adversarial", curveColour(1)}}) {
    for (std::size_t i = 0; i < bins->size(); ++i) {
      const double from = histogram.low + width * static_cast<double>(i);
      frame.bar(kind, colour, from, from + width, (*bins)[i],
                std::string(kind) + ": " + percentText((*bins)[i]) + " %");
    }
  }
  if (const auto threshold = thresholdOf(figures, 0.05); threshold && std::isfinite(*threshold)) {
    const double at = frame.x(*threshold);
    frame.line("threshold", at, kTop, at, 190 - kBottom);
    const bool right = at > 200;
    frame.label(right ? at - 4 : at + 4, kTop + 10, right ? "end" : "start", "τ at 5 %");
  }
  return frame.svg("Scores: " + name);
}

std::string heatMapSvg(const SweepMap& map) {
  static constexpr double kWide = 62, kHigh = 32, kLeftOfCells = 74;
  const double width = kLeftOfCells + kWide * static_cast<double>(map.x.size()) + kRight;
  const double height = kTop + kHigh * static_cast<double>(map.y.size()) + kBottom;
  Frame frame(width, height, 0, 1);
  double low = INFINITY, high = -INFINITY;
  std::vector<double> values;
  for (const RecipeCell* cell : map.cells) {
    const CellFigures* figures = figuresOf(cell);
    const double value = values.emplace_back(figures ? figures->aucSuccessful.value : NAN);
    if (std::isfinite(value)) low = std::min(low, value), high = std::max(high, value);
  }
  for (std::size_t row = 0; row < map.y.size(); ++row) {
    const double top = kTop + kHigh * static_cast<double>(map.y.size() - 1 - row);
    for (std::size_t column = 0; column < map.x.size(); ++column) {
      const double value = values[row * map.x.size() + column];
      const double share = high > low ? (value - low) / (high - low) : 1;
      frame.cell(kLeftOfCells + kWide * static_cast<double>(column), top, kWide, kHigh, share, percentText(value));
    }
    frame.label(kLeftOfCells - 6, top + kHigh / 2 + 4, "end", shortText(map.y[row]));
  }
  for (std::size_t column = 0; column < map.x.size(); ++column) {
    frame.label(kLeftOfCells + kWide * (static_cast<double>(column) + 0.5), height - kBottom + 15, "middle",
                shortText(map.x[column]));
  }
  frame.titles(map.xName, map.yName);
  return frame.svg("Heat map over " + map.xName + " and " + map.yName);
}

std::string budgetSvg(const std::vector<ReportCurve>& curves, const std::string& xLabel) {
  std::optional<Frame> frame = sharesFrame(curves, xLabel, "share");
  if (!frame) return {};
  for (std::size_t i = 0; i < curves.size(); ++i) {
    for (const auto& [x, y] : curves[i].points) {
      frame->dot(curveClass(i), curveColour(i), x, y,
                 curves[i].name + " at " + fixedText(x, 4) + ": " + percentText(y) + " %");
    }
  }
  return frame->svg("Figures over the budget");
}

std::string sharesSvg(const std::vector<ReportCurve>& curves, const std::string& xLabel, const std::string& yLabel,
                      const std::string& description) {
  const std::optional<Frame> frame = sharesFrame(curves, xLabel, yLabel);
  return frame ? frame->svg(description) : std::string();
}

}  // namespace whorl::report
