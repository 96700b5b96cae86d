#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "mix/any_rows.h"
#include "mix/json_fields.h"
#include "mix/models/fit.h"

namespace mix {

/// What components compete for: units, which are rows or groups of rows.
struct Contested {
  /// `options`: the groups, and the labels or their prior, if there are any. Holds views of `x` and
  /// `w`.
  Contested(const AnyRows& x, Weights w, const FitOptions& options);

  [[nodiscard]] Index units() const { return unit_weight.size(); }
  /// Whether anything is known of the components of units.
  [[nodiscard]] bool labelled() const { return !labels.empty() || prior; }
  /// The logarithm of what is known of a unit beforehand: 0 of all components where that is
  /// nothing, minus infinity of those that it cannot be of.
  [[nodiscard]] double log_prior(Index unit, Index component) const;
  /// For each of so many components the weight of the units that are known to be of it; of a prior
  /// what it says of them beyond even shares.
  [[nodiscard]] Vector evidence(Index components) const;

  AnyRows x;
  Weights w;                  ///< of the rows
  Groups groups;              ///< none: every row is a unit
  Vector unit_weight;         ///< of the rows, or 1 for each group with weight
  std::vector<Index> labels;  ///< the known component of each unit, or -1; none: nothing is known
  std::optional<LabelPrior> prior;  ///< of each unit
};

/// Competing components at rest: all that is needed to go on from there.
struct Standing {
  Standing() = default;
  explicit Standing(const MixtureState& state);

  bool apart = true;               ///< nothing in common: each part is a component
  std::vector<AnyFamily> parts{};  ///< otherwise one, of all components
  Vector weights{};                ///< mixing weights
  std::vector<Index> numbers{};    ///< of the components that are left, among those at first
};

/// All bits of every number.
Json to_json(const Standing& standing);
/// Reads what to_json wrote; throws nlohmann::json::exception or DataError for anything else.
Standing standing_from_json(const Json& json);

/// Components that compete for units by component-wise EM (Figueiredo & Jain 2002).
class Competition {
 public:
  Competition(Standing standing, const Contested& contested);

  [[nodiscard]] Index size() const { return at_.weights.size(); }
  [[nodiscard]] const Standing& standing() const { return at_; }

  /// Estimates every component once; those that lose all their weight are gone. Components without
  /// parameters stay, and those for which there is evidence.
  void sweep(Index least);

  void remove(Index k);

  /// The component that is to be removed next: one that looks like an artifact, otherwise the one
  /// with the least weight; -1 where all have to stay. `flaw` says why any looks like an artifact.
  [[nodiscard]] Index weakest(std::string& flaw) const;

  [[nodiscard]] double log_likelihood() const;
  /// As message_length of mix/models/choice.h; n is the weight of the units.
  [[nodiscard]] double length(double log_likelihood) const;

  /// The probability that a row is of a component, rows x components.
  [[nodiscard]] Matrix responsibilities() const;

 private:
  [[nodiscard]] bool stays(Index k) const { return !(own_[k] > 0) || known_[k] > 0; }
  // The log densities of the components of a part.
  void evaluate(Index part);
  void add_up_groups(const AnyFamily& family, MatrixRef sums) const;
  // Densities relative to the largest of the unit, so that they can be added up.
  void rescale();
  void rescale_unit(Index i);
  // The same of the densities of one component that have changed.
  void rescale(Index k);
  // The E-step: what all responsibilities of a unit are divided by, and the mass of each component.
  void share_out();
  // What each row gives to a component.
  [[nodiscard]] Vector shares_of(Index k) const;
  // The new weight of a component, the others in proportion; false where it has none any more.
  bool weigh(Index k, Index least);
  void count_parameters();

  const Contested& contested_;
  Standing at_;
  Vector own_;    // parameters of each component
  Vector known_;  // weight of the evidence for it
  double common_ = 0;
  Matrix log_densities_;  // units x components
  Matrix ratios_;         // densities divided by exp(scale_)
  Vector scale_;
  Vector inverse_;  // the unit's weight divided by the sum of weighted ratios
  Vector mass_;
};

}  // namespace mix
