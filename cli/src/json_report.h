#pragma once

#include <string>

#include "mix/json_fields.h"
#include "mix/models/compare.h"
#include "mix/models/model_file.h"
#include "problem.h"

/// The objects that --json prints. Other programs read them: their names stay as they are.
namespace mix::cli {

/// One line of JSON; NaN and infinities are null.
std::string to_line(const Json& json);

/// The criteria by name.
Json criteria_object(const Criteria& criteria);

/// One object per component: label where it has a name, weight, distribution, parameters.
Json components_array(const MixtureModel& model, const std::vector<std::string>& names);

/// The name of the model's family, and of its covariance structure (null without one).
Json family_name(const MixtureModel& model);
Json structure_name(const MixtureModel& model);

/// The ranked table.
Json table_array(const Comparison& comparison);

/// The object of `fit`, without `table`.
Json fit_object(const Problem& problem, const Fit& fit, double seconds);

/// The object of `info`.
Json model_object(const SavedModel& saved);

}  // namespace mix::cli
