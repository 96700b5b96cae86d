#pragma once

#include <concepts>
#include <string>
#include <string_view>
#include <vector>

#include "mix/fields.h"
#include "mix/missing.h"
#include "mix/moments.h"
#include "mix/random.h"
#include "mix/sparse_rows.h"
#include "mix/types.h"

namespace mix {

/// Counts, one Poisson distribution per column, the columns independent.
///
/// log f(x) = sum_j x_j log(rate_j) - rate_j - log(x_j!), with 0 log(0) = 0: a rate of 0 puts all
/// mass on 0. The estimate of a rate is the weighted mean of its column.
class Poisson {
 public:
  static constexpr std::string_view name = "poisson";
  static constexpr bool discrete = true;

  Poisson() = default;
  /// For estimation: `dimension` columns, all rates 1. Throws std::invalid_argument for dimension
  /// < 1.
  explicit Poisson(Index dimension);
  /// Throws std::invalid_argument unless every rate is finite and at least 0.
  explicit Poisson(Vector rate);
  /// Poisson(2.5) is not 2 columns: rates come as a vector, also a single one.
  template <std::floating_point Rate>
  explicit Poisson(Rate rate) = delete;

  [[nodiscard]] const Vector& rate() const { return rate_; }

  [[nodiscard]] Index dimension() const { return rate_.size(); }
  [[nodiscard]] Index parameter_count() const { return rate_.size(); }
  void log_density(Rows x, VectorRef out) const;
  void sample(Rng& rng, VectorRef out) const;
  [[nodiscard]] double cdf(double x) const;
  [[nodiscard]] Moments moments() const;
  /// The columns are independent: of the others' values nothing depends.
  static constexpr bool independent_columns = true;
  [[nodiscard]] Poisson marginal(const std::vector<Index>& columns) const;

  /// The weight of the rows, then the weighted sum of each column.
  [[nodiscard]] Index statistics_size() const { return 1 + rate_.size(); }
  void accumulate(Rows x, Weights w, VectorRef statistics) const;
  /// Of rows that lack the same cells; a missing cell counts as the mean that is expected there.
  void observed_log_density(Rows x, const MissingColumns& columns, VectorRef out) const;
  void accumulate_expected(Rows x, const MissingColumns& columns, Weights w,
                           VectorRef statistics) const;
  void maximize(ConstVectorRef sum);

  /// As an exponential family: the features are the counts.
  bool log_base(Rows x, VectorRef out) const;
  bool log_base(const SparseRows& x, VectorRef out) const;
  void natural_parameters(VectorRef eta) const;
  [[nodiscard]] double log_partition() const;

  /// Logarithms of the rates.
  [[nodiscard]] Vector coordinates() const;
  void set_coordinates(ConstVectorRef v);

  [[nodiscard]] std::string check_support(Rows x) const;
  [[nodiscard]] std::string check_support(const SparseRows& x) const;
  /// 2 sqrt(x + 3/8), whose variance within a component is about 1 whatever the rate (Anscombe
  /// 1948).
  [[nodiscard]] Matrix embed(Rows x) const;
  [[nodiscard]] Vector embed(const SparseRows& x) const;
  void fields(Fields& visit);

 private:
  void add_log_density(Rows x, Index j, VectorRef out) const;

  Vector rate_;
};

}  // namespace mix
