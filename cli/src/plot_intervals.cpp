#include <algorithm>
#include <cmath>

#include "mix/errors.h"
#include "plot_parts.h"
#include "turnbull.h"

namespace mix::cli {

namespace {

constexpr Index curve_size = 300;

/// The range of the finite ends, with room.
Range range_of_ends(ConstMatrixRef ends) {
  std::vector<double> finite;
  for (const double end : ends.reshaped()) {
    if (std::isfinite(end)) finite.push_back(end);
  }
  return padded_range(Eigen::Map<const Vector>(finite.data(), std::ssize(finite)), 0.06);
}

/// The weighted cdfs of the components, and in the last column their sum: an interval without a
/// lower end has the probability of all values up to its upper one.
Matrix weighted_cdfs(const MixtureModel& model, const Vector& x) {
  const Index k = model.n_components();
  Matrix ends(x.size(), 2);
  ends << Vector::Constant(x.size(), -infinity), x;
  Matrix result(x.size(), k + 1);
  model.family().log_densities(ends, result.leftCols(k));
  result.leftCols(k) =
      result.leftCols(k).array().exp().rowwise() * model.weights().transpose().array();
  result.col(k) = result.leftCols(k).rowwise().sum();
  return result;
}

/// The cdf of the rows: level where there is no mass, rising evenly where nothing tells how, and
/// ending where the rest lies anywhere beyond.
std::vector<std::vector<double>> cdf_of_rows(const std::vector<MassInterval>& masses, Range range) {
  std::vector<std::vector<double>> points;
  double below = 0;
  for (const MassInterval& next : masses) {
    if (!std::isfinite(next.low)) {
      below += next.mass;
      points.push_back({next.high, below});
      continue;
    }
    if (points.empty()) points.push_back({range.low, 0});
    points.push_back({next.low, below});
    if (!std::isfinite(next.high)) return points;
    below += next.mass;
    points.push_back({next.high, below});
  }
  points.push_back({range.high, below});
  return points;
}

void plot_pair(Picture& picture, const MixtureModel& model, const std::string& axis,
               const DrawnRows& rows, ConstMatrixRef ends, const PlotOptions& options) {
  const bool counts = model.family().discrete();
  const Range range = range_of_ends(ends);
  const Vector x =
      counts && range.length() < static_cast<double>(curve_size)
          ? Vector::LinSpaced(static_cast<Index>(std::floor(range.high) - std::ceil(range.low)) + 1,
                              std::ceil(range.low), std::floor(range.high))
          : Vector::LinSpaced(curve_size, range.low, range.high);
  const Matrix cdfs = weighted_cdfs(model, x);
  const auto points = [&](Index column) {
    std::vector<std::vector<double>> result;
    for (Index i = 0; i < x.size(); ++i) result.push_back({x[i], cdfs(i, column)});
    return picture.data(result);
  };
  const std::string style = counts ? "steps" : "lines";
  set_axis(picture, "x", {axis, counts ? ColumnKind::count : ColumnKind::real, {}}, range);
  picture.command("set yrange [0:1.03]; set ytics 0.2; set ylabel 'cumulative probability'");
  picture.command("set key outside right top vertical Left reverse samplen 2 spacing 1.25");
  const auto masses =
      turnbull(ends, rows.weights, counts ? ValueKind::counts : ValueKind::measurements);
  const Index k = model.n_components();
  std::vector<std::string> elements{
      fmt::format("{} with lines lc rgb {} lw 6 title 'data (Turnbull)'",
                  picture.data(cdf_of_rows(masses, range)), rgb(bars)),
      fmt::format("{} with {} lc rgb {} lw 2 title {}", points(k), style, rgb(ink),
                  k > 1 ? "'mixture'" : "'model'")};
  for (Index c = 0; c < k && k > 1; ++c) {
    elements.push_back(fmt::format("{} with {} lc rgb {} lw 1.6 title {}", points(c), style,
                                   rgb(component_color(model, c)),
                                   literal(component_label(model, c, options.component_names))));
  }
  picture.plot(elements);
}

}  // namespace

std::vector<std::pair<Index, Index>> interval_columns(const AnyFamily& family) {
  std::vector<std::pair<Index, Index>> pairs;
  Index low = -1;
  for (Index j = 0; j < family.dimension(); ++j) {
    if (!family.takes_infinite_cells(j)) continue;
    if (low < 0) {
      low = j;
    } else {
      pairs.emplace_back(low, j);
      low = -1;
    }
  }
  return pairs;
}

void plot_intervals(Picture& picture, const MixtureModel& model, const Table& table,
                    const PlotOptions& options) {
  const DrawnRows rows = drawn_rows(model, table, table.rows(), options.weights);
  const auto pairs = interval_columns(model.family());
  const auto panels = static_cast<double>(pairs.size());
  std::string text = heading(model, rows);
  if (2 * std::ssize(pairs) < model.dimension()) text += "; the columns of intervals";
  if (pairs.size() == 1) write_heading(picture, text);
  if (pairs.size() > 1) {
    picture.command("set multiplot layout {},1 title {} tc rgb {}", pairs.size(),
                    literal(text, 110), rgb(0x555555));
  }
  for (const auto& [low, high] : pairs) {
    const Matrix ends = rows.x(Eigen::all, std::vector<Index>{low, high});
    const std::string axis = fmt::format("{}, {}", table.column(low).name, table.column(high).name);
    plot_pair(picture, model.dimension() == 2 ? model : model.marginal({low, high}), axis, rows,
              ends, options);
  }
  if (panels > 1) picture.command("unset multiplot");
}

}  // namespace mix::cli
