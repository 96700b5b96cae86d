#include "stochastic_approximation.h"

#include "additive_statistics.h"

namespace mix {

StochasticApproximation::StochasticApproximation(const MixtureState& start, const AnyRows& x,
                                                 Weights w, const EmOptions& options)
    : policy_(options.assignment.as<Saem>()) {
  if (policy_ == nullptr) return;
  constexpr const char* what = "assignment saem";
  constexpr const char* remedy = "choose another assignment, such as stochastic or soft";
  check_streams(start.family, what, remedy);
  check_additive(start, x, w, what, remedy);
}

const AnyFamily* StochasticApproximation::reference(Index iteration) const {
  return reference_ && policy_->step(iteration) < 1 ? &*reference_ : nullptr;
}

void StochasticApproximation::blend(Index iteration, MixtureState& state, Pass& pass) {
  if (policy_ == nullptr) return;
  if (reference(iteration) == nullptr) {
    reference_ = state.family;
    statistics_ = pass.statistics.view();
    mass_ = pass.mass;
    group_mass_ = pass.group_mass;
    return;
  }
  const double step = policy_->step(iteration);
  VectorMap fresh = pass.statistics.view();
  statistics_ += step * (fresh - statistics_);
  mass_ += step * (pass.mass - mass_);
  if (group_mass_.size() > 0) group_mass_ += step * (pass.group_mass - group_mass_);
  fresh = statistics_;
  pass.mass = mass_;
  pass.group_mass = group_mass_;
  state.family = *reference_;
}

}  // namespace mix
