#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "mix/any_rows.h"
#include "mix/distributions/trials.h"
#include "mix/fields.h"
#include "mix/moments.h"
#include "mix/random.h"
#include "mix/types.h"

namespace mix {

class PolyaDensity;

/// The number of successes in a number of trials that varies more than a binomial one: the
/// probability of a success itself follows a beta distribution.
///
/// log f(x) = log C(n, x) + log B(x + a, n - x + b) - log B(a, b), with B the beta function. The
/// number of trials n is either the same in all rows (one column: successes) or known row by row
/// (two columns: successes, trials); then the density is that of the successes given the trials.
/// The mean is n a / (a + b), the variance that of the binomial distribution times (n + a + b) / (1
/// + a
/// + b). The estimate is that of a Dirichlet-multinomial distribution of successes and failures;
/// with at most one trial per row only a / (a + b) is determined.
class BetaBinomial {
 public:
  static constexpr std::string_view name = "beta_binomial";
  static constexpr bool discrete = true;

  BetaBinomial() : BetaBinomial(1) {}
  /// One column, `trials` in every row. Throws std::invalid_argument for trials below 1, and unless
  /// `alpha` and `beta` lie in [1e-10, 1e10].
  explicit BetaBinomial(Index trials, double alpha = 1, double beta = 1);
  /// Two columns: successes, and the trials of the row.
  static BetaBinomial with_trials_column(double alpha = 1, double beta = 1);

  [[nodiscard]] double alpha() const { return concentrations_[0]; }
  [[nodiscard]] double beta() const { return concentrations_[1]; }
  /// The mean probability of a success.
  [[nodiscard]] double probability() const { return alpha() / concentrations_.sum(); }
  /// The trials of every row; with a trials column, those of a sampled row.
  [[nodiscard]] Index trials() const { return trials_.number(); }

  [[nodiscard]] Index dimension() const { return trials_.dimension(); }
  [[nodiscard]] Index parameter_count() const { return 2; }
  void log_density(Rows x, VectorRef out) const;
  /// With a trials column every drawn row has `trials()` trials: the mean that `prepare` saw,
  /// rounded, for the trials themselves have no distribution here.
  void sample(Rng& rng, VectorRef out) const;
  [[nodiscard]] double cdf(double x) const;
  [[nodiscard]] Moments moments() const;

  /// As of a Dirichlet-multinomial distribution.
  [[nodiscard]] Index statistics_size() const;
  void accumulate(Rows x, Weights w, VectorRef statistics) const;
  void maximize(ConstVectorRef sum);
  void start(const AnyRows& x, Weights w);

  /// Logarithms of alpha and beta.
  [[nodiscard]] Vector coordinates() const;
  void set_coordinates(ConstVectorRef v);

  /// Learns the trials of a sampled row, with a trials column.
  void prepare(const AnyRows& x, Weights w);
  [[nodiscard]] std::string check_support(Rows x) const;
  /// As of a binomial distribution.
  [[nodiscard]] Matrix embed(Rows x) const;
  /// Says when alpha and beta are at their upper limit.
  [[nodiscard]] std::string caution() const;
  void fields(Fields& visit);
  /// The parameters without settings.
  void describe(Fields& visit) const;

 private:
  BetaBinomial(Trials trials, double alpha, double beta);
  void check() const;
  void derive();
  // Successes and failures.
  [[nodiscard]] Eigen::Vector2d counts_of(Rows x, Index row) const;

  Trials trials_;
  Vector concentrations_;                        // alpha, beta
  std::shared_ptr<const PolyaDensity> density_;  // of the concentrations; never changed
};

}  // namespace mix
