#pragma once

#include "mix/distributions/covariance_structure.h"
#include "mix/scratch.h"

namespace mix {

/// Replaces `orientation` by the orthogonal matrix D that EVE (equal volume) and VVE (variable
/// volume) share: minimizes
///   VVE: sum_k n_k sum_j log (D'W_kD)_jj,      EVE: sum_k prod_j (D'W_kD)_jj^(1/d),
/// which is the objective after the best volumes and shapes for that D. A local minimum at or below
/// the given one; when that is empty, the lowest of those reached from the eigenvectors of sum W_k,
/// of each W_k, and the axes. Few steps may end above the minimum. Returns the number of sweeps.
Index common_orientation(const MatrixStack& scatter, ConstVectorRef mass, Part volume,
                         Matrix& orientation, Steps steps);

}  // namespace mix
