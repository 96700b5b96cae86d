#include "mix/distributions/bernoulli.h"

#include <fmt/format.h>

#include <cmath>
#include <stdexcept>
#include <utility>

#include "mix/coordinates.h"
#include "mix/kernels.h"
#include "mix/support.h"
#include "univariate.h"

namespace mix {
namespace {

bool is_binary(double value) { return value == 0 || value == 1; }
bool is_binary_or_missing(double value) { return is_binary(value) || std::isnan(value); }

void check(const Vector& probability, const Smoothing& smoothing) {
  for (Index j = 0; j < probability.size(); ++j) {
    if (probability[j] >= 0 && probability[j] <= 1) continue;
    throw std::invalid_argument(
        fmt::format("Bernoulli: the probability of column {} is {}; it lies between 0 and 1", j + 1,
                    probability[j]));
  }
  check_smoothing("Bernoulli", smoothing);
}

}  // namespace

Bernoulli::Bernoulli(Index dimension, Smoothing smoothing) : smoothing_(smoothing) {
  if (dimension < 1) {
    throw std::invalid_argument(
        fmt::format("Bernoulli: {} columns; at least 1 is needed", dimension));
  }
  probability_ = Vector::Constant(dimension, 0.5);
  check(probability_, smoothing_);
}

Bernoulli::Bernoulli(Vector probability, Smoothing smoothing)
    : probability_(std::move(probability)), smoothing_(smoothing) {
  check(probability_, smoothing_);
}

void Bernoulli::log_density(Rows x, VectorRef out) const {
  out.setZero();
  for (Index j = 0; j < dimension(); ++j) {
    const double log_one = std::log(probability_[j]);
    const double log_zero = std::log1p(-probability_[j]);
    for (Index i = 0; i < x.rows(); ++i) {
      if (std::isnan(x(i, j))) continue;  // missing
      out[i] += x(i, j) == 1 ? log_one : x(i, j) == 0 ? log_zero : -infinity;
    }
  }
}

void Bernoulli::sample(Rng& rng, VectorRef out) const {
  for (Index j = 0; j < dimension(); ++j) out[j] = uniform(rng) < probability_[j] ? 1 : 0;
}

void Bernoulli::accumulate(Rows x, Weights w, VectorRef statistics) const {
  for (Index i = 0; i < x.rows(); ++i) {
    // A row that no probability explains may hold anything and contributes nothing.
    if (!(w[i] > 0) || !x.row(i).unaryExpr(&is_binary_or_missing).all()) continue;
    for (Index j = 0; j < dimension(); ++j) {
      if (!std::isnan(x(i, j))) statistics[2 * j + (x(i, j) == 1 ? 1 : 0)] += w[i];
    }
  }
}

void Bernoulli::maximize(ConstVectorRef sum) {
  for (Index j = 0; j < dimension(); ++j) {
    const double zeros = sum[2 * j] + smoothing_.pseudo_count;
    const double ones = sum[2 * j + 1] + smoothing_.pseudo_count;
    if (zeros + ones > 0) probability_[j] = ones / (zeros + ones);
  }
}

bool Bernoulli::features(Rows x, MatrixRef out) const {
  for (Index j = 0; j < dimension(); ++j) {
    if (!kernels::one_hot(x.col(j), out.middleCols(2 * j, 2))) return false;
  }
  return true;
}

bool Bernoulli::log_base(Rows /*x*/, VectorRef out) const {
  out.setZero();
  return true;
}

void Bernoulli::natural_parameters(VectorRef eta) const {
  for (Index j = 0; j < dimension(); ++j) {
    eta[2 * j] = std::log1p(-probability_[j]);
    eta[2 * j + 1] = std::log(probability_[j]);
  }
}

double Bernoulli::log_partition() const { return 0; }

Vector Bernoulli::coordinates() const { return probability_.unaryExpr(&logit); }

void Bernoulli::set_coordinates(ConstVectorRef v) {
  probability_ = v.unaryExpr(&probability_of_logit);
}

double Bernoulli::log_prior() const {
  if (smoothing_.pseudo_count == 0) return 0;
  const auto p = probability_.array();
  return smoothing_.pseudo_count * (p.log() + (-p).log1p()).sum();
}

std::string Bernoulli::check_support(Rows x) const {
  return check_cells(x, is_binary, "0 or 1", MissingCells::read);
}

std::string Bernoulli::check_support(const SparseRows& x) const {
  return check_cells(x, is_binary, "0 or 1");
}

double Bernoulli::cdf(double x) const {
  return cdf_of_counts(x, [&](double count) { return count < 1 ? 1 - probability_[0] : 1; });
}

Moments Bernoulli::moments() const {
  return Moments::independent(probability_,
                              (probability_.array() * (1 - probability_.array())).matrix());
}

Bernoulli Bernoulli::marginal(const std::vector<Index>& columns) const {
  return Bernoulli(Vector(probability_(columns)), smoothing_);
}

void Bernoulli::fields(Fields& visit) {
  visit("probability", probability_);
  visit("pseudo_count", smoothing_.pseudo_count);
  if (visit.loading()) check(probability_, smoothing_);
}

void Bernoulli::describe(Fields& visit) const {
  Vector probability = probability_;
  visit("probability", probability);
}

}  // namespace mix
