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

/// The normal distribution of one column, by mean and standard deviation.
///
/// log f(x) = -1/2 [log(2 pi) + ((x - mean) / s)^2] - log s. The estimate is the weighted mean and
/// the weighted variance with divisor sum of weights. Components that share one variance, or rows
/// of several columns: `Gaussians`.
class Normal {
 public:
  static constexpr std::string_view name = "normal";

  /// The standard normal distribution.
  Normal() = default;
  /// Throws std::invalid_argument unless both are finite and the standard deviation is positive.
  Normal(double mean, double standard_deviation);

  [[nodiscard]] double mean() const { return mean_; }
  [[nodiscard]] double standard_deviation() const { return standard_deviation_; }

  [[nodiscard]] Index dimension() const { return 1; }
  [[nodiscard]] Index parameter_count() const { return 2; }
  void log_density(Rows x, VectorRef out) const;
  void sample(Rng& rng, VectorRef out) const;
  [[nodiscard]] double cdf(double x) const;
  [[nodiscard]] Moments moments() const;

  /// Mass, and first and second moment about the present mean.
  [[nodiscard]] Index statistics_size() const { return 3; }
  void accumulate(Rows x, Weights w, VectorRef statistics) const;
  void maximize(ConstVectorRef sum);

  /// The mean and the logarithm of the standard deviation, in units of the data's once `prepare`
  /// learned them.
  [[nodiscard]] Vector coordinates() const;
  void set_coordinates(ConstVectorRef v);

  /// Learns the spread of the data, of which a tiny part is added to every estimate so that
  /// repeated values keep a positive variance.
  /// Throws std::invalid_argument for entries that are not finite and for a constant column.
  void prepare(const AnyRows& x, Weights w);
  /// The estimate from these weights, whatever the parameters are; without weight that of all data.
  void start(const AnyRows& x, Weights w);
  /// Both where weight, mean and variance are known.
  void prepare(const DataSpread& data) { data_ = data; }
  void start(const DataSpread& moments);
  [[nodiscard]] const DataSpread& data() const { return data_; }
  /// What the added spread contributes to the objective; 0 before `prepare`.
  [[nodiscard]] double log_prior() const;
  /// Says why a component with this mass looks like an artifact of the unbounded likelihood: too
  /// few rows, or far narrower than the data.
  [[nodiscard]] std::string flaw(double mass) const;
  void fields(Fields& visit);
  void describe(Fields& visit) const;

 private:
  void check() const;
  [[nodiscard]] double pseudo_scatter() const;

  double mean_ = 0;
  double standard_deviation_ = 1;
  DataSpread data_;
};

/// The log density of rows, times their weights, from their statistics under the parameters `at`.
double weighted_log_density(const Normal& normal, ConstVectorRef sum, const Normal& at);

}  // namespace mix
