#pragma once

#include <vector>

#include "mix/types.h"

namespace mix {

/// The assignment of rows to columns, each used at most once, that has the largest sum of
/// gain(i, result[i]): the Hungarian method in Kuhn's and Munkres's form with shortest augmenting
/// paths (Jonker & Volgenant 1987), O(n^3). With more rows than columns some rows stay without one,
/// -1; with more columns some columns do. No row gives up a match to avoid a loss: gains may be
/// negative, and as many pairs are made as there can be. Throws std::invalid_argument unless every
/// gain is finite.
std::vector<Index> best_matching(const Matrix& gain);

}  // namespace mix
