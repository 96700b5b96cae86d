#include "mix/distributions/truncated.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <stdexcept>

#include "mix/newton.h"
#include "univariate.h"

namespace mix {

Vector largest_coordinates(const Vector& start,
                           const std::function<double(const Vector&)>& objective,
                           Index most_steps) {
  return maximize_by_newton(
             start, [&](const Vector& v) { return expand_by_differences(v, objective); }, objective,
             most_steps)
      .point;
}

double truncated_quantile(const std::function<double(double)>& log_share, double log_target,
                          double low, double high, double near, double unit) {
  if (!std::isfinite(near)) near = 0;
  if (!is_positive(unit)) unit = 1;
  near = std::clamp(near, low, high);
  // Finite ends that enclose it.
  double step = unit;
  double left = std::isfinite(low) ? low : near;
  while (!std::isfinite(low) && log_share(left) > log_target && std::isfinite(left)) {
    left -= step;
    step *= 2;
  }
  step = unit;
  double right = std::isfinite(high) ? high : std::max(near, left);
  while (!std::isfinite(high) && log_share(right) < log_target && std::isfinite(right)) {
    right += step;
    step *= 2;
  }
  for (;;) {
    const double middle = left + 0.5 * (right - left);
    if (!(middle > left && middle < right)) return middle;
    (log_share(middle) < log_target ? left : right) = middle;
  }
}

// Gauss's rule of five points on equal pieces.
Moments truncated_moments(const std::function<void(Rows, VectorRef)>& log_density, double low,
                          double high) {
  constexpr Index pieces = 400;
  constexpr std::array<double, 5> points{-0.9061798459386640, -0.5384693101056831, 0,
                                         0.5384693101056831, 0.9061798459386640};
  constexpr std::array<double, 5> weights{0.2369268850561891, 0.4786286704993665,
                                          0.5688888888888889, 0.4786286704993665,
                                          0.2369268850561891};
  constexpr auto each = static_cast<Index>(points.size());
  const double half = 0.5 * (high - low) / pieces;
  Matrix x(pieces * each, 1);
  Vector p(x.rows());
  for (Index i = 0; i < x.rows(); ++i) {
    const Index piece = i / each;
    const auto middle = static_cast<double>(2 * piece + 1);
    x(i, 0) = low + half * (middle + points[static_cast<std::size_t>(i % each)]);
  }
  log_density(x, p);
  p = half * p.array().exp();
  for (Index i = 0; i < x.rows(); ++i) p[i] *= weights[static_cast<std::size_t>(i % each)];
  const double center = 0.5 * (low + high);
  const Vector away = x.col(0).array() - center;
  const double sum = p.sum();
  const double mean = p.dot(away) / sum;
  return Moments::of(center + mean, p.dot(away.cwiseAbs2()) / sum - mean * mean);
}

void check_bounds(std::string_view type, double lower, double upper) {
  if (lower < upper) return;
  throw std::invalid_argument(fmt::format(
      "{}: bounds {} and {}; the lower one must be below the upper one", type, lower, upper));
}

DataSpread spread_between(std::string_view family, const AnyRows& x, Weights w) {
  return learn_spread(family, x, w, itself);
}

}  // namespace mix
