#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "mix/distributions/data_spread.h"
#include "mix/distributions/regressions.h"

namespace mix {

/// Which regressions have a variance of their own.
enum class ErrorVariance {
  per_component,  ///< one each (V)
  common,         ///< one for all (E)
};

/// k linear regressions with normal errors: mixtures of them are known as switching regressions.
///
/// log f(y | x) = -1/2 [log(2 pi) + ((y - eta) / s)^2] - log s, with eta = offset + intercept + x'
/// coefficients and the standard deviation s of the errors, per component or common. A row holds
/// covariates, offset (if there is one) and response y, in this order. The estimate is that of
/// weighted least squares with the weighted mean of squared residuals, divisor sum of weights, from
/// additive statistics in an uncorrelated basis of the covariates about the current coefficients:
/// what a QR factorization of the rows gives. Where the rows of a component do not determine all
/// coefficients, those of the directions they say nothing about stay. A tiny part of the spread of
/// the residuals of a single regression is added to every variance, so that rows on a line keep a
/// positive one.
class GaussianRegression : public Regressions {
 public:
  static constexpr std::string_view name = "gaussian_regression";

  GaussianRegression() = default;
  /// For estimation: all coefficients 0, standard deviation 1. Throws std::invalid_argument for k
  /// below 1, negative covariates, and a column of trials.
  GaussianRegression(Index k, RegressionColumns columns,
                     ErrorVariance variance = ErrorVariance::per_component);

  /// "gaussian_regression V", or E with a common variance.
  [[nodiscard]] std::string title() const;
  /// Of the errors of component k.
  [[nodiscard]] double standard_deviation(Index k) const { return standard_deviations_[k]; }
  /// For all components with a common variance. Throws std::invalid_argument unless it is positive
  /// and finite.
  void set_standard_deviation(Index k, double value);

  [[nodiscard]] Index parameter_count() const;
  void log_densities(Rows x, MatrixRef out) const;
  /// Covariates are drawn from a normal distribution with the moments of the data, offsets are at
  /// their mean: they have no distribution here.
  void sample(Index k, Rng& rng, VectorRef out) const;
  /// All columns in another order; or columns without the response, which have no distribution
  /// (`GivenColumns`). Throws NotAvailable for other choices.
  [[nodiscard]] AnyFamily marginal(const std::vector<Index>& columns) const {
    return marginal_of(*this, columns);
  }
  /// The normal distributions of the response where all other columns have these values.
  [[nodiscard]] AnyFamily conditional(const std::vector<Index>& columns,
                                      ConstVectorRef values) const;

  /// Per component the normal equations of the residuals and the sum of their squares.
  [[nodiscard]] Index statistics_size() const;
  void accumulate(Rows x, Shares shares, VectorRef statistics) const;
  void maximize(ConstVectorRef sum);
  /// The estimate from these shares, whatever the parameters are.
  void start(const AnyRows& x, Shares shares);

  /// Coefficients of the basis and logarithms of standard deviations, in units of the data.
  [[nodiscard]] Vector coordinates() const;
  void set_coordinates(ConstVectorRef v);

  /// Learns the basis and the spread of the response. Throws std::invalid_argument for cells that
  /// are not finite, a constant response, and covariates that are constant or linear combinations
  /// of others.
  void prepare(const AnyRows& x, Weights w);
  /// What the added spread contributes to the objective; 0 before `prepare`.
  [[nodiscard]] double log_prior() const;
  /// Says why a component looks like an artifact of the unbounded likelihood: too few rows for its
  /// coefficients, or residuals far narrower than those of a single regression.
  [[nodiscard]] std::string flaw(Index k, double mass) const;
  /// Refuses rows with a cell that is not finite.
  [[nodiscard]] std::string check_support(Rows x) const;
  /// The basis and the residuals of a single regression.
  [[nodiscard]] Matrix embed(Rows x) const;

  void select(const std::vector<Index>& order);
  void fields(Fields& visit);
  void describe(Index k, Fields& visit) const;

 private:
  [[nodiscard]] Index own_statistics() const;
  [[nodiscard]] double pseudo_scatter() const;
  void check() const;

  ErrorVariance variance_ = ErrorVariance::per_component;
  Vector standard_deviations_;
  DataSpread data_;  // of the residuals of a single regression about the mean response
};

}  // namespace mix
