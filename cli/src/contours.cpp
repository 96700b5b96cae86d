#include "contours.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>

namespace mix::cli {

namespace {

/// The crossings of one level with the edges of a grid, joined cell by cell. Grid points are (i,
/// j); an edge is known by its first point and its direction.
class Tracer {
 public:
  Tracer(const Matrix& values, double level) : values_(values), level_(level) {
    for (Index j = 0; j + 1 < values.rows(); ++j) {
      for (Index i = 0; i + 1 < values.cols(); ++i) join_in_cell(i, j);
    }
  }

  /// The lines in coordinates of the grid, the denser side on the left.
  std::vector<std::vector<std::array<double, 2>>> loops() {
    std::vector<std::vector<std::array<double, 2>>> result;
    // In the order of the grid, not of the map: a picture is the same each time.
    for (Index edge = 0; edge < 2 * values_.size(); ++edge) {
      if (!next_.contains(edge)) continue;
      std::vector<std::array<double, 2>> loop;
      Index at = edge;
      for (auto found = next_.find(at); found != next_.end(); found = next_.find(at)) {
        loop.push_back(crossing(at));
        at = found->second;
        next_.erase(found);
      }
      loop.push_back(loop.front());
      result.push_back(std::move(loop));
    }
    return result;
  }

 private:
  [[nodiscard]] bool inside(Index i, Index j) const { return values_(j, i) > level_; }
  [[nodiscard]] Index across(Index i, Index j) const { return 2 * (j * values_.cols() + i); }
  [[nodiscard]] Index up(Index i, Index j) const { return across(i, j) + 1; }

  [[nodiscard]] std::array<double, 2> crossing(Index edge) const {
    const Index i = (edge / 2) % values_.cols();
    const Index j = (edge / 2) / values_.cols();
    const bool is_up = edge % 2 == 1;
    const double from = values_(j, i);
    const double to = is_up ? values_(j + 1, i) : values_(j, i + 1);
    const double part = (level_ - from) / (to - from);
    const auto x = static_cast<double>(i);
    const auto y = static_cast<double>(j);
    return is_up ? std::array{x, y + part} : std::array{x + part, y};
  }

  void join_in_cell(Index i, Index j) {
    // Corners and edges counterclockwise: edge c lies between the corners c and c + 1.
    const std::array<bool, 4> in{inside(i, j), inside(i + 1, j), inside(i + 1, j + 1),
                                 inside(i, j + 1)};
    const std::array<Index, 4> edge{across(i, j), up(i + 1, j), across(i, j + 1), up(i, j)};
    const auto leaves = [&](std::size_t c) { return in[c % 4] && !in[(c + 1) % 4]; };
    const auto enters = [&](std::size_t c) { return !in[c % 4] && in[(c + 1) % 4]; };
    // At a saddle two lines pass; the middle decides which corners they separate.
    const double middle =
        (values_(j, i) + values_(j, i + 1) + values_(j + 1, i) + values_(j + 1, i + 1)) / 4;
    const std::size_t step = middle > level_ ? 1 : 3;
    for (std::size_t c = 0; c < 4; ++c) {
      if (!leaves(c)) continue;
      std::size_t other = c + step;
      while (!enters(other)) other += step;
      next_[edge[c]] = edge[other % 4];
    }
  }

  const Matrix& values_;
  double level_;
  std::unordered_map<Index, Index> next_;
};

double signed_area(const std::vector<std::array<double, 2>>& loop) {
  double sum = 0;
  for (std::size_t i = 1; i < loop.size(); ++i) {
    sum += loop[i - 1][0] * loop[i][1] - loop[i][0] * loop[i - 1][1];
  }
  return sum / 2;
}

}  // namespace

double DensityGrid::x(double i) const {
  return across.low + across.length() * i / static_cast<double>(log_density.cols() - 1);
}

double DensityGrid::y(double j) const {
  return up.low + up.length() * j / static_cast<double>(log_density.rows() - 1);
}

DensityGrid density_grid(Range across, Range up, Index size,
                         const std::function<Vector(Rows)>& log_density) {
  DensityGrid grid{across, up, Matrix(size, size)};
  Matrix points(size * size, 2);
  for (Index i = 0; i < size; ++i) {
    for (Index j = 0; j < size; ++j) {
      points(i * size + j, 0) = grid.x(static_cast<double>(i));
      points(i * size + j, 1) = grid.y(static_cast<double>(j));
    }
  }
  grid.log_density = log_density(points).reshaped(size, size);
  return grid;
}

double highest_density_level(ConstVectorRef log_densities, double probability) {
  std::vector<double> values(log_densities.begin(), log_densities.end());
  if (values.empty()) return infinity;
  const double share = std::clamp(1 - probability, 0.0, 1.0);
  const auto at = static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), values.begin() + at, values.end());
  return values[static_cast<std::size_t>(at)];
}

std::vector<Loop> contour_loops(const DensityGrid& grid, const std::vector<double>& levels) {
  std::vector<Loop> result;
  for (std::size_t level = 0; level < levels.size(); ++level) {
    if (!std::isfinite(levels[level])) continue;
    // A ring outside closes the lines. Log densities far below the level, down to minus infinity,
    // would pull the interpolated line onto the grid points above it.
    const double floor = levels[level] - 4;
    Matrix ringed =
        Matrix::Constant(grid.log_density.rows() + 2, grid.log_density.cols() + 2, floor);
    ringed.block(1, 1, grid.log_density.rows(), grid.log_density.cols()) =
        grid.log_density.array().max(floor).min(1e6);
    for (auto& points : Tracer(ringed, levels[level]).loops()) {
      Loop loop{std::move(points), level, 0};
      loop.area = signed_area(loop.points);
      for (auto& [x, y] : loop.points) {
        x = grid.x(x - 1);
        y = grid.y(y - 1);
      }
      result.push_back(std::move(loop));
    }
  }
  std::stable_sort(result.begin(), result.end(), [](const Loop& a, const Loop& b) {
    return std::abs(a.area) > std::abs(b.area);
  });
  return result;
}

}  // namespace mix::cli
