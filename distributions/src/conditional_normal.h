#pragma once

#include <vector>

#include "mix/missing.h"
#include "mix/random.h"
#include "mix/scratch.h"
#include "mix/types.h"

namespace mix {

/// The missing cells of rows with one normal (or elliptical) distribution, given the observed ones.
///
/// With L L' the covariance, A the missing columns of L^-1 and A = Q R: of y = L^-1 (x - mean) with
/// missing cells at the mean, -R^-1 Q' y is what the missing cells' means have over their own, and
/// what Q leaves of y is the squared distance of the observed cells. (R'R)^-1 is the covariance of
/// the missing cells, and |R|^2 times the whole determinant that of the observed ones. No step
/// squares the condition of L (Bjorck 1967: modified Gram-Schmidt).
class ConditionalNormal {
 public:
  /// `inverse`: L^-1 (d x d); of a diagonal covariance its diagonal (d x 1). Takes its memory from
  /// `scratch`, and views the other arguments.
  ConditionalNormal(Scratch& scratch, ConstMatrixRef inverse, ConstVectorRef mean,
                    const MissingColumns& columns);

  /// The log determinant of the covariance of the observed cells, less that of all cells.
  [[nodiscard]] double log_determinant() const { return log_determinant_; }
  /// Writes the rows with missing cells at their conditional means, n x d, and the squared
  /// distances of the observed cells.
  void complete(Rows x, MatrixRef out, VectorRef squares) const;
  /// Adds w times the covariance of the missing cells to m (d x d); of L^-1 times the row where
  /// `whitened`. Of a diagonal covariance the variances, to m (d x 1).
  void add_covariance(double w, bool whitened, MatrixRef m) const;
  /// Adds noise of that covariance, times `scale`, to the missing cells of a row.
  void add_noise(Rng& rng, double scale,
                 Eigen::Ref<Eigen::RowVectorXd, 0, Eigen::InnerStride<>> row) const;

 private:
  [[nodiscard]] bool diagonal() const { return inverse_.cols() == 1 && inverse_.rows() > 1; }
  // v <- R^-1 v, columns of several rows' numbers.
  void solve(MatrixRef v) const;

  ConstMatrixRef inverse_;
  ConstVectorRef mean_;
  MissingColumns columns_;
  MatrixMap q_;  // d x missing
  MatrixMap r_;  // missing x missing, upper
  double log_determinant_ = 0;
};

/// A normal or elliptical distribution of some columns, where `columns` have these values.
struct Conditioned {
  Conditioned(ConstMatrixRef inverse, ConstVectorRef mean, const std::vector<Index>& columns,
              ConstVectorRef values);

  Vector mean;      // of the other columns, in their order
  Matrix scatter;   // of these
  double distance;  // the squared Mahalanobis distance of the values
};

}  // namespace mix
