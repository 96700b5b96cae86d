#include "mix/distributions/logistic.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "mix/kernels.h"
#include "univariate.h"

namespace mix {
namespace {

constexpr double logistic_deviation = std::numbers::pi / std::numbers::sqrt3;

void check_logistic(double location, double scale) {
  check_finite("Logistic", "location", location);
  check_positive("Logistic", "scale", scale);
}

// tanh(z/2) / z, with e = e^-|z|.
double precision_weight(double z, double e) {
  const double square = z * z;
  if (square < 1e-4) return 0.5 - square * (1.0 / 24 - square * (1.0 / 240 - square * 17 / 40320));
  return (1 - e) / ((1 + e) * std::abs(z));
}

}  // namespace

Logistic::Logistic(double location, double scale) : location_(location), scale_(scale) {
  check_logistic(location, scale);
}

void Logistic::log_density(Rows x, VectorRef out) const {
  const Standardized rows = standardized_rows(x, location_, scale_);
  Vector tail = -rows.z.cwiseAbs();
  kernels::exponential(tail, tail);
  tail.array() += 1;
  kernels::logarithm(tail, tail);
  out = (rows.w.array() > 0)
            .select(-std::log(scale_) - rows.z.array().abs() - 2 * tail.array(), -infinity);
}

void Logistic::sample(Rng& rng, VectorRef out) const {
  const double u = uniform(rng);
  out[0] = location_ + scale_ * (std::log(u) - std::log1p(-u));
}

void Logistic::accumulate(Rows x, Weights w, VectorRef statistics) const {
  const auto [z, p] = standardized_rows(x, w, location_, scale_);
  Vector weight = -z.cwiseAbs();
  kernels::exponential(weight, weight);
  for (Index i = 0; i < z.size(); ++i) weight[i] = p[i] * precision_weight(z[i], weight[i]);
  statistics[0] += p.sum();
  statistics[1] += weight.sum();
  statistics[2] += weight.dot(z);
  statistics[3] += weight.dot(z.cwiseAbs2());
}

// 2 log cosh(z/2) is concave in z^2, so it is at most its tangent there, of slope u/2: what is left
// to maximize is a normal log-likelihood with the precisions u / s^2 (Jaakkola & Jordan 2000).
void Logistic::maximize(ConstVectorRef sum) {
  if (!(sum[0] > 0) || !(sum[1] > 0)) return;
  const double shift = scale_ * (sum[2] / sum[1]);
  const double square =
      scale_ * scale_ * std::max((sum[3] - sum[2] * (sum[2] / sum[1])) / sum[0], 0.0);
  const double least =
      std::max(std::sqrt(data_.least_variance(0)) / logistic_deviation, least_real_scale);
  if (!is_finite(location_ + shift) || !is_finite(square)) return;
  location_ += shift;
  scale_ = std::max(std::sqrt(square), least);
}

// By moments.
void Logistic::start(const AnyRows& x, Weights w) {
  const DataSpread from = moments_or_all(spread_of(x, w, itself), data_);
  if (!(from.rows > 0)) return;
  const double variance = std::max(from.variance, data_.least_variance(0));
  location_ = from.mean;
  scale_ = std::max(std::sqrt(variance) / logistic_deviation, least_real_scale);
}

Vector Logistic::coordinates() const {
  return location_scale_coordinates(location_, scale_, data_);
}

void Logistic::set_coordinates(ConstVectorRef v) {
  set_location_scale(v, data_, location_, scale_);
}

void Logistic::prepare(const AnyRows& x, Weights w) { data_ = learn_spread(name, x, w, itself); }

std::string Logistic::check_support(Rows x) const {
  return check_cells(x, is_finite, expected_finite);
}

std::string Logistic::flaw(double mass) const {
  const double deviation = logistic_deviation * scale_;
  return data_.flaw(mass, deviation * deviation);
}

double Logistic::cdf(double x) const { return 1 / (1 + std::exp((location_ - x) / scale_)); }

Moments Logistic::moments() const {
  const double deviation = std::numbers::pi * scale_;
  return Moments::of(location_, deviation * deviation / 3);
}

void Logistic::fields(Fields& visit) {
  visit("location", location_);
  visit("scale", scale_);
  data_.fields(visit);
  if (visit.loading()) check_logistic(location_, scale_);
}

void Logistic::describe(Fields& visit) const {
  double location = location_;
  double scale = scale_;
  visit("location", location);
  visit("scale", scale);
}

}  // namespace mix
