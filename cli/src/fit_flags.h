#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

#include "data.h"
#include "family_choice.h"
#include "mix/models/compare.h"
#include "mix/models/schema.h"

namespace mix::cli {

/// What `fit` and `compare` are told.
struct FitFlags {
  std::string file{};
  std::string family{};          ///< the text of --family or --families
  std::string default_family{};  ///< what counts where there is none
  std::string schema{};          ///< the file
  std::string fixed{};           ///< `shape=2,scale=1.5`
  std::string shared{};          ///< `scale,shape`
  ColumnRoles roles{};
  CandidateOptions candidates{};
  std::string components{};  ///< `3`, `1-9` or `mml:20`; empty chooses
  std::string criterion = "bic";
  CrossValidationOptions cross_validation{};
  std::string init = "auto";
  std::string effort = "default";
  std::string precision = "full";
  std::string acceleration = "auto";
  std::string assignment = "soft";
  double trim = 0;           ///< the share of rows that is left out
  std::string checkpoint{};  ///< the file
  const CLI::App* command = nullptr;
  FitOptions fit{};
  bool equal_weights = false;

  [[nodiscard]] const std::string& family_or_default() const {
    return family.empty() ? default_family : family;
  }
};

/// Adds the options that `fit` and `compare` share.
void add_fit_flags(CLI::App& command, FitFlags& flags);

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
