#pragma once

#include <string>

#include "mix/distributions/covariance_structure.h"
#include "mix/types.h"

namespace mix {

/// The structures whose estimate may be held to a ratio of eigenvalues, for a message: "EII, ...".
std::string ratio_structures();

/// Clips `values` (d x k: the eigenvalues of component k in column k) to [m, ratio m]. With the
/// `mass` n_k of components and m that minimizes sum_k n_k sum_j (log e_kj + d_kj / e_kj) over the
/// clipped e, which is exact (Fritz, Garcia-Escudero & Mayo-Iscar 2013): the best covariances with
/// eigenvectors of their own whose eigenvalues differ by no more than the factor `ratio`. Values of
/// components without mass are clipped, and decide nothing. Returns whether anything was to do: not
/// where the values obey the ratio as they are, but for rounding, or all are 0. O(dk log dk).
bool limit_ratio(MatrixRef values, ConstVectorRef mass, double ratio);

}  // namespace mix
