#pragma once

#include "mix/any_family.h"
#include "mix/any_rows.h"
#include "mix/function_view.h"
#include "mix/types.h"

/// What all estimates ask of their rows.
namespace mix {

/// Throws std::invalid_argument, with `what` in front, unless all cells are finite or, where
/// `missing` allows it, missing (NaN) and the rows dense, or infinite in a column where `infinite`
/// allows it.
void check_cells(
    const AnyRows& x, const char* what, bool missing = false,
    FunctionView<bool(Index)> infinite = [](Index) { return false; });

/// Throws std::invalid_argument, with `what` in front, unless `x` has the family's columns, at
/// least one row and cells that are finite, missing, or infinite where the family knows what that
/// means.
void check_rows(const AnyFamily& family, const AnyRows& x, const char* what);

/// Throws std::invalid_argument, with `what` in front, unless there is one finite weight per row,
/// none negative, not all 0.
void check_weights(Weights w, Index rows, const char* what);

}  // namespace mix
