#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "mix/any_rows.h"
#include "mix/distributions/factor_structure.h"
#include "mix/fields.h"
#include "mix/moments.h"
#include "mix/random.h"
#include "mix/types.h"

namespace mix {

struct FactorOptions {
  FactorStructure structure = FactorStructure::UUU;
  Index factors = 1;  ///< the most that a component may have, where each has its own number
  /// What chooses numbers of their own: 0 for BIC, otherwise Cattell's scree test with this
  /// threshold, between 0 and 1 (HDDC's is 0.2).
  double scree = 0;
};

/// Cattell's scree test (1966) as HDDC uses it: the last place before which the falling `values`
/// drop by more than `threshold` times their largest drop, at most `most` and at least 1.
Index scree_number(ConstVectorRef values, double threshold, Index most);

struct FactorProblem;

/// k normal distributions with covariances of few factors: many columns, few parameters.
///
/// x = mean + L z + e with q standard normal factors z and independent noise e of variances P: the
/// covariance is S = L L' + P. Densities, statistics apart, take D q operations per row (Woodbury's
/// identity). `maximize` works on the covariances of the rows, without imagining factors: loadings
/// are the leading eigenvectors of P^-1/2 S P^-1/2 given the noise, and each noise variance the
/// maximizer given the rest (Zhao, Yu & Jiang 2008); equal noise is closed form (Tipping & Bishop
/// 1999, Bouveyron et al. 2007), with axes never narrower than the noise. Numbers of factors of
/// their own maximize, with all else, the log-likelihood less half the log of the rows per
/// parameter (BIC). With `FactorOptions::scree` they are those of HDDC's scree test in the first
/// estimate, and in every step where these do not lower that objective below what it was: so no
/// step falls, and `caution` names the components for which the test asks for another number in the
/// end. Common loadings
/// beside separate noise take EM steps on the same covariances. A noise variance is never below
/// 1e-6 of the column's variance (Heywood cases), or of equal noise 1e-10 of the mean of these,
/// which bounds the likelihood.
class FactorAnalyzers {
 public:
  static constexpr std::string_view name = "factor_analyzers";

  FactorAnalyzers() = default;
  /// For estimation: k components in d columns. Throws std::invalid_argument for sizes below 1 and
  /// for more factors than most_factors.
  FactorAnalyzers(Index k, Index d, FactorOptions options = {});
  /// Known parameters: `means` is k x d; `loadings` holds k matrices d x q, or a common one where
  /// the structure has one; `noise` holds variances, d x k or d x 1. Throws std::invalid_argument
  /// where these sizes disagree or a value cannot be.
  FactorAnalyzers(const Matrix& means, std::vector<Matrix> loadings, Matrix noise,
                  FactorStructure structure = FactorStructure::UUU);

  [[nodiscard]] auto mean(Index k) const { return means_.col(k); }
  /// How many factors component k has.
  [[nodiscard]] Index factors(Index k) const { return loadings(k).cols(); }
  /// d x q, up to a rotation of the factors.
  [[nodiscard]] const Matrix& loadings(Index k) const { return loadings_[loadings_index(k)]; }
  /// The variances of the noise in each column.
  [[nodiscard]] auto noise(Index k) const { return noise_.col(noise_.cols() == 1 ? 0 : k); }
  [[nodiscard]] Matrix covariance(Index k) const;
  [[nodiscard]] const FactorOptions& options() const { return options_; }
  /// "factor_analyzers UUU, 2 factors".
  [[nodiscard]] std::string title() const;

  [[nodiscard]] Index size() const { return means_.cols(); }
  [[nodiscard]] Index dimension() const { return means_.rows(); }
  [[nodiscard]] Index parameter_count() const;
  void log_densities(Rows x, MatrixRef out) const;
  void sample(Index k, Rng& rng, VectorRef out) const;
  [[nodiscard]] double cdf(Index k, double x) const;
  [[nodiscard]] Moments moments(Index k) const { return {mean(k), covariance(k)}; }
  /// Of the structure UUU and no more factors than columns; of fewer ones the rest are 0.
  [[nodiscard]] FactorAnalyzers marginal(const std::vector<Index>& columns) const;
  [[nodiscard]] FactorAnalyzers conditional(const std::vector<Index>& columns,
                                            ConstVectorRef values) const;

  /// Per component the weight of the rows, their sum and the lower triangle of their scatter, about
  /// the current mean.
  [[nodiscard]] Index statistics_size() const;
  void accumulate(Rows x, Shares shares, VectorRef statistics) const;
  /// What log_densities and accumulate do for component k alone.
  void log_density_of(Index k, Rows x, VectorRef out) const;
  void accumulate_of(Index k, Rows x, Weights w, VectorRef statistics) const;
  void maximize(ConstVectorRef sum);
  /// The estimate from these shares, whatever the parameters are.
  void start(const AnyRows& x, Shares shares);

  /// Not where numbers of factors change from one step to the next.
  [[nodiscard]] bool charted() const { return !has_own_numbers(options_.structure); }
  /// Means, loadings and logarithms of noise variances, in units of the data's deviations once
  /// `prepare` learned them. Loadings turn no more than they must from one step to the next. Of
  /// axes that the structure does not have, `set_coordinates` takes the nearest it has.
  [[nodiscard]] Vector coordinates() const;
  void set_coordinates(ConstVectorRef v);

  /// Learns the variances of the data. Throws std::invalid_argument for entries that are not finite
  /// and for columns without spread.
  void prepare(const AnyRows& x, Weights w);
  /// Minus half the log of the rows per free parameter of the covariances, where numbers of factors
  /// are chosen by that; 0 before `prepare`.
  [[nodiscard]] double log_prior() const;
  /// Says why component k rests on too few rows or is too flat to be more than an artifact.
  [[nodiscard]] std::string flaw(Index k, double mass) const;
  /// Names columns without noise of their own (Heywood cases), and what the scree test asked for in
  /// the last step and did not get.
  [[nodiscard]] std::string caution(Index k) const;
  void select(const std::vector<Index>& order);
  void fields(Fields& visit);
  /// The loadings of principal factors: L' P^-1 L is diagonal and falls.
  void describe(Index k, Fields& visit) const;

 private:
  // What rows are evaluated with: z = gain (x - mean) are the expected factors.
  struct Evaluation {
    Matrix gain;          // q x D
    Vector precision;     // 1 / noise
    double constant = 0;  // log density at the mean
  };

  [[nodiscard]] std::size_t loadings_index(Index k) const {
    return loadings_.size() == 1 ? 0 : static_cast<std::size_t>(k);
  }
  [[nodiscard]] std::vector<Index> numbers() const;
  [[nodiscard]] double parameter_penalty() const;
  [[nodiscard]] Vector unit() const;
  [[nodiscard]] Vector least_noise() const;
  [[nodiscard]] FactorProblem problem() const;
  void read_covariances(ConstVectorRef sum, std::vector<Matrix>& covariances, Vector& mass);
  void check_parameters() const;
  void derive();

  FactorOptions options_;
  Matrix means_;                      // D x k
  std::vector<Matrix> loadings_;      // k, or the common one
  Matrix noise_;                      // D x k, or D x 1
  std::vector<Index> scree_numbers_;  // of the last step; empty without
  double rows_ = 0;                   // of all data
  Vector variances_;                  // of all data, empty before `prepare`
  std::vector<Evaluation> evaluations_;
};

}  // namespace mix
