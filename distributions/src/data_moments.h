#pragma once

#include <string_view>

#include "mix/any_rows.h"
#include "mix/types.h"

namespace mix {

/// What Gaussian families learn about the data before the first estimate.
struct DataMoments {
  double rows = 0;  ///< total weight
  Vector mean;
  Matrix covariance;  ///< divisor: total weight
};

enum class Spread { variances, covariance };

/// Throws std::invalid_argument in the name of `family` when an entry is infinite, or when the
/// observed cells of a column are none or have no spread beyond rounding. Rows without weight do
/// not vary.
void check_varied(std::string_view family, const AnyRows& x, Weights w);

/// The same, and throws where squares of a column's differences leave the range of doubles.
void check_has_variance(std::string_view family, const AnyRows& x, Weights w);

/// What a family of positive columns adds up over the rows.
enum class Summed { values, squares, inverses };

/// Throws std::invalid_argument in the name of `family` when sums over the rows of a column, or all
/// of what is summed, leave the range of doubles.
void check_sums(std::string_view family, const AnyRows& x, Weights w, Summed summed);

/// The weighted mean of each component's observed cells, d x k; `otherwise`, about which is summed,
/// where there are none.
Matrix observed_means(const AnyRows& x, Shares shares, const Matrix& otherwise);

/// The weighted mean of each component's rows, or of their observed cells, d x k; that of all rows
/// where a component has none.
Matrix weighted_means(const AnyRows& x, Shares shares);

/// Weighted mean and covariance, or, as one column, variances; checked as by check_has_variance;
/// of observed cells, where some are missing.
DataMoments data_moments(std::string_view family, const AnyRows& x, Weights w, Spread spread);

}  // namespace mix
