#pragma once

#include <optional>

#include "mix/any_rows.h"
#include "mix/types.h"

namespace mix {

/// Rows that differ, in the order of their first occurrence, with the sum of the weights of each.
struct DistinctRows {
  Matrix x;
  Vector weight;
};

/// The distinct rows of `x` when at least half of the rows repeat others and at least `least` of
/// the distinct ones have a weight, otherwise nothing; nothing of sparse rows. `w` is empty or one
/// weight per row. A mixture of k components starts from k rows, so it cannot do with fewer, though
/// it is defined for them.
std::optional<DistinctRows> distinct_rows(const AnyRows& x, const Vector& w, Index least);

}  // namespace mix
