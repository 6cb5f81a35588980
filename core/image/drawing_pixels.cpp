// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <cmath>

#include <opencv2/imgproc.hpp>

#include "core/image/colour_map.h"
#include "core/image/drawing.h"

namespace whorl {
namespace {

constexpr int kFont = cv::FONT_HERSHEY_SIMPLEX;
/// Height of its capitals at a scale of 1, in pixels; Helvetica's are 0.72 of its size.
constexpr double kCapitals = 21;
constexpr double kCapitalShare = 0.72;
/// OpenCV takes coordinates in 1/16 pixels.
constexpr int kFraction = 4;

cv::Scalar scalar(const DrawnColour& colour) { return cv::Scalar(colour.red, colour.green, colour.blue); }

/// ASCII alone: the font has no more.
std::string ascii(const std::string& text) {
  std::string plain;
  for (const char letter : text) {
    const auto code = static_cast<unsigned char>(letter);
    if ((code & 0xC0) == 0x80) continue;  // goes on with a letter that has been counted
    plain += code >= 0x20 && code < 0x7F ? letter : '?';
  }
  return plain;
}

/// Dashes of 6 points with gaps of 4 along a line; OpenCV's strokes of `width` have round ends, which add to them.
std::vector<std::vector<DrawnPoint>> dashesOf(const std::vector<DrawnPoint>& line, double width) {
  constexpr double kPeriod = 10;
  const double cap = std::min(width, 6.0) / 2;
  const double dash = 6 - 2 * cap;
  std::vector<std::vector<DrawnPoint>> dashes;
  double done = 0;
  for (std::size_t i = 1; i < line.size(); ++i) {
    const DrawnPoint from = line[i - 1];
    const double dx = line[i].x - from.x;
    const double dy = line[i].y - from.y;
    const double length = std::hypot(dx, dy);
    if (length == 0) continue;
    for (double start = std::floor(done / kPeriod) * kPeriod; start < done + length; start += kPeriod) {
      const double a = std::max(start + cap, done) - done;
      const double b = std::min(start + cap + dash, done + length) - done;
      if (a > b) continue;
      dashes.push_back(
          {{from.x + dx * a / length, from.y + dy * a / length}, {from.x + dx * b / length, from.y + dy * b / length}});
    }
    done += length;
  }
  return dashes;
}

class Canvas {
 public:
  Canvas(double width, double height, double scale)
      : m_scale(scale),
        m_pixels(static_cast<int>(std::ceil(height * scale)), static_cast<int>(std::ceil(width * scale)), CV_8UC3,
                 cv::Scalar::all(255)) {}

  void add(const DrawnCells& cells) {
    const int rows = static_cast<int>(cells.colours.size()) / cells.columns;
    const auto edge = [this](double place) { return static_cast<int>(std::lround(place * m_scale)); };
    const auto cell = [&](double corner, double whole, int number, int count) {
      return edge(corner + whole * number / count);
    };
    for (int row = 0; row < rows; ++row) {
      for (int column = 0; column < cells.columns; ++column) {
        const int colour = cells.colours[static_cast<std::size_t>(row) * cells.columns + column];
        if (colour < 0) continue;
        const auto& shares = viridis()[static_cast<std::size_t>(colour)];
        const cv::Point from(cell(cells.corner.x, cells.width, column, cells.columns),
                             cell(cells.corner.y, cells.height, row, rows));
        const cv::Point to(cell(cells.corner.x, cells.width, column + 1, cells.columns),
                           cell(cells.corner.y, cells.height, row + 1, rows));
        const cv::Rect place = cv::Rect(from, to) & cv::Rect({}, m_pixels.size());
        m_pixels(place).setTo(
            cv::Scalar(std::lround(shares[0] * 255), std::lround(shares[1] * 255), std::lround(shares[2] * 255)));
      }
    }
  }

  void add(const DrawnArea& area) {
    const std::vector<std::vector<cv::Point>> outline = {points(area.outline)};
    blended(area.colour, [&](cv::Mat& on) { cv::fillPoly(on, outline, scalar(area.colour), cv::LINE_AA, kFraction); });
  }

  void add(const DrawnLines& strokes) {
    const int width = std::max(1, static_cast<int>(std::lround(strokes.width * m_scale)));
    std::vector<std::vector<cv::Point>> lines;
    for (const auto& line : strokes.lines) {
      if (!strokes.dashed) {
        lines.push_back(points(line));
        continue;
      }
      for (const auto& dash : dashesOf(line, strokes.width)) lines.push_back(points(dash));
    }
    if (lines.empty()) return;
    blended(strokes.colour, [&](cv::Mat& on) {
      cv::polylines(on, lines, false, scalar(strokes.colour), width, cv::LINE_AA, kFraction);
    });
  }

  void add(const DrawnText& text) {
    const std::string letters = ascii(text.text);
    const double size = text.size * m_scale * kCapitalShare / kCapitals;
    const int thick = std::max(1, static_cast<int>(std::lround(text.size * m_scale / 20)));
    int below = 0;
    const cv::Size room = cv::getTextSize(letters, kFont, size, thick, &below);
    const auto back = static_cast<int>(std::lround(room.width * static_cast<int>(text.anchor) / 2.0));
    const cv::Point at(static_cast<int>(std::lround(text.at.x * m_scale)),
                       static_cast<int>(std::lround(text.at.y * m_scale)));
    if (!text.upwards) {
      cv::putText(m_pixels, letters, at - cv::Point(back, 0), kFont, size, scalar(text.colour), thick, cv::LINE_AA);
      return;
    }
    // On the picture lying on its side.
    cv::Mat turned;
    cv::rotate(m_pixels, turned, cv::ROTATE_90_CLOCKWISE);
    const cv::Point there(m_pixels.rows - 1 - at.y - back, at.x);
    cv::putText(turned, letters, there, kFont, size, scalar(text.colour), thick, cv::LINE_AA);
    cv::rotate(turned, m_pixels, cv::ROTATE_90_COUNTERCLOCKWISE);
  }

  const cv::Mat& pixels() const { return m_pixels; }

 private:
  std::vector<cv::Point> points(const std::vector<DrawnPoint>& from) const {
    std::vector<cv::Point> found;
    const double unit = m_scale * (1 << kFraction);
    for (const DrawnPoint& point : from) {
      found.emplace_back(static_cast<int>(std::lround(point.x * unit)), static_cast<int>(std::lround(point.y * unit)));
    }
    return found;
  }

  template <class Draw>
  void blended(const DrawnColour& colour, Draw draw) {
    if (colour.opacity >= 1) return draw(m_pixels);
    cv::Mat over = m_pixels.clone();
    draw(over);
    cv::addWeighted(over, colour.opacity, m_pixels, 1 - colour.opacity, 0, m_pixels);
  }

  double m_scale;
  cv::Mat m_pixels;  ///< RGB
};

}  // namespace

Image toPixels(const Drawing& drawing, double scale) {
  Canvas canvas(drawing.width, drawing.height, scale);
  for (const DrawnItem& item : drawing.items) {
    std::visit([&canvas](const auto& each) { canvas.add(each); }, item);
  }
  const cv::Mat& pixels = canvas.pixels();
  Image image{{3, pixels.rows, pixels.cols}, {}};
  image.pixels.resize(static_cast<std::size_t>(image.shape.size()));
  const std::size_t plane = image.pixels.size() / 3;
  for (int y = 0; y < pixels.rows; ++y) {
    const auto* row = pixels.ptr<cv::Vec3b>(y);
    for (int x = 0; x < pixels.cols; ++x) {
      const std::size_t at = static_cast<std::size_t>(y) * pixels.cols + x;
      for (int c = 0; c < 3; ++c) image.pixels[static_cast<std::size_t>(c) * plane + at] = row[x][c] / 255.0F;
    }
  }
  return image;
}

}  // namespace whorl
