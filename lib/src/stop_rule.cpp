#include "stop_rule.h"

#include <algorithm>
#include <cmath>

namespace mix {
namespace {

constexpr double least_rate = 0.9;
constexpr int plain_steps_in_a_row = 3;
// Each of them stands for several steps.
constexpr int extrapolations_in_a_row = 4;

double still_to_come(double gain, double rate) { return gain * rate / (1 - rate); }

}  // namespace

double rounding_of(double objective) { return 1e-8 + 1e-11 * std::abs(objective); }

void StopRule::restart() {
  seen_ = 0;
  small_ = 0;
  rounding_ = 0;
  expected_gain_ = infinity;
}

bool StopRule::is_rounding(double objective, double gain) const {
  return std::abs(gain) <= std::max(rounding_, 1e-14 * std::abs(objective));
}

bool StopRule::count(double remaining, int in_a_row) {
  small_ = remaining < tol_ || remaining == 0 ? small_ + 1 : 0;
  return tol_ >= 0 && small_ >= in_a_row;
}

bool StopRule::operator()(double objective) {
  const double gain = objective - last_;
  double remaining = infinity;
  expected_gain_ = infinity;
  if (seen_ >= 2) {
    if (gain < 0 && -gain <= rounding_of(objective)) rounding_ = std::max(rounding_, -gain);
    if (is_rounding(objective, gain)) {
      remaining = expected_gain_ = 0;
    } else if (gain > 0 && gain_ > gain) {
      remaining = still_to_come(gain, std::max(gain / gain_, least_rate));
      expected_gain_ = still_to_come(gain, gain / gain_);
    }
  }
  gain_ = gain;
  last_ = objective;
  ++seen_;
  return count(remaining, plain_steps_in_a_row);
}

// What one cycle gained is a bound of what another may.
bool StopRule::operator()(double objective, const Accelerator::Convergence& convergence) {
  const auto& [gain, rate, cycle_gain] = convergence;
  last_ = objective;
  gain_ = gain;
  if (is_rounding(objective, std::max(gain, cycle_gain))) {
    expected_gain_ = 0;
    return count(0, extrapolations_in_a_row);
  }
  expected_gain_ = rate < 1 ? std::max(still_to_come(gain, rate), cycle_gain) : infinity;
  return count(std::max(expected_gain_, still_to_come(gain, least_rate)), extrapolations_in_a_row);
}

}  // namespace mix
