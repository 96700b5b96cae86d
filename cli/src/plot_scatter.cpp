#include <algorithm>
#include <cmath>

#include "histogram.h"
#include "plot_parts.h"

namespace mix::cli {

namespace {

constexpr std::array inner_and_outer{0.5, 0.95};
constexpr std::array regions{0.95, 0.75, 0.5, 0.25};  // outermost first: ascending density
constexpr std::array<Color, 4> region_colors{0xF3F3F3, 0xE7E7E7, 0xDADADA, 0xCCCCCC};

std::vector<std::vector<double>> rows_of(const std::vector<std::array<double, 2>>& points) {
  std::vector<std::vector<double>> rows;
  for (const auto& [x, y] : points) rows.push_back({x, y});
  return rows;
}

Vector drawn_values(const Table& table, const DrawnRows& rows, Index j) {
  const Vector values = rows.x.col(j);
  return is_jittered(table.column(j), values) ? jittered(values, static_cast<std::uint64_t>(j))
                                              : values;
}

/// The log density of the uniform noise in a mixture, minus infinity without noise.
double noise_level(const MixtureModel& model, ConstMatrixRef x) {
  double result = -infinity;
  Matrix log_densities(x.rows(), model.n_components());
  model.family().log_densities(x, log_densities);
  for (Index k = 0; k < model.n_components(); ++k) {
    if (!is_noise(model, k)) continue;
    result = std::max(result, log_densities.col(k).maxCoeff() + std::log(model.weights()[k]));
  }
  return result;
}

/// The levels of the regions of highest density. One that is hardly above uniform noise would show
/// where the others' tails end in it, and is -infinity.
std::vector<double> region_levels(const MixtureModel& model, const DrawnRows& rows) {
  constexpr Index sample_size = 20000;
  const Matrix sample = model.family().samples() ? model.sample(sample_size, 1).x : rows.x;
  const Vector log_densities = model.log_density(sample);
  const double least = noise_level(model, sample) + std::log(1.25);
  std::vector<double> levels;
  for (const double probability : regions) {
    const double level = highest_density_level(log_densities, probability);
    levels.push_back(level > least ? level : -infinity);
  }
  return levels;
}

/// The regions of highest density, filled, each within the one before.
std::vector<std::string> region_elements(Picture& picture, const MixtureModel& model,
                                         const std::vector<double>& levels, Range across,
                                         Range up) {
  const DensityGrid grid =
      density_grid(across, up, 160, [&](Rows x) { return model.log_density(x); });
  const auto outermost =
      static_cast<std::size_t>(std::count(levels.begin(), levels.end(), -infinity));
  std::vector<std::string> elements;
  for (const Loop& loop : contour_loops(grid, levels)) {
    const Color color = loop.depth() <= outermost ? 0xFFFFFF : region_colors.at(loop.depth() - 1);
    const std::string data = picture.data(rows_of(loop.points));
    elements.push_back(
        fmt::format("{} with filledcurves closed fc rgb {} fs solid", data, rgb(color)));
    elements.push_back(fmt::format("{} with lines lc rgb '#BBBBBB' lw 0.6", data));
  }
  return elements;
}

}  // namespace

Range axis_range(const MixtureModel& model, const Table& table, const DrawnRows& rows, Index j) {
  const Column& column = table.column(j);
  if (column.kind == ColumnKind::category && !column.levels.empty()) {
    return {-0.6, static_cast<double>(column.levels.size()) - 0.4};
  }
  Range range = padded_range(rows.x.col(j), 0.05);
  if (is_jittered(column, rows.x.col(j))) range = {range.low - 0.3, range.high + 0.3};
  Range all = range;
  for (Index k = 0; k < model.n_components(); ++k) {
    const std::optional<Shape> shape = component_shape(model.family(), k, {j});
    if (!shape) continue;
    const double reach = 1.04 * mahalanobis_radius(*shape, 0.95) * std::sqrt(shape->scale(0, 0));
    all = extended(all, {shape->mean[0] - reach, shape->mean[0] + reach}, infinity);
  }
  return extended(range, all, 0.12);
}

std::vector<std::string> ellipse_elements(Picture& picture, const MixtureModel& model,
                                          const DrawnRows& rows, Index across, Index up,
                                          double width) {
  std::vector<std::string> elements;
  for (Index k = 0; k < model.n_components(); ++k) {
    const std::optional<Shape> shape = component_shape(model.family(), k, {across, up});
    if (!shape) continue;
    for (const double probability : inner_and_outer) {
      const auto points = ellipse(*shape, mahalanobis_radius(*shape, probability));
      const std::string data = picture.data(rows_of(points));
      // A white line below keeps it apart from a cloud of points of the same color.
      if (rows.x.rows() > 1000)
        elements.push_back(fmt::format("{} with lines lc rgb '#60FFFFFF' lw {}", data, width + 2));
      elements.push_back(fmt::format("{} with lines lc rgb {} lw {} dt {}", data,
                                     rgb(component_color(model, k)), width,
                                     probability > 0.9 ? "(12,7)" : "solid"));
    }
  }
  return elements;
}

std::vector<std::string> legend(const MixtureModel& model, const std::vector<std::string>& names,
                                const std::vector<Index>& columns, std::size_t n_regions) {
  std::vector<std::string> entries;
  bool has_shapes = false;
  for (Index k = 0; k < model.n_components(); ++k) {
    for (std::size_t j = 1; j < columns.size(); ++j) {
      const std::vector<Index> pair{columns[0], columns[j]};
      has_shapes = has_shapes || component_shape(model.family(), k, pair);
    }
    if (model.n_components() == 1) continue;
    entries.push_back(fmt::format("keyentry with points pt {} ps 0.9*mark lc rgb {} title {}",
                                  series_mark(static_cast<std::size_t>(k)),
                                  rgb(component_color(model, k)),
                                  literal(component_label(model, k, names))));
  }
  if (has_shapes) {
    entries.push_back("keyentry with lines lc rgb '#555555' lw 1.6 title '50 % of a component'");
    entries.push_back(
        "keyentry with lines lc rgb '#555555' lw 1.6 dt (12,7) title '95 % of a component'");
  }
  for (std::size_t i = regions.size(); i-- > regions.size() - n_regions;) {
    entries.push_back(fmt::format(
        "keyentry with boxes fs solid border rgb '#BBBBBB' fc rgb {} title 'densest {:.0f} %'",
        rgb(region_colors.at(i)), 100 * regions.at(i)));
  }
  return entries;
}

std::vector<std::string> scatter_elements(Picture& picture, const MixtureModel& model,
                                          const Table& table, const DrawnRows& rows, Index across,
                                          Index up, double size) {
  const Vector x = drawn_values(table, rows, across);
  const Vector y = drawn_values(table, rows, up);
  // The first byte of gnuplot's colors; where many points lie on each other they show how many.
  const Color transparency = x.size() > 2000 ? 0x80000000U : 0;
  std::vector<std::string> elements;
  for (Index k = 0; k < model.n_components(); ++k) {
    std::vector<std::vector<double>> points;
    for (Index i = 0; i < x.size(); ++i) {
      if (rows.labels[static_cast<std::size_t>(i)] != k) continue;
      const Color color = paler(component_color(model, k), 0.05 + 0.55 * (1 - rows.certainty[i]));
      points.push_back({x[i], y[i], static_cast<double>(transparency + color)});
    }
    if (points.empty()) continue;
    elements.push_back(fmt::format("{} using 1:2:3 with points pt {} ps {}*mark lc rgb variable",
                                   picture.data(points), series_mark(static_cast<std::size_t>(k)),
                                   size));
  }
  return elements;
}

void plot_plane(Picture& picture, const MixtureModel& model, const Table& table,
                const PlotOptions& options, const std::vector<Index>& columns) {
  const DrawnRows rows = drawn_rows(model, table, most_rows(1), options.weights);
  const Index first = columns[0];
  const Index second = columns[1];
  // Beside given columns there is no density of the two alone.
  const bool continuous = model.dimension() == 2 && !is_discrete(model, rows.x, first) &&
                          !is_discrete(model, rows.x, second);
  const Range across = axis_range(model, table, rows, first);
  const Range up = axis_range(model, table, rows, second);
  write_heading(picture, heading(model, rows));
  set_axis(picture, "x", table.column(first), across);
  set_axis(picture, "y", table.column(second), up);
  picture.command("set key outside right top vertical Left reverse samplen 1.5 spacing 1.25");

  std::vector<std::string> elements;
  std::size_t n_regions = 0;
  if (continuous) {
    const std::vector<double> levels = region_levels(model, rows);
    n_regions = levels.size() -
                static_cast<std::size_t>(std::count(levels.begin(), levels.end(), -infinity));
    elements = region_elements(picture, model, levels, across, up);
  }
  const double size = std::clamp(20 / std::sqrt(static_cast<double>(rows.x.rows())), 0.3, 0.7);
  for (auto& part : {scatter_elements(picture, model, table, rows, first, second, size),
                     ellipse_elements(picture, model, rows, first, second, 1.8),
                     legend(model, options.component_names, columns, n_regions)}) {
    elements.insert(elements.end(), part.begin(), part.end());
  }
  picture.plot(elements);
}

}  // namespace mix::cli
