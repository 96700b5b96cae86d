#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "mix/any_rows.h"
#include "mix/fields.h"
#include "mix/missing.h"
#include "mix/moments.h"
#include "mix/random.h"
#include "mix/types.h"

namespace mix {

/// Which components have a scale matrix of their own.
enum class Scale {
  per_component,  ///< one each (VVV)
  common,         ///< one for all (EEE)
};

/// What is known about the degrees of freedom.
enum class DegreesOfFreedom {
  per_component,  ///< estimated, one each
  shared,         ///< estimated, one for all
  fixed,          ///< known
};

struct StudentTOptions {
  Scale scale = Scale::per_component;
  DegreesOfFreedom degrees_of_freedom = DegreesOfFreedom::per_component;
  /// The known degrees of freedom, or where their estimation starts.
  double dof = 10;
};

/// k multivariate t distributions: Gaussians with heavy tails, whose estimates outliers hardly
/// move.
///
/// log f(x) = log G((v+D)/2) - log G(v/2) - D/2 log(v pi) - 1/2 log|S| - (v+D)/2 log(1 + q/v), with
/// G the gamma function, q = (x-m)' S^-1 (x-m), scale matrix S (the covariance is v/(v-2) S) and v
/// degrees of freedom. Estimated degrees of freedom stay in [0.5, 10000]; at the upper end the
/// distribution is normal for all purposes. An iteration has two cycles (AECM, Meng & van Dyk
/// 1997): first m and S, by the step of Kent, Tyler & Vardi (1994), then v by the observed
/// likelihood. Every S carries the pseudo-scatter of 1e-10 rows with the variances that `prepare`
/// learned from the middle half of the data, which matters at singular solutions only; `log_prior`
/// accounts for it.
class StudentT {
 public:
  static constexpr std::string_view name = "student_t";
  static constexpr double least_dof = 0.5;
  static constexpr double largest_dof = 1e4;

  StudentT() = default;
  /// For estimation: k components in `dimension` columns, all at 0 with unit scale. Throws
  /// std::invalid_argument for sizes below 1 and degrees of freedom that cannot be.
  StudentT(Index k, Index dimension, StudentTOptions options = {});
  /// Known parameters: `means` is k x dimension; `scales` holds symmetric positive definite
  /// matrices, k of them or a common one, as the options say; one value of `dof` per component.
  /// Throws std::invalid_argument where these sizes disagree or a value cannot be.
  StudentT(const Matrix& means, std::vector<Matrix> scales, Vector dof,
           StudentTOptions options = {});

  /// The center of component k, `dimension()` values.
  [[nodiscard]] auto mean(Index k) const { return means_.col(k); }
  [[nodiscard]] const Matrix& scale(Index k) const { return scales_[scale_index(k)]; }
  [[nodiscard]] double dof(Index k) const { return dof_[k]; }
  [[nodiscard]] const StudentTOptions& options() const { return options_; }
  /// "student_t VVV", and what is assumed about the degrees of freedom.
  [[nodiscard]] std::string title() const;

  [[nodiscard]] Index size() const { return means_.cols(); }
  [[nodiscard]] Index dimension() const { return means_.rows(); }
  [[nodiscard]] Index parameter_count() const;
  void log_densities(Rows x, MatrixRef out) const;
  void sample(Index k, Rng& rng, VectorRef out) const;
  [[nodiscard]] double cdf(Index k, double x) const;
  /// The mean is NaN for v <= 1, the covariance infinite for v <= 2 and NaN for v <= 1.
  [[nodiscard]] Moments moments(Index k) const;
  /// Each component with a scale of its own.
  [[nodiscard]] StudentT marginal(const std::vector<Index>& columns) const;
  /// Of v plus the number of chosen columns degrees of freedom.
  [[nodiscard]] StudentT conditional(const std::vector<Index>& columns,
                                     ConstVectorRef values) const;

  [[nodiscard]] Index cycles() const;
  void select_cycle(Index cycle) { cycle_ = cycle; }
  /// Cycle 0: per component the weight of the rows, that weight times u = (v+D)/(v+q), the sum and
  /// the lower triangle of the scatter about the current mean times u. Cycle 1: the weight, and the
  /// sums of log(1 + q/v) at the current v and at the nodes of an interpolation in log v.
  [[nodiscard]] Index statistics_size() const;
  void accumulate(Rows x, Shares shares, VectorRef statistics) const;
  /// What log_densities and accumulate do for component k alone.
  void log_density_of(Index k, Rows x, VectorRef out) const;
  void accumulate_of(Index k, Rows x, Weights w, VectorRef statistics) const;
  /// Of rows that all lack the same cells, by the t distribution of the others.
  void observed_log_densities(Rows x, const MissingColumns& columns, MatrixRef out) const;
  void accumulate_expected(Rows x, const MissingColumns& columns, Shares shares,
                           VectorRef statistics) const;
  /// Replaces missing cells by their conditional means under component k, or draws them.
  void impute(Index k, MatrixRef x, Rng* rng) const;
  void maximize(ConstVectorRef sum);
  /// Weighted means and covariances; the degrees of freedom of the options.
  void start(const AnyRows& x, Shares shares);

  /// Means, logarithms of the diagonals of Cholesky factors with what is below these, in units of
  /// the data's standard deviations once `prepare` learned them, and logarithms of estimated
  /// degrees of freedom.
  [[nodiscard]] Vector coordinates() const;
  void set_coordinates(ConstVectorRef v);

  /// Learns the spread of the data. Throws std::invalid_argument for infinite cells and columns
  /// that are constant or have no observed cell.
  void prepare(const AnyRows& x, Weights w);
  /// What the pseudo-scatter contributes to the objective; 0 before `prepare`.
  [[nodiscard]] double log_prior() const;
  /// Says why component k, or the common scale, rests on too few rows or is too flat to be more
  /// than an artifact, as that of Gaussians does. Flat is meant against the middle half of the
  /// data, for outliers may make their variance anything.
  [[nodiscard]] std::string flaw(Index k, double mass) const;
  /// Says when estimated degrees of freedom ended at a bound of their range.
  [[nodiscard]] std::string caution(Index k) const;
  void select(const std::vector<Index>& order);
  void fields(Fields& visit);
  void describe(Index k, Fields& visit) const;

 private:
  [[nodiscard]] std::size_t scale_index(Index k) const {
    return options_.scale == Scale::common ? 0 : static_cast<std::size_t>(k);
  }
  void write_floor(VectorRef diagonal) const;
  void maximize_location_and_scale(ConstVectorRef sum);
  void maximize_dof(ConstVectorRef sum);
  [[nodiscard]] Vector unit() const;
  [[nodiscard]] Index estimated_dofs() const;
  void set_scale(std::size_t index, ConstMatrixRef scale);
  void factorize();

  StudentTOptions options_;
  Matrix means_;                // dimension x k
  std::vector<Matrix> scales_;  // k, or the common one
  Vector dof_;
  Matrix spread_;     // covariance of all data, empty before `prepare`
  Vector shrinkage_;  // of its deviations, to those that the quartiles suggest
  double rows_ = 0;   // sum of the weights of all data
  Index cycle_ = 0;
  std::vector<Matrix> factors_;  // Cholesky factors of scales_
};

}  // namespace mix
