#pragma once

#include <optional>
#include <string>
#include <vector>

#include "hierarchy.h"
#include "mix/models/fit.h"
#include "mix/random.h"

namespace mix {

/// Whether nothing in the options refers to single rows, so that equal rows can be counted
/// together.
bool rows_are_exchangeable(const FitOptions& options);

/// One start to be tried; `draw` numbers the random ones.
struct PlannedStart {
  Start start;
  Index draw = 0;
};

/// Turns starts into shares of the rows. Holds what several starts use: the embedded rows, and the
/// tree of the hierarchical start.
class Starter {
 public:
  Starter(const MixtureModel& model, Rows x, Weights w, const FitOptions& options);

  /// The list of starts that the options ask for.
  [[nodiscard]] std::vector<PlannedStart> plan() const;
  /// The state that a start leads to: shares, then a first M-step from a prepared family.
  MixtureState begin(const PlannedStart& planned);
  /// The prepared family with only `groups` of the components that take part in a partition.
  [[nodiscard]] AnyFamily smaller(Index groups) const;
  /// The state of smaller(groups) after a first M-step from `shares`, a column for each component.
  MixtureState begin(const Matrix& shares, Index groups);
  /// Whether smaller models can be made.
  [[nodiscard]] bool grows() const { return prepared_.selects() && groups_ > 1; }
  /// How many components take part in a partition of the rows.
  [[nodiscard]] Index groups() const { return groups_; }
  /// The rows as points; odd draws see them sphered.
  const Matrix& points(Index draw);

 private:
  void plan_one(const Start& start, std::vector<PlannedStart>& planned) const;
  [[nodiscard]] Index default_draws() const;
  [[nodiscard]] bool hierarchy_fits() const;
  Matrix shares(const PlannedStart& planned);
  Matrix shares_around(const Known& known, const Matrix& embedded, Rng& rng) const;
  std::vector<Index> hierarchical_labels(Index k);

  const MixtureModel& model_;
  Rows x_;
  Weights w_;
  const FitOptions& options_;
  AnyFamily prepared_;
  std::vector<Index> learnable_;  // components that take part in a partition
  Index groups_ = 0;              // how many
  Matrix embedded_;
  std::optional<Matrix> sphered_;
  std::optional<Hierarchy> hierarchy_;
  std::vector<Index> hierarchy_rows_;
};

}  // namespace mix
