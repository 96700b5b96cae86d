#include <algorithm>
#include <cmath>
#include <optional>

#include "mix/errors.h"
#include "plot_parts.h"

namespace mix::cli {

namespace {

constexpr Index curve_size = 161;
constexpr double least_share = 0.02;  // of a component that is drawn at a place

/// Mean and standard deviation of the response under one component, and its mixing weight there.
struct Point {
  double x;
  double mean;
  double deviation;
  double share;
};

/// The square of the correlation of two columns of weighted rows.
double correlation(const DrawnRows& rows, Index i, Index j) {
  const auto centered = [&](Index column) {
    const Vector x = rows.x.col(column);
    return Vector(x.array() - x.dot(rows.weights) / rows.weights.sum());
  };
  const Vector x = centered(i);
  const Vector y = centered(j);
  const auto product = [&](const Vector& a, const Vector& b) {
    return (a.array() * b.array() * rows.weights.array()).sum();
  };
  const double norm = product(x, x) * product(y, y);
  return norm > 0 ? product(x, y) * product(x, y) / norm : 0;
}

/// The given column that goes with the response best.
std::size_t telling(const DrawnRows& rows, const std::vector<Index>& given, Index response) {
  std::size_t best = 0;
  double most = -1;
  for (std::size_t i = 0; i < given.size(); ++i) {
    const double own = correlation(rows, given[i], response);
    if (own > most) {
      most = own;
      best = i;
    }
  }
  return best;
}

double as_cell(const Column& column, double value) {
  return column.kind == ColumnKind::real ? value : std::round(value);
}

/// The curves of all components along one given column, the others at their means.
std::vector<std::vector<Point>> curves(const MixtureModel& model, const Table& table,
                                       const DrawnRows& rows, const std::vector<Index>& given,
                                       std::size_t across) {
  Vector values(std::ssize(given));
  for (std::size_t i = 0; i < given.size(); ++i) {
    const double mean = rows.x.col(given[i]).dot(rows.weights) / rows.weights.sum();
    values[static_cast<Index>(i)] = as_cell(table.column(given[i]), mean);
  }
  const Column& column = table.column(given[across]);
  const auto x = rows.x.col(given[across]);
  std::vector<double> places;
  for (const double place : Vector::LinSpaced(curve_size, x.minCoeff(), x.maxCoeff())) {
    places.push_back(as_cell(column, place));
  }
  places.erase(std::unique(places.begin(), places.end()), places.end());
  std::vector<std::vector<Point>> result(static_cast<std::size_t>(model.n_components()));
  for (const double place : places) {
    values[static_cast<Index>(across)] = place;
    const MixtureModel there = model.conditional(given, values);
    for (Index k = 0; k < model.n_components(); ++k) {
      const Moments moments = there.family().moments(k);
      result[static_cast<std::size_t>(k)].push_back(
          {place, moments.mean[0], std::sqrt(std::max(moments.covariance(0, 0), 0.0)),
           there.weights()[k]});
    }
  }
  return result;
}

/// The parts of a curve where its component has a share and a mean.
std::vector<std::vector<Point>> drawn_parts(const std::vector<Point>& curve) {
  std::vector<std::vector<Point>> parts;
  bool open = false;
  for (const Point& point : curve) {
    const bool drawn = point.share >= least_share && std::isfinite(point.mean);
    if (drawn && !open) parts.emplace_back();
    if (drawn) parts.back().push_back(point);
    open = drawn;
  }
  return parts;
}

}  // namespace

bool plots_response(const MixtureModel& model, const std::vector<Index>& described) {
  if (described.size() != 1 || model.dimension() == 1) return false;
  const std::vector<Index> given = other_columns(model.dimension(), described);
  try {
    (void)model.conditional(given, Vector::Ones(std::ssize(given))).family().moments(0);
  } catch (const NotAvailable&) {
    return false;
  }
  return true;
}

void plot_response(Picture& picture, const MixtureModel& model, const Table& table,
                   const PlotOptions& options, Index response) {
  const DrawnRows rows = drawn_rows(model, table, most_rows(1), options.weights);
  const std::vector<Index> given = other_columns(model.dimension(), {response});
  const std::size_t chosen = telling(rows, given, response);
  const Index across = given[chosen];
  const auto curves_of = curves(model, table, rows, given, chosen);
  write_heading(picture, heading(model, rows));
  set_axis(picture, "x", table.column(across), axis_range(model, table, rows, across));
  if (given.size() > 1) {
    const std::string others = given.size() > 2
                                   ? std::string("other columns at their means")
                                   : table.column(given[1 - chosen]).name + " at its mean";
    picture.command("set xlabel {}",
                    literal(fmt::format("{} ({})", table.column(across).name, others)));
  }
  set_axis(picture, "y", table.column(response), padded_range(rows.x.col(response), 0.05));
  picture.command("set key outside right top vertical Left reverse samplen 1.5 spacing 1.25");

  std::vector<std::string> bands;
  std::vector<std::string> lines;
  for (std::size_t k = 0; k < curves_of.size(); ++k) {
    const Color color = component_color(model, static_cast<Index>(k));
    const auto [fewest, best] =
        std::minmax_element(curves_of[k].begin(), curves_of[k].end(),
                            [](const Point& a, const Point& b) { return a.share < b.share; });
    const double most = best->share;
    const bool gated = fewest->share < most;
    for (const std::vector<Point>& part : drawn_parts(curves_of[k])) {
      std::vector<std::vector<double>> points;
      for (const auto& [x, mean, deviation, share] : part) {
        points.push_back({x, mean, mean - deviation, mean + deviation,
                          static_cast<double>(paler(color, 0.75 * (1 - share / most)))});
      }
      const std::string data = picture.data(points);
      bands.push_back(fmt::format(
          "{} using 1:3:4 with filledcurves fc rgb {} fs transparent solid 0.13 noborder", data,
          rgb(color)));
      lines.push_back(fmt::format("{} using {} with lines lw 2.4 lc rgb {}", data,
                                  gated ? "1:2:5" : "1:2",
                                  gated ? std::string("variable") : rgb(color)));
    }
  }
  const double size = std::clamp(20 / std::sqrt(static_cast<double>(rows.x.rows())), 0.3, 0.7);
  std::vector<std::string> elements = std::move(bands);
  for (auto& part : {scatter_elements(picture, model, table, rows, across, response, size),
                     lines,
                     legend(model, options.component_names, {response}),
                     {"keyentry with lines lc rgb '#555555' lw 2.4 title 'mean of a component'",
                      "keyentry with boxes fs solid border rgb '#DDDDDD' fc rgb '#DDDDDD' title "
                      "'one standard deviation'"}}) {
    elements.insert(elements.end(), part.begin(), part.end());
  }
  picture.plot(elements);
}

}  // namespace mix::cli
