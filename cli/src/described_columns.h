#pragma once

#include <vector>

#include "mix/any_family.h"

namespace mix::cli {

/// The columns that have a distribution, in ascending order: all but those that are given
/// (covariates, offsets, errors of measurement, what only a gate reads).
/// All of them where that cannot be told.
std::vector<Index> described_columns(const AnyFamily& family);

/// 0, 1, ... up to the dimension.
std::vector<Index> all_columns(Index dimension);

}  // namespace mix::cli
