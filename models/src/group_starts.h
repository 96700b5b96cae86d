#pragma once

#include "mix/groups.h"
#include "seeding.h"

namespace mix {

/// Points of rows that are the same for all rows of a group: the weighted mean of its points and,
/// of few columns, the covariance within the group, which tells groups apart that differ in slope
/// or spread. Rows in groups of one keep their points.
Matrix group_points(const Matrix& points, Weights w, const Groups& groups);

/// What each group shares among the k components when its rows share as told: groups x k, the sum
/// over its rows divided by that of their weights.
Matrix shares_of_groups(const ShareBlocks& shares, Index k, Weights w, const Groups& groups);

/// The shares of rows, times their weight, where groups share so.
ShareBlocks shares_of_rows(Matrix of_groups, Weights w, const Groups& groups);

}  // namespace mix
