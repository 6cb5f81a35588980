// SPDX-License-Identifier: GPL-3.0-or-later
#include <array>
#include <cmath>
#include <set>

#include "core/image/colour_map.h"
#include "core/image/drawing.h"

// PDF 32000-1:2008. The page's y points upwards: each y is turned here.

namespace whorl {
namespace {

/// Widths of Helvetica's letters from space to tilde, in thousandths of its size (Adobe's font metrics).
constexpr std::array<int, 95> kWidths = {
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333,  278, 278, 556, 556, 556,
    556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667,
    611, 778, 722, 278, 500, 667, 556, 833, 722, 778, 667, 778, 722, 667,  611, 722, 667, 944, 667,
    667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556, 556, 278,  556, 556, 222, 222, 500,
    222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500,  500, 334, 260, 334, 584};

std::string number(double value) {
  const std::string text = shortNumber(std::round(value * 1000) / 1000, 8);
  return text.find('e') == std::string::npos ? text : "0";  // PDF knows no exponents; below a thousandth is nothing
}

/// UTF-8 as Latin-1, one byte a letter.
std::string latin1(const std::string& text) {
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto first = static_cast<unsigned char>(text[i]);
    if (first < 0x80) {
      bytes += first < 0x20 ? ' ' : text[i];
      continue;
    }
    std::size_t more = 0;
    while (i + more + 1 < text.size() && (static_cast<unsigned char>(text[i + more + 1]) & 0xC0) == 0x80) ++more;
    const bool known = more == 1 && (first == 0xC2 || first == 0xC3);
    bytes += known ? static_cast<char>(((first & 3) << 6) | (static_cast<unsigned char>(text[i + 1]) & 0x3F)) : '?';
    i += more;
  }
  return bytes;
}

std::string literal(const std::string& bytes) {
  std::string text = "(";
  for (const char letter : bytes) {
    if (letter == '(' || letter == ')' || letter == '\\') text += '\\';
    text += letter;
  }
  return text + ")";
}

double widthOf(const std::string& bytes, double size) {
  int width = 0;
  for (const char letter : bytes) {
    const auto code = static_cast<unsigned char>(letter);
    width += code >= 32 && code < 127 ? kWidths[code - 32U] : 556;
  }
  return width * size / 1000;
}

/// What stands on the page, and what it refers to.
class Page {
 public:
  explicit Page(double height) : m_height(height) {}

  void add(const DrawnCells& cells) {
    const auto rows = static_cast<int>(cells.colours.size()) / cells.columns;
    std::string pixels;
    for (const int colour : cells.colours) {
      for (std::size_t part = 0; part < 3; ++part) {
        const float share = colour < 0 ? 1 : viridis()[static_cast<std::size_t>(colour)][part];
        pixels += static_cast<char>(static_cast<unsigned char>(std::lround(share * 255)));
      }
    }
    m_images.push_back("<< /Type /XObject /Subtype /Image /Width " + std::to_string(cells.columns) + " /Height " +
                       std::to_string(rows) +
                       " /ColorSpace /DeviceRGB /BitsPerComponent 8 /Interpolate false /Length " +
                       std::to_string(pixels.size()) + " >>\nstream\n" + pixels + "\nendstream");
    m_content += "q " + number(cells.width) + " 0 0 " + number(cells.height) + " " + number(cells.corner.x) + " " +
                 number(m_height - cells.corner.y - cells.height) + " cm /I" + std::to_string(m_images.size()) +
                 " Do Q\n";
  }

  void add(const DrawnArea& area) {
    colour(area.colour, "rg");
    m_content += path(area.outline) + "h f\n";
  }

  void add(const DrawnLines& strokes) {
    if (strokes.lines.empty()) return;
    colour(strokes.colour, "RG");
    m_content += number(strokes.width) + " w " + (strokes.dashed ? "[6 4] 0 d 1 j\n" : "[] 0 d 1 j\n");
    for (const auto& line : strokes.lines) m_content += path(line);
    m_content += "S\n";
  }

  void add(const DrawnText& text) {
    const std::string bytes = latin1(text.text);
    const double back = widthOf(bytes, text.size) * static_cast<int>(text.anchor) / 2;
    colour(text.colour, "rg");
    const double x = text.at.x - (text.upwards ? 0 : back);
    const double y = m_height - text.at.y - (text.upwards ? back : 0);
    m_content += "BT /F1 " + number(text.size) + " Tf " + (text.upwards ? "0 1 -1 0 " : "1 0 0 1 ") + number(x) + " " +
                 number(y) + " Tm " + literal(bytes) + " Tj ET\n";
  }

  const std::string& content() const { return m_content; }
  const std::vector<std::string>& images() const { return m_images; }
  /// Opacities that are asked for, in hundredths.
  const std::set<int>& opacities() const { return m_opacities; }

 private:
  void colour(const DrawnColour& colour, const char* kind) {
    const int opacity = static_cast<int>(std::lround(colour.opacity * 100));
    m_opacities.insert(opacity);
    m_content += "/G" + std::to_string(opacity) + " gs " + number(colour.red / 255.0) + " " +
                 number(colour.green / 255.0) + " " + number(colour.blue / 255.0) + " " + kind + "\n";
  }

  std::string path(const std::vector<DrawnPoint>& points) const {
    std::string text;
    for (std::size_t i = 0; i < points.size(); ++i) {
      text += number(points[i].x) + " " + number(m_height - points[i].y) + (i == 0 ? " m " : " l ");
    }
    return text + "\n";
  }

  double m_height;
  std::string m_content;
  std::vector<std::string> m_images;
  std::set<int> m_opacities;
};

/// The objects, numbered from 1, with the table of where they are.
std::string fileOf(const std::vector<std::string>& objects) {
  std::string bytes = "%PDF-1.4\n%\xE2\xE3\xCF\xD3\n";
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < objects.size(); ++i) {
    places.push_back(bytes.size());
    bytes += std::to_string(i + 1) + " 0 obj\n" + objects[i] + "\nendobj\n";
  }
  const std::size_t table = bytes.size();
  const std::string count = std::to_string(objects.size() + 1);
  bytes += "xref\n0 " + count + "\n0000000000 65535 f \n";
  for (const std::size_t place : places) {
    const std::string digits = std::to_string(place);
    bytes += std::string(10 - digits.size(), '0') + digits + " 00000 n \n";
  }
  return bytes + "trailer\n<< /Size " + count + " /Root 1 0 R /Info 6 0 R >>\nstartxref\n" + std::to_string(table) +
         "\n%%EOF\n";
}

}  // namespace

std::string toPdf(const Drawing& drawing) {
  Page page(drawing.height);
  for (const DrawnItem& item : drawing.items) {
    std::visit([&page](const auto& each) { page.add(each); }, item);
  }
  constexpr std::size_t kBeforeImages = 6;
  std::string resources = "/Font << /F1 5 0 R >> /ExtGState <<";
  for (const int opacity : page.opacities()) {
    const std::string value = number(opacity / 100.0);
    resources += " /G" + std::to_string(opacity) + " << /ca " + value + " /CA " + value + " >>";
  }
  resources += " >> /XObject <<";
  for (std::size_t i = 0; i < page.images().size(); ++i) {
    resources += " /I" + std::to_string(i + 1) + " " + std::to_string(kBeforeImages + i + 1) + " 0 R";
  }
  resources += " >>";
  std::vector<std::string> objects = {
      "<< /Type /Catalog /Pages 2 0 R >>",
      "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
      "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 " + number(drawing.width) + " " + number(drawing.height) +
          "] /Resources << " + resources + " >> /Contents 4 0 R >>",
      "<< /Length " + std::to_string(page.content().size()) + " >>\nstream\n" + page.content() + "\nendstream",
      "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
      "<< /Title " + literal(latin1(drawing.title)) + " /Producer (Whorl) >>"};
  objects.insert(objects.end(), page.images().begin(), page.images().end());
  return fileOf(objects);
}

}  // namespace whorl
