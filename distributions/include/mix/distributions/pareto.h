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

/// The Pareto distribution of one column above a known minimum: the tails of incomes, claims,
/// sizes.
///
/// log f(x) = log a - log x - a log(x/x0) for x >= x0, with shape a and minimum x0. The minimum is
/// no parameter that is estimated: it is given, or that of all data, which `prepare` learns. All
/// components have the same. The estimate is 1/a = mean of log(x/x0) (Muniruzzaman 1957), and at
/// least 1e-5 standard deviations of log x in all data (see DataSpread).
class Pareto {
 public:
  static constexpr std::string_view name = "pareto";

  /// Shape 1, and a minimum that `prepare` learns.
  Pareto() = default;
  /// Throws std::invalid_argument unless both are positive and finite. The minimum stays as it is.
  Pareto(double shape, double minimum);

  [[nodiscard]] double shape() const { return shape_; }
  [[nodiscard]] double minimum() const { return minimum_; }
  /// Whether `prepare` learns the minimum.
  [[nodiscard]] bool learns_minimum() const { return given_minimum_ == 0; }

  [[nodiscard]] Index dimension() const { return 1; }
  [[nodiscard]] Index parameter_count() const { return 1; }
  void log_density(Rows x, VectorRef out) const;
  void sample(Rng& rng, VectorRef out) const;
  [[nodiscard]] double cdf(double x) const;
  [[nodiscard]] Moments moments() const;

  /// The weight of the rows, and the weighted sum of log(x/x0).
  [[nodiscard]] Index statistics_size() const { return 2; }
  void accumulate(Rows x, Weights w, VectorRef statistics) const;
  void maximize(ConstVectorRef sum);

  /// As an exponential family: the feature is log(x/x0).
  bool log_base(Rows x, VectorRef out) const;
  [[nodiscard]] Index feature_count() const { return 1; }
  bool features(Rows x, MatrixRef out) const;
  void natural_parameters(VectorRef eta) const;
  [[nodiscard]] double log_partition() const;
  [[nodiscard]] bool same_base(const Pareto& other) const;

  /// The logarithm of the shape.
  [[nodiscard]] Vector coordinates() const;
  void set_coordinates(ConstVectorRef v);

  /// Learns how log x varies, and the minimum unless it was given. Throws std::invalid_argument for
  /// a constant column.
  void prepare(const AnyRows& x, Weights w);
  [[nodiscard]] std::string check_support(Rows x) const;
  /// log x.
  [[nodiscard]] Matrix embed(Rows x) const;
  [[nodiscard]] std::string flaw(double mass) const;
  void fields(Fields& visit);
  void describe(Fields& visit) const;

 private:
  [[nodiscard]] bool supports(double x) const { return x >= minimum_ && x < infinity; }

  double shape_ = 1;
  double minimum_ = 1;
  Index given_minimum_ = 0;  // 1 where it is not learned
  DataSpread data_;          // of log x
};

}  // namespace mix
