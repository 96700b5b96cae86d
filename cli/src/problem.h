#pragma once

#include <optional>
#include <string>
#include <vector>

#include "data.h"
#include "family_choice.h"
#include "fit_flags.h"
#include "mix/models/compare.h"
#include "mix/models/schema.h"

namespace mix::cli {

/// What is to be fitted to what.
struct Problem {
  Data data;
  CompareOptions options;
  std::optional<Schema> schema{};
  /// Whether the user asks for a criterion that the report of a fit does not have.
  bool names_criterion = false;

  [[nodiscard]] bool is_search() const {
    return options.families.size() > 1 || options.components.first < options.components.last ||
           options.annihilate || names_criterion;
  }
  /// The known labels, one per component and empty for those beyond them; none without labels.
  [[nodiscard]] std::vector<std::string> component_names(Index n_components) const;
  /// The weights of the rows, or ones, less what the fit trims.
  [[nodiscard]] Vector counted_weights(const MixtureModel& model) const;
  /// The lines of the file whose rows are trimmed, by more than half where in part.
  [[nodiscard]] std::vector<Index> trimmed_lines(const MixtureModel& model) const;
};

/// Checks the flags, reads the data, and makes the candidates.
Problem make_problem(const FitFlags& flags, FamilyChoice choice);

/// Nothing more is to be done: a checkpoint is removed, unless an interrupt came before the end.
void end_checkpoint(const Problem& problem);

/// Fits or compares with a progress line; messages name places in the file.
Comparison run_search(const Problem& problem);
Fit run_single(const Problem& problem);

}  // namespace mix::cli
