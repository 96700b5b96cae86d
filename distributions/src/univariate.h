#pragma once

#include <array>
#include <cmath>
#include <string_view>
#include <utility>

#include "mix/distributions/data_spread.h"
#include "mix/parallel.h"
#include "mix/support.h"
#include "mix/types.h"

/// What the families of one column have in common.
namespace mix {

inline bool is_positive(double value) { return value > 0 && value < infinity; }
inline constexpr std::string_view expected_positive = "a positive number (finite, above 0)";
inline bool is_finite(double value) { return std::isfinite(value); }
inline double itself(double value) { return value; }
inline double log_of(double value) { return std::log(value); }
inline constexpr std::string_view expected_finite = "a finite number";

/// What limits estimates where nothing was learned about the data: the scale of a real column, and
/// the variance of the logarithm of a positive one.
inline constexpr double least_real_scale = 1e-150;
inline constexpr double least_log_variance = 1e-12;

/// Throws std::invalid_argument in the name of class `type` unless the parameter is positive.
void check_positive(std::string_view type, std::string_view parameter, double value);
/// The same unless the parameter is finite.
void check_finite(std::string_view type, std::string_view parameter, double value);

/// Sets `target` to e^log_value if that is a positive number.
inline void set_positive(double& target, double log_value) {
  const double value = std::exp(log_value);
  if (is_positive(value)) target = value;
}

/// Mean and variance of `transform(x)` over the rows with weight, the mean first: sums of squares
/// about a far-away center would lose digits. Rows with a transform that is not finite are left
/// out.
DataSpread spread_of(const AnyRows& x, Weights w, double (*transform)(double));
/// The same of all data. Throws std::invalid_argument in the name of `family` for cells that are
/// not finite and for a constant column.
DataSpread learn_spread(std::string_view family, const AnyRows& x, Weights w,
                        double (*transform)(double));

/// Location and log scale in units of the data.
inline Vector location_scale_coordinates(double location, double scale, const DataSpread& data) {
  return Vector{{(location - data.mean) / data.unit(), std::log(scale / data.unit())}};
}
inline void set_location_scale(ConstVectorRef v, const DataSpread& data, double& location,
                               double& scale) {
  location = data.mean + data.unit() * v[0];
  set_positive(scale, v[1] + std::log(data.unit()));
}

/// What `start` begins with: the moments of the rows with weight, and where there are none those of
/// all data.
inline DataSpread moments_or_all(const DataSpread& own, const DataSpread& all) {
  return own.rows > 0 ? own : all;
}

/// The statistics of all rows, where they do not depend on the parameters.
template <class D>
Vector statistics_of(const D& distribution, const AnyRows& x, Weights w) {
  return sum_over_blocks(
      x.rows(), distribution.statistics_size(), [&](Index first, Index count, VectorRef sum) {
        distribution.accumulate(*DenseBlock(x, first, count), w.segment(first, count), sum);
      });
}

/// Logarithms of a column: points that tell positive values apart by their ratios.
Matrix embed_logarithm(Rows x);

/// out = log_density(x) for each row of one column in the support, minus infinity for others.
template <class Valid, class LogDensity>
void evaluate_rows(Rows x, const Valid& valid, const LogDensity& log_density, VectorRef out) {
  for (Index i = 0; i < x.rows(); ++i) {
    out[i] = valid(x(i, 0)) ? log_density(x(i, 0)) : -infinity;
  }
}

/// A cdf that is `inside(x)` between `low` and `high`, 0 below and 1 above; NaN at NaN.
template <class F>
double cdf_between(double low, double high, double x, const F& inside) {
  if (!(x > low)) return std::isnan(x) ? x : 0;
  return x < high ? inside(x) : 1;
}

/// A cdf of counts, `of_count(n)` at each.
template <class F>
double cdf_of_counts(double x, const F& of_count) {
  if (!(x >= 0)) return std::isnan(x) ? x : 0;
  return x < infinity ? of_count(std::floor(x)) : 1;
}

/// That of the standard normal distribution.
double normal_cdf(double z);

/// e^(z^2/2) times the probability of standard normal values above z >= 0; nothing overflows.
double scaled_normal_tail(double z);

/// Adds to `sum` the weight of each row in the support, and that weight times each number of the
/// array `features(x)`. Rows that no parameters explain may hold anything and contribute nothing.
template <class Valid, class Features>
void add_features(Rows x, Weights w, const Valid& valid, const Features& features, VectorRef sum) {
  constexpr std::size_t count = std::tuple_size_v<decltype(features(0.0))>;
  std::array<double, count + 1> total{};
  for (Index i = 0; i < x.rows(); ++i) {
    if (!(w[i] > 0) || !valid(x(i, 0))) continue;
    const auto values = features(x(i, 0));
    total[0] += w[i];
    for (std::size_t j = 0; j < count; ++j) total[j + 1] += w[i] * values[j];
  }
  for (std::size_t j = 0; j <= count; ++j) sum[static_cast<Index>(j)] += total[j];
}

/// Writes `features(x)` of each row, one column per number. Returns false when a row is outside the
/// support or a feature is not finite.
template <class Valid, class Features>
bool write_features(Rows x, const Valid& valid, const Features& features, MatrixRef out) {
  constexpr std::size_t count = std::tuple_size_v<decltype(features(0.0))>;
  for (Index i = 0; i < x.rows(); ++i) {
    if (!valid(x(i, 0))) return false;
    const auto values = features(x(i, 0));
    for (std::size_t j = 0; j < count; ++j) out(i, static_cast<Index>(j)) = values[j];
  }
  // Zero times what is not finite is NaN.
  return (out.array() * 0).sum() == 0;
}

/// A column under a transform that is finite on the support; rows outside are 0, with the weight 0.
struct Mapped {
  Matrix x;
  Vector w;
};

template <class Valid, class Transform>
Mapped mapped_rows(Rows x, Weights w, const Valid& valid, const Transform& transform) {
  Mapped mapped{Matrix::Zero(x.rows(), 1), Vector::Zero(x.rows())};
  for (Index i = 0; i < x.rows(); ++i) {
    if (!(w[i] > 0) || !valid(x(i, 0))) continue;
    mapped.x(i, 0) = transform(x(i, 0));
    mapped.w[i] = w[i];
  }
  return mapped;
}

/// Logarithms of a positive column, likewise.
Mapped mapped_logarithms(Rows x, Weights w);

/// A real column in units of a scale from a location: z = (x - location) / scale. Rows that are not
/// finite, and rows without weight, are 0, with the weight 0.
struct Standardized {
  Vector z;
  Vector w;
};
Standardized standardized_rows(Rows x, Weights w, double location, double scale);
inline Standardized standardized_rows(Rows x, double location, double scale) {
  return standardized_rows(x, Vector::Ones(x.rows()), location, scale);
}

/// The root of a function that falls, between `low` and `high`; `f` returns value and derivative.
/// Newton's steps, halving the bracket where they leave it. Where the function does not change its
/// sign the result is the end next to its root.
template <class F>
double falling_root(const F& f, double low, double high, double at) {
  constexpr int most_steps = 200;
  // Newton's steps square the error: after one of this size the rest is rounding.
  constexpr double last_step = 1e-8;
  at = std::fmin(std::fmax(at, low), high);
  for (int i = 0; i < most_steps; ++i) {
    const auto [value, slope] = f(at);
    (value > 0 ? low : high) = at;
    double next = at - value / slope;
    const bool inside = next > low && next < high;
    if (inside && std::abs(next - at) < last_step * (1 + std::abs(at))) return next;
    if (!inside) next = 0.5 * (low + high);
    if (next == at || !(high - low > 1e-15 * (1 + std::abs(at)))) return next;
    at = next;
  }
  return at;
}

}  // namespace mix
