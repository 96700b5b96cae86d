#include "univariate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <stdexcept>

#include "data_moments.h"
#include "mix/kernels.h"
#include "soundness.h"

namespace mix {
namespace {

// The least variance of an estimate, as a share of the data's.
constexpr double least_variance_share = 1e-10;

}  // namespace

double DataSpread::unit() const { return rows > 0 ? std::sqrt(variance) : 1; }

double DataSpread::least_variance(double otherwise) const {
  return rows > 0 ? least_variance_share * variance : otherwise;
}

std::string DataSpread::flaw(double mass, double component_variance) const {
  return narrow_flaw(rows, mass, component_variance / variance);
}

void DataSpread::fields(Fields& visit) {
  visit("data_rows", rows);
  visit("data_mean", mean);
  visit("data_variance", variance);
  if (!visit.loading() || rows == 0) return;
  if (rows > 0 && std::isfinite(mean) && is_positive(variance)) return;
  throw std::invalid_argument(
      fmt::format("data_rows is {}, data_mean {} and data_variance {}; they must be at least 0, "
                  "finite, and positive",
                  rows, mean, variance));
}

void check_positive(std::string_view type, std::string_view parameter, double value) {
  if (is_positive(value)) return;
  throw std::invalid_argument(
      fmt::format("{}: {} is {}; it must be positive and finite", type, parameter, value));
}

void check_finite(std::string_view type, std::string_view parameter, double value) {
  if (std::isfinite(value)) return;
  throw std::invalid_argument(
      fmt::format("{}: {} is {}; it must be finite", type, parameter, value));
}

DataSpread spread_of(const AnyRows& x, Weights w, double (*transform)(double)) {
  const auto sums_about = [&](double center) {
    return sum_over_blocks(x.rows(), 3, [&](Index first, Index count, VectorRef sum) {
      const DenseBlock block(x, first, count);
      for (Index i = 0; i < count; ++i) {
        if (!(w[first + i] > 0)) continue;
        const double away = transform((*block)(i, 0)) - center;
        if (!std::isfinite(away)) continue;
        sum[0] += w[first + i];
        sum[1] += w[first + i] * away;
        sum[2] += w[first + i] * away * away;
      }
    });
  };
  DataSpread spread;
  Vector sum = sums_about(0);
  if (!(sum[0] > 0)) return spread;
  spread.rows = sum[0];
  spread.mean = sum[1] / sum[0];
  sum = sums_about(spread.mean);
  const double shift = sum[1] / sum[0];
  spread.mean += shift;
  spread.variance = std::max(sum[2] / sum[0] - shift * shift, 0.0);
  return spread;
}

DataSpread learn_spread(std::string_view family, const AnyRows& x, Weights w,
                        double (*transform)(double)) {
  const bool untouched = transform == itself;
  if (untouched) {
    check_has_variance(family, x, w);
  } else {
    check_varied(family, x, w);
  }
  DataSpread spread = spread_of(x, w, transform);
  // What varies by rounding alone: logarithms of such values differ by a rounding of 1.
  const double size = std::abs(spread.mean) + (untouched ? 0 : 1);
  const double rounding = std::numeric_limits<double>::epsilon() * size;
  spread.variance = std::max(spread.variance, rounding * rounding);
  return spread;
}

double normal_cdf(double z) { return 0.5 * std::erfc(-z / std::numbers::sqrt2); }

double scaled_normal_tail(double z) {
  constexpr double far = 36;  // near to where the factors leave the range of doubles
  if (z < far) return 0.5 * std::erfc(z / std::numbers::sqrt2) * std::exp(z * z / 2);
  const double u = 1 / (z * z);
  // The asymptotic series of Mills's ratio, to the last digit from here on.
  const double series = 1 - u * (1 - 3 * u * (1 - 5 * u * (1 - 7 * u)));
  return series / (z * std::sqrt(2 * std::numbers::pi));
}

Mapped mapped_logarithms(Rows x, Weights w) {
  constexpr double least_normal = std::numeric_limits<double>::min();
  Mapped mapped{x, w};
  for (Index i = 0; i < x.rows(); ++i) {
    if (w[i] > 0 && is_positive(x(i, 0))) continue;
    mapped.x(i, 0) = 1;
    mapped.w[i] = 0;
  }
  const bool normal = mapped.x.minCoeff() >= least_normal;
  kernels::logarithm(mapped.x.col(0), mapped.x.col(0));
  for (Index i = 0; !normal && i < x.rows(); ++i) {
    if (mapped.w[i] > 0 && x(i, 0) < least_normal) mapped.x(i, 0) = std::log(x(i, 0));
  }
  return mapped;
}

Standardized standardized_rows(Rows x, Weights w, double location, double scale) {
  Standardized rows{(x.col(0).array() - location) / scale, w};
  for (Index i = 0; i < x.rows(); ++i) {
    if (w[i] > 0 && is_finite(x(i, 0))) continue;
    rows.z[i] = 0;
    rows.w[i] = 0;
  }
  return rows;
}

Matrix embed_logarithm(Rows x) {
  return x.cwiseMax(std::numeric_limits<double>::min()).array().log();
}

}  // namespace mix
