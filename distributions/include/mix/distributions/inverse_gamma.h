#pragma once

#include <string>
#include <string_view>

#include "mix/any_rows.h"
#include "mix/distributions/gamma.h"
#include "mix/fields.h"
#include "mix/moments.h"
#include "mix/random.h"
#include "mix/types.h"

namespace mix {

/// The inverse gamma distribution of one positive column: unknown variances, amounts with a heavy
/// tail.
///
/// log f(x) = a log b - log G(a) - (a + 1) log x - b/x for x > 0, with shape a, scale b and the
/// gamma function G; the mean is b/(a - 1) for a > 1. 1/x has a gamma distribution and is estimated
/// as one: see `Gamma`.
class InverseGamma {
 public:
  static constexpr std::string_view name = "inverse_gamma";

  /// Shape 1, scale 1.
  InverseGamma() = default;
  /// Throws std::invalid_argument unless both are positive and finite.
  InverseGamma(double shape, double scale);

  [[nodiscard]] double shape() const { return reciprocal_.shape(); }
  [[nodiscard]] double scale() const { return 1 / reciprocal_.scale(); }

  [[nodiscard]] Index dimension() const { return 1; }
  [[nodiscard]] Index parameter_count() const { return 2; }
  void log_density(Rows x, VectorRef out) const;
  void sample(Rng& rng, VectorRef out) const;
  [[nodiscard]] double cdf(double x) const;
  [[nodiscard]] Moments moments() const;

  /// The weight of the rows, and the weighted sums of 1/x and -log x.
  [[nodiscard]] Index statistics_size() const { return 3; }
  void accumulate(Rows x, Weights w, VectorRef statistics) const;
  void maximize(ConstVectorRef sum);

  /// As an exponential family: the features are 1/x and -log x.
  bool log_base(Rows x, VectorRef out) const;
  [[nodiscard]] Index feature_count() const { return 2; }
  bool features(Rows x, MatrixRef out) const;
  void natural_parameters(VectorRef eta) const;
  [[nodiscard]] double log_partition() const;

  /// Those of `Gamma` for 1/x.
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
  Gamma reciprocal_;  // describes 1/x
};

}  // namespace mix
