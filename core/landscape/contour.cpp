// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/landscape/contour.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <map>
#include <memory>
#include <unordered_map>
#include <utility>

namespace whorl {
namespace {

/// The sides of a cell, in the order of its corners.
enum Side { kBottom, kRight, kTop, kLeft };

/// Pieces of lines that meet at the edges between points, and how they are joined.
class Pieces {
 public:
  using Edge = std::int64_t;

  void add(Edge from, Edge to) {
    const auto piece = std::ssize(m_pieces);
    m_pieces.emplace_back(from, to);
    for (const Edge edge : {from, to}) {
      auto& ends = m_ends.try_emplace(edge, std::array<std::int64_t, 2>{-1, -1}).first->second;
      ends[ends[0] < 0 ? 0 : 1] = piece;
    }
  }

  /// Each piece once; open lines from one of their ends.
  std::vector<std::vector<Edge>> joined() const {
    std::vector<std::vector<Edge>> lines;
    std::vector<bool> used(m_pieces.size());
    for (const bool open : {true, false}) {
      for (std::size_t i = 0; i < m_pieces.size(); ++i) {
        if (used[i]) continue;
        const auto [from, to] = m_pieces[i];
        if (!open) {
          lines.push_back(follow(from, i, used));
        } else if (m_ends.at(from)[1] < 0 || m_ends.at(to)[1] < 0) {
          lines.push_back(follow(m_ends.at(from)[1] < 0 ? from : to, i, used));
        }
      }
    }
    return lines;
  }

 private:
  std::vector<Edge> follow(Edge edge, std::size_t piece, std::vector<bool>& used) const {
    std::vector<Edge> line{edge};
    while (true) {
      used[piece] = true;
      edge = m_pieces[piece].first == edge ? m_pieces[piece].second : m_pieces[piece].first;
      line.push_back(edge);
      const auto& ends = m_ends.at(edge);
      const auto next = ends[0] == static_cast<std::int64_t>(piece) ? ends[1] : ends[0];
      if (next < 0 || used[static_cast<std::size_t>(next)]) return line;
      piece = static_cast<std::size_t>(next);
    }
  }

  std::vector<std::pair<Edge, Edge>> m_pieces;
  std::unordered_map<Edge, std::array<std::int64_t, 2>> m_ends;  ///< the one or two pieces that end at an edge
};

class March {
 public:
  /// `field`: values at the corners of the cells that are asked for; others may be left out.
  March(const Surface& surface, const double* field, double level)
      : m_surface(surface), m_field(field), m_level(level), m_columns(surface.x.size()) {}

  /// Of these cells, each told by its first corner, in rows.
  std::vector<ContourLine> lines(const std::vector<std::size_t>& cells) {
    for (const std::size_t cell : cells) visit(cell % m_columns, cell / m_columns);
    return joined();
  }

 private:
  std::vector<ContourLine> joined() const {
    std::vector<ContourLine> lines;
    for (const auto& edges : m_pieces.joined()) {
      ContourLine line;
      line.reserve(edges.size());
      for (const Pieces::Edge edge : edges) line.push_back(crossing(edge));
      lines.push_back(std::move(line));
    }
    return lines;
  }

  double at(std::size_t column, std::size_t row) const { return m_field[row * m_columns + column]; }

  void visit(std::size_t column, std::size_t row) {
    const std::array corners = {at(column, row), at(column + 1, row), at(column + 1, row + 1), at(column, row + 1)};
    unsigned above = 0;
    double sum = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      if (corners[i] >= m_level) above |= 1U << i;
      sum += corners[i];
    }
    if (above == 0 || above == 15 || std::isnan(sum)) return;
    const auto piece = [&](Side from, Side to) { m_pieces.add(edge(column, row, from), edge(column, row, to)); };
    const bool saddle = above == 5 || above == 10;
    if (saddle) {
      // Corners 0 and 2 are cut off, or 1 and 3.
      const bool connected = sum / 4 >= m_level;
      if ((above == 5) == connected) {
        piece(kBottom, kRight);
        piece(kTop, kLeft);
      } else {
        piece(kLeft, kBottom);
        piece(kRight, kTop);
      }
      return;
    }
    std::array<Side, 2> crossed{};
    std::size_t found = 0;
    for (unsigned side = 0; side < 4; ++side) {
      const bool first = (above >> side & 1U) != 0;
      const bool second = (above >> ((side + 1) % 4) & 1U) != 0;
      if (first != second) crossed[found++] = static_cast<Side>(side);
    }
    piece(crossed[0], crossed[1]);
  }

  /// Even numbers lie between a point and its neighbour in x, odd ones between it and the one in y.
  Pieces::Edge edge(std::size_t column, std::size_t row, Side side) const {
    const std::size_t point =
        (row + (side == kTop ? 1 : 0)) * m_columns + column + (side == kRight ? std::size_t{1} : 0);
    return static_cast<Pieces::Edge>(2 * point + (side == kLeft || side == kRight ? 1 : 0));
  }

  ContourPoint crossing(Pieces::Edge edge) const {
    const std::size_t point = static_cast<std::size_t>(edge) / 2;
    const std::size_t column = point % m_columns;
    const std::size_t row = point / m_columns;
    const bool alongY = edge % 2 != 0;
    const double from = m_field[point];
    const double share = (m_level - from) / (m_field[point + (alongY ? m_columns : 1)] - from);
    const auto between = [share](double a, double b) { return a + share * (b - a); };
    if (alongY) return {m_surface.x[column], between(m_surface.y[row], m_surface.y[row + 1])};
    return {between(m_surface.x[column], m_surface.x[column + 1]), m_surface.y[row]};
  }

  const Surface& m_surface;
  const double* m_field;
  double m_level;
  std::size_t m_columns;
  Pieces m_pieces;
};

/// Steps, up, down, left and right, from each point to the nearest of another class or outside: two sweeps.
std::vector<int> depths(const std::vector<double>& classes, std::size_t columns, std::size_t rows) {
  std::vector<int> depth(classes.size());
  const auto lower = [&](std::size_t column, std::size_t row, int dx, int dy) {
    const std::size_t own = row * columns + column;
    const bool outside = (dx < 0 && column == 0) || (dx > 0 && column + 1 == columns) || (dy < 0 && row == 0) ||
                         (dy > 0 && row + 1 == rows);
    if (outside) return 1;
    const std::size_t other = own + static_cast<std::size_t>(dx) + static_cast<std::size_t>(dy) * columns;
    return classes[other] == classes[own] ? depth[other] + 1 : 1;
  };
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t column = 0; column < columns; ++column) {
      depth[row * columns + column] = std::min(lower(column, row, -1, 0), lower(column, row, 0, -1));
    }
  }
  for (std::size_t row = rows; row-- > 0;) {
    for (std::size_t column = columns; column-- > 0;) {
      int& own = depth[row * columns + column];
      own = std::min({own, lower(column, row, 1, 0), lower(column, row, 0, 1)});
    }
  }
  return depth;
}

/// Cells whose corners are not all of one class, told by their first corner.
std::vector<std::size_t> mixedCells(const std::vector<double>& classes, std::size_t columns, std::size_t rows) {
  std::vector<std::size_t> cells;
  for (std::size_t row = 0; row + 1 < rows; ++row) {
    for (std::size_t column = 0; column + 1 < columns; ++column) {
      const std::size_t cell = row * columns + column;
      const double own = classes[cell];
      if (classes[cell + 1] != own || classes[cell + columns] != own || classes[cell + columns + 1] != own) {
        cells.push_back(cell);
      }
    }
  }
  return cells;
}

/// For each level, ascending, the cells that it may pass through, told by their first corner: those with a corner at or
/// above it and another that isn't. One sweep for all of them; most cells lie between two levels and are seen only
/// once.
std::vector<std::vector<std::size_t>> crossedCells(const Surface& surface, const std::vector<double>& field,
                                                   const std::vector<double>& levels) {
  const std::size_t columns = surface.x.size();
  std::vector<std::vector<std::size_t>> cells(levels.size());
  // How many levels a point reaches, for a row and the one before it.
  std::vector<std::uint16_t> before(columns);
  std::vector<std::uint16_t> reached(columns);
  for (std::size_t row = 0; row < surface.y.size(); ++row) {
    std::fill(reached.begin(), reached.end(), std::uint16_t{0});
    for (const double level : levels) {
      for (std::size_t i = 0; i < columns; ++i) reached[i] += field[row * columns + i] >= level ? 1 : 0;
    }
    for (std::size_t i = 0; row > 0 && i + 1 < columns; ++i) {
      const auto [low, high] = std::minmax({before[i], before[i + 1], reached[i], reached[i + 1]});
      for (std::size_t level = low; level < high; ++level) cells[level].push_back((row - 1) * columns + i);
    }
    std::swap(before, reached);
  }
  return cells;
}

/// The first point of each class that there is; looked up only where a point's differs from the one before.
std::map<double, std::size_t> firstPoints(const std::vector<double>& classes) {
  std::map<double, std::size_t> first;
  for (std::size_t i = 0; i < classes.size(); ++i) {
    if (std::isnan(classes[i]) || (i > 0 && classes[i] == classes[i - 1])) continue;
    first.try_emplace(classes[i], i);
  }
  return first;
}

}  // namespace

std::vector<ContourLine> contourLines(const Surface& surface, const std::vector<double>& field, double level) {
  return std::move(contourLines(surface, field, std::vector{level}).front());
}

std::vector<std::vector<ContourLine>> contourLines(const Surface& surface, const std::vector<double>& field,
                                                   const std::vector<double>& levels) {
  const auto cells = crossedCells(surface, field, levels);
  std::vector<std::vector<ContourLine>> lines;
  lines.reserve(levels.size());
  for (std::size_t i = 0; i < levels.size(); ++i) {
    lines.push_back(March(surface, field.data(), levels[i]).lines(cells[i]));
  }
  return lines;
}

std::vector<double> contourLevels(double low, double high, int wanted) {
  std::vector<double> levels;
  if (!(low < high) || !std::isfinite(high - low) || wanted < 1) return levels;
  const double rough = (high - low) / (wanted + 1);
  const double power = std::pow(10, std::floor(std::log10(rough)));
  double step = 10 * power;
  for (const double factor : {5.0, 2.0, 1.0}) {
    if (factor * power >= rough * (1 - 1e-9)) step = factor * power;
  }
  // Values that differ by their rounding alone have no round numbers between them that a double could tell apart.
  if (std::max(std::abs(low), std::abs(high)) / step > 1e12) return levels;
  for (double number = std::floor(low / step) + 1; number * step < high; ++number) levels.push_back(number * step);
  return levels;
}

std::vector<ContourLine> classBorders(const Surface& surface, const std::vector<double>& classes,
                                      std::optional<int> except) {
  const std::size_t columns = surface.x.size();
  std::map<double, std::size_t> present = firstPoints(classes);
  if (except) present.erase(*except);
  std::vector<ContourLine> borders;
  // The last class has no border that isn't another's, too.
  if (!present.empty()) present.erase(std::prev(present.end()));
  const auto field = std::make_unique_for_overwrite<double[]>(classes.size());  // read at the corners of `cells` alone
  const std::vector<std::size_t> cells = mixedCells(classes, columns, surface.y.size());
  for (const auto& [own, first] : present) {
    for (const std::size_t cell : cells) {
      for (const std::size_t corner : {cell, cell + 1, cell + columns, cell + columns + 1}) {
        const bool hidden = except && classes[corner] == *except;
        field[corner] = hidden ? std::numeric_limits<double>::quiet_NaN() : classes[corner] == own ? 1.0 : 0.0;
      }
    }
    for (ContourLine& line : March(surface, field.get(), 0.5).lines(cells)) borders.push_back(std::move(line));
  }
  return borders;
}

std::vector<ClassPlace> classPlaces(const Surface& surface, const std::vector<double>& classes) {
  const std::size_t columns = surface.x.size();
  const std::vector<int> depth = depths(classes, columns, surface.y.size());
  std::map<double, std::size_t> deepest = firstPoints(classes);
  if (deepest.empty()) return {};
  auto own = deepest.begin();
  for (std::size_t i = 0; i < classes.size(); ++i) {
    if (classes[i] != own->first) own = deepest.find(classes[i]);
    if (own == deepest.end()) own = deepest.begin();  // a class that is no number has no place
    if (classes[i] == own->first && depth[i] > depth[own->second]) own->second = i;
  }
  std::vector<ClassPlace> places;
  for (const auto& [number, at] : deepest) {
    places.push_back(
        {static_cast<int>(number), surface.x[at % columns], surface.y[at / columns], static_cast<double>(depth[at])});
  }
  return places;
}

}  // namespace whorl
