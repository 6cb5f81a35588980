// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/theory/picture.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <optional>

#include <opencv2/imgproc.hpp>

#include "core/image/colour_map.h"
#include "core/image/convert.h"
#include "core/theory/rays.h"

namespace whorl {
namespace {

constexpr int kSide = 560;
constexpr int kMargin = 16;
constexpr int kCaption = 34;
constexpr int kScale = 2;  ///< drawn so many times as large, then averaged down: smooth edges
constexpr int kRays = 40'000;
/// Between two dots of the closed form's edge.
constexpr double kDotGap = 14 * kScale;

using Colour = cv::Scalar;  ///< red, green, blue, 0 to 255

/// Of Okabe and Ito (2008), which the colour-blind can tell apart.
Colour classColour(int label) {
  static const std::array<Colour, planar::kMostClasses> colours = {Colour(0, 114, 178), Colour(213, 94, 0),
                                                                   Colour(0, 158, 115), Colour(204, 121, 167)};
  return colours[static_cast<std::size_t>(label)];
}

Colour mixed(const Colour& a, const Colour& b, double amount) { return a * (1 - amount) + b * amount; }

const Colour kPaper(255, 255, 255), kInk(32, 32, 32), kGrey(226, 226, 226), kBad(200, 0, 0);

/// One square of the picture.
class Square {
 public:
  Square(const TheoryResult& result, const TheorySide& side, const PlanarFingerprints& arrows)
      : m_result(result), m_side(side), m_arrows(arrows), m_canvas(size(), size(), CV_8UC3, kPaper) {}

  static int size() { return kSide * kScale; }

  /// `top`: the score that gets the brightest colour.
  void field(double top) {
    const PlanarField& field = m_side.field;
    cv::Mat scores(field.resolution, field.resolution, CV_64FC1);
    cv::Mat border(field.resolution, field.resolution, CV_64FC1);
    for (int row = 0; row < field.resolution; ++row) {
      for (int column = 0; column < field.resolution; ++column) {
        const std::size_t at = field.index(column, field.resolution - 1 - row);
        scores.at<double>(row, column) = field.scores[at];
        border.at<double>(row, column) = field.classes[at] == 0 ? -1 : 1;
      }
    }
    cv::resize(scores, scores, m_canvas.size(), 0, 0, cv::INTER_CUBIC);
    cv::resize(border, border, m_canvas.size(), 0, 0, cv::INTER_LINEAR);
    for (int y = 0; y < m_canvas.rows; ++y) {
      for (int x = 0; x < m_canvas.cols; ++x) {
        const double share = std::clamp(scores.at<double>(y, x) / top, 0.0, 1.0);
        const auto& colour = viridis()[static_cast<std::size_t>(std::lround(share * 255))];
        for (int c = 0; c < 3; ++c) {
          m_canvas.at<cv::Vec3b>(y, x)[c] = cv::saturate_cast<unsigned char>(colour[static_cast<std::size_t>(c)] * 255);
        }
      }
    }
    edge(border > 0, Colour(0, 0, 0), 3);
    edge(scores < m_result.threshold, kPaper, 4);
  }

  void bands() {
    const PlanarField& field = m_side.field;
    for (int y = 0; y < m_canvas.rows; ++y) {
      for (int x = 0; x < m_canvas.cols; ++x) {
        const PlanarPoint at = place(x, y);
        const auto side = static_cast<std::size_t>(m_result.line->predicted(at));
        const bool inside = m_result.bands[side].holds(std::abs(m_result.line->distance(at)));
        const Colour colour = inside ? mixed(kPaper, classColour(static_cast<int>(side)), 0.3) : kGrey;
        for (int c = 0; c < 3; ++c) m_canvas.at<cv::Vec3b>(y, x)[c] = cv::saturate_cast<unsigned char>(colour[c]);
      }
    }
    const LinearModel& line = *m_result.line;
    const PlanarPoint normal = line.w * (1 / length(line.w));
    const PlanarPoint middle = field.box.low + PlanarPoint{field.box.side / 2, field.box.side / 2};
    const PlanarPoint foot = middle - normal * line.distance(middle);
    const PlanarPoint along{-normal.y * 2 * field.box.side, normal.x * 2 * field.box.side};
    cv::line(m_canvas, pixel(foot - along), pixel(foot + along), kInk, 2 * kScale, cv::LINE_AA);
  }

  void points() {
    for (std::size_t i = 0; i < m_result.data.size(); ++i) {
      const PlanarSample& sample = m_result.data[i];
      const cv::Point at = pixel(sample.at);
      cv::circle(m_canvas, at, 4 * kScale, kPaper, cv::FILLED, cv::LINE_AA);
      cv::circle(m_canvas, at, 3 * kScale, classColour(sample.label), cv::FILLED, cv::LINE_AA);
      if (m_side.classes[i] != sample.label) cv::circle(m_canvas, at, 7 * kScale, kBad, 2 * kScale, cv::LINE_AA);
    }
  }

  void arrows() {
    if (m_result.line) return lineArrows();
    PlanarPoint from;
    double count = 0;
    for (const PlanarSample& sample : m_result.data) {
      if (sample.label == 0) from = from + sample.at, ++count;
    }
    for (const PlanarPoint& dx : m_arrows.dx) arrow(from * (1 / count), from * (1 / count) + dx);
  }

  void closedForm() {
    const LinearRegion region(m_side.network, m_arrows, m_result.threshold);
    // A ray has four ends at most: a band or two for each class. Of each, dots a little apart.
    std::array<std::optional<cv::Point>, 8> last;
    for (int i = 0; i < kRays; ++i) {
      const double angle = 2 * std::numbers::pi * i / kRays;
      std::size_t number = 0;
      for (const RayInterval& interval : region.along(angle)) {
        for (const double end : {interval.low, interval.high}) {
          if (!(end > 0) || std::isinf(end) || number >= last.size()) continue;
          const cv::Point at = pixel(region.at(angle, end));
          std::optional<cv::Point>& before = last[number++];
          if (before && std::hypot(at.x - before->x, at.y - before->y) < kDotGap) continue;
          before = at;
          cv::circle(m_canvas, at, 3 * kScale, kBad, cv::FILLED, cv::LINE_AA);
        }
      }
    }
  }

  cv::Mat finished() const {
    cv::Mat small;
    cv::resize(m_canvas, small, {kSide, kSide}, 0, 0, cv::INTER_AREA);
    return small;
  }

 private:
  cv::Point pixel(const PlanarPoint& at) const {
    const PlanarBox& box = m_side.field.box;
    const double x = (at.x - box.low.x) / box.side, y = (at.y - box.low.y) / box.side;
    // Far outside, whole numbers would not hold it.
    const auto bounded = [](double share) { return static_cast<int>(std::clamp(share, -20.0, 20.0) * (size() - 1)); };
    return {bounded(x), size() - 1 - bounded(y)};
  }
  PlanarPoint place(int x, int y) const {
    const PlanarBox& box = m_side.field.box;
    return box.low + PlanarPoint{box.side * x / (size() - 1), box.side * (size() - 1 - y) / (size() - 1)};
  }

  /// The outline of what is not 0, but not along the picture's own sides.
  void edge(const cv::Mat& mask, const Colour& colour, int width) {
    const auto atSide = [](const cv::Point& at) {
      return at.x == 0 || at.y == 0 || at.x == size() - 1 || at.y == size() - 1;
    };
    std::vector<std::vector<cv::Point>> contours;
    cv::findContours(mask.clone(), contours, cv::RETR_LIST, cv::CHAIN_APPROX_NONE);
    for (const auto& contour : contours) {
      for (std::size_t i = 0; i < contour.size(); ++i) {
        const cv::Point& from = contour[i];
        const cv::Point& to = contour[(i + 1) % contour.size()];
        if (!atSide(from) || !atSide(to)) cv::line(m_canvas, from, to, colour, width, cv::LINE_AA);
      }
    }
  }

  void arrow(const PlanarPoint& from, const PlanarPoint& to) {
    const double size = std::max(1.0, std::hypot(pixel(to).x - pixel(from).x, pixel(to).y - pixel(from).y));
    const double tip = std::min(0.4, 14 * kScale / size);
    cv::arrowedLine(m_canvas, pixel(from), pixel(to), kPaper, 4 * kScale, cv::LINE_AA, 0, tip);
    cv::arrowedLine(m_canvas, pixel(from), pixel(to), kInk, 2 * kScale, cv::LINE_AA, 0, tip);
  }

  /// Each begins at the edge of its band and ends at the boundary: what lies there just keeps its sign, or just flips
  /// it.
  void lineArrows() {
    const PlanarField& field = m_side.field;
    const LinearModel& line = *m_result.line;
    const PlanarPoint normal = line.w * (1 / length(line.w));
    const PlanarPoint middle = field.box.low + PlanarPoint{field.box.side / 2, field.box.side / 2};
    const PlanarPoint foot = middle - normal * line.distance(middle);
    const PlanarPoint along{-normal.y * field.box.side, normal.x * field.box.side};
    for (std::size_t i = 0; i < m_arrows.count(); ++i) {
      const PlanarPoint to = foot + along * (0.26 + 0.05 * static_cast<double>(i));
      arrow(to - m_arrows.dx[i], to);
    }
  }

  const TheoryResult& m_result;
  const TheorySide& m_side;
  const PlanarFingerprints& m_arrows;
  cv::Mat m_canvas;
};

cv::Mat drawn(const TheoryFigure& figure, const TheoryResult& result, bool with, double top) {
  const PlanarFingerprints arrows = result.fingerprintsOf(with);
  Square square(result, result.side(with), arrows);
  if (result.line) {
    square.bands();
  } else {
    square.field(top);
  }
  square.points();
  if (figure.closedForm && with) square.closedForm();
  square.arrows();
  return square.finished();
}

std::string caption(const TheoryResult& result, bool with) {
  const TheorySide& side = result.side(with);
  char text[160];
  const double data = 100 * side.shares.acceptedCorrect, plane = 100 * side.shares.acceptedArea;
  if (result.line) {
    std::snprintf(text, sizeof text, "four fingerprints: %.0f %% of the data accepted, %.0f %% of the plane", data,
                  plane);
  } else {
    std::snprintf(text, sizeof text, "%s, tau %.2f: %.0f %% of the data accepted, %.0f %% of the plane",
                  with ? "fingerprinted" : "plain", result.threshold, data, plane);
  }
  return text;
}

}  // namespace

Image theoryPicture(const TheoryFigure& figure, const TheoryResult& result) {
  return withOpenCv(ErrorKind::Failed, figure.name, [&] {
    double top = 1e-9;
    for (const bool with : {false, true}) {
      for (const double score : result.side(with).field.scores) top = std::max(top, score);
    }
    const std::vector<bool> sides = figure.bothSides ? std::vector<bool>{false, true} : std::vector<bool>{true};
    const int width = static_cast<int>(sides.size()) * (kSide + kMargin) + kMargin;
    cv::Mat page(kSide + kMargin + kCaption, width, CV_8UC3, kPaper);
    int left = kMargin;
    for (const bool with : sides) {
      drawn(figure, result, with, top).copyTo(page(cv::Rect(left, kCaption, kSide, kSide)));
      cv::putText(page, caption(result, with), {left, kCaption - 11}, cv::FONT_HERSHEY_SIMPLEX, 0.5, kInk, 1,
                  cv::LINE_AA);
      left += kSide + kMargin;
    }
    cv::cvtColor(page, page, cv::COLOR_RGB2BGR);
    return fromMat(page, figure.name);
  });
}

}  // namespace whorl
