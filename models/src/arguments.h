#pragma once

#include "mix/function_view.h"
#include "mix/models/fit.h"
#include "mix/types.h"

namespace mix {

/// Throws std::invalid_argument, with `what` in front, unless all cells are finite or, where
/// `missing` allows it, missing (NaN) and the rows dense, or infinite in a column where `infinite`
/// allows it.
void check_cells(
    const AnyRows& x, const char* what, bool missing = false,
    FunctionView<bool(Index)> infinite = [](Index) { return false; });

/// Throws std::invalid_argument, with `what` in front, unless there is one finite weight per row,
/// none negative, not all 0.
void check_weights(const Vector& w, Index rows, const char* what);

/// Throws std::invalid_argument, with `what` in front, unless `x` has the model's columns, at least
/// one row and finite or missing cells, and `w` is empty or passes check_weights.
void check_rows(const MixtureModel& model, const AnyRows& x, const Vector& w, const char* what);

/// Throws std::invalid_argument, with `what` in front, unless `groups` is empty or of so many rows.
void check_groups(const Groups& groups, Index rows, const char* what);

/// Throws std::invalid_argument for an assignment that cannot be, with these options.
void check_assignment(const FitOptions& options);

/// Throws std::invalid_argument for what no fit of `model` to `x` can have.
void check_arguments(const MixtureModel& model, const AnyRows& x, const FitOptions& options);

}  // namespace mix
