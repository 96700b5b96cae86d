#include "mix/distributions/geometric.h"

#include <fmt/format.h>

#include <cmath>
#include <stdexcept>

#include "counts.h"
#include "univariate.h"

namespace mix {
namespace {

// The greatest mean whose probability of a success is a number above 0.
constexpr double largest_geometric_mean = 1e300;

}  // namespace

Geometric::Geometric(double probability) : probability_(probability) { check(); }

void Geometric::check() const {
  if (probability_ > 0 && probability_ <= 1) return;
  throw std::invalid_argument(fmt::format(
      "Geometric: the probability of a success is {}; it is above 0 and at most 1", probability_));
}

void Geometric::log_density(Rows x, VectorRef out) const {
  const double log_success = std::log(probability_);
  const double log_failure = std::log1p(-probability_);
  for (Index i = 0; i < x.rows(); ++i) {
    const double failures = x(i, 0);
    if (!is_count(failures)) {
      out[i] = -infinity;
    } else {
      out[i] = log_success + (failures > 0 ? failures * log_failure : 0);
    }
  }
}

void Geometric::sample(Rng& rng, VectorRef out) const {
  // A waiting time without memory, cut off to whole units.
  out[0] = std::floor(standard_exponential(rng) / -std::log1p(-probability_));
}

void Geometric::accumulate(Rows x, Weights w, VectorRef statistics) const {
  for (Index i = 0; i < x.rows(); ++i) {
    // What is no count may be anything, also NaN, and contributes nothing.
    if (!(w[i] > 0) || !is_count(x(i, 0))) continue;
    statistics[0] += w[i];
    statistics[1] += w[i] * x(i, 0);
  }
}

void Geometric::maximize(ConstVectorRef sum) {
  if (sum[0] > 0) probability_ = 1 / (1 + sum[1] / sum[0]);
}

bool Geometric::log_base(Rows x, VectorRef out) const {
  out.setZero();
  return x.unaryExpr(&is_count).all();
}

void Geometric::natural_parameters(VectorRef eta) const { eta[0] = std::log1p(-probability_); }

double Geometric::log_partition() const { return -std::log(probability_); }

Vector Geometric::coordinates() const {
  return Vector::Constant(1, std::log1p(-probability_) - std::log(probability_));
}

void Geometric::set_coordinates(ConstVectorRef v) {
  const double mean = std::exp(v[0]);
  if (mean <= largest_geometric_mean) probability_ = 1 / (1 + mean);
}

std::string Geometric::check_support(Rows x) const { return check_counts(x); }

Matrix Geometric::embed(Rows x) const { return embed_overdispersed(x); }

double Geometric::cdf(double x) const {
  return cdf_of_counts(
      x, [&](double count) { return -std::expm1((count + 1) * std::log1p(-probability_)); });
}

Moments Geometric::moments() const {
  const double mean = (1 - probability_) / probability_;
  return Moments::of(mean, mean / probability_);
}

void Geometric::fields(Fields& visit) {
  visit("probability", probability_);
  if (visit.loading()) check();
}

}  // namespace mix
