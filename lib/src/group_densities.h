#pragma once

#include "mix/any_family.h"
#include "mix/any_rows.h"
#include "mix/assignment.h"
#include "mix/groups.h"

namespace mix {

/// Writes for each group and component the sum over the group's rows of weight times log density,
/// 0 for a group without weight. Rows of weight zero count for nothing. Rows are evaluated in
/// parallel, part by part, and each sum is made by one task in the order of the rows: the same bits
/// for any number of threads. `single`: whether single precision will do within a block.
void group_log_densities(const AnyFamily& family, const AnyRows& x, Weights w, const Groups& groups,
                         bool single, MatrixRef sums);

/// What the policy says of rows, said of groups. Throws std::invalid_argument where rows of a group
/// disagree, naming two, and for a policy that leaves out single rows.
AnyAssignment of_groups(const AnyAssignment& policy, const Groups& groups);

}  // namespace mix
