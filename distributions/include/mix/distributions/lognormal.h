#pragma once

#include <string>
#include <string_view>

#include "mix/any_rows.h"
#include "mix/distributions/normal.h"
#include "mix/fields.h"
#include "mix/moments.h"
#include "mix/random.h"
#include "mix/types.h"

namespace mix {

/// The lognormal distribution of one positive column: log x is normal, as of products of many
/// factors, incomes, sizes of files.
///
/// log f(x) = -1/2 [log(2 pi) + ((log x - m) / s)^2] - log s - log x for x > 0, with m and s the
/// mean and the standard deviation of log x; the median is e^m, the mean e^(m + s^2/2). Estimated
/// as `Normal` is from log x.
class Lognormal {
 public:
  static constexpr std::string_view name = "lognormal";

  /// log x is standard normal.
  Lognormal() = default;
  /// Throws std::invalid_argument unless both are finite and the standard deviation is positive.
  Lognormal(double log_mean, double log_standard_deviation);

  [[nodiscard]] double log_mean() const { return logarithm_.mean(); }
  [[nodiscard]] double log_standard_deviation() const { return logarithm_.standard_deviation(); }
  [[nodiscard]] double mean() const;

  [[nodiscard]] Index dimension() const { return 1; }
  [[nodiscard]] Index parameter_count() const { return 2; }
  void log_density(Rows x, VectorRef out) const;
  void sample(Rng& rng, VectorRef out) const;
  [[nodiscard]] double cdf(double x) const;
  [[nodiscard]] Moments moments() const;

  /// The weight of the rows, and first and second moment of log x about its mean in all data, which
  /// `prepare` learned, or about 0.
  [[nodiscard]] Index statistics_size() const { return 3; }
  void accumulate(Rows x, Weights w, VectorRef statistics) const;
  void maximize(ConstVectorRef sum);

  /// As an exponential family: the features are those moments of a row.
  bool log_base(Rows x, VectorRef out) const;
  [[nodiscard]] Index feature_count() const { return 2; }
  bool features(Rows x, MatrixRef out) const;
  void natural_parameters(VectorRef eta) const;
  [[nodiscard]] double log_partition() const;
  [[nodiscard]] bool same_base(const Lognormal& other) const { return center() == other.center(); }

  /// Those of `Normal` for log x.
  [[nodiscard]] Vector coordinates() const;
  void set_coordinates(ConstVectorRef v);

  /// Learns the spread of log x. Throws std::invalid_argument for a constant column.
  void prepare(const AnyRows& x, Weights w);
  /// What the added spread contributes to the objective; 0 before `prepare`.
  [[nodiscard]] double log_prior() const { return logarithm_.log_prior(); }
  [[nodiscard]] std::string check_support(Rows x) const;
  /// log x.
  [[nodiscard]] Matrix embed(Rows x) const;
  [[nodiscard]] std::string flaw(double mass) const;
  void fields(Fields& visit);
  void describe(Fields& visit) const;

 private:
  [[nodiscard]] double center() const { return logarithm_.data().mean; }

  Normal logarithm_;  // describes log x
};

}  // namespace mix
