#pragma once

#include <utility>
#include <vector>

#include "mix/types.h"

namespace mix {

/// Mean and covariance of a distribution, in the units of its columns and their products. A moment
/// that diverges is infinite; one that has no value, not even an infinite one, is NaN (the mean of
/// a Cauchy distribution, or a variance about a mean that is not finite).
struct Moments {
  Vector mean;        ///< one entry per column
  Matrix covariance;  ///< columns x columns

  /// Those of one column.
  static Moments of(double mean, double variance) {
    return {Vector::Constant(1, mean), Matrix::Constant(1, 1, variance)};
  }
  /// Those of independent columns.
  static Moments independent(Vector mean, const Vector& variance) {
    return {std::move(mean), variance.asDiagonal()};
  }
};

/// The columns from 0 to `dimension` - 1 that are not among `columns`, in their order.
std::vector<Index> other_columns(Index dimension, const std::vector<Index>& columns);

/// Throws std::invalid_argument unless the columns, counted from 0, are at least one, different,
/// and below `dimension`.
void check_chosen_columns(Index dimension, const std::vector<Index>& columns);

}  // namespace mix
