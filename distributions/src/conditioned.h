#pragma once

#include <vector>

#include "mix/types.h"

namespace mix {

/// An elliptical distribution of some columns, where `columns` have these values: with the chosen
/// columns first, the Cholesky factor of the scatter holds everything (Schur complement), and what
/// it leaves is positive definite whatever was rounded.
struct Conditioned {
  Conditioned(const Vector& mean, const Matrix& scatter, const std::vector<Index>& columns,
              ConstVectorRef values);

  Vector mean;      // of the other columns, in their order
  Matrix scatter;   // of these
  double distance;  // the squared Mahalanobis distance of the values
};

}  // namespace mix
