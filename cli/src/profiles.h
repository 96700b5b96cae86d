#pragma once

#include <string>
#include <vector>

#include "drawn_rows.h"

namespace mix::cli {

/// What one bar of a profile stands for: a column, or a level of a category.
struct Feature {
  std::string name;
  Vector rows;       ///< per component: the mean over rows, each weighted by its responsibility
  Vector model;      ///< per component: the expectation; NaN where the family does not know it
  double mean;       ///< over all rows
  double deviation;  ///< over all rows
};

/// Whether all components are Markov chains.
bool are_chains(const MixtureModel& model);

/// Features side by side and the axis they have in common.
struct Profile {
  std::vector<Feature> features;  ///< at most as many as asked for
  std::size_t all = 0;            ///< how many there are
  std::string axis;               ///< "probability", "mean", "share" or standardized means
};

/// The profile of each component in the given columns: of measurements and counts the means, of
/// categories the probabilities of the levels (the second of two), of counts that the family shares
/// out (multinomial) their shares; of sequences (Markov chains) the probabilities of the first
/// states and of the transitions. Columns of different scales are standardized. Of more than
/// `most` features those whose means differ most between components, in the order of the table.
Profile component_profiles(const MixtureModel& model, const Table& table, const DrawnRows& rows,
                           const std::vector<Index>& columns, std::size_t most);

}  // namespace mix::cli
