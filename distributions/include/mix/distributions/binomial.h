#pragma once

#include <string>
#include <string_view>

#include "mix/any_rows.h"
#include "mix/distributions/smoothing.h"
#include "mix/distributions/trials.h"
#include "mix/fields.h"
#include "mix/moments.h"
#include "mix/random.h"
#include "mix/types.h"

namespace mix {

/// The number of successes in a number of trials.
///
/// log f(x) = log C(n, x) + x log(p) + (n - x) log(1 - p). The number of trials n is either the
/// same in all rows (one column: successes) or known row by row (two columns: successes, trials);
/// then the density is that of the successes given the trials. The estimate of p is the weighted
/// share of successes among all trials, which may be exactly 0 or 1 unless smoothed.
class Binomial {
 public:
  static constexpr std::string_view name = "binomial";
  static constexpr bool discrete = true;

  Binomial() = default;
  /// One column, `trials` in every row. Throws std::invalid_argument for trials below 1 and a
  /// probability outside [0, 1].
  explicit Binomial(Index trials, double probability = 0.5, Smoothing smoothing = {});
  /// Two columns: successes, and the trials of the row.
  static Binomial with_trials_column(double probability = 0.5, Smoothing smoothing = {});

  [[nodiscard]] double probability() const { return probability_; }
  /// The trials of every row; with a trials column, those of a sampled row.
  [[nodiscard]] Index trials() const { return trials_.number(); }

  [[nodiscard]] Index dimension() const { return trials_.dimension(); }
  [[nodiscard]] Index parameter_count() const { return 1; }
  void log_density(Rows x, VectorRef out) const;
  /// With a trials column every drawn row has `trials()` trials: the mean that `prepare` saw,
  /// rounded, for the trials themselves have no distribution here.
  void sample(Rng& rng, VectorRef out) const;
  [[nodiscard]] double cdf(double x) const;
  [[nodiscard]] Moments moments() const;

  /// The weighted sums of failures and of successes.
  [[nodiscard]] Index statistics_size() const { return 2; }
  void accumulate(Rows x, Weights w, VectorRef statistics) const;
  void maximize(ConstVectorRef sum);

  /// As an exponential family: the features are failures and successes.
  [[nodiscard]] Index feature_count() const { return 2; }
  bool features(Rows x, MatrixRef out) const;
  [[nodiscard]] bool same_base(const Binomial& other) const;
  bool log_base(Rows x, VectorRef out) const;
  void natural_parameters(VectorRef eta) const;
  [[nodiscard]] double log_partition() const;

  /// The logit.
  [[nodiscard]] Vector coordinates() const;
  void set_coordinates(ConstVectorRef v);

  /// Learns the trials of a sampled row, with a trials column.
  void prepare(const AnyRows& x, Weights w);
  /// The log density of the smoothing as a prior, up to a constant; 0 without.
  [[nodiscard]] double log_prior() const;
  [[nodiscard]] std::string check_support(Rows x) const;
  /// Arcsines of the shares of successes, as Trials has them.
  [[nodiscard]] Matrix embed(Rows x) const;
  void fields(Fields& visit);
  /// The parameters without settings.
  void describe(Fields& visit) const;

 private:
  void check() const;

  Trials trials_;
  double probability_ = 0.5;
  Smoothing smoothing_;
};

}  // namespace mix
