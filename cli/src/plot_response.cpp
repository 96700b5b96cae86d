#include <algorithm>
#include <cmath>
#include <optional>

#include "mix/errors.h"
#include "mix/json_fields.h"
#include "plot_parts.h"

namespace mix::cli {

namespace {

constexpr Index response_curve_size = 161;
constexpr double least_share = 0.02;  // of a component that is drawn at a place

/// Mean of the response under one component, what is within one standard deviation, and the
/// component's mixing weight there.
struct ResponsePoint {
  double x;
  double mean;
  double low;
  double high;
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
std::vector<std::vector<ResponsePoint>> curves(const MixtureModel& model, const Table& table,
                                               const DrawnRows& rows,
                                               const std::vector<Index>& given,
                                               std::size_t across) {
  Vector values(std::ssize(given));
  for (std::size_t i = 0; i < given.size(); ++i) {
    const double mean = rows.x.col(given[i]).dot(rows.weights) / rows.weights.sum();
    values[static_cast<Index>(i)] = as_cell(table.column(given[i]), mean);
  }
  const Column& column = table.column(given[across]);
  const auto x = rows.x.col(given[across]);
  std::vector<double> places;
  for (const double place : Vector::LinSpaced(response_curve_size, x.minCoeff(), x.maxCoeff())) {
    places.push_back(as_cell(column, place));
  }
  places.erase(std::unique(places.begin(), places.end()), places.end());
  std::vector<std::vector<ResponsePoint>> result(static_cast<std::size_t>(model.n_components()));
  for (const double place : places) {
    values[static_cast<Index>(across)] = place;
    const MixtureModel there = model.conditional(given, values);
    for (Index k = 0; k < model.n_components(); ++k) {
      const Moments moments = there.family().moments(k);
      const double mean = moments.mean[0];
      const double deviation = std::sqrt(std::max(moments.covariance(0, 0), 0.0));
      result[static_cast<std::size_t>(k)].push_back(
          {place, mean, mean - deviation, mean + deviation, there.weights()[k]});
    }
  }
  return result;
}

/// The parts of a curve where its component has a share and a mean.
std::vector<std::vector<ResponsePoint>> drawn_parts(const std::vector<ResponsePoint>& curve) {
  std::vector<std::vector<ResponsePoint>> parts;
  bool open = false;
  for (const ResponsePoint& point : curve) {
    const bool drawn = point.share >= least_share && std::isfinite(point.mean);
    if (drawn && !open) parts.emplace_back();
    if (drawn) parts.back().push_back(point);
    open = drawn;
  }
  return parts;
}

/// The columns of the two axes.
struct Axes {
  Index across;
  Index up;
};

/// Rows, and the curves of all components before them.
void draw_curves(Picture& picture, const MixtureModel& model, const Table& table,
                 const DrawnRows& rows, const PlotOptions& options, Axes axes,
                 const std::vector<std::vector<ResponsePoint>>& curves_of) {
  picture.command("set key outside right top vertical Left reverse samplen 1.5 spacing 1.25");
  std::vector<std::string> bands;
  std::vector<std::string> lines;
  for (std::size_t k = 0; k < curves_of.size(); ++k) {
    const Color color = component_color(model, static_cast<Index>(k));
    const auto [fewest, best] = std::minmax_element(
        curves_of[k].begin(), curves_of[k].end(),
        [](const ResponsePoint& a, const ResponsePoint& b) { return a.share < b.share; });
    const double most = best->share;
    const bool gated = fewest->share < most;
    for (const std::vector<ResponsePoint>& part : drawn_parts(curves_of[k])) {
      std::vector<std::vector<double>> points;
      for (const auto& [x, mean, low, high, share] : part) {
        points.push_back(
            {x, mean, low, high, static_cast<double>(paler(color, 0.75 * (1 - share / most)))});
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
  for (auto& part : {scatter_elements(picture, model, table, rows, axes.across, axes.up, size),
                     lines,
                     legend(model, options.component_names, {axes.up}),
                     {"keyentry with lines lc rgb '#555555' lw 2.4 title 'mean of a component'",
                      "keyentry with boxes fs solid border rgb '#DDDDDD' fc rgb '#DDDDDD' title "
                      "'one standard deviation'"}}) {
    elements.insert(elements.end(), part.begin(), part.end());
  }
  picture.plot(elements);
}

/// The share of successes in so many trials.
ResponsePoint share_of_successes(const Json& parameters, double trials) {
  double p = 0;
  double correlation = 0;  // of two trials of a row
  if (const auto probability = parameters.find("probability"); probability != parameters.end()) {
    p = probability->get<double>();
  } else {
    const auto alpha = parameters.at("alpha").get<double>();
    const auto beta = parameters.at("beta").get<double>();
    p = alpha / (alpha + beta);
    correlation = 1 / (alpha + beta + 1);
  }
  const double variance = p * (1 - p) / trials * (1 + (trials - 1) * correlation);
  const double deviation = std::sqrt(variance);
  return {trials, p, std::max(p - deviation, 0.0), std::min(p + deviation, 1.0), 1};
}

/// Without the rows that had no trial; columns are trials and shares of successes.
DrawnRows as_shares(const DrawnRows& rows) {
  std::vector<Index> tried;
  for (Index i = 0; i < rows.x.rows(); ++i) {
    if (rows.x(i, 1) > 0) tried.push_back(i);
  }
  DrawnRows result = rows;
  result.x = rows.x(tried, Eigen::all);
  result.x.col(0) = result.x.col(0).cwiseQuotient(result.x.col(1));
  result.x.col(0).swap(result.x.col(1));
  result.certainty = rows.certainty(tried);
  result.weights = rows.weights(tried);
  for (std::size_t i = 0; i < tried.size(); ++i) {
    result.labels[i] = rows.labels[static_cast<std::size_t>(tried[i])];
  }
  result.labels.resize(tried.size());
  return result;
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
  draw_curves(picture, model, table, rows, options, {across, response}, curves_of);
}

bool plots_shares(const MixtureModel& model) {
  if (model.dimension() != 2) return false;
  for (Index k = 0; k < model.n_components(); ++k) {
    const std::string name = component_family(model.family(), k);
    if (name != "binomial" && name != "beta_binomial") return false;
  }
  return true;
}

void plot_shares(Picture& picture, const MixtureModel& model, const Table& table,
                 const PlotOptions& options) {
  const DrawnRows all = drawn_rows(model, table, most_rows(1), options.weights);
  const DrawnRows rows = as_shares(all);
  if (rows.x.rows() == 0) throw DataError("there is nothing to draw: no row has a trial");
  const std::string& trials = table.column(1).name;
  const Table shares =
      Table::from_matrix(rows.x, {trials, fmt::format("{} / {}", table.column(0).name, trials)});
  const Range across = axis_range(model, shares, rows, 0);
  std::vector<std::vector<ResponsePoint>> curves_of;
  for (Index k = 0; k < model.n_components(); ++k) {
    const Json parameters = json_component(model.family(), k);
    std::vector<ResponsePoint>& curve = curves_of.emplace_back();
    for (const double n :
         Vector::LinSpaced(response_curve_size, std::max(across.low, 1.0), across.high)) {
      curve.push_back(share_of_successes(parameters, n));
    }
  }
  write_heading(picture, heading(model, all));
  set_axis(picture, "x", shares.column(0), across);
  set_axis(picture, "y", shares.column(1), padded_range(Vector{{0, 1}}, 0.04));
  draw_curves(picture, model, shares, rows, options, {0, 1}, curves_of);
}

}  // namespace mix::cli
