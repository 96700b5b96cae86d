#include "mix/distributions/inverse_gaussian.h"

#include <array>
#include <cmath>
#include <numbers>

#include "data_moments.h"
#include "univariate.h"

namespace mix {
namespace {

// Beyond this the terms of the natural form cancel more digits than a density has to spare.
constexpr double largest_natural_ratio = 1e5;

std::array<double, 2> inverse_gaussian_features(double x) { return {x, 1 / x}; }

void check_inverse_gaussian(double mean, double shape) {
  check_positive("InverseGaussian", "mean", mean);
  check_positive("InverseGaussian", "shape", shape);
}

// (t - 1)^2 / (2 t) for t >= 0.
double half_divergence(double t) {
  return std::abs(t - 1) < 0.5 ? (t - 1) * (t - 1) / (2 * t) : 0.5 * (t - 2 + 1 / t);
}

}  // namespace

InverseGaussian::InverseGaussian(double mean, double shape) : mean_(mean), shape_(shape) {
  check_inverse_gaussian(mean, shape);
}

void InverseGaussian::log_density(Rows x, VectorRef out) const {
  const double constant = 0.5 * (std::log(shape_) - std::log(2 * std::numbers::pi));
  const double ratio = shape_ / mean_;
  evaluate_rows(
      x, is_positive,
      [&](double value) {
        return constant - 1.5 * std::log(value) - ratio * half_divergence(value / mean_);
      },
      out);
}

// Michael, Schucany & Haas (1976), without their cancellation: of the two roots t and 1/t the
// smaller one is taken with probability 1 / (1 + t).
void InverseGaussian::sample(Rng& rng, VectorRef out) const {
  const double z = standard_normal(rng);
  const double a = 0.5 * z * z * mean_ / shape_;
  const double t = 1 / (1 + a + std::sqrt(a * (a + 2)));
  out[0] = mean_ * (uniform(rng) * (1 + t) <= 1 ? t : 1 / t);
}

void InverseGaussian::accumulate(Rows x, Weights w, VectorRef statistics) const {
  add_features(x, w, is_positive, inverse_gaussian_features, statistics);
}

void InverseGaussian::maximize(ConstVectorRef sum) {
  if (!(sum[0] > 0)) return;
  const double mean = sum[1] / sum[0];
  const double mean_inverse = sum[2] / sum[0];
  if (!is_positive(mean) || !is_positive(mean_inverse)) return;
  const double least = data_.least_variance(least_log_variance);
  const double variation = mean * mean_inverse - 1;  // squared coefficient of variation
  if (variation > least) {
    mean_ = mean;
    shape_ = mean / variation;
  } else {
    // The best mean where shape / mean is at its limit.
    const double ratio = 1 / least;
    mean_ =
        (1 + std::sqrt(1 + 4 * ratio * ratio * mean * mean_inverse)) / (2 * ratio * mean_inverse);
    shape_ = ratio * mean_;
  }
}

bool InverseGaussian::log_base(Rows x, VectorRef out) const {
  out = -1.5 * x.col(0).array().log();
  return (out.array() * 0).sum() == 0;
}

bool InverseGaussian::features(Rows x, MatrixRef out) const {
  return write_features(x, is_positive, inverse_gaussian_features, out);
}

void InverseGaussian::natural_parameters(VectorRef eta) const {
  eta[0] = -0.5 * shape_ / mean_ / mean_;
  eta[1] = -0.5 * shape_;
}

double InverseGaussian::log_partition() const {
  const double ratio = shape_ / mean_;
  if (ratio > largest_natural_ratio) return infinity;
  return -0.5 * (std::log(shape_) - std::log(2 * std::numbers::pi)) - ratio;
}

Vector InverseGaussian::coordinates() const {
  return Vector{{std::log(mean_), std::log(shape_) - std::log(mean_)}};
}

void InverseGaussian::set_coordinates(ConstVectorRef v) {
  const double log_ratio = std::log(shape_) - std::log(mean_);
  set_positive(mean_, v[0]);
  set_positive(shape_, (is_positive(std::exp(v[1])) ? v[1] : log_ratio) + std::log(mean_));
}

void InverseGaussian::prepare(const AnyRows& x, Weights w) {
  data_ = learn_spread(name, x, w, log_of);
  check_sums(name, x, w, Summed::values);
  check_sums(name, x, w, Summed::inverses);
}

std::string InverseGaussian::check_support(Rows x) const {
  return check_cells(x, is_positive, expected_positive);
}

Matrix InverseGaussian::embed(Rows x) const { return embed_logarithm(x); }

std::string InverseGaussian::flaw(double mass) const { return data_.flaw(mass, mean_ / shape_); }

// Chhikara & Folks (1974). Of e^(2 shape/mean) Phi(-b) the exponents are joined first: one of the
// factors may overflow.
double InverseGaussian::cdf(double x) const {
  return cdf_between(0, infinity, x, [&](double at) {
    const double root = std::sqrt(shape_ / at);
    const double a = root * (at / mean_ - 1);
    const double b = root * (at / mean_ + 1);
    return std::min(1.0, normal_cdf(a) + std::exp(-a * a / 2) * scaled_normal_tail(b));
  });
}

Moments InverseGaussian::moments() const {
  return Moments::of(mean_, mean_ * mean_ * (mean_ / shape_));
}

void InverseGaussian::fields(Fields& visit) {
  visit("mean", mean_);
  visit("shape", shape_);
  data_.fields(visit);
  if (visit.loading()) check_inverse_gaussian(mean_, shape_);
}

void InverseGaussian::describe(Fields& visit) const {
  double mean = mean_;
  double shape = shape_;
  visit("mean", mean);
  visit("shape", shape);
}

}  // namespace mix
