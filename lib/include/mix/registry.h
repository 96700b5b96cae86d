#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "mix/any_family.h"
#include "mix/table.h"

namespace mix {

/// What a family is asked to describe.
struct FamilyRequest {
  Index k = 1;                     ///< number of components
  const Table* columns = nullptr;  ///< the columns it describes, with their values
  std::string structure{};         ///< covariance structure, empty for the family's default
  std::string prior{};             ///< "none", "conjugate" or "chen-tan", empty for none
  /// "per_component", "shared" or a number that stays fixed; empty for per component.
  std::string degrees_of_freedom{};
  bool has_trials = false;  ///< the last column holds numbers of trials
  /// Of a regression: the column before the response is added to the linear predictor.
  bool has_offset = false;
  Index factors = 0;        ///< of factor_analyzers; 0 for the family's default
  bool has_bounds = false;  ///< values are seen from `lower` to `upper` only
  double lower = 0;
  double upper = 0;
  double eigenvalue_ratio = 0;  ///< the limit of the covariances' eigenvalues; 0 for none
  /// The threshold of the scree test that chooses numbers of factors; 0: they are chosen by BIC.
  double scree = 0;
  /// Values that parameters among the entry's `keeps` have.
  std::map<std::string, double> kept{};
};

/// One family that can be named: on the command line, in a model file, in a comparison.
struct FamilyEntry {
  /// Snake case, the same as the family's `name`.
  std::string name;
  /// A family whose parameters are about to be loaded.
  std::function<AnyFamily()> empty;
  /// A family ready to be fitted; null when it cannot be asked for by name.
  std::function<AnyFamily(const FamilyRequest&)> make = nullptr;
  /// Whether it is worth trying on these columns; null means never by itself.
  std::function<bool(const Table&)> suits = nullptr;
  /// Names of its structures that a comparison tries one by one; empty when it has none.
  std::vector<std::string> structures{};
  /// Whether its last column may hold numbers of trials.
  bool takes_trials = false;
  /// Whether its columns are values and then their standard errors, one for each.
  bool takes_errors = false;
  /// Whether it describes one column, the response, given the others: the last one, or the one
  /// before the trials.
  bool regression = false;
  /// Whether it can be asked for with a number of factors.
  bool takes_factors = false;
  /// Whether it needs the bounds that values are seen within.
  bool takes_bounds = false;
  /// Parameters that the family itself can keep at a known value: edges of its support, which have
  /// no coordinates in which others could hold them.
  std::vector<std::string> keeps{};
  /// Those of its structures whose covariances can be asked for with a limited eigenvalue ratio.
  std::vector<std::string> ratio_structures{};
};

/// The families known by name. A user's own are added to a copy.
class Registry {
 public:
  Registry() = default;
  explicit Registry(std::vector<FamilyEntry> entries) : entries_(std::move(entries)) {}

  /// Adds a family; the first of a name is the one that is found.
  void add(FamilyEntry entry) { entries_.push_back(std::move(entry)); }
  [[nodiscard]] const std::vector<FamilyEntry>& entries() const { return entries_; }
  /// The entry of that name; throws std::invalid_argument that lists the known names.
  [[nodiscard]] const FamilyEntry& find(std::string_view name) const;

 private:
  std::vector<FamilyEntry> entries_;
};

}  // namespace mix
