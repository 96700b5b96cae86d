#pragma once

#include <concepts>
#include <string>
#include <string_view>
#include <vector>

#include "mix/distributions/smoothing.h"
#include "mix/fields.h"
#include "mix/moments.h"
#include "mix/random.h"
#include "mix/sparse_rows.h"
#include "mix/types.h"

namespace mix {

/// Columns of zeros and ones, each with a probability of one, the columns independent.
///
/// log f(x) = sum_j x_j log(p_j) + (1 - x_j) log(1 - p_j). The estimate of p_j is the weighted
/// share of ones, which may be exactly 0 or 1 unless smoothed.
class Bernoulli {
 public:
  static constexpr std::string_view name = "bernoulli";
  static constexpr bool discrete = true;
  static constexpr bool reads_missing_cells = true;

  Bernoulli() = default;
  /// For estimation: `dimension` columns, all probabilities 1/2. Throws std::invalid_argument for
  /// dimension < 1.
  explicit Bernoulli(Index dimension, Smoothing smoothing = {});
  /// Throws std::invalid_argument unless every probability is in [0, 1].
  explicit Bernoulli(Vector probability, Smoothing smoothing = {});
  /// Bernoulli(0.5) is not 0 columns: probabilities come as a vector, also a single one.
  template <std::floating_point Probability>
  explicit Bernoulli(Probability probability, Smoothing smoothing = {}) = delete;

  [[nodiscard]] const Vector& probability() const { return probability_; }

  [[nodiscard]] Index dimension() const { return probability_.size(); }
  [[nodiscard]] Index parameter_count() const { return probability_.size(); }
  void log_density(Rows x, VectorRef out) const;
  void sample(Rng& rng, VectorRef out) const;
  [[nodiscard]] double cdf(double x) const;
  [[nodiscard]] Moments moments() const;
  /// The columns are independent: of the others' values nothing depends.
  static constexpr bool independent_columns = true;
  [[nodiscard]] Bernoulli marginal(const std::vector<Index>& columns) const;

  /// For each column the weight of its zeros and the weight of its ones.
  [[nodiscard]] Index statistics_size() const { return 2 * probability_.size(); }
  void accumulate(Rows x, Weights w, VectorRef statistics) const;
  void maximize(ConstVectorRef sum);

  /// As an exponential family: the features are 1 - x and x of each column.
  [[nodiscard]] Index feature_count() const { return 2 * probability_.size(); }
  bool features(Rows x, MatrixRef out) const;
  bool log_base(Rows x, VectorRef out) const;
  void natural_parameters(VectorRef eta) const;
  [[nodiscard]] double log_partition() const;

  /// Logits.
  [[nodiscard]] Vector coordinates() const;
  void set_coordinates(ConstVectorRef v);

  /// The log density of the smoothing as a prior, up to a constant; 0 without.
  [[nodiscard]] double log_prior() const;
  [[nodiscard]] std::string check_support(Rows x) const;
  [[nodiscard]] std::string check_support(const SparseRows& x) const;
  /// The rows themselves: the squared distance counts the columns that differ.
  [[nodiscard]] Matrix embed(Rows x) const { return x; }
  [[nodiscard]] Vector embed(const SparseRows& x) const {
    return Eigen::Map<const Vector>(x.value(), x.cells());
  }
  void fields(Fields& visit);
  /// The parameters without `pseudo_count`, which is a setting.
  void describe(Fields& visit) const;

 private:
  Vector probability_;
  Smoothing smoothing_;
};

}  // namespace mix
