#pragma once

#include "mix/models/compare.h"
#include "workloads.h"

namespace bench {

/// The four columns of Fisher's irises, from the examples of the documentation.
Matrix iris();

/// All covariance structures with 1 to 9 components, fitted as `./dev mixture fit --effort` does.
mix::Comparison search_structures(const Matrix& x, mix::Effort effort);

}  // namespace bench
