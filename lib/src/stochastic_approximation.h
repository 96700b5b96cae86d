#pragma once

#include <optional>

#include "mix/em.h"
#include "pass.h"

namespace mix {

/// The statistics that the M-steps of Saem see; of any other policy those of the pass, unchanged.
class StochasticApproximation {
 public:
  /// Throws std::invalid_argument where a policy blends statistics and the family has none that can
  /// be added up.
  StochasticApproximation(const MixtureState& start, const AnyRows& x, Weights w,
                          const EmOptions& options);

  /// Whose parameters the statistics of this pass are to be added up with; null: those of the
  /// state.
  [[nodiscard]] const AnyFamily* reference(Index iteration) const;

  /// Puts the running means in the place of what the pass has, and the family that they refer to in
  /// that of `state`, for the M-step.
  void blend(Index iteration, MixtureState& state, Pass& pass);

  /// Components have changed otherwise than by an M-step: what was before does not count any more.
  void restart() { reference_.reset(); }

 private:
  const Saem* policy_;
  std::optional<AnyFamily> reference_;
  Vector statistics_;
  Vector mass_;
  Vector group_mass_;
};

}  // namespace mix
