#pragma once

#include <concepts>
#include <string>
#include <string_view>
#include <vector>

#include "mix/any_rows.h"
#include "mix/fields.h"
#include "mix/missing.h"
#include "mix/moments.h"
#include "mix/random.h"
#include "mix/sparse_rows.h"
#include "mix/types.h"

namespace mix {

/// Waiting times, one exponential distribution per column, the columns independent.
///
/// log f(x) = sum_j log(rate_j) - rate_j x_j for x_j >= 0. A rate is 1 / mean. The likelihood of
/// zeros alone is unbounded, so an estimated mean is never below 1e-10 of the column's mean in all
/// data, which `prepare` learns; `flaw` reports a component that reached that limit.
class Exponential {
 public:
  static constexpr std::string_view name = "exponential";

  Exponential() = default;
  /// For estimation: `dimension` columns, all rates 1. Throws std::invalid_argument for dimension
  /// < 1.
  explicit Exponential(Index dimension);
  /// Throws std::invalid_argument unless every rate is finite and positive.
  explicit Exponential(Vector rate);
  /// Exponential(2.5) is not 2 columns: rates come as a vector, also a single one.
  template <std::floating_point Rate>
  explicit Exponential(Rate rate) = delete;

  [[nodiscard]] const Vector& rate() const { return rate_; }

  [[nodiscard]] Index dimension() const { return rate_.size(); }
  [[nodiscard]] Index parameter_count() const { return rate_.size(); }
  void log_density(Rows x, VectorRef out) const;
  void sample(Rng& rng, VectorRef out) const;
  [[nodiscard]] double cdf(double x) const;
  [[nodiscard]] Moments moments() const;
  /// The columns are independent: of the others' values nothing depends.
  static constexpr bool independent_columns = true;
  [[nodiscard]] Exponential marginal(const std::vector<Index>& columns) const;

  /// The weight of the rows, then the weighted sum of each column.
  [[nodiscard]] Index statistics_size() const { return 1 + rate_.size(); }
  void accumulate(Rows x, Weights w, VectorRef statistics) const;
  /// Of rows that lack the same cells; a missing cell counts as the mean that is expected there.
  void observed_log_density(Rows x, const MissingColumns& columns, VectorRef out) const;
  void accumulate_expected(Rows x, const MissingColumns& columns, Weights w,
                           VectorRef statistics) const;
  void maximize(ConstVectorRef sum);

  /// As an exponential family: the features are the rows themselves.
  bool log_base(Rows x, VectorRef out) const;
  bool log_base(const SparseRows& x, VectorRef out) const;
  void natural_parameters(VectorRef eta) const;
  [[nodiscard]] double log_partition() const;

  /// Logarithms of the rates.
  [[nodiscard]] Vector coordinates() const;
  void set_coordinates(ConstVectorRef v);

  /// Learns the least mean that an estimate may have.
  void prepare(const AnyRows& x, Weights w);
  void prepare(const SparseRows& x, Weights w);
  [[nodiscard]] std::string check_support(Rows x) const;
  [[nodiscard]] std::string check_support(const SparseRows& x) const;
  /// The fourth root of x / mean: near to normal, and defined at 0.
  [[nodiscard]] Matrix embed(Rows x) const;
  [[nodiscard]] Vector embed(const SparseRows& x) const;
  [[nodiscard]] std::string flaw(double mass) const;
  void fields(Fields& visit);
  /// The parameters without `least_mean`, which is a setting.
  void describe(Fields& visit) const;

 private:
  void add_log_density(Rows x, Index j, VectorRef out) const;
  void learn_least_mean(ConstVectorRef sum);

  Vector rate_;
  Vector least_mean_;  // per column; the estimate stays at or above it
};

}  // namespace mix
