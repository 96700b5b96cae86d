#pragma once

#include <string>
#include <string_view>

#include "mix/fields.h"
#include "mix/moments.h"
#include "mix/random.h"
#include "mix/types.h"

namespace mix {

/// The number of failures before the first success.
///
/// log f(x) = log(p) + x log(1 - p) for x = 0, 1, 2, ...; the mean is (1 - p) / p. The estimate of
/// p is 1 / (1 + weighted mean): exactly 1 for zeros alone, which puts all mass on 0.
class Geometric {
 public:
  static constexpr std::string_view name = "geometric";
  static constexpr bool discrete = true;

  Geometric() = default;
  /// Throws std::invalid_argument unless 0 < probability <= 1.
  explicit Geometric(double probability);

  /// The probability of a success.
  [[nodiscard]] double probability() const { return probability_; }

  [[nodiscard]] Index dimension() const { return 1; }
  [[nodiscard]] Index parameter_count() const { return 1; }
  void log_density(Rows x, VectorRef out) const;
  void sample(Rng& rng, VectorRef out) const;
  [[nodiscard]] double cdf(double x) const;
  [[nodiscard]] Moments moments() const;

  /// The weight of the rows, then their weighted sum.
  [[nodiscard]] Index statistics_size() const { return 2; }
  void accumulate(Rows x, Weights w, VectorRef statistics) const;
  void maximize(ConstVectorRef sum);

  /// As an exponential family: the feature is the count.
  bool log_base(Rows x, VectorRef out) const;
  void natural_parameters(VectorRef eta) const;
  [[nodiscard]] double log_partition() const;

  /// The logarithm of the mean.
  [[nodiscard]] Vector coordinates() const;
  void set_coordinates(ConstVectorRef v);

  [[nodiscard]] std::string check_support(Rows x) const;
  /// 2 asinh(sqrt(x + 3/8)), nearly free of the mean in its variance.
  [[nodiscard]] Matrix embed(Rows x) const;
  void fields(Fields& visit);

 private:
  void check() const;

  double probability_ = 0.5;
};

}  // namespace mix
