#include "mix/distributions/binomial.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "mix/coordinates.h"
#include "mix/special.h"
#include "mix/support.h"

namespace mix {
namespace {

bool explained(double successes, double trials) {
  return is_count(successes) && is_count(trials) && successes <= trials;
}

}  // namespace

Binomial::Binomial(Index trials, double probability, Smoothing smoothing)
    : trials_(trials), probability_(probability), smoothing_(smoothing) {
  check();
}

Binomial Binomial::with_trials_column(double probability, Smoothing smoothing) {
  Binomial binomial(1, probability, smoothing);
  binomial.trials_from_ = column;
  return binomial;
}

void Binomial::check() const {
  if (trials_from_ != fixed && trials_from_ != column) {
    throw std::invalid_argument(fmt::format("Binomial: trials_from is '{}'; it is '{}' or '{}'",
                                            trials_from_, fixed, column));
  }
  if (trials_ < 1) {
    throw std::invalid_argument(fmt::format(
        "Binomial: {} trials; at least 1 is needed (trials that differ by row: with_trials_column)",
        trials_));
  }
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
    const double trials = trials_of(x, i);
    if (!explained(successes, trials)) {
      out[i] = -infinity;
      continue;
    }
    out[i] = log_binomial(successes, trials, probability_, log_success, log_failure);
  }
}

void Binomial::sample(Rng& rng, VectorRef out) const {
  const auto trials = static_cast<double>(trials_);
  out[0] = mix::binomial(rng, trials, probability_);
  if (trials_from_ == column) out[1] = trials;
}

void Binomial::accumulate(Rows x, Weights w, VectorRef statistics) const {
  for (Index i = 0; i < x.rows(); ++i) {
    const double trials = trials_of(x, i);
    // A row that no probability explains may hold anything, also NaN, and contributes nothing.
    if (!(w[i] > 0) || !explained(x(i, 0), trials)) continue;
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
  if (trials_from_ == fixed) {
    out.col(0) = static_cast<double>(trials_) - x.col(0).array();
  } else {
    out.col(0) = x.col(1) - x.col(0);
  }
  return true;
}

bool Binomial::same_base(const Binomial& other) const {
  return trials_from_ == other.trials_from_ && (trials_from_ == column || trials_ == other.trials_);
}

bool Binomial::log_base(Rows x, VectorRef out) const {
  for (Index i = 0; i < x.rows(); ++i) {
    const double trials = trials_of(x, i);
    // Beyond, the terms of the sum would cancel; log_binomial avoids it.
    if (!explained(x(i, 0), trials) || !(trials < static_cast<double>(small_count))) return false;
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

void Binomial::prepare(const AnyRows& x, Weights w) {
  if (trials_from_ == fixed) return;
  double sum = 0;
  double weight = 0;
  for_each_dense_block(x, [&](Index first, Rows block) {
    for (Index i = 0; i < block.rows(); ++i) {
      if (!(w[first + i] > 0) || !is_count(block(i, 1))) continue;
      sum += w[first + i] * block(i, 1);
      weight += w[first + i];
    }
  });
  if (weight > 0) trials_ = std::max<Index>(1, std::llround(sum / weight));
}

double Binomial::log_prior() const {
  if (smoothing_.pseudo_count == 0) return 0;
  return smoothing_.pseudo_count * (std::log(probability_) + std::log1p(-probability_));
}

std::string Binomial::check_support(Rows x) const {
  return check_cells(x, [&](Index row, Index j) -> std::string {
    const double value = x(row, j);
    if (!is_count(value)) return fmt::format("{} is not a count (0, 1, 2, ...)", value);
    if (j == 0 && value > trials_of(x, row)) {
      return fmt::format("{} successes in {} trials", value, trials_of(x, row));
    }
    return {};
  });
}

Matrix Binomial::embed(Rows x) const {
  Matrix out(x.rows(), 1);
  double sum = 0;
  for (Index i = 0; i < x.rows(); ++i) {
    const double trials = trials_of(x, i);
    const double share = (x(i, 0) + 0.375) / (trials + 0.75);
    out(i, 0) = std::asin(std::sqrt(std::clamp(share, 0.0, 1.0)));
    sum += trials;
  }
  return out * (2 * std::sqrt(std::max(1.0, sum / static_cast<double>(x.rows()))));
}

void Binomial::fields(Fields& visit) {
  visit("probability", probability_);
  visit("trials_from", trials_from_);
  visit("trials", trials_);
  visit("pseudo_count", smoothing_.pseudo_count);
  if (visit.loading()) check();
}

void Binomial::describe(Fields& visit) const {
  double probability = probability_;
  Index trials = trials_;
  visit("probability", probability);
  if (trials_from_ == fixed) visit("trials", trials);
}

}  // namespace mix
