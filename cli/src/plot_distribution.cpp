#include <algorithm>
#include <cmath>

#include "histogram.h"
#include "plot_parts.h"

namespace mix::cli {

namespace {

/// Where the curves are evaluated: evenly over the range, and densely across each component, which
/// may be much narrower.
Vector curve_points(const MixtureModel& model, Range range) {
  std::vector<double> points;
  for (int i = 0; i <= 600; ++i) points.push_back(range.low + range.length() * i / 600);
  for (Index k = 0; k < model.n_components(); ++k) {
    const std::optional<Shape> shape = component_shape(model.family(), k, {0});
    if (!shape) continue;
    const double deviation = std::sqrt(std::max(0.0, shape->scale(0, 0)));
    for (int i = -40; i <= 40; ++i) {
      const double x = shape->mean[0] + 0.1 * i * deviation;
      if (x > range.low && x < range.high) points.push_back(x);
    }
  }
  std::sort(points.begin(), points.end());
  return Eigen::Map<const Vector>(points.data(), static_cast<Index>(points.size()));
}

/// The whole numbers of the range. Of more than can be drawn some, evenly over the range, and some
/// that occur, because a component may lie between the former.
Vector whole_numbers(Range range, ConstVectorRef values) {
  constexpr double most = 2000;
  const double first = std::ceil(range.low);
  const double last = std::floor(range.high);
  std::vector<double> numbers;
  const double step = std::max(1.0, std::ceil((last - first) / most));
  const auto count = static_cast<Index>(std::floor((last - first) / step)) + 1;
  for (Index i = 0; i < count; ++i) numbers.push_back(first + static_cast<double>(i) * step);
  if (step > 1) {
    for (const Index i : thinned(values.size(), static_cast<Index>(most))) {
      numbers.push_back(values[i]);
    }
    std::sort(numbers.begin(), numbers.end());
    numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
  }
  return Eigen::Map<const Vector>(numbers.data(), static_cast<Index>(numbers.size()));
}

/// The weighted densities of the components at `x`, and in the last column their sum.
Matrix weighted_densities(const MixtureModel& model, const Vector& x) {
  const Index k = model.n_components();
  Matrix result(x.size(), k + 1);
  model.family().log_densities(x, result.leftCols(k));
  result.leftCols(k) =
      result.leftCols(k).array().exp().rowwise() * model.weights().transpose().array();
  result.leftCols(k) = result.leftCols(k).array().min(1e300);
  result.col(k) = result.leftCols(k).rowwise().sum();
  return result;
}

/// The part of a curve that can be told from the axis, and the feet of its steep sides.
std::vector<std::vector<double>> curve(const Vector& x, ConstVectorRef y, double least) {
  const auto is_steep = [&](Index i) { return i >= 0 && i < y.size() && y[i] > 10 * least; };
  std::vector<std::vector<double>> rows;
  for (Index i = 0; i < x.size(); ++i) {
    if (y[i] > least || is_steep(i - 1) || is_steep(i + 1)) rows.push_back({x[i], y[i]});
  }
  if (rows.empty()) rows.push_back({x[0], 0});
  return rows;
}

/// The values that a histogram shows, and what part of all they are.
struct Shown {
  Vector values{};
  Vector weights{};
  double share = 1;
  Index beyond = 0;  // rows left out
};

/// Those without the few that would make the others a line at the edge.
Shown shown_rows(const Vector& values, const Vector& weights) {
  const Extent extent = main_extent(values, weights);
  std::vector<Index> inside;
  for (Index i = 0; i < values.size(); ++i) {
    if (values[i] >= extent.low && values[i] <= extent.high) inside.push_back(i);
  }
  Shown shown{values(inside), weights.size() > 0 ? Vector(weights(inside)) : Vector()};
  shown.beyond = values.size() - shown.values.size();
  shown.share = weights.size() > 0
                    ? shown.weights.sum() / weights.sum()
                    : static_cast<double>(inside.size()) / static_cast<double>(values.size());
  return shown;
}

}  // namespace

void plot_distribution(Picture& picture, const MixtureModel& model, const Table& table,
                       const PlotOptions& options) {
  const DrawnRows rows = drawn_rows(model, table, table.rows(), options.weights);
  const Column& column = table.column(0);
  const Vector values = rows.x.col(0);
  const bool discrete = column.kind == ColumnKind::category || is_discrete(model, rows.x, 0);
  const Shown shown = discrete ? Shown{values, rows.weights} : shown_rows(values, rows.weights);
  const Histogram histogram = discrete ? count_histogram(shown.values, shown.weights)
                                       : cli::histogram(shown.values, shown.weights);
  const bool one_by_one = discrete && histogram.width == 1;

  Range range = padded_range(shown.values, 0.08);
  range = {std::min(range.low, histogram.low), std::max(range.high, histogram.high())};
  if (discrete) range = {histogram.low - 0.3, histogram.high() + 0.3};
  const Vector x = discrete ? whole_numbers({histogram.low, histogram.high()}, values)
                            : curve_points(model, range);
  const Matrix y = weighted_densities(model, x);
  const Index k = model.n_components();

  write_heading(picture, heading(model, rows));
  set_axis(picture, "x", column, range);
  if (shown.beyond > 0) {
    picture.command("set xlabel {}",
                    literal(fmt::format("{} ({} of {} rows lie beyond)", column.name, shown.beyond,
                                        values.size())));
  }
  const double highest = shown.share * histogram.highest();
  // A component on a few equal values may be very high; the others stay visible.
  const double top = std::min(y.maxCoeff(), 2.5 * highest);
  picture.command("set yrange [0:{}]", number(1.06 * std::max(top, highest)));
  picture.command("set ylabel '{}'", one_by_one ? "probability" : "density");
  picture.command("set key outside right top vertical Left reverse samplen 2 spacing 1.25");

  std::vector<std::vector<double>> boxes;
  for (std::size_t i = 0; i < histogram.counts.size(); ++i) {
    boxes.push_back({histogram.center(i), shown.share * histogram.density(i),
                     one_by_one ? 0.8 : histogram.width});
  }
  std::vector<std::string> elements{
      fmt::format("{} using 1:2:3 with boxes fc rgb {} fs solid border rgb {} title 'data'",
                  picture.data(boxes), rgb(bars), rgb(one_by_one ? bars : 0xFFFFFF))};
  const double least = 0.002 * std::max(top, highest);
  const double mark = std::clamp(30.0 / static_cast<double>(boxes.size()), 0.45, 0.8);
  const std::string sum = picture.data(curve(x, y.col(k), least));
  const std::string sum_title = k > 1 ? "'mixture'" : "'model'";
  if (!one_by_one) {
    elements.push_back(
        fmt::format("{} with lines lc rgb {} lw 3.4 title {}", sum, rgb(ink), sum_title));
  }
  for (Index c = 0; c < k && k > 1; ++c) {
    const std::string color = rgb(component_color(model, c));
    const std::string data = picture.data(curve(x, y.col(c), least));
    const std::string title = literal(component_label(model, c, options.component_names));
    if (one_by_one) {
      elements.push_back(
          fmt::format("{} with linespoints lc rgb {} lw 1.4 pt {} ps {}*mark title {}", data, color,
                      series_mark(static_cast<std::size_t>(c)), 0.7 * mark, title));
    } else {
      if (!is_noise(model, c))
        elements.push_back(fmt::format(
            "{} with filledcurves y1=0 fc rgb {} fs transparent solid 0.22 noborder", data, color));
      elements.push_back(
          fmt::format("{} with lines lc rgb {} lw 1.6 title {}", data, color, title));
    }
  }
  if (one_by_one) {
    elements.push_back(fmt::format("{} with points lc rgb {} pt 6 ps {}*mark lw 1.3 title {}", sum,
                                   rgb(ink), mark, sum_title));
  }
  picture.plot(elements);
}

}  // namespace mix::cli
