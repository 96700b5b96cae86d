#pragma once

#include <string>
#include <string_view>

#include "mix/any_rows.h"
#include "mix/fields.h"
#include "mix/moments.h"
#include "mix/random.h"
#include "mix/types.h"

namespace mix {

/// The beta distribution of one column of shares between 0 and 1: rates, percentages,
/// probabilities.
///
/// log f(x) = log G(a + b) - log G(a) - log G(b) + (a - 1) log x + (b - 1) log(1 - x) for 0 < x <
/// 1, with shapes a and b and the gamma function G; the mean is a / (a + b). The pair x, 1 - x has
/// a Dirichlet distribution and is estimated as one: see `Dirichlet`, also for equal rows.
class Beta {
 public:
  static constexpr std::string_view name = "beta";

  /// Both shapes 1: the uniform distribution.
  Beta() = default;
  /// Throws std::invalid_argument unless both are positive and finite.
  Beta(double a, double b);

  [[nodiscard]] double a() const { return a_; }
  [[nodiscard]] double b() const { return b_; }
  [[nodiscard]] double mean() const { return a_ / (a_ + b_); }

  [[nodiscard]] Index dimension() const { return 1; }
  [[nodiscard]] Index parameter_count() const { return 2; }
  void log_density(Rows x, VectorRef out) const;
  void sample(Rng& rng, VectorRef out) const;
  [[nodiscard]] double cdf(double x) const;
  [[nodiscard]] Moments moments() const;

  /// The weight of the rows, and the weighted sums of log x and log(1 - x).
  [[nodiscard]] Index statistics_size() const { return 3; }
  void accumulate(Rows x, Weights w, VectorRef statistics) const;
  void maximize(ConstVectorRef sum);

  /// As an exponential family: the features are log x and log(1 - x).
  bool log_base(Rows x, VectorRef out) const;
  [[nodiscard]] Index feature_count() const { return 2; }
  bool features(Rows x, MatrixRef out) const;
  void natural_parameters(VectorRef eta) const;
  [[nodiscard]] double log_partition() const;

  /// Logarithms of the shapes.
  [[nodiscard]] Vector coordinates() const;
  void set_coordinates(ConstVectorRef v);

  /// Learns how concentrated all data are.
  void prepare(const AnyRows& x, Weights w);
  /// What equal rows are held by.
  [[nodiscard]] double log_prior() const;
  [[nodiscard]] std::string check_support(Rows x) const;
  /// The arcsine of the square root.
  [[nodiscard]] Matrix embed(Rows x) const;
  [[nodiscard]] std::string flaw(double mass) const;
  void fields(Fields& visit);
  void describe(Fields& visit) const;

 private:
  [[nodiscard]] double penalty() const;

  double a_ = 1;
  double b_ = 1;
  double rows_ = 0;                // what prepare learned: total weight, and
  double data_concentration_ = 2;  // the estimate of a + b from all data
};

}  // namespace mix
