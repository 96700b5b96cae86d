#pragma once

#include <cstdint>

#include "mix/any_rows.h"
#include "mix/models/mixture_model.h"
#include "mix/types.h"

namespace mix {

/// The rows with missing cells (NaN) replaced by what the mixture expects there, rows x columns:
/// the mean given the observed cells of the row; of `Categorical` and `Bernoulli` columns the most
/// probable level given these. Observed cells keep their bits. A row that no component explains
/// keeps its missing cells, and so does a cell whose mean is infinite or does not exist. Throws
/// std::invalid_argument when the columns are not the model's, and when a family cannot tell the
/// mean of a cell.
Matrix impute(const MixtureModel& model, const AnyRows& x);

/// The same with draws from the distribution given the observed cells, of all missing cells of a
/// row together. Row i depends on the seed, on i and on its cells alone.
Matrix impute_draws(const MixtureModel& model, const AnyRows& x, std::uint64_t seed,
                    Index first_row = 0);

}  // namespace mix
