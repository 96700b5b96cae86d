#pragma once

#include "mix/em.h"

namespace mix {

/// Whether components can be taken out one by one, so that it is known what each of them adds.
bool comes_apart(const AnyFamily& family);

/// How many parameters each component alone has; the others are in common.
Vector own_parameter_counts(const AnyFamily& family);

/// What message_length of mix/models/choice.h says, of components with these weights and so many
/// parameters of their own, and of `common` parameters that they share.
double message_length(const Vector& weights, const Vector& own, double common, MixingWeights mixing,
                      double log_likelihood, double n);

}  // namespace mix
