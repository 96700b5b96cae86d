#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "mix/any_family.h"
#include "mix/concepts.h"
#include "mix/types.h"

/// The laws of docs/design/contract.md as a check that needs no test framework: hand it a
/// distribution of your own and example rows, and read which laws it breaks.
namespace mix {

struct LawOptions {
  std::uint64_t seed = 1;
  /// Log densities that differ by no more than this, relative to 1 + |value|, count as equal.
  double tolerance = 1e-8;
  /// Rows drawn by the law `sampler`.
  Index draws = 4000;
  /// Estimation steps after which a fit counts as converged.
  Index max_steps = 2000;
  /// Points that enumerate the support, or a grid that integrates over it, and the measure of each
  /// (1 for a countable support, the cell's volume for a grid): with them the law `normalized`
  /// checks that every component's probabilities sum to 1 within `normalization_tolerance`.
  Matrix support = {};
  Vector measure = {};
  double normalization_tolerance = 1e-6;
  /// How many parameters steps never move, such as the edges of a support, and the law
  /// `parameter_count` cannot see.
  Index unmoved_parameters = 0;
  /// Names of laws to leave out.
  std::vector<std::string> skip = {};
};

struct LawReport {
  /// The laws that were checked, by name; one that does not apply is missing.
  std::vector<std::string> checked;
  /// "law: what was found", empty for a lawful distribution.
  std::vector<std::string> failures;

  [[nodiscard]] bool ok() const { return failures.empty(); }
  /// Whether the law of this name was broken.
  [[nodiscard]] bool broke(const std::string& law) const;
  /// The failures, one per line.
  [[nodiscard]] std::string text() const;
};

/// Checks a family against example rows.
///
/// `x`: rows in the support of every component, varied enough to determine all parameters (at least
/// 20, and several times the parameters of one component). The family is prepared and fitted to
/// them. Never throws for what the family does; an exception of its own is a failure of the law at
/// work.
LawReport check_family(const AnyFamily& family, Rows x, const LawOptions& options = {});

/// `check_family` for one distribution.
template <Component D>
LawReport check_distribution(const D& distribution, Rows x, const LawOptions& options = {}) {
  return check_family(AnyFamily(distribution), x, options);
}

}  // namespace mix
