#include "mix/distributions/rayleigh.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>

#include "data_moments.h"
#include "univariate.h"

namespace mix {
namespace {

std::array<double, 1> rayleigh_features(double x) { return {x * x}; }

}  // namespace

Rayleigh::Rayleigh(double scale) : scale_(scale) { check_positive("Rayleigh", "scale", scale); }

void Rayleigh::log_density(Rows x, VectorRef out) const {
  const double log_scale = std::log(scale_);
  evaluate_rows(
      x, is_positive,
      [&](double value) {
        const double z = value / scale_;
        // Beyond, log z and z^2 would be infinities of both signs.
        return z < 1e150 ? std::log(value) - 2 * log_scale - 0.5 * z * z : -infinity;
      },
      out);
}

void Rayleigh::sample(Rng& rng, VectorRef out) const {
  out[0] = scale_ * std::sqrt(2 * standard_exponential(rng));
}

void Rayleigh::accumulate(Rows x, Weights w, VectorRef statistics) const {
  add_features(x, w, is_positive, rayleigh_features, statistics);
}

void Rayleigh::prepare(const AnyRows& x, Weights w) const {
  check_sums(name, x, w, Summed::squares);
}

void Rayleigh::maximize(ConstVectorRef sum) {
  // The likelihood has one top along the scale. Squares of a component's values may vanish beside
  // those of the others, and then the nearest number is the best.
  const double mean_square = std::max(sum[1] / sum[0], std::numeric_limits<double>::min());
  const double scale = std::sqrt(0.5 * mean_square);
  if (is_positive(scale)) scale_ = scale;
}

bool Rayleigh::log_base(Rows x, VectorRef out) const {
  out = x.col(0).array().log();
  return (out.array() * 0).sum() == 0;
}

bool Rayleigh::features(Rows x, MatrixRef out) const {
  return write_features(x, is_positive, rayleigh_features, out);
}

void Rayleigh::natural_parameters(VectorRef eta) const { eta[0] = -0.5 / scale_ / scale_; }

double Rayleigh::log_partition() const { return 2 * std::log(scale_); }

Vector Rayleigh::coordinates() const { return Vector{{std::log(scale_)}}; }

void Rayleigh::set_coordinates(ConstVectorRef v) { set_positive(scale_, v[0]); }

std::string Rayleigh::check_support(Rows x) const {
  return check_cells(x, is_positive, expected_positive);
}

Matrix Rayleigh::embed(Rows x) const { return embed_logarithm(x); }

double Rayleigh::cdf(double x) const {
  return cdf_between(0, infinity, x, [&](double at) {
    const double z = at / scale_;
    return -std::expm1(-z * z / 2);
  });
}

Moments Rayleigh::moments() const {
  constexpr double half_pi = std::numbers::pi / 2;
  return Moments::of(scale_ * std::sqrt(half_pi), scale_ * scale_ * (2 - half_pi));
}

void Rayleigh::fields(Fields& visit) {
  visit("scale", scale_);
  if (visit.loading()) check_positive("Rayleigh", "scale", scale_);
}

void Rayleigh::describe(Fields& visit) const {
  double scale = scale_;
  visit("scale", scale);
}

}  // namespace mix
