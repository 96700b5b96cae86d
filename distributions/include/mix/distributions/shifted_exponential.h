#pragma once

#include <string>
#include <string_view>

#include "mix/any_rows.h"
#include "mix/distributions/data_spread.h"
#include "mix/distributions/shift_is.h"
#include "mix/fields.h"
#include "mix/moments.h"
#include "mix/random.h"
#include "mix/types.h"

namespace mix {

/// Waiting times that begin after a delay of their own: the exponential distribution of two
/// parameters, of one column.
///
/// log f(x) = log r - r (x - s) for x >= s, with shift s and rate r. A step estimates the rate
/// given the shift, 1/r = mean of x - s. EM cannot move the shift, for rows below it have no share:
/// it begins at the lowest row of a component, and `fit` moves it between its runs (see
/// mix/models/edges.h). The mean of x - s is at least 1e-5 standard deviations of the data (see
/// DataSpread).
class ShiftedExponential {
 public:
  static constexpr std::string_view name = "shifted_exponential";

  /// Shift 0, rate 1.
  ShiftedExponential() = default;
  /// Throws std::invalid_argument unless both are finite and the rate is positive.
  ShiftedExponential(double shift, double rate, ShiftIs kind = ShiftIs::estimated);

  [[nodiscard]] double shift() const { return shift_; }
  [[nodiscard]] double rate() const { return rate_; }
  [[nodiscard]] bool estimates_shift() const { return fixed_ == 0; }

  [[nodiscard]] Index dimension() const { return 1; }
  [[nodiscard]] Index parameter_count() const { return 2 - fixed_; }
  void log_density(Rows x, VectorRef out) const;
  void sample(Rng& rng, VectorRef out) const;
  [[nodiscard]] double cdf(double x) const;
  [[nodiscard]] Moments moments() const;

  /// The weight of the rows from the shift on, and the weighted sum of x - s.
  [[nodiscard]] Index statistics_size() const { return 2; }
  void accumulate(Rows x, Weights w, VectorRef statistics) const;
  void maximize(ConstVectorRef sum);
  /// The lowest of the rows with weight, unless the shift is fixed, and the rate that follows.
  void start(const AnyRows& x, Weights w);

  /// None where the shift is fixed.
  [[nodiscard]] Index edge_count() const { return 1 - fixed_; }
  [[nodiscard]] Index edge_column(Index /*edge*/) const { return 0; }
  /// With the shift there and the mean as it is, or as it is where that cannot be.
  [[nodiscard]] ShiftedExponential with_edge(Index edge, double value) const;

  /// The logarithm of the rate in units of the data's once `prepare` learned them; the shift does
  /// not move.
  [[nodiscard]] Vector coordinates() const;
  void set_coordinates(ConstVectorRef v);

  /// Learns mean and variance of the data. Throws std::invalid_argument for a constant column.
  void prepare(const AnyRows& x, Weights w);
  [[nodiscard]] std::string check_support(Rows x) const;
  [[nodiscard]] std::string flaw(double mass) const;
  void fields(Fields& visit);
  void describe(Fields& visit) const;

 private:
  double shift_ = 0;
  double rate_ = 1;
  Index fixed_ = 0;  // 1 where the shift is known
  DataSpread data_;
};

}  // namespace mix
