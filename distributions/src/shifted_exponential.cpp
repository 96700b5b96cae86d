#include "mix/distributions/shifted_exponential.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "univariate.h"

namespace mix {
namespace {

void check_shifted_exponential(double shift, double rate) {
  check_finite("ShiftedExponential", "shift", shift);
  check_positive("ShiftedExponential", "rate", rate);
}

double least_mean(const DataSpread& data) {
  return std::max(std::sqrt(data.least_variance(0)), least_real_scale);
}

}  // namespace

ShiftedExponential::ShiftedExponential(double shift, double rate, ShiftIs kind)
    : shift_(shift), rate_(rate), fixed_(kind == ShiftIs::fixed ? 1 : 0) {
  check_shifted_exponential(shift, rate);
}

void ShiftedExponential::log_density(Rows x, VectorRef out) const {
  const double log_rate = std::log(rate_);
  evaluate_rows(
      x, [this](double value) { return value >= shift_ && value < infinity; },
      [&](double value) { return log_rate - rate_ * (value - shift_); }, out);
}

void ShiftedExponential::sample(Rng& rng, VectorRef out) const {
  out[0] = shift_ + standard_exponential(rng) / rate_;
}

void ShiftedExponential::accumulate(Rows x, Weights w, VectorRef statistics) const {
  add_features(
      x, w, [this](double value) { return value >= shift_ && value < infinity; },
      [this](double value) { return std::array{value - shift_}; }, statistics);
}

void ShiftedExponential::maximize(ConstVectorRef sum) {
  if (!(sum[0] > 0) || !std::isfinite(sum[1])) return;
  // The likelihood falls on both sides of its top, so the nearest allowed mean is the best one.
  rate_ = 1 / std::max(sum[1] / sum[0], least_mean(data_));
}

void ShiftedExponential::start(const AnyRows& x, Weights w) {
  if (fixed_ == 1) return maximize(statistics_of(*this, x, w));
  double lowest = infinity;
  for_each_dense_block(x, [&](Index first, Rows block) {
    for (Index i = 0; i < block.rows(); ++i) {
      if (w[first + i] > 0 && is_finite(block(i, 0))) lowest = std::min(lowest, block(i, 0));
    }
  });
  if (!(lowest < infinity)) return;
  shift_ = lowest;
  maximize(statistics_of(*this, x, w));
}

ShiftedExponential ShiftedExponential::with_edge(Index /*edge*/, double value) const {
  ShiftedExponential moved = *this;
  const double beyond = shift_ + 1 / rate_ - value;
  if (std::isfinite(value) && beyond >= least_mean(data_)) {
    moved.shift_ = value;
    moved.rate_ = 1 / beyond;
  }
  return moved;
}

Vector ShiftedExponential::coordinates() const { return Vector{{std::log(rate_ * data_.unit())}}; }

void ShiftedExponential::set_coordinates(ConstVectorRef v) {
  set_positive(rate_, v[0] - std::log(data_.unit()));
}

void ShiftedExponential::prepare(const AnyRows& x, Weights w) {
  data_ = learn_spread(name, x, w, itself);
}

std::string ShiftedExponential::check_support(Rows x) const {
  if (fixed_ == 0) return check_cells(x, is_finite, expected_finite);
  return check_cells(
      x, [this](double value) { return std::isfinite(value) && value >= shift_; },
      fmt::format("a number from the shift, {}, on", shift_));
}

std::string ShiftedExponential::flaw(double mass) const {
  return data_.flaw(mass, 1 / rate_ / rate_);
}

double ShiftedExponential::cdf(double x) const {
  return cdf_between(shift_, infinity, x,
                     [&](double at) { return -std::expm1(-rate_ * (at - shift_)); });
}

Moments ShiftedExponential::moments() const {
  return Moments::of(shift_ + 1 / rate_, 1 / rate_ / rate_);
}

void ShiftedExponential::fields(Fields& visit) {
  visit("shift", shift_);
  visit("rate", rate_);
  visit("shift_is_fixed", fixed_);
  data_.fields(visit);
  if (visit.loading()) check_shifted_exponential(shift_, rate_);
}

void ShiftedExponential::describe(Fields& visit) const {
  double shift = shift_;
  double rate = rate_;
  visit("shift", shift);
  visit("rate", rate);
}

}  // namespace mix
