#pragma once

#include <string>
#include <string_view>

#include "mix/any_rows.h"
#include "mix/distributions/smoothing.h"
#include "mix/fields.h"
#include "mix/moments.h"
#include "mix/random.h"
#include "mix/sparse_rows.h"
#include "mix/types.h"

namespace mix {

/// A row of counts over `dimension()` outcomes; its total may differ from row to row and is given.
///
/// log f(x) = log(n! / prod_j x_j!) + sum_j x_j log(p_j), n = sum_j x_j. The estimate of p_j is the
/// weighted share of outcome j among all counts, which may be exactly 0 unless smoothed.
class Multinomial {
 public:
  static constexpr std::string_view name = "multinomial";
  static constexpr bool discrete = true;

  Multinomial() = default;
  /// For estimation: `dimension` outcomes, all equally probable. Throws std::invalid_argument for
  /// dimension < 1.
  explicit Multinomial(Index dimension, Smoothing smoothing = {});
  /// `trials` is the total of a sampled row. Throws std::invalid_argument unless the probabilities
  /// are in [0, 1] and sum to 1.
  explicit Multinomial(Vector probabilities, Index trials = 1, Smoothing smoothing = {});

  [[nodiscard]] const Vector& probabilities() const { return probabilities_; }
  /// The total of a sampled row.
  [[nodiscard]] Index trials() const { return trials_; }

  [[nodiscard]] Index dimension() const { return probabilities_.size(); }
  [[nodiscard]] Index parameter_count() const { return probabilities_.size() - 1; }
  void log_density(Rows x, VectorRef out) const;
  /// Every drawn row has the total `trials()`: the mean that `prepare` saw, rounded, for the totals
  /// themselves have no distribution here.
  void sample(Rng& rng, VectorRef out) const;
  /// Of rows of the total `trials()`.
  [[nodiscard]] Moments moments() const;

  /// The weighted sum of each column.
  [[nodiscard]] Index statistics_size() const { return probabilities_.size(); }
  void accumulate(Rows x, Weights w, VectorRef statistics) const;
  void maximize(ConstVectorRef sum);

  /// As an exponential family: the features are the counts.
  bool log_base(Rows x, VectorRef out) const;
  bool log_base(const SparseRows& x, VectorRef out) const;
  void natural_parameters(VectorRef eta) const;
  [[nodiscard]] double log_partition() const;

  /// Logarithms of the probabilities.
  [[nodiscard]] Vector coordinates() const;
  void set_coordinates(ConstVectorRef v);

  /// Learns the total of a sampled row.
  void prepare(const AnyRows& x, Weights w);
  void prepare(const SparseRows& x, Weights w);
  /// The log density of the smoothing as a prior, up to a constant; 0 without.
  [[nodiscard]] double log_prior() const;
  [[nodiscard]] std::string check_support(Rows x) const;
  [[nodiscard]] std::string check_support(const SparseRows& x) const;
  /// 2 sqrt(n x_j / total), n the mean total of `x`: the Hellinger distance of the proportions, in
  /// units of the noise.
  [[nodiscard]] Matrix embed(Rows x) const;
  /// Likewise; a row of zeros alone stays one.
  [[nodiscard]] Vector embed(const SparseRows& x) const;
  void fields(Fields& visit);
  /// The parameters without settings.
  void describe(Fields& visit) const;

 private:
  Vector probabilities_;
  Index trials_ = 1;
  Smoothing smoothing_;
};

}  // namespace mix
