#pragma once

#include <string>
#include <string_view>

#include "mix/any_rows.h"
#include "mix/distributions/data_spread.h"
#include "mix/fields.h"
#include "mix/moments.h"
#include "mix/random.h"
#include "mix/types.h"

namespace mix {

/// The Laplace (double exponential) distribution of one column: measurements with errors that are
/// mostly small and sometimes large.
///
/// log f(x) = -|x - m|/s - log(2 s), with median m and scale s; the variance is 2 s^2. The estimate
/// is the weighted median (of an interval of medians, its middle) and the weighted mean of |x - m|.
/// No sums over rows yield a median, so it is estimated from all rows at once. The variance of an
/// estimate is at least 1e-10 of the data's (see DataSpread).
class Laplace {
 public:
  static constexpr std::string_view name = "laplace";

  /// Median 0, scale 1.
  Laplace() = default;
  /// Throws std::invalid_argument unless both are finite and the scale is positive.
  Laplace(double median, double scale);

  [[nodiscard]] double median() const { return median_; }
  [[nodiscard]] double scale() const { return scale_; }

  [[nodiscard]] Index dimension() const { return 1; }
  [[nodiscard]] Index parameter_count() const { return 2; }
  void log_density(Rows x, VectorRef out) const;
  void sample(Rng& rng, VectorRef out) const;
  [[nodiscard]] double cdf(double x) const;
  [[nodiscard]] Moments moments() const;

  /// Weighted median and mean deviation of all rows.
  void fit(Rows x, Weights w);

  /// The median and the logarithm of the scale, in units of the data's once `prepare` learned them.
  [[nodiscard]] Vector coordinates() const;
  void set_coordinates(ConstVectorRef v);

  /// Learns mean and variance of the data. Throws std::invalid_argument for a constant column.
  void prepare(const AnyRows& x, Weights w);
  [[nodiscard]] std::string check_support(Rows x) const;
  [[nodiscard]] std::string flaw(double mass) const;
  void fields(Fields& visit);
  void describe(Fields& visit) const;

 private:
  double median_ = 0;
  double scale_ = 1;
  DataSpread data_;
};

}  // namespace mix
