#include "mix/distributions/gamma.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "data_moments.h"
#include "gamma_functions.h"
#include "univariate.h"

namespace mix {
namespace {

constexpr double least_shape = 1e-8;
// Beyond this shape the terms of the natural form cancel more digits than a density has to spare.
constexpr double largest_natural_shape = 1e5;

std::array<double, 2> gamma_features(double x) { return {x, std::log(x)}; }

void check_gamma(double shape, double scale) {
  check_positive("Gamma", "shape", shape);
  check_positive("Gamma", "scale", scale);
}

}  // namespace

Gamma::Gamma(double shape, double scale) : shape_(shape), scale_(scale) {
  check_gamma(shape, scale);
}

// With m the mean: log f = [a log a - a - log G(a)] - log x - a (x/m - 1 - log(x/m)). Nothing
// cancels, however large the shape.
void Gamma::log_density(Rows x, VectorRef out) const {
  const double constant = log_gamma_constant(shape_);
  const double center = mean();
  evaluate_rows(
      x, is_positive,
      [&](double value) {
        return constant - std::log(value) - shape_ * divergence_from_one(value / center);
      },
      out);
}

void Gamma::sample(Rng& rng, VectorRef out) const { out[0] = scale_ * standard_gamma(rng, shape_); }

void Gamma::accumulate(Rows x, Weights w, VectorRef statistics) const {
  add_features(x, w, is_positive, gamma_features, statistics);
}

void Gamma::maximize(ConstVectorRef sum) {
  if (!(sum[0] > 0)) return;
  const double mean = sum[1] / sum[0];
  if (!is_positive(mean)) return;
  // The likelihood has one top along the shape, whatever the mean: the nearest allowed shape is
  // the best one.
  const double largest_shape = 1 / data_.least_variance(least_log_variance);
  const double gap = std::log(mean) - sum[2] / sum[0];
  shape_ = gap > 0 ? inverse_log_minus_digamma(gap, least_shape, largest_shape) : largest_shape;
  scale_ = mean / shape_;
}

bool Gamma::log_base(Rows /*x*/, VectorRef out) const {
  out.setZero();
  return true;
}

bool Gamma::features(Rows x, MatrixRef out) const {
  return write_features(x, is_positive, gamma_features, out);
}

void Gamma::natural_parameters(VectorRef eta) const {
  eta[0] = -1 / scale_;
  eta[1] = shape_ - 1;
}

double Gamma::log_partition() const {
  if (shape_ > largest_natural_shape) return infinity;
  return shape_ * std::log(mean()) - shape_ - log_gamma_constant(shape_);
}

Vector Gamma::coordinates() const { return Vector{{std::log(shape_), std::log(mean())}}; }

void Gamma::set_coordinates(ConstVectorRef v) {
  double mean = this->mean();
  set_positive(shape_, v[0]);
  set_positive(mean, v[1]);
  set_positive(scale_, std::log(mean) - std::log(shape_));
}

void Gamma::prepare(const AnyRows& x, Weights w) {
  data_ = learn_spread(name, x, w, log_of);
  check_sums(name, x, w, Summed::values);
}

std::string Gamma::check_support(Rows x) const {
  return check_cells(x, is_positive, expected_positive);
}

Matrix Gamma::embed(Rows x) const { return embed_logarithm(x); }

std::string Gamma::flaw(double mass) const { return data_.flaw(mass, 1 / shape_); }

double Gamma::cdf(double x) const {
  return cdf_between(0, infinity, x, [&](double at) { return gamma_below(shape_, at / scale_); });
}

Moments Gamma::moments() const { return Moments::of(mean(), mean() * scale_); }

void Gamma::fields(Fields& visit) {
  visit("shape", shape_);
  visit("scale", scale_);
  data_.fields(visit);
  if (visit.loading()) check_gamma(shape_, scale_);
}

void Gamma::describe(Fields& visit) const {
  double shape = shape_;
  double scale = scale_;
  visit("shape", shape);
  visit("scale", scale);
}

}  // namespace mix
