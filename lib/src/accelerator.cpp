#include "accelerator.h"

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>
#include <utility>

#include "mix/coordinates.h"

namespace mix {
namespace {

// Plain steps are quick enough while gains fall by more than this ratio,
constexpr double slow_rate = 0.7;
// which must have been exceeded in so many steps running, after so many passes.
constexpr int slow_steps = 3;
constexpr Index first_passes = 8;
// The bound of alpha grows and shrinks by this factor (Varadhan & Roland 2008).
constexpr double growth = 4;
// Steps that Anderson's rule looks back on, and their ridge relative to the trace.
constexpr std::size_t window = 6;
constexpr double ridge = 1e-10;
// The rule that did less well is tried again once in so many cycles.
constexpr Index retrial = 6;

// The change between two points; none where one of them is at infinity.
Vector difference(const Vector& to, const Vector& from) {
  return (to.array().isFinite() && from.array().isFinite()).select((to - from).array(), 0.0);
}

}  // namespace

void Accelerator::restart() {
  active_ = false;
  slow_ = 0;
  passes_ = 0;
  place_ = Place::first;
  pending_ = false;
  steps_.clear();
  longest_ = 1;
  first_objective_ = -infinity;
  cycles_ = 0;
  used_anderson_ = false;
  first_length_ = 0;
  merits_.fill(infinity);
  convergence_.reset();
}

// Logarithms of the weights, up to the constant that normalization takes away, then the family's.
Vector Accelerator::coordinates(const MixtureState& state) const {
  Vector own = state.family.coordinates();
  if (!weights_) return own;
  Vector v(state.weights.size() + own.size());
  v << state.weights.array().log().matrix(), own;
  return v;
}

void Accelerator::set_coordinates(MixtureState& state, const Vector& v) const {
  const Index count = weights_ ? state.weights.size() : 0;
  if (weights_) state.weights = probabilities_of_logarithms(v.head(count));
  state.family.set_coordinates(v.tail(v.size() - count));
}

void Accelerator::watch(double objective) {
  const double gain = objective - last_;
  slow_ = passes_ >= 2 && gain > slow_rate * gain_ && gain < gain_ ? slow_ + 1 : 0;
  rates_.fill(gain_ > 0 ? gain / gain_ : 1);
  gain_ = gain;
  last_ = objective;
  ++passes_;
  active_ = kind_ == Acceleration::automatic ? passes_ >= first_passes && slow_ >= slow_steps
                                             : passes_ >= 2;
}

bool Accelerator::rejects(MixtureState& state, double objective) {
  if (!pending_) return false;
  pending_ = false;
  if (objective >= second_objective_) {
    if (!used_anderson_ && alpha_ == longest_) longest_ *= growth;
    return false;
  }
  if (used_anderson_) {
    steps_.clear();
    merits_[1] = 0;
  } else {
    longest_ = std::max(1.0, std::min(longest_, alpha_) / growth);
    merits_[0] = 0;
  }
  place_ = Place::first;
  first_length_ = 0;
  std::swap(state, *plain_);
  return true;
}

void Accelerator::before_step(const MixtureState& state, double objective) {
  convergence_.reset();
  if (kind_ == Acceleration::none) return;
  if (!active_) watch(objective);
  if (!active_) return;
  if (place_ == Place::first) {
    cycle_gain_ = objective - first_objective_;
    first_objective_ = objective;
  } else if (place_ == Place::second) {
    second_objective_ = objective;
    convergence_ = {objective - first_objective_, *std::max_element(rates_.begin(), rates_.end()),
                    cycle_gain_};
  }
  if (steps_.size() < window) {
    steps_.emplace_back();
  } else {
    std::rotate(steps_.begin(), steps_.begin() + 1, steps_.end());
  }
  steps_.back().from = coordinates(state);
}

void Accelerator::after_step(MixtureState& state, bool may_extrapolate) {
  if (!active_) return;
  const Vector next = coordinates(state);
  steps_.back().change = difference(next, steps_.back().from);
  if (place_ == Place::first) {
    judge();
    place_ = Place::second;
    return;
  }
  const Place place = std::exchange(place_, Place::first);
  if (place == Place::extrapolated || !may_extrapolate) return;
  ++cycles_;
  used_anderson_ = by_anderson();
  if (!measure()) return;
  const std::optional<Vector> change = used_anderson_ ? anderson() : squarem();
  if (!change) return;
  plain_ = state;
  // Coordinates at infinity stay there.
  const Vector& from = steps_.back().from;
  set_coordinates(state, from.array().isFinite().select((from + *change).array(), next.array()));
  pending_ = true;
  place_ = Place::extrapolated;
}

// Notes how the last cycle has shortened the steps.
void Accelerator::judge() {
  const double length = steps_.back().change.norm();
  if (first_length_ > 0 && length > 0) {
    double& value = merits_[used_anderson_ ? 1 : 0];
    const double now = std::log(first_length_ / length);
    value = std::isfinite(value) ? 0.5 * (value + now) : now;
  }
  first_length_ = length;
}

// How the two steps of the cycle compare; false where nothing moves.
bool Accelerator::measure() {
  const Vector& r = steps_[steps_.size() - 2].change;
  const double length = r.norm();
  const double change = (steps_.back().change - r).norm();
  if (!(length > 0) || !(change > 0)) return false;
  ratio_ = length / change;
  // The slowest direction that still moves shrinks by 1 - 1/ratio per step, and gains by its
  // square.
  rates_[next_rate_++ % rates_.size()] = ratio_ > 1 ? (1 - 1 / ratio_) * (1 - 1 / ratio_) : 0;
  return true;
}

bool Accelerator::by_anderson() const {
  if (kind_ != Acceleration::automatic) return kind_ == Acceleration::anderson;
  const bool better = merits_[1] > merits_[0];
  return cycles_ % retrial == 0 ? !better : better;
}

// How far to go from the second point of the cycle.
std::optional<Vector> Accelerator::squarem() {
  const Vector& r = steps_[steps_.size() - 2].change;
  const Vector v = steps_.back().change - r;
  alpha_ = std::clamp(ratio_, 1.0, longest_);
  if (alpha_ == 1) {
    if (longest_ == 1) longest_ = growth;
    return std::nullopt;
  }
  return (2 * alpha_ - 1) * r + alpha_ * alpha_ * v;
}

std::optional<Vector> Accelerator::anderson() const {
  const auto count = static_cast<Index>(steps_.size()) - 1;
  const Step& latest = steps_.back();
  Matrix points(latest.from.size(), count);
  Matrix changes(latest.from.size(), count);
  for (Index i = 0; i < count; ++i) {
    const Step& a = steps_[static_cast<std::size_t>(i)];
    const Step& b = steps_[static_cast<std::size_t>(i + 1)];
    points.col(i) = difference(b.from, a.from);
    changes.col(i) = b.change - a.change;
  }
  Matrix normal = changes.transpose() * changes;
  normal.diagonal().array() += ridge * normal.trace();
  const Eigen::LDLT<Matrix> factor(normal);
  const Vector c = factor.solve(changes.transpose() * latest.change);
  if (!c.allFinite()) return std::nullopt;
  return latest.change - (points + changes) * c;
}

}  // namespace mix
