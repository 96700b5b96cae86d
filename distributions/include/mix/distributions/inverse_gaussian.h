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

/// The inverse Gaussian (Wald) distribution of one positive column: times until a drifting random
/// walk passes a mark.
///
/// log f(x) = 1/2 log(l / (2 pi x^3)) - l (x - m)^2 / (2 m^2 x) for x > 0, with mean m and shape l;
/// the variance is m^3/l. The estimate is m = mean of x and 1/l = mean of 1/x - 1/m (Schroedinger
/// 1915). m/l, the squared coefficient of variation, is at least 1e-10 of the variance of log x in
/// all data (see DataSpread).
class InverseGaussian {
 public:
  static constexpr std::string_view name = "inverse_gaussian";

  /// Mean 1, shape 1.
  InverseGaussian() = default;
  /// Throws std::invalid_argument unless both are positive and finite.
  InverseGaussian(double mean, double shape);

  [[nodiscard]] double mean() const { return mean_; }
  [[nodiscard]] double shape() const { return shape_; }

  [[nodiscard]] Index dimension() const { return 1; }
  [[nodiscard]] Index parameter_count() const { return 2; }
  void log_density(Rows x, VectorRef out) const;
  void sample(Rng& rng, VectorRef out) const;
  [[nodiscard]] double cdf(double x) const;
  [[nodiscard]] Moments moments() const;

  /// The weight of the rows, and the weighted sums of x and 1/x.
  [[nodiscard]] Index statistics_size() const { return 3; }
  void accumulate(Rows x, Weights w, VectorRef statistics) const;
  void maximize(ConstVectorRef sum);

  /// As an exponential family: the features are x and 1/x.
  bool log_base(Rows x, VectorRef out) const;
  [[nodiscard]] Index feature_count() const { return 2; }
  bool features(Rows x, MatrixRef out) const;
  void natural_parameters(VectorRef eta) const;
  [[nodiscard]] double log_partition() const;

  /// Logarithms of the mean and of shape / mean.
  [[nodiscard]] Vector coordinates() const;
  void set_coordinates(ConstVectorRef v);

  /// Learns how log x varies. Throws std::invalid_argument for a constant column.
  void prepare(const AnyRows& x, Weights w);
  [[nodiscard]] std::string check_support(Rows x) const;
  /// log x.
  [[nodiscard]] Matrix embed(Rows x) const;
  [[nodiscard]] std::string flaw(double mass) const;
  void fields(Fields& visit);
  void describe(Fields& visit) const;

 private:
  double mean_ = 1;
  double shape_ = 1;
  DataSpread data_;  // of log x
};

}  // namespace mix
