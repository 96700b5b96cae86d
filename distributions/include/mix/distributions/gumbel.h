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

/// The Gumbel distribution of one column, that of maxima: the highest flood of a year, the largest
/// claim. For minima describe -x.
///
/// log f(x) = -log s - z - e^-z with z = (x - m)/s, location m (the mode) and scale s; the mean is
/// m + 0.5772 s. For a given scale the best location is m = -s log(mean of e^(-x/s)), so one
/// parameter is left. The sum over rows of e^(-x/s') at another scale s' is a power series in the
/// change of 1/s whose coefficients are sums at the present parameters: they are the statistics. A
/// step maximizes the likelihood within the range where the series is exact to the last digits, so
/// that it never lowers the likelihood and rests at its maximum. The variance of an estimate is at
/// least 1e-10 of the data's (see DataSpread).
class Gumbel {
 public:
  static constexpr std::string_view name = "gumbel";

  /// Location 0, scale 1.
  Gumbel() = default;
  /// Throws std::invalid_argument unless both are finite and the scale is positive.
  Gumbel(double location, double scale);

  [[nodiscard]] double location() const { return location_; }
  [[nodiscard]] double scale() const { return scale_; }
  [[nodiscard]] double mean() const;

  [[nodiscard]] Index dimension() const { return 1; }
  [[nodiscard]] Index parameter_count() const { return 2; }
  void log_density(Rows x, VectorRef out) const;
  void sample(Rng& rng, VectorRef out) const;
  [[nodiscard]] double cdf(double x) const;
  [[nodiscard]] Moments moments() const;

  /// The weight of the rows, the weighted sums of z and z^2, the weight of rows with density 0, and
  /// the weighted sums of z^j e^-z over the others for j from 0 to 12.
  [[nodiscard]] Index statistics_size() const { return 5 + order; }
  void accumulate(Rows x, Weights w, VectorRef statistics) const;
  void maximize(ConstVectorRef sum);
  /// The estimate from these weights, whatever the parameters are; without weight that of all data.
  void start(const AnyRows& x, Weights w);
  /// The same from weight, mean and variance of the rows.
  void start(const DataSpread& moments);

  /// The location and the logarithm of the scale, in units of the data's once `prepare` learned
  /// them.
  [[nodiscard]] Vector coordinates() const;
  void set_coordinates(ConstVectorRef v);

  /// Learns mean and variance of the data. Throws std::invalid_argument for a constant column.
  void prepare(const AnyRows& x, Weights w);
  /// The same where these are known.
  void prepare(const DataSpread& data) { data_ = data; }
  [[nodiscard]] std::string check_support(Rows x) const;
  [[nodiscard]] std::string flaw(double mass) const;
  void fields(Fields& visit);
  void describe(Fields& visit) const;

 private:
  static constexpr Index order = 12;  // of the power series

  double location_ = 0;
  double scale_ = 1;
  DataSpread data_;
};

}  // namespace mix
