#pragma once

#include <cmath>
#include <string>

#include "mix/support.h"
#include "mix/types.h"

// What distributions of counts have in common.
namespace mix {

inline std::string check_counts(Rows x) {
  return check_cells(x, is_count, "a count (0, 1, 2, ...)");
}

/// 2 asinh(sqrt(x + 3/8)): like Poisson's square roots near 0, like logarithms of large counts.
inline Matrix embed_overdispersed(Rows x) {
  return 2 *
         (x.array().max(0) + 0.375).sqrt().unaryExpr([](double root) { return std::asinh(root); });
}

}  // namespace mix
