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

/// The gamma distribution of one positive column: sums of waiting times, amounts, sizes.
///
/// log f(x) = (a - 1) log x - x/s - log G(a) - a log s for x > 0, with shape a, scale s and the
/// gamma function G; the mean is a s. The estimate solves log a - psi(a) = log(mean of x) - mean of
/// log x by Newton's method (Minka 2002), to the last digits. Of equal rows the likelihood has no
/// bound, so log x never varies less than 1e-10 of what it does in all data (see DataSpread).
class Gamma {
 public:
  static constexpr std::string_view name = "gamma";

  /// Shape 1, scale 1.
  Gamma() = default;
  /// Throws std::invalid_argument unless both are positive and finite.
  Gamma(double shape, double scale);

  [[nodiscard]] double shape() const { return shape_; }
  [[nodiscard]] double scale() const { return scale_; }
  [[nodiscard]] double mean() const { return shape_ * scale_; }

  [[nodiscard]] Index dimension() const { return 1; }
  [[nodiscard]] Index parameter_count() const { return 2; }
  void log_density(Rows x, VectorRef out) const;
  void sample(Rng& rng, VectorRef out) const;
  [[nodiscard]] double cdf(double x) const;
  [[nodiscard]] Moments moments() const;

  /// The weight of the rows, and the weighted sums of x and log x.
  [[nodiscard]] Index statistics_size() const { return 3; }
  void accumulate(Rows x, Weights w, VectorRef statistics) const;
  void maximize(ConstVectorRef sum);

  /// As an exponential family: the features are x and log x.
  bool log_base(Rows x, VectorRef out) const;
  [[nodiscard]] Index feature_count() const { return 2; }
  bool features(Rows x, MatrixRef out) const;
  void natural_parameters(VectorRef eta) const;
  [[nodiscard]] double log_partition() const;

  /// Logarithms of shape and mean.
  [[nodiscard]] Vector coordinates() const;
  void set_coordinates(ConstVectorRef v);

  /// Learns how log x varies. Throws std::invalid_argument for a constant column.
  void prepare(const AnyRows& x, Weights w);
  /// The same where mean and variance of log x are known.
  void prepare(const DataSpread& data) { data_ = data; }
  [[nodiscard]] std::string check_support(Rows x) const;
  /// log x.
  [[nodiscard]] Matrix embed(Rows x) const;
  [[nodiscard]] std::string flaw(double mass) const;
  void fields(Fields& visit);
  void describe(Fields& visit) const;

 private:
  double shape_ = 1;
  double scale_ = 1;
  DataSpread data_;  // of log x
};

}  // namespace mix
