#pragma once

#include <string>

#include "mix/any_rows.h"
#include "mix/fields.h"
#include "mix/types.h"

namespace mix {

/// What a family of one column learns about all data before the first estimate: the mean and the
/// variance of the column, or of a function of it. They measure what is narrow. No estimate is
/// narrower than 1e-10 of that variance, for on equal rows the likelihood has no bound.
struct DataSpread {
  double rows = 0;  ///< total weight; 0 before anything is learned
  double mean = 0;
  double variance = 1;  ///< divisor: total weight

  /// The standard deviation: the unit of the data.
  [[nodiscard]] double unit() const;
  /// The least variance of an estimate, `otherwise` before anything is learned.
  [[nodiscard]] double least_variance(double otherwise) const;
  /// Says why a component with this mass and this variance looks like an artifact of the unbounded
  /// likelihood: too few rows, or far narrower than the data.
  [[nodiscard]] std::string flaw(double mass, double component_variance) const;
  /// `data_rows`, `data_mean` and `data_variance`. Throws std::invalid_argument when loaded values
  /// cannot be.
  void fields(Fields& visit);
};

}  // namespace mix
