#include "mix/distributions/von_mises.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <stdexcept>

#include "bessel_functions.h"
#include "directions.h"
#include "univariate.h"

namespace mix {
namespace {

std::array<double, 2> angle_features(double x) { return {std::cos(x), std::sin(x)}; }

void check_von_mises(double direction, double concentration) {
  check_finite("VonMises", "direction", direction);
  check_concentration("VonMises", 2, concentration);
}

double wrapped(double angle) { return std::remainder(angle, 2 * std::numbers::pi); }

}  // namespace

VonMises::VonMises(double direction, double concentration)
    : direction_(wrapped(direction)), concentration_(concentration) {
  check_von_mises(direction, concentration);
}

// k (cos t - 1) = -2 k sin^2(t/2): nothing cancels.
void VonMises::log_density(Rows x, VectorRef out) const {
  const double constant = log_direction_constant(2, concentration_);
  evaluate_rows(
      x, is_finite,
      [&](double value) {
        const double sine = std::sin(0.5 * (value - direction_));
        return constant - 2 * concentration_ * sine * sine;
      },
      out);
}

void VonMises::sample(Rng& rng, VectorRef out) const {
  const double away = 2 * std::asin(std::sqrt(0.5 * draw_cosine_rest(rng, 2, concentration_)));
  out[0] = wrapped(direction_ + (uniform(rng) < 0.5 ? away : -away));
}

void VonMises::accumulate(Rows x, Weights w, VectorRef statistics) const {
  add_features(x, w, is_finite, angle_features, statistics);
}

void VonMises::maximize(ConstVectorRef sum) {
  if (!(sum[0] > 0) || !sum.allFinite()) return;
  if (sum[1] != 0 || sum[2] != 0) direction_ = std::atan2(sum[2], sum[1]);
  concentration_ = best_concentration(2, sum.tail(2).norm() / sum[0], data_);
}

bool VonMises::log_base(Rows /*x*/, VectorRef out) const {
  out.setZero();
  return true;
}

bool VonMises::features(Rows x, MatrixRef out) const {
  return write_features(x, is_finite, angle_features, out);
}

void VonMises::natural_parameters(VectorRef eta) const {
  eta[0] = concentration_ * std::cos(direction_);
  eta[1] = concentration_ * std::sin(direction_);
}

double VonMises::log_partition() const {
  if (concentration_ > largest_natural_direction) return infinity;
  return concentration_ - log_direction_constant(2, concentration_);
}

Vector VonMises::coordinates() const {
  return std::log1p(concentration_) * Vector{{std::cos(direction_), std::sin(direction_)}};
}

void VonMises::set_coordinates(ConstVectorRef v) {
  if (v[0] != 0 || v[1] != 0) direction_ = std::atan2(v[1], v[0]);
  concentration_ = concentration_of_coordinates(v.norm());
}

void VonMises::prepare(const AnyRows& x, Weights w) {
  const Vector sum = statistics_of(*this, x, w);
  learn_directions(sum[0], sum.tail(2), data_);
}

std::string VonMises::check_support(Rows x) const {
  return check_cells(x, is_finite, "an angle in radians (finite)");
}

Matrix VonMises::embed(Rows x) const {
  Matrix out(x.rows(), 2);
  out << x.array().cos(), x.array().sin();
  return out;
}

std::string VonMises::flaw(double mass) const {
  return direction_flaw(2, mass, concentration_, data_);
}

void VonMises::fields(Fields& visit) {
  visit("direction", direction_);
  visit("concentration", concentration_);
  data_.fields(visit);
  if (visit.loading()) check_von_mises(direction_, concentration_);
}

void VonMises::describe(Fields& visit) const {
  double direction = direction_;
  double concentration = concentration_;
  visit("direction", direction);
  visit("concentration", concentration);
}

}  // namespace mix
