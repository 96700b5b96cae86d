#pragma once

#include <vector>

#include "mix/distributions/covariance_structure.h"

namespace mix {

/// The orthogonal matrix D that EVE (equal volume) and VVE (variable volume) share: minimizes
///   VVE: sum_k n_k sum_j log (D'W_kD)_jj,      EVE: sum_k prod_j (D'W_kD)_jj^(1/d),
/// which is the objective after the best volumes and shapes for that D. A local minimum at or below
/// `current`; when that is empty, the lowest of those reached from the eigenvectors of sum W_k, of
/// each W_k, and the axes. Few steps from `current` may end above the minimum. Adds the number of
/// sweeps to `sweeps`.
Matrix common_orientation(const std::vector<Matrix>& scatter, const Vector& mass, Part volume,
                          const Matrix& current, Steps steps, Index& sweeps);

}  // namespace mix
