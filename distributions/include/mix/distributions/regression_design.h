#pragma once

#include <string_view>

#include "mix/any_rows.h"
#include "mix/fields.h"
#include "mix/random.h"
#include "mix/types.h"

namespace mix {

/// The part that each column of a row plays in a regression: covariates first, then the offset if
/// there is one, the response, and the number of trials if there is one.
struct RegressionColumns {
  Index covariates = 0;
  bool offset = false;  ///< a column that is added to the linear predictor
  bool trials = false;  ///< a column with the numbers of trials

  [[nodiscard]] Index offset_column() const { return covariates; }
  [[nodiscard]] Index response_column() const { return covariates + (offset ? 1 : 0); }
  [[nodiscard]] Index trials_column() const { return response_column() + 1; }
  [[nodiscard]] Index dimension() const { return trials_column() + (trials ? 1 : 0); }

  void fields(Fields& visit);
};

/// The first columns of a row as covariates of a linear predictor with an intercept.
///
/// Linear predictors are computed and estimated in a basis: a constant, and combinations of the
/// columns less a center that are uncorrelated and of variance 1 over the data that `learn` saw. So
/// columns far from 0, in odd units or nearly collinear cost no digits that the data have. The
/// basis is found by repeated Cholesky factorizations of sums over rows (shifted CholeskyQR, Fukaya
/// et al. 2020), which is as precise as a QR factorization of all rows.
class RegressionDesign {
 public:
  RegressionDesign() = default;
  /// Center 0, and the columns themselves as the basis. Throws std::invalid_argument for a negative
  /// number.
  explicit RegressionDesign(Index covariates);

  [[nodiscard]] Index covariates() const { return center_.size(); }
  /// The number of coefficients: the intercept and one per covariate.
  [[nodiscard]] Index size() const { return covariates() + 1; }
  /// The largest Euclidean norm of a row of the basis over the data; 0 before `learn`.
  [[nodiscard]] double reach() const { return reach_; }

  /// Learns center and basis; rows without weight do not count. Throws std::invalid_argument in the
  /// name of `family`, with row and column, for a covariate that is not finite, that is constant,
  /// or that is a linear combination of those before it.
  void learn(std::string_view family, const AnyRows& x, Weights w);

  /// rows x size(): the basis, a row of zeros where a covariate is not finite.
  [[nodiscard]] Matrix basis(Rows x) const;
  /// rows x k: the linear predictors of k columns of coefficients in the basis, size() x k; NaN
  /// where the basis is 0.
  [[nodiscard]] static Matrix predictors(const Matrix& basis, const Matrix& coefficients);
  /// From coefficients in the basis those of the columns, with the intercept where all covariates
  /// are 0 first; and back.
  [[nodiscard]] Vector of_columns(ConstVectorRef of_basis) const;
  [[nodiscard]] Vector of_basis(ConstVectorRef of_columns) const;
  /// The coefficients in this basis of linear predictors in the other one.
  [[nodiscard]] Matrix translated(const RegressionDesign& from, const Matrix& coefficients) const;

  /// Draws covariates from the normal distribution with the mean and the covariance of the data.
  void sample(Rng& rng, VectorRef covariates) const;
  void fields(Fields& visit);

 private:
  Vector center_;
  Matrix transform_;  // upper triangular: the basis is (x - center) * transform
  double reach_ = 0;
};

}  // namespace mix
