#pragma once

#include "mix/types.h"

namespace mix {

/// Sums of a weighted regression on a basis u, in this order: the gradient, sum w s u; the
/// information, sum w c u u'; the mass, sum w. Slopes s and curvatures c are one per row.
class NormalEquations {
 public:
  static Index statistics_size(Index coefficients) { return coefficients * (coefficients + 1) + 1; }
  /// Adds the sums of the rows; where w is 0 the others may be anything.
  static void add(const Matrix& basis, Weights w, ConstVectorRef slope, ConstVectorRef curvature,
                  VectorRef statistics);

  /// From the sums of all rows.
  NormalEquations(ConstVectorRef statistics, Index coefficients);

  [[nodiscard]] double mass() const { return mass_; }
  /// What solves information * step = gradient; the least in norm where several do.
  [[nodiscard]] const Vector& step() const { return step_; }
  /// gradient' step: twice what a quadratic function would gain.
  [[nodiscard]] double gain() const { return gain_; }
  /// The share of Newton's step that never lowers a log-likelihood whose third derivative by the
  /// linear predictor is at most as large as the second, when the predictor of no row changes by
  /// more than `change` in the whole step: log(1 + change) / change (Bach 2010, Electronic J. of
  /// Statistics 4, proposition 1). It tends to 1 as steps become small.
  [[nodiscard]] static double safe_share(double change);

 private:
  double mass_;
  Vector step_;
  double gain_ = 0;
};

}  // namespace mix
