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

/// The logistic distribution of one column: a bell with heavier tails than the normal distribution.
///
/// log f(x) = -log s - z - 2 log(1 + e^-z) with z = (x - m)/s, location m (the mean) and scale s;
/// the standard deviation is pi s / sqrt(3). A mixture of normal distributions with different
/// variances, so a step takes weighted moments as that of Student t does, with weights
/// u = tanh(z/2)/z at the present parameters: it never lowers the likelihood and rests at its
/// maximum. The variance of an estimate is at least 1e-10 of the data's (see DataSpread).
class Logistic {
 public:
  static constexpr std::string_view name = "logistic";

  /// Location 0, scale 1.
  Logistic() = default;
  /// Throws std::invalid_argument unless both are finite and the scale is positive.
  Logistic(double location, double scale);

  [[nodiscard]] double location() const { return location_; }
  [[nodiscard]] double scale() const { return scale_; }

  [[nodiscard]] Index dimension() const { return 1; }
  [[nodiscard]] Index parameter_count() const { return 2; }
  void log_density(Rows x, VectorRef out) const;
  void sample(Rng& rng, VectorRef out) const;
  [[nodiscard]] double cdf(double x) const;
  [[nodiscard]] Moments moments() const;

  /// The weight of the rows, and that weight times u, times u z and times u z^2.
  [[nodiscard]] Index statistics_size() const { return 4; }
  void accumulate(Rows x, Weights w, VectorRef statistics) const;
  void maximize(ConstVectorRef sum);
  /// The estimate from these weights, whatever the parameters are; without weight that of all data.
  void start(const AnyRows& x, Weights w);

  /// The location and the logarithm of the scale, in units of the data's once `prepare` learned
  /// them.
  [[nodiscard]] Vector coordinates() const;
  void set_coordinates(ConstVectorRef v);

  /// Learns mean and variance of the data. Throws std::invalid_argument for a constant column.
  void prepare(const AnyRows& x, Weights w);
  [[nodiscard]] std::string check_support(Rows x) const;
  [[nodiscard]] std::string flaw(double mass) const;
  void fields(Fields& visit);
  void describe(Fields& visit) const;

 private:
  double location_ = 0;
  double scale_ = 1;
  DataSpread data_;
};

}  // namespace mix
