#pragma once

#include <array>
#include <functional>
#include <vector>

#include "mix/types.h"

namespace mix::cli {

/// A closed part of one axis.
struct Range {
  double low = 0;
  double high = 1;
  [[nodiscard]] double length() const { return high - low; }
};

/// Log densities at the crossings of a grid: column i is at x(i), row j at y(j).
struct DensityGrid {
  Range across;
  Range up;
  Matrix log_density;  ///< up x across

  [[nodiscard]] double x(double i) const;
  [[nodiscard]] double y(double j) const;
};

/// Evaluates `log_density`, which takes rows of two columns, at size x size points.
DensityGrid density_grid(Range across, Range up, Index size,
                         const std::function<Vector(Rows)>& log_density);

/// The log density above which lies the share `probability` of the distribution: the boundary of
/// its region of highest density (Hyndman 1996). `log_densities` are those of a sample from it.
double highest_density_level(ConstVectorRef log_densities, double probability);

/// A closed line of one level.
struct Loop {
  std::vector<std::array<double, 2>> points;  ///< the first is repeated as the last
  std::size_t level = 0;                      ///< which of the levels asked for
  double area = 0;  ///< positive around what is denser than the level, negative around a hole

  /// The number of levels that the density reaches just inside the loop.
  [[nodiscard]] std::size_t depth() const { return area > 0 ? level + 1 : level; }
};

/// The lines along which the density has one of the ascending `levels`, by marching squares, closed
/// just outside the grid where they leave it; the largest first, so that filling them in this order
/// shows each region in its own color.
std::vector<Loop> contour_loops(const DensityGrid& grid, const std::vector<double>& levels);

}  // namespace mix::cli
