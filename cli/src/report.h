#pragma once

#include <string>

#include "mix/models/compare.h"
#include "mix/models/kmeans.h"
#include "mix/models/model_file.h"
#include "problem.h"

namespace mix::cli {

/// `faithful.csv: 272 rows, 2 columns (eruptions, waiting)`.
std::string describe_data(const Data& data);

/// How much of a ranked table is shown.
enum class RowsShown { best, all };

/// The ranked table: its rows, how many more there are, and what failed and why.
std::string describe_search(const Comparison& comparison, RowsShown rows = RowsShown::best);

/// The fitted model: how it went, the components, and how sure each row is.
std::string describe_fit(const Problem& problem, const Fit& fit);

/// The components of a saved model.
std::string describe_model(const SavedModel& saved);

}  // namespace mix::cli
