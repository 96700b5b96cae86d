#include "mix/distributions/binomial.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/math/special_functions/beta.hpp>
#include <cmath>
#include <stdexcept>

#include "mix/coordinates.h"
#include "mix/special.h"
#include "mix/support.h"
#include "univariate.h"

namespace mix {
Binomial::Binomial(Index trials, double probability, Smoothing smoothing)
    : trials_(trials), probability_(probability), smoothing_(smoothing) {
  check();
}

Binomial Binomial::with_trials_column(double probability, Smoothing smoothing) {
  Binomial binomial(1, probability, smoothing);
  binomial.trials_ = Trials::in_column();
  return binomial;
}

void Binomial::check() const {
  trials_.check("Binomial");
  if (!(probability_ >= 0 && probability_ <= 1)) {
    throw std::invalid_argument(
        fmt::format("Binomial: the probability is {}; it lies between 0 and 1", probability_));
  }
  check_smoothing("Binomial", smoothing_);
}

void Binomial::log_density(Rows x, VectorRef out) const {
  const double log_success = std::log(probability_);
  const double log_failure = std::log1p(-probability_);
  for (Index i = 0; i < x.rows(); ++i) {
    const double successes = x(i, 0);
    const double trials = trials_.of(x, i);
    if (!trials_.explain(x, i)) {
      out[i] = -infinity;
      continue;
    }
    out[i] = log_binomial(successes, trials, probability_, log_success, log_failure);
  }
}

void Binomial::sample(Rng& rng, VectorRef out) const {
  const auto n = static_cast<double>(trials());
  out[0] = mix::binomial(rng, n, probability_);
  if (trials_.by_row()) out[1] = n;
}

void Binomial::accumulate(Rows x, Weights w, VectorRef statistics) const {
  for (Index i = 0; i < x.rows(); ++i) {
    const double trials = trials_.of(x, i);
    // A row that no probability explains may hold anything, also NaN, and contributes nothing.
    if (!(w[i] > 0) || !trials_.explain(x, i)) continue;
    statistics[0] += w[i] * (trials - x(i, 0));
    statistics[1] += w[i] * x(i, 0);
  }
}

void Binomial::maximize(ConstVectorRef sum) {
  const double failures = sum[0] + smoothing_.pseudo_count;
  const double successes = sum[1] + smoothing_.pseudo_count;
  if (failures + successes > 0) probability_ = successes / (failures + successes);
}

bool Binomial::features(Rows x, MatrixRef out) const {
  out.col(1) = x.col(0);
  if (trials_.by_row()) {
    out.col(0) = x.col(1) - x.col(0);
  } else {
    out.col(0) = static_cast<double>(trials()) - x.col(0).array();
  }
  return true;
}

bool Binomial::same_base(const Binomial& other) const { return trials_ == other.trials_; }

bool Binomial::log_base(Rows x, VectorRef out) const {
  for (Index i = 0; i < x.rows(); ++i) {
    const double trials = trials_.of(x, i);
    // Beyond, the terms of the sum would cancel; log_binomial avoids it.
    if (!trials_.explain(x, i) || !(trials < static_cast<double>(small_count))) return false;
    out[i] = log_choose(trials, x(i, 0));
  }
  return true;
}

void Binomial::natural_parameters(VectorRef eta) const {
  eta[0] = std::log1p(-probability_);
  eta[1] = std::log(probability_);
}

double Binomial::log_partition() const { return 0; }

Vector Binomial::coordinates() const { return Vector::Constant(1, logit(probability_)); }

void Binomial::set_coordinates(ConstVectorRef v) { probability_ = probability_of_logit(v[0]); }

void Binomial::prepare(const AnyRows& x, Weights w) { trials_.prepare(x, w); }

double Binomial::log_prior() const {
  if (smoothing_.pseudo_count == 0) return 0;
  return smoothing_.pseudo_count * (std::log(probability_) + std::log1p(-probability_));
}

std::string Binomial::check_support(Rows x) const { return trials_.check_support(x); }

Matrix Binomial::embed(Rows x) const { return trials_.embed(x); }

double Binomial::cdf(double x) const {
  const auto n = static_cast<double>(trials());
  return cdf_of_counts(x, [&](double count) {
    return count < n ? boost::math::ibetac(count + 1, n - count, probability_) : 1;
  });
}

Moments Binomial::moments() const {
  trials_.check_fixed(name);
  const double mean = static_cast<double>(trials()) * probability_;
  return Moments::of(mean, mean * (1 - probability_));
}

void Binomial::fields(Fields& visit) {
  visit("probability", probability_);
  trials_.fields(visit);
  visit("pseudo_count", smoothing_.pseudo_count);
  if (visit.loading()) check();
}

void Binomial::describe(Fields& visit) const {
  double probability = probability_;
  Index number = trials();
  visit("probability", probability);
  if (!trials_.by_row()) visit("trials", number);
}

}  // namespace mix
