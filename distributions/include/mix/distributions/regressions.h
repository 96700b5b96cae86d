#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "mix/any_family.h"
#include "mix/distributions/regression_design.h"

namespace mix {

/// What all families of regressions have in common: k linear predictors
///
///     eta_k = offset + intercept_k + x' coefficients_k
///
/// of the same covariates x. Their components are densities of the response given covariates,
/// offset and trials, which have no distribution here. A row holds the columns in the order of
/// `RegressionColumns`.
class Regressions {
 public:
  [[nodiscard]] const RegressionColumns& columns() const { return columns_; }
  [[nodiscard]] Index size() const { return coefficients_.cols(); }
  [[nodiscard]] Index dimension() const { return columns_.dimension(); }

  /// The linear predictor of component k where all covariates are 0.
  [[nodiscard]] double intercept(Index k) const;
  /// One per covariate.
  [[nodiscard]] Vector coefficients(Index k) const;
  /// Throws std::invalid_argument unless there is one finite coefficient per covariate.
  void set_coefficients(Index k, double intercept, ConstVectorRef coefficients);

  void select(const std::vector<Index>& order);

 protected:
  Regressions() = default;
  /// Throws std::invalid_argument in the name of `family` for k below 1 and negative covariates.
  Regressions(std::string_view family, Index k, RegressionColumns columns);
  Regressions(const Regressions&) = default;
  Regressions(Regressions&&) = default;
  Regressions& operator=(const Regressions&) = default;
  Regressions& operator=(Regressions&&) = default;
  ~Regressions() = default;

  /// rows x size(), with the offset; `basis` that of the rows.
  [[nodiscard]] Matrix predictors(Rows x, const Matrix& basis) const;
  /// Adds a step to the coefficients of component k, if they stay finite.
  void add(Index k, ConstVectorRef step);
  /// Learns the basis, and offset and trials of drawn rows. The linear predictors stay.
  void learn(std::string_view family, const AnyRows& x, Weights w);
  /// Whether the offset of the row is finite.
  [[nodiscard]] bool has_offset(Rows x, Index row) const;
  /// The complaint of check_support about covariates and offset.
  [[nodiscard]] std::string check_covariates(Rows x) const;
  /// Points for seeding: the basis, and what the linear regression of `response` on it leaves, in
  /// units of its standard deviation.
  [[nodiscard]] Matrix embed_residuals(Rows x, const Vector& response) const;
  /// What `whole`, the family itself, says of the chosen columns: all in another order, or columns
  /// without the response, which are given. Throws NotAvailable for other choices.
  [[nodiscard]] AnyFamily marginal_of(const AnyFamily& whole,
                                      const std::vector<Index>& columns) const;
  /// One row with these values in the chosen columns, the response 0. Throws NotAvailable unless
  /// they are all but the response, in any order.
  [[nodiscard]] Matrix row_of_conditions(const std::vector<Index>& columns,
                                         ConstVectorRef values) const;
  /// Draws covariates, and sets offset and trials to their means in the data.
  void sample_conditions(Rng& rng, VectorRef row) const;
  /// Columns, basis, and the coefficients of each component in it.
  void common_fields(Fields& visit);
  void describe_coefficients(Index k, Fields& visit) const;

  RegressionColumns columns_;
  RegressionDesign design_;
  Matrix coefficients_;  // design_.size() x k, in the basis
  // What the response is measured from, so that one far from 0 costs no digits.
  double response_center_ = 0;

 private:
  double mean_offset_ = 0;
  Index mean_trials_ = 1;
};

}  // namespace mix
