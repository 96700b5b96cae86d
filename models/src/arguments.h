#pragma once

#include "mix/models/fit.h"
#include "mix/row_checks.h"
#include "mix/types.h"

namespace mix {

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
