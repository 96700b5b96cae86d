#pragma once

#include <string>
#include <utility>
#include <vector>

#include "mix/models/model_file.h"

namespace mix::cli {

/// The places of the columns that a list names, `a,b`. Throws DataError for a name that the model
/// does not have.
std::vector<Index> columns_named(const SavedModel& saved, const std::string& names);

/// The places of columns and their values from `a=1.5,b=red`; of a category its code. Throws
/// DataError for a name or a value that cannot be.
std::pair<std::vector<Index>, Vector> values_named(const SavedModel& saved,
                                                   const std::string& values);

/// The same components for the chosen columns alone.
SavedModel marginal_of(const SavedModel& saved, const std::vector<Index>& columns);

/// The same components for all other columns, where the chosen ones have these values. Throws
/// DataError where no component explains them.
SavedModel conditional_of(const SavedModel& saved, const std::vector<Index>& columns,
                          const Vector& values);

}  // namespace mix::cli
