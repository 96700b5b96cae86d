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

Range drawn_range(const Table& table, const DrawnRows& rows, Index j) {
  const Column& column = table.column(j);
  if (column.kind == ColumnKind::category && !column.levels.empty()) {
    return {-0.6, static_cast<double>(column.levels.size()) - 0.4};
  }
  const Range range = padded_range(rows.x.col(j), 0.05);
  return is_jittered(column, rows.x.col(j)) ? Range{range.low - 0.3, range.high + 0.3} : range;
}

/// The two ellipses of each component that has a shape in these columns.
std::vector<std::string> ellipse_elements(Picture& picture, const MixtureModel& model,
                                          Index across, Index up, double width) {
  std::vector<std::string> elements;
  for (Index k = 0; k < model.n_components(); ++k) {
    const std::optional<Shape> shape = component_shape(model.family(), k, {across, up});
    if (!shape) continue;
    for (const double probability : inner_and_outer) {
      const auto points = ellipse(*shape, mahalanobis_radius(*shape, probability));
      elements.push_back(fmt::format(
          "{} using 1:2 with lines lc rgb {} lw {} dt {}", picture.data(rows_of(points)),
          rgb(paler(component_color(model, k), 0.0)), width,
          probability > 0.9 ? "(6,4)" : "solid"));
    }
  }
  return elements;
}

/// The regions of highest density, filled, each within the one before.
std::vector<std::string> region_elements(Picture& picture, const MixtureModel& model,
                                         const DrawnRows& rows, Range across, Range up) {
  constexpr Index sample_size = 20000;
  const Vector log_densities =
      model.log_density(model.family().samples() ? model.sample(sample_size, 1).x : rows.x);
  std::vector<double> levels;
  for (const double probability : regions) {
    levels.push_back(highest_density_level(log_densities, probability));
  }
  const DensityGrid grid =
      density_grid(across, up, 160, [&](Rows x) { return model.log_density(x); });
  std::vector<std::string> elements;
  for (const Loop& loop : contour_loops(grid, levels)) {
    const Color color = loop.depth() == 0 ? 0xFFFFFF : region_colors.at(loop.depth() - 1);
    const std::string data = picture.data(rows_of(loop.points));
    elements.push_back(fmt::format("{} using 1:2 with filledcurves closed fc rgb {} fs solid", data,
                                   rgb(color)));
    elements.push_back(
        fmt::format("{} using 1:2 with lines lc rgb '#BBBBBB' lw 0.6", data));
  }
  return elements;
}

/// Entries of the legend that draw nothing in the axes.
std::vector<std::string> legend(const MixtureModel& model, bool has_shapes, bool has_regions) {
  std::vector<std::string> entries;
  if (model.n_components() > 1) {
    for (Index k = 0; k < model.n_components(); ++k) {
      entries.push_back(fmt::format("keyentry with points pt {} ps 0.9 lc rgb {} title {}",
                                    series_mark(static_cast<std::size_t>(k)),
                                    rgb(component_color(model, k)),
                                    literal(component_label(model, k))));
    }
  }
  if (has_shapes) {
    entries.push_back("keyentry with lines lc rgb '#555555' lw 1.6 title '50 % of a component'");
    entries.push_back(
        "keyentry with lines lc rgb '#555555' lw 1.6 dt (6,4) title '95 % of a component'");
  }
  if (has_regions) {
    for (std::size_t i = regions.size(); i-- > 0;) {
      entries.push_back(fmt::format(
          "keyentry with boxes fs solid border rgb '#BBBBBB' fc rgb {} title 'densest {:.0f} %'",
          rgb(region_colors.at(i)), 100 * regions.at(i)));
    }
  }
  return entries;
}

bool any_shape(const MixtureModel& model, Index across, Index up) {
  for (Index k = 0; k < model.n_components(); ++k) {
    if (component_shape(model.family(), k, {across, up})) return true;
  }
  return false;
}

/// A range with room for the components' ellipses, as far as they do not dwarf the data.
Range with_shapes(const MixtureModel& model, Index j, Range range) {
  Range all = range;
  for (Index k = 0; k < model.n_components(); ++k) {
    const std::optional<Shape> shape = component_shape(model.family(), k, {j});
    if (!shape) continue;
    const double reach = mahalanobis_radius(*shape, 0.95) * std::sqrt(shape->scale(0, 0));
    all = extended(all, {shape->mean[0] - reach, shape->mean[0] + reach}, infinity);
  }
  return extended(range, all, 0.12);
}

}  // namespace

std::vector<std::string> scatter_elements(Picture& picture, const MixtureModel& model,
                                          const Table& table, const DrawnRows& rows, Index across,
                                          Index up, double size) {
  const Vector x = drawn_values(table, rows, across);
  const Vector y = drawn_values(table, rows, up);
  std::vector<std::string> elements;
  for (Index k = 0; k < model.n_components(); ++k) {
    std::vector<std::vector<double>> points;
    for (Index i = 0; i < x.size(); ++i) {
      if (rows.labels[static_cast<std::size_t>(i)] != k) continue;
      points.push_back({x[i], y[i],
                        static_cast<double>(paler(component_color(model, k),
                                                  0.15 + 0.65 * (1 - rows.certainty[i])))});
    }
    if (points.empty()) continue;
    elements.push_back(fmt::format("{} using 1:2:3 with points pt {} ps {} lc rgb variable",
                                   picture.data(points), series_mark(static_cast<std::size_t>(k)),
                                   size));
  }
  return elements;
}

void plot_plane(Picture& picture, const MixtureModel& model, const Table& table) {
  const DrawnRows rows = drawn_rows(model, table, most_rows(1));
  const bool continuous = !is_discrete(model, rows.x, 0) && !is_discrete(model, rows.x, 1);
  const Range across = with_shapes(model, 0, drawn_range(table, rows, 0));
  const Range up = with_shapes(model, 1, drawn_range(table, rows, 1));
  write_heading(picture, heading(model, rows));
  set_axis(picture, "x", table.column(0), across);
  set_axis(picture, "y", table.column(1), up);
  picture.command("set key outside right top vertical Left reverse samplen 1.5 spacing 1.25");

  std::vector<std::string> elements;
  if (continuous) elements = region_elements(picture, model, rows, across, up);
  const double size = std::clamp(14 / std::sqrt(static_cast<double>(rows.x.rows())), 0.2, 0.65);
  for (auto& part : {scatter_elements(picture, model, table, rows, 0, 1, size),
                     ellipse_elements(picture, model, 0, 1, 1.8),
                     legend(model, any_shape(model, 0, 1), continuous)}) {
    elements.insert(elements.end(), part.begin(), part.end());
  }
  picture.plot(elements);
}

}  // namespace mix::cli
