#pragma once

#include "accelerator.h"
#include "mix/types.h"

namespace mix {

/// Differences between objectives that may be rounding.
double rounding_of(double objective);

/// Ends a run when the gain still to come is small. After plain steps that gain is estimated from
/// the last two gains of a linearly converging sequence (Aitken). While fast directions die out the
/// ratio of gains looks better than it is for the slow ones that remain, so it counts as 0.9 at
/// least, and several small estimates in a row are asked for. An objective that must not fall and
/// falls shows how large its rounding is: gains no larger than that are none.
class StopRule {
 public:
  /// `tol`: nats; negative turns the rule off.
  explicit StopRule(double tol) : tol_(tol) {}

  void restart();
  /// Notes the objective after a plain step; whether the run may end.
  bool operator()(double objective);
  /// Notes how an extrapolated run goes on.
  bool operator()(double objective, const Accelerator::Convergence& convergence);
  /// The gain still to come, without the caution; infinite where it is not known.
  [[nodiscard]] double expected_gain() const { return expected_gain_; }

 private:
  [[nodiscard]] bool is_rounding(double objective, double gain) const;
  bool count(double remaining, int in_a_row);

  double tol_;
  double last_ = 0;
  double gain_ = 0;
  double rounding_ = 0;  // the largest fall
  double expected_gain_ = infinity;
  Index seen_ = 0;
  int small_ = 0;
};

}  // namespace mix
