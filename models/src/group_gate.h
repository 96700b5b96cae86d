#pragma once

#include <optional>

#include "mix/groups.h"
#include "mix/models/mixture_model.h"

namespace mix {

/// A model whose gate weighs groups instead of rows, and the rows with their parts in the groups.
struct GroupGate {
  MixtureModel model;
  Matrix rows;
};

/// `sample_weight` are those of the rows, empty for one each. Nothing unless there are groups and
/// the model is gated, by rows. Throws std::invalid_argument where rows of a group with weight
/// differ in the columns of the gate, which say one mixing weight.
std::optional<GroupGate> group_gate(const MixtureModel& model, const AnyRows& x,
                                    const Vector& sample_weight, const Groups& groups);

/// The model with a gate of rows again; any other as it is.
MixtureModel without_group_gate(const MixtureModel& model);

}  // namespace mix
