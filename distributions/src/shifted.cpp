#include "mix/distributions/shifted.h"

#include <fmt/format.h>

#include <Eigen/QR>
#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <vector>

#include "univariate.h"

namespace mix {
namespace {

// Of the deviation of all data.
constexpr double least_gap_share = 1e-5;

// The power of ten, from 1 down, of which all rows with weight are multiples; 0 where there is
// none.
double decimal_unit(const AnyRows& x, Weights w) {
  constexpr int most_decimals = 6;
  constexpr double exact = 1e-9;
  double scale = 1;
  int decimals = 0;
  bool rounded = true;
  for_each_dense_block(x, [&](Index first, Rows block) {
    for (Index i = 0; i < block.rows() && rounded; ++i) {
      if (!(w[first + i] > 0) || !std::isfinite(block(i, 0))) continue;
      const auto is_multiple = [&] {
        const double multiple = std::abs(block(i, 0)) * scale;
        const double whole = std::round(multiple);
        if (whole == 0) return multiple == 0;
        return std::abs(multiple - whole) <= exact * (1 + multiple);
      };
      while (rounded && !is_multiple()) {
        rounded = decimals++ < most_decimals;
        scale *= 10;
      }
    }
  });
  return rounded ? 1 / scale : 0;
}

}  // namespace

void ShiftUnits::fields(Fields& visit) {
  visit("shift_origin", origin);
  visit("shift_deviation", deviation);
  visit("shift_least_gap", least_gap);
  visit("shift_rows", rows);
  if (!visit.loading()) return;
  if (std::isfinite(origin) && is_positive(deviation) && is_positive(least_gap) && rows >= 0)
    return;
  throw std::invalid_argument(
      fmt::format("shift_origin is {}, shift_deviation {}, shift_least_gap {} and shift_rows {}; "
                  "they must be finite, positive, positive, and at least 0",
                  origin, deviation, least_gap, rows));
}

ShiftUnits learn_shift_units(std::string_view family, const AnyRows& x, Weights w) {
  const DataSpread data = learn_spread(family, x, w, itself);
  if (!(data.rows > 0)) return {};
  double lowest = infinity;
  for_each_dense_block(x, [&](Index first, Rows block) {
    lowest = std::min(lowest, rows_of_shift(block, w.segment(first, block.rows())).lowest);
  });
  return {.origin = lowest,
          .deviation = data.unit(),
          .least_gap = std::max(0.5 * decimal_unit(x, w), least_gap_share * data.unit()),
          .rows = data.rows};
}

RowsOfShift rows_of_shift(Rows x, Weights w) {
  RowsOfShift rows{.lowest = infinity};
  for (Index i = 0; i < x.rows(); ++i) {
    if (!(w[i] > 0) || !std::isfinite(x(i, 0))) continue;
    rows.lowest = std::min(rows.lowest, x(i, 0));
  }
  const DataSpread own = spread_of(x, w, itself);
  rows.mass = own.rows;
  rows.deviation = std::sqrt(own.variance);
  return rows;
}

std::optional<Vector> coordinates_with_moments(const Vector& start,
                                               const std::function<Moments(const Vector&)>& moments,
                                               double mean, double variance) {
  constexpr int most_steps = 50;
  constexpr double h = 1e-5;
  constexpr double near = 1e-9;
  constexpr double longest = 1;
  const Index count = std::min<Index>(start.size(), 2);
  const Vector target = Vector{{std::log(mean), std::log(variance)}}.head(count);
  const auto rest_at = [&](const Vector& v) -> Vector {
    const Moments at = moments(v);
    return target - Vector{{std::log(at.mean[0]), std::log(at.covariance(0, 0))}}.head(count);
  };
  Vector v = start;
  for (int i = 0; i < most_steps; ++i) {
    const Vector rest = rest_at(v);
    if (!rest.allFinite()) return std::nullopt;
    if (rest.cwiseAbs().maxCoeff() < near) return v;
    Matrix slopes(count, v.size());
    for (Index j = 0; j < v.size(); ++j) {
      const Vector along = h * Vector::Unit(v.size(), j);
      slopes.col(j) = (rest_at(v - along) - rest_at(v + along)) / (2 * h);
    }
    if (!slopes.allFinite()) return std::nullopt;
    const Vector step = slopes.completeOrthogonalDecomposition().solve(rest);
    v += step * std::min(1.0, longest / step.norm());
  }
  return std::nullopt;
}

void check_shift(std::string_view type, double shift) { check_finite(type, "shift", shift); }

std::string caution_of_shift(const ShiftUnits& units, double shift, double lowest) {
  constexpr double nearly = 1.01;
  constexpr double far = 20;  // deviations
  if (!std::isfinite(lowest) || !(units.rows > 0)) return {};
  const double gap = lowest - shift;
  if (gap <= nearly * units.least_gap) {
    return fmt::format(
        "its shift is as near to its lowest row, {}, as the rounding of the data allows: the "
        "likelihood has no maximum in the shift, and that row is the estimate",
        lowest);
  }
  if (gap >= far * units.deviation) {
    return fmt::format(
        "its shift lies {:.0f} standard deviations of the data below its lowest row: the rows are "
        "skewed less than any such distribution; try normal, gumbel or skew_normal",
        gap / units.deviation);
  }
  return {};
}

}  // namespace mix
