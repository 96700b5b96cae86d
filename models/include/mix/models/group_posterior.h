#pragma once

#include "mix/groups.h"
#include "mix/models/mixture_model.h"

namespace mix {

/// What the groups of weighted rows are: as `posterior` of groups in mix/em.h, and for gated
/// families, too. The mixing weights of a group are those of its gate. Throws std::invalid_argument
/// where rows of a group with weight differ in the columns of a gate.
Posterior group_posterior(const MixtureModel& model, const AnyRows& x, Weights w,
                          const Groups& groups);

}  // namespace mix
