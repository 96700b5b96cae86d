#pragma once

#include <vector>

#include "mix/types.h"

namespace mix::cli {

/// A part of the axis that holds a share of the rows; nothing tells where within it.
struct MassInterval {
  double low;   ///< not part of it, unless it is the only point
  double high;  ///< part of it, unless infinite
  double mass;
};

/// What is known of values.
enum class ValueKind { measurements, counts };

/// The distribution that makes rows of intervals most probable, whatever its form (Turnbull 1976),
/// as the innermost intervals with mass, in ascending order. Row i says that its value lies between
/// `ends(i, 0)` and `ends(i, 1)`, of which either may be infinite or missing (NaN, which is open)
/// and equal ones are a known value; of measurements ends count to the interval below, of counts
/// intervals have both their ends. `weights` are those of the rows, empty for one each. Rows that
/// say nothing are left out.
std::vector<MassInterval> turnbull(ConstMatrixRef ends, const Vector& weights, ValueKind kind);

}  // namespace mix::cli
