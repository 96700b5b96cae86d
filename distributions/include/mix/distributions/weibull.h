#pragma once

#include <string>
#include <string_view>

#include "mix/any_rows.h"
#include "mix/distributions/gumbel.h"
#include "mix/fields.h"
#include "mix/moments.h"
#include "mix/random.h"
#include "mix/types.h"

namespace mix {

/// The Weibull distribution of one positive column: lifetimes, wind speeds, strengths.
///
/// log f(x) = log(k/s) + (k - 1) log(x/s) - (x/s)^k for x > 0, with shape k and scale s. -log x has
/// a Gumbel distribution with location -log s and scale 1/k, and is estimated as one: see `Gumbel`.
class Weibull {
 public:
  static constexpr std::string_view name = "weibull";

  /// Shape 1, scale 1.
  Weibull() = default;
  /// Throws std::invalid_argument unless both are positive and finite.
  Weibull(double shape, double scale);

  [[nodiscard]] double shape() const;
  [[nodiscard]] double scale() const;

  [[nodiscard]] Index dimension() const { return 1; }
  [[nodiscard]] Index parameter_count() const { return 2; }
  void log_density(Rows x, VectorRef out) const;
  void sample(Rng& rng, VectorRef out) const;
  [[nodiscard]] double cdf(double x) const;
  [[nodiscard]] Moments moments() const;

  /// Those of `Gumbel` for -log x.
  [[nodiscard]] Index statistics_size() const { return minus_logarithm_.statistics_size(); }
  void accumulate(Rows x, Weights w, VectorRef statistics) const;
  void maximize(ConstVectorRef sum);
  /// The estimate from these weights, whatever the parameters are; without weight that of all data.
  void start(const AnyRows& x, Weights w);

  /// Those of `Gumbel` for -log x.
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
  Gumbel minus_logarithm_;  // describes -log x
};

}  // namespace mix
