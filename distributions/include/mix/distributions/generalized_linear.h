#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "mix/distributions/regressions.h"

namespace mix {

/// Derivatives of a log density by the linear predictor: the first, and the second with the sign
/// changed.
struct PredictorDerivatives {
  double slope = 0;
  double curvature = 0;
};

/// Counts with mean exp(eta): log f(y) = y eta - exp(eta) - log(y!).
struct PoissonResponse {
  static constexpr std::string_view name = "poisson_regression";
  static constexpr bool has_size = false;
  static double log_density(double y, double trials, double eta, double size);
  static PredictorDerivatives derivatives(double y, double trials, double eta, double size);
  static double sample(Rng& rng, double trials, double eta, double size);
};

/// Successes in a known number of trials n (1 without a column of trials), each with probability p
/// = 1 / (1 + exp(-eta)): log f(y) = log C(n, y) + y log(p) + (n - y) log(1 - p).
struct BinomialResponse {
  static constexpr std::string_view name = "binomial_regression";
  static constexpr bool has_size = false;
  static double log_density(double y, double trials, double eta, double size);
  static PredictorDerivatives derivatives(double y, double trials, double eta, double size);
  static double sample(Rng& rng, double trials, double eta, double size);
};

/// Counts with mean m = exp(eta) and variance m + m^2 / r, where the size r belongs to the
/// component: log f(y) = log G(y + r) - log G(r) - log(y!) + y log(m / (r + m)) + r log(r / (r +
/// m)), G the gamma function.
struct NegativeBinomialResponse {
  static constexpr std::string_view name = "negative_binomial_regression";
  static constexpr bool has_size = true;
  static double log_density(double y, double trials, double eta, double size);
  static PredictorDerivatives derivatives(double y, double trials, double eta, double size);
  static double sample(Rng& rng, double trials, double eta, double size);
};

/// k generalized linear models of a response given covariates, with eta = offset + intercept + x'
/// coefficients (McCullagh & Nelder 1989).
///
/// A row holds covariates, offset (if there is one), response, trials (if there is a column of
/// them), in this order. A step is Newton's, from additive statistics at the current coefficients,
/// shortened so that it never lowers the likelihood (Bach 2010): with d the largest change of a
/// linear predictor in the whole step, the share log(1 + d) / d of it, which tends to 1. Where it
/// rests are the maximum likelihood estimates. With a size, an iteration has a second cycle, which
/// maximizes over the size given the coefficients, exact within a factor of e. `start` repeats
/// steps until they rest. Where the likelihood rises towards infinite coefficients (all responses 0
/// on one side of a plane, say) estimation ends where no more than rounding is to gain; `caution`
/// says so.
template <class Response>
class GeneralizedLinear : public Regressions {
 public:
  static constexpr std::string_view name = Response::name;
  static constexpr double least_size = 1e-8;
  /// Poisson for all purposes, unless counts are as large.
  static constexpr double largest_size = 1e8;

  GeneralizedLinear() = default;
  /// For estimation: all coefficients 0, sizes 1. Throws std::invalid_argument for k below 1,
  /// negative covariates, and trials of counts that have none.
  GeneralizedLinear(Index k, RegressionColumns columns);

  [[nodiscard]] double size_of(Index k) const requires(Response::has_size) { return sizes_[k]; }
  /// Throws std::invalid_argument unless it is in [1e-8, 1e8].
  void set_size(Index k, double value) requires(Response::has_size);

  [[nodiscard]] Index parameter_count() const {
    return coefficients_.size() + (Response::has_size ? size() : 0);
  }
  void log_densities(Rows x, MatrixRef out) const;
  /// Covariates are drawn from a normal distribution with the moments of the data, offsets and
  /// trials are at their means: they have no distribution here.
  void sample(Index k, Rng& rng, VectorRef out) const;
  /// All columns in another order; or columns without the response, which have no distribution
  /// (`GivenColumns`). Throws NotAvailable for other choices.
  [[nodiscard]] AnyFamily marginal(const std::vector<Index>& columns) const {
    return marginal_of(*this, columns);
  }
  /// The distributions of the response where all other columns have these values. Throws
  /// std::invalid_argument for trials that are no count.
  [[nodiscard]] AnyFamily conditional(const std::vector<Index>& columns,
                                      ConstVectorRef values) const;

  /// Per component the normal equations, or in the second cycle the weights of the counts below
  /// 128, and at the nodes of a window about the current r what else its score consists of.
  [[nodiscard]] Index statistics_size() const { return size() * own_statistics(); }
  void accumulate(Rows x, Shares shares, VectorRef statistics) const;
  void maximize(ConstVectorRef sum);
  /// The estimate from these shares, whatever the parameters are.
  void start(const AnyRows& x, Shares shares);
  /// First the coefficients, then the sizes.
  [[nodiscard]] Index cycles() const requires(Response::has_size) { return 2; }
  void select_cycle(Index cycle) requires(Response::has_size) { cycle_ = cycle; }

  /// Coefficients of the basis, then logarithms of sizes.
  [[nodiscard]] Vector coordinates() const;
  void set_coordinates(ConstVectorRef v);

  /// Learns the basis. Throws std::invalid_argument for covariates that are not finite, constant or
  /// linear combinations of others.
  void prepare(const AnyRows& x, Weights w);
  /// Refuses responses that are no counts, or more than the trials.
  [[nodiscard]] std::string check_support(Rows x) const;
  /// The basis, and the residuals of a linear regression of the transformed response.
  [[nodiscard]] Matrix embed(Rows x) const;
  /// Says when the rows put a size at a limit, or separate so that coefficients grow without bound.
  [[nodiscard]] std::string caution(Index k) const;

  void select(const std::vector<Index>& order);
  void fields(Fields& visit);
  void describe(Index k, Fields& visit) const;

 private:
  [[nodiscard]] Index own_statistics() const;
  [[nodiscard]] double trials_of(Rows x, Index row) const {
    return columns_.trials ? x(row, columns_.trials_column()) : 1;
  }
  // Whether some parameters explain the row.
  [[nodiscard]] bool explain(Rows x, Index row) const;
  void maximize_coefficients(Index k, ConstVectorRef sum);
  void maximize_size(Index k, ConstVectorRef sum);
  // Intercepts alone, from the totals of the responses; sizes 1.
  void begin(const AnyRows& x, Shares shares);

  Vector sizes_;     // of responses with a size
  Index cycle_ = 0;  // what the next statistics are for
};

extern template class GeneralizedLinear<PoissonResponse>;
extern template class GeneralizedLinear<BinomialResponse>;
extern template class GeneralizedLinear<NegativeBinomialResponse>;

using PoissonRegression = GeneralizedLinear<PoissonResponse>;
using BinomialRegression = GeneralizedLinear<BinomialResponse>;
using NegativeBinomialRegression = GeneralizedLinear<NegativeBinomialResponse>;

}  // namespace mix
