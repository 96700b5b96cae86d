#pragma once

#include <string>

#include "mix/models/standard_errors.h"

namespace mix::testing_support {

/// Expects of information(), in `directions` random directions of the coordinates: the score is the
/// derivative of the log-likelihood (plus log prior) of the whole mixture, and the observed
/// information, where there is one, minus the second derivative. Differences are of fourth order.
void expect_information(const MixtureModel& model, const Matrix& x,
                        const StandardErrorOptions& options, const std::string& what,
                        Index directions = 6);

/// Expects rows that are repeated to count as rows of such weights, 0 among them.
void expect_weights_to_repeat(const MixtureModel& model, const Matrix& x, const std::string& what);

/// Expects densities to move along as many directions of the coordinates as there are parameters,
/// or fewer by those that are at a bound or an edge, or of components without rows.
void expect_as_many_directions_as_parameters(const MixtureModel& model, const Matrix& x,
                                             const std::string& what);

}  // namespace mix::testing_support
