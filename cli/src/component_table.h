#pragma once

#include <string>
#include <vector>

#include "mix/models/mixture_model.h"
#include "mix/table.h"

namespace mix::cli {

/// A row of a table with one column per component.
struct ComponentRow {
  std::string label;
  std::vector<std::string> cells;  ///< one per component; empty when it has no such parameter
};

/// The components side by side: weight, then every parameter by name, covariances as standard
/// deviations and correlations, probabilities with the names of their levels. Of a parameter with
/// more than `most` rows only the first are there, and how many more there are.
std::vector<ComponentRow> component_rows(const MixtureModel& model,
                                         const std::vector<Column>& columns, std::size_t most);

/// Such rows as text of at most 100 columns, in several blocks when components are many.
std::string format_components(const std::vector<std::string>& names,
                              const std::vector<ComponentRow>& rows);

/// What the components are called: the given names, one each or none. A component without one is
/// `3`, or `component 3` beside named ones, which may be numbers; a uniform component is noise when
/// others are not uniform.
std::vector<std::string> component_titles(const MixtureModel& model,
                                          const std::vector<std::string>& names);

/// The model's columns, or x1, x2, ... when it has none.
std::vector<Column> columns_or_numbered(const std::vector<Column>& columns, Index dimension);

}  // namespace mix::cli
