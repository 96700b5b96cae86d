#pragma once

#include "mix/models/fit.h"
#include "partitions.h"

namespace mix {

/// Whether nothing in the options refers to single rows, so that equal rows can be counted
/// together.
bool rows_are_exchangeable(const FitOptions& options);

/// `fit`, with the partitions it starts from shared with the other fits to `pool`; null shares
/// nothing. `one_component` is the log-likelihood that one component reaches, NaN where it is not
/// known.
Fit fit_sharing(const MixtureModel& model, const AnyRows& x, const FitOptions& options,
                PartitionPool* pool, double one_component = quiet_nan);

}  // namespace mix
