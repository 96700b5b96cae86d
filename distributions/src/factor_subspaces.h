#pragma once

#include <vector>

#include "factor_estimate.h"

namespace mix {

/// Eigenvalues in descending order, and the leading eigenvectors.
struct Spectrum {
  Spectrum(const Matrix& symmetric, Index leading);

  Vector values;
  Matrix vectors;
};

/// estimate_factors where all directions of a component but those of its factors have one variance:
/// in closed form, from the eigenvalues of `covariances`, one for each loading matrix, which count
/// by `share`.
void estimate_spectral(FactorProblem& problem, const std::vector<Matrix>& covariances,
                       const Vector& share, Steps steps);

}  // namespace mix
