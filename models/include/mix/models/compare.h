#pragma once

#include <fmt/format.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "mix/models/annihilation.h"
#include "mix/models/fit.h"
#include "mix/registry.h"

namespace mix {

/// A family to compare: its title and how to make it with k components.
struct Candidate {
  std::string name;
  std::function<AnyFamily(Index k)> make;
  /// The columns of the data that it describes; empty: all. Criteria compare densities of the same
  /// numbers, so a column that only some candidates get must be given to these, not described by
  /// them: numbers of trials, for instance.
  std::vector<Index> columns{};
};

/// The numbers of components from `first` to `last`.
struct Components {
  Index first = 1;
  Index last = 9;
};

/// How rows are held out.
struct CrossValidationOptions {
  Index folds = 5;
  /// How often rows are divided into folds anew; the values are averaged.
  Index repeats = 1;
};

/// -2 times the log-likelihood of held-out rows.
struct CrossValidation {
  double value = quiet_nan;  ///< the sum over all rows, the mean over repeats
  /// Of the value, from the variation between folds: sqrt(folds) times the standard deviation of
  /// their sums, the mean over repeats. NaN where it is not known.
  double standard_error = quiet_nan;
};

struct CompareOptions {
  std::vector<Candidate> families{};
  Components components{};
  /// One run for each family, from the last number of components down to the first, instead of a
  /// fit with each number: see choose_by_annihilation. The table then has a row for each family.
  bool annihilate = false;
  /// What the table is ranked by: a name of comparison_criteria().
  std::string criterion = "bic";
  /// Of the criterion "cv".
  CrossValidationOptions cross_validation{};
  /// Options of every fit.
  FitOptions fit{};
  /// Called with the number of fits done and the number of all.
  std::function<void(Index done, Index all)> progress = nullptr;
};

/// One row of the table: a family with a number of components.
struct Ranked {
  std::string name;
  Index n_components = 0;
  double log_likelihood = quiet_nan;
  Index parameter_count = 0;
  Criteria criteria{};
  double value = quiet_nan;           ///< of the criterion that ranks
  double standard_error = quiet_nan;  ///< of the value, where it is cross-validated
  double mml = quiet_nan;             ///< message_length of mix/models/choice.h
  // What depends on the other fits of the table, of which flagged ones do not count.
  double bic_weight = 0;      ///< approximate posterior probability, see bic_weights
  double sbic = quiet_nan;    ///< singular_bic among the numbers of components of the same family
  double slope = quiet_nan;   ///< SlopeHeuristic::criterion of the whole table
  std::string status = "ok";  ///< "ok", "flagged: ..." or "failed: ..."
  std::shared_ptr<const Fit> fit{};  ///< null when it failed
  std::vector<Index> columns{};      ///< of the data that it describes; empty: all
  std::vector<AnnihilationStep>
      path{};  ///< how the number was chosen, of CompareOptions::annihilate
};

/// The table, best first; spurious fits after sound ones, then fits whose value is infinite or not
/// defined, and failures last.
struct Comparison {
  std::vector<Ranked> table;
  std::string criterion;

  [[nodiscard]] auto begin() const { return table.begin(); }
  [[nodiscard]] auto end() const { return table.end(); }
  /// The fit that ranks first; throws std::runtime_error that says why when every one failed, the
  /// criterion is not defined for any, or cross-validation is infinite for all.
  [[nodiscard]] const Fit& best() const;
  /// The one-standard-error rule (Breiman et al. 1984): of the sound fits whose value exceeds the
  /// best one's by at most the best one's standard error, the one with the fewest parameters. The
  /// first row where no standard error is known. Throws as best().
  [[nodiscard]] const Ranked& simplest_within_error() const;
};

/// What a table can be ranked by: criterion_names(), "mml", "sbic", "slope", "exact_icl" of
/// mix/models/exact_icl.h, and "cv" for -2 times the cross-validated log-likelihood.
const std::vector<std::string>& comparison_criteria();

/// Fits every family with every number of components and ranks them. A fit of K components also
/// starts from the one of K-1 with a component split, so log-likelihoods do not fall from one
/// unflagged fit to the next under plain maximum likelihood (soft, free mixing weights, no prior).
Comparison compare(const AnyRows& x, const CompareOptions& options);

/// -2 times the log-likelihood of held-out rows of `x`, the columns that the candidate describes,
/// summed over `folds` folds, each fitted anew on the other rows with the full search. Smaller is
/// better.
double cross_validation(const Candidate& candidate, Index k, const AnyRows& x,
                        const FitOptions& options, Index folds = 5);
/// The same with its standard error, and with the mean over several divisions into folds. Throws
/// std::invalid_argument for folds that are fewer than 2 or more than the rows, or no repeat.
CrossValidation cross_validate(const Candidate& candidate, Index k, const AnyRows& x,
                               const FitOptions& options,
                               const CrossValidationOptions& cross_validation = {});

/// The families that suit the columns: their kinds (real, count, category) and ranges.
std::vector<Candidate> suitable(const Table& table);
/// The same for a matrix: a column of non-negative integers is a count.
std::vector<Candidate> suitable(Rows x);

}  // namespace mix

template <>
struct fmt::formatter<mix::Ranked> : fmt::formatter<std::string> {
  auto format(const mix::Ranked& r, fmt::format_context& context) const {
    return fmt::format_to(
        context.out(),
        "{:<24} {:>2}  log-likelihood {:>12.3f}  {:>3} parameters  BIC {:>12.3f}  {}", r.name,
        r.n_components, r.log_likelihood, r.parameter_count, r.criteria.bic, r.status);
  }
};
