#pragma once

#include <optional>
#include <string>
#include <vector>

#include "mix/models/compare.h"
#include "mix/models/family_blocks.h"

namespace mix::cli {

/// What a family makes of a column.
enum class CellKind {
  numbers,     ///< text is an error
  categories,  ///< distinct values are levels
  either,      ///< as the column is
};

/// What was asked for with --family or --families.
struct FamilyChoice {
  /// The alternatives, each one family per block of columns; none means: those that suit the data.
  std::vector<FamilyBlocks> alternatives{};

  [[nodiscard]] bool automatic() const { return alternatives.empty(); }
  /// The columns that blocks name, in order.
  [[nodiscard]] std::vector<std::string> columns() const;
  /// Whether the column holds ends of intervals, which may be infinite, in one of the blocks or by
  /// its name: `lo`, `hi`, or one that ends with `_lo` or `_hi`.
  [[nodiscard]] bool takes_infinite(const std::string& column) const;
  /// What the families make of the column.
  [[nodiscard]] CellKind kind_of(const std::string& column) const;
  /// The alternatives with `trials` as the last column of blocks that take trials and name columns.
  /// Throws std::invalid_argument when no family takes trials.
  void add_trials(const std::string& trials);
  /// Gaussians become those of values with standard errors; blocks that name their columns take
  /// these from `errors` in their order. Throws std::invalid_argument when no family is Gaussian,
  /// or the numbers of columns disagree.
  void add_errors(const std::vector<std::string>& errors);
  /// Throws std::invalid_argument unless the families are regressions, if there is a response or
  /// `others` (columns that regressions alone have) are not empty, and the response is named.
  void check_response(const std::string& response, const std::string& others) const;
};

/// Parses `gaussian`, `auto` or `a+b=gaussian,c=poisson,from..to=weibull`, of which the last means
/// intervals from one column to the other. Throws std::invalid_argument that lists
/// the known families.
FamilyChoice parse_family(const std::string& text);

/// Parses `shape=2,scale=1.5`, parameters with their values, and `scale,shape`, those that all
/// components share. Throws std::invalid_argument that names the option and the part.
Restrictions parse_restrictions(const std::string& fixed, const std::string& shared);

/// Parses `normal,poisson,...` or `auto`.
FamilyChoice parse_families(const std::string& text);

/// How the candidates are made.
struct CandidateOptions {
  std::string structure{};               ///< `VVV`, `full`, `VVV,EEE` or `all`; empty is `all`
  std::string prior{};                   ///< `none`, `conjugate`, `chen-tan` or `data`
  std::optional<double> prior_weight{};  ///< of `data`
  double eigenvalue_ratio = 0;           ///< limit of gaussian covariances; 0 for none
  Restrictions restrictions{};           ///< of the families that have such parameters
  std::string dof{};                     ///< `per_component`, `shared` or a number, of student_t
  std::string trials{};                  ///< the column of trials, empty for none
  std::vector<std::string> errors{};     ///< the columns of standard errors
  std::string offset{};                  ///< the column of offsets, empty for none
  std::vector<double> bounds{};          ///< lower and upper, of truncated families; empty for none
  std::vector<Index> factors{};          ///< the numbers of factors to try, of factor_analyzers
  double scree = 0;                      ///< threshold of the test that chooses theirs; 0 for BIC
  bool noise = false;                    ///< a uniform component besides
  std::vector<std::string> gate{};       ///< the columns that mixing weights depend on
  std::vector<std::string> gate_only{};  ///< those of them that no family describes
};

/// One candidate per alternative and structure, with different titles. Throws std::invalid_argument
/// when the only family cannot describe the columns; one of several is listed as failed instead.
std::vector<Candidate> make_candidates(const FamilyChoice& choice, const Table& columns,
                                       const CandidateOptions& options);

}  // namespace mix::cli
