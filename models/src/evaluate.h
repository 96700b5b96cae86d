#pragma once

#include "mix/models/fit.h"

namespace mix {

/// The sample weights, or ones, less what the assignment trims at the parameters of `model`.
Vector counted_weights(const MixtureModel& model, const AnyRows& x, const FitOptions& options);

/// Fills in what a report says of `model` and the rows, however the model came about: the
/// log-likelihood, the criteria, the entropy. `one_component` is the log-likelihood that one
/// component reaches, NaN where it is not known. Returns the rows, or groups, that each component
/// holds.
Vector complete_report(Report& report, const MixtureModel& model, const AnyRows& x, Weights w,
                       const Groups& groups, double one_component = quiet_nan);

}  // namespace mix
