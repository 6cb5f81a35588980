// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <map>

#include "core/image/colour_map.h"
#include "core/image/drawing.h"

namespace whorl {

std::string shortNumber(double value, int digits) {
  std::array<char, 40> text{};
  const auto [end, problem] =
      std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::general, digits);
  return value == 0 ? "0" : std::string(text.data(), end);  // no "-0"
}

namespace {

/// Coordinates: a hundredth of a point is less than anybody sees.
std::string number(double value) { return shortNumber(std::round(value * 100) / 100, 7); }

std::string escaped(const std::string& text) {
  std::string safe;
  for (const char letter : text) {
    switch (letter) {
      case '&':
        safe += "&amp;";
        break;
      case '<':
        safe += "&lt;";
        break;
      case '>':
        safe += "&gt;";
        break;
      case '"':
        safe += "&quot;";
        break;
      default:
        // Control characters are no XML.
        safe += static_cast<unsigned char>(letter) < 0x20 ? ' ' : letter;
    }
  }
  return safe;
}

std::string hex(const DrawnColour& colour) {
  constexpr const char* kDigits = "0123456789abcdef";
  std::string text = "#";
  for (const int part : {colour.red, colour.green, colour.blue}) {
    text += kDigits[part >> 4];
    text += kDigits[part & 15];
  }
  return text;
}

/// `kind` is "fill" or "stroke".
std::string paint(const char* kind, const DrawnColour& colour) {
  std::string text = std::string(" ") + kind + "=\"" + hex(colour) + "\"";
  if (colour.opacity < 1) text += std::string(" ") + kind + "-opacity=\"" + number(colour.opacity) + "\"";
  return text;
}

std::string pathOf(const std::vector<DrawnPoint>& points) {
  std::string text;
  for (std::size_t i = 0; i < points.size(); ++i) {
    text += (i == 0 ? "M" : "L") + number(points[i].x) + " " + number(points[i].y);
  }
  return text;
}

/// Runs of one colour in a row become one rectangle, and those of one colour one path: a 513 x 513 grid stays small.
std::string toText(const DrawnCells& cells) {
  std::map<int, std::string> paths;
  const int rows = static_cast<int>(cells.colours.size()) / cells.columns;
  for (int row = 0; row < rows; ++row) {
    const auto begin = cells.colours.begin() + std::ptrdiff_t{row} * cells.columns;
    const auto end = begin + cells.columns;
    for (auto from = begin; from != end;) {
      const auto to = std::find_if(from, end, [from](int colour) { return colour != *from; });
      const std::string width = std::to_string(to - from);
      if (*from >= 0) {
        paths[*from] +=
            "M" + std::to_string(from - begin) + " " + std::to_string(row) + "h" + width + "v1h-" + width + "z";
      }
      from = to;
    }
  }
  std::string text = "<g shape-rendering=\"crispEdges\" transform=\"translate(" + number(cells.corner.x) + " " +
                     number(cells.corner.y) + ") scale(" + shortNumber(cells.width / cells.columns, 9) + " " +
                     shortNumber(cells.height / rows, 9) + ")\">\n";
  for (const auto& [colour, path] : paths) {
    const auto& shares = viridis()[static_cast<std::size_t>(colour)];
    const auto part = [&](std::size_t i) { return static_cast<std::uint8_t>(std::lround(shares[i] * 255)); };
    text += "<path" + paint("fill", {part(0), part(1), part(2)}) + " d=\"" + path + "\"/>\n";
  }
  return text + "</g>\n";
}

std::string toText(const DrawnArea& area) {
  return "<path" + paint("fill", area.colour) + " d=\"" + pathOf(area.outline) + "z\"/>\n";
}

std::string toText(const DrawnLines& strokes) {
  std::string path;
  for (const auto& line : strokes.lines) path += pathOf(line);
  if (path.empty()) return {};
  return "<path fill=\"none\" stroke-linejoin=\"round\"" + paint("stroke", strokes.colour) + " stroke-width=\"" +
         number(strokes.width) + "\"" + (strokes.dashed ? " stroke-dasharray=\"6 4\"" : "") + " d=\"" + path + "\"/>\n";
}

std::string toText(const DrawnText& text) {
  constexpr std::array<const char*, 3> kAnchors = {"start", "middle", "end"};
  const std::string turn = text.upwards ? " rotate(-90)" : "";
  return "<text transform=\"translate(" + number(text.at.x) + " " + number(text.at.y) + ")" + turn +
         "\" text-anchor=\"" + kAnchors[static_cast<std::size_t>(text.anchor)] + "\" font-size=\"" + number(text.size) +
         "\"" + paint("fill", text.colour) + ">" + escaped(text.text) + "</text>\n";
}

}  // namespace

std::string toSvg(const Drawing& drawing) {
  const std::string size = number(drawing.width) + " " + number(drawing.height);
  std::string text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" +
                     number(drawing.width) + "pt\" height=\"" + number(drawing.height) + "pt\" viewBox=\"0 0 " + size +
                     "\" font-family=\"Helvetica, Arial, sans-serif\">\n";
  text += "<title>" + escaped(drawing.title) + "</title>\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n";
  for (const DrawnItem& item : drawing.items) {
    text += std::visit([](const auto& each) { return toText(each); }, item);
  }
  return text + "</svg>\n";
}

}  // namespace whorl
