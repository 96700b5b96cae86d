#include "mix/distributions/beta.h"

#include <algorithm>
#include <array>
#include <boost/math/special_functions/beta.hpp>
#include <cmath>
#include <limits>

#include "concentration.h"
#include "gamma_functions.h"
#include "soundness.h"
#include "univariate.h"

namespace mix {
namespace {

bool is_share(double x) { return x > 0 && x < 1; }
std::array<double, 2> beta_features(double x) { return {std::log(x), std::log1p(-x)}; }

void check_beta(double a, double b) {
  check_positive("Beta", "a", a);
  check_positive("Beta", "b", b);
}

}  // namespace

Beta::Beta(double a, double b) : a_(a), b_(b) { check_beta(a, b); }

// In the form of Dirichlet::log_density.
void Beta::log_density(Rows x, VectorRef out) const {
  const double constant =
      log_gamma_constant(a_) + log_gamma_constant(b_) - log_gamma_constant(a_ + b_);
  const double center = a_ / (a_ + b_);
  const double other_center = b_ / (a_ + b_);
  evaluate_rows(
      x, is_share,
      [&](double value) {
        return constant - std::log(value) - std::log1p(-value) -
               a_ * divergence_from_one(value / center) -
               b_ * divergence_from_one((1 - value) / other_center);
      },
      out);
}

void Beta::sample(Rng& rng, VectorRef out) const {
  const double log_odds = log_gamma_draw(rng, a_) - log_gamma_draw(rng, b_);
  // A draw that rounds to 0 or 1 stays in the support.
  out[0] = std::clamp(1 / (1 + std::exp(-log_odds)), std::numeric_limits<double>::min(),
                      1 - std::numeric_limits<double>::epsilon() / 2);
}

void Beta::accumulate(Rows x, Weights w, VectorRef statistics) const {
  add_features(x, w, is_share, beta_features, statistics);
}

void Beta::maximize(ConstVectorRef sum) {
  if (!(sum[0] > 0) || !sum.allFinite()) return;
  const Vector estimate = dirichlet_concentration((sum.tail(2).array() - penalty()) / sum[0]);
  if (!is_positive(estimate[0]) || !is_positive(estimate[1])) return;
  a_ = estimate[0];
  b_ = estimate[1];
}

bool Beta::log_base(Rows /*x*/, VectorRef out) const {
  out.setZero();
  return true;
}

bool Beta::features(Rows x, MatrixRef out) const {
  return write_features(x, is_share, beta_features, out);
}

void Beta::natural_parameters(VectorRef eta) const {
  eta[0] = a_ - 1;
  eta[1] = b_ - 1;
}

double Beta::log_partition() const {
  if (a_ + b_ > largest_natural_concentration) return infinity;
  const auto log_gamma = [](double z) { return z * std::log(z) - z - log_gamma_constant(z); };
  return log_gamma(a_) + log_gamma(b_) - log_gamma(a_ + b_);
}

Vector Beta::coordinates() const { return Vector{{std::log(a_), std::log(b_)}}; }

void Beta::set_coordinates(ConstVectorRef v) {
  set_positive(a_, v[0]);
  set_positive(b_, v[1]);
}

void Beta::prepare(const AnyRows& x, Weights w) {
  const Vector sum = statistics_of(*this, x, w);
  if (!(sum[0] > 0)) return;
  rows_ = sum[0];
  data_concentration_ = concentration_of_all(sum);
}

double Beta::penalty() const { return concentration_penalty(rows_, data_concentration_, 2); }

double Beta::log_prior() const { return -penalty() * (a_ + b_); }

std::string Beta::check_support(Rows x) const {
  return check_cells(x, is_share, "a share (above 0 and below 1)");
}

Matrix Beta::embed(Rows x) const { return x.cwiseMax(0).cwiseMin(1).cwiseSqrt().array().asin(); }

std::string Beta::flaw(double mass) const {
  return narrow_flaw(rows_, mass, (data_concentration_ + 1) / (a_ + b_ + 1));
}

double Beta::cdf(double x) const {
  return cdf_between(0, 1, x, [&](double at) { return boost::math::ibeta(a_, b_, at); });
}

Moments Beta::moments() const {
  return Moments::of(mean(), mean() * (b_ / (a_ + b_)) / (a_ + b_ + 1));
}

void Beta::fields(Fields& visit) {
  visit("a", a_);
  visit("b", b_);
  visit("data_rows", rows_);
  visit("data_concentration", data_concentration_);
  if (!visit.loading()) return;
  check_beta(a_, b_);
  check_positive("Beta", "data_concentration", data_concentration_);
}

void Beta::describe(Fields& visit) const {
  double a = a_;
  double b = b_;
  visit("a", a);
  visit("b", b);
}

}  // namespace mix
