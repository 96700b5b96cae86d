#pragma once

#include "mix/distributions/covariance_structure.h"
#include "mix/scratch.h"

namespace mix {

/// What `estimate` takes and gives, in memory of the caller.
struct CovarianceProblem {
  MatrixStack scatter;  ///< is used up
  VectorMap mass;       ///< is used up
  MatrixStack factors;  ///< the current ones where these are known; become the estimate
  bool has_current;     ///< whether they are
  Matrix& orientation;  ///< the current one, or empty; becomes that of the estimate, if it has one
  Index repairs = 0;
  Index steps = 0;
};

/// `estimate` in place: with current factors it takes no memory from the system.
void estimate_in_place(Structure structure, CovarianceProblem& problem, Steps steps);

/// `estimate_diagonal` in place: `variances` are the current ones where these are known, and become
/// the estimate; `scatter` and `mass` are used up.
void estimate_diagonal_in_place(Structure structure, MatrixRef scatter, VectorRef mass,
                                MatrixRef variances, bool has_current, Steps steps);

}  // namespace mix
