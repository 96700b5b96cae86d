#include "mix/distributions/multinomial.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

#include "mix/kernels.h"
#include "mix/parallel.h"
#include "mix/special.h"
#include "mix/support.h"

namespace mix {
namespace {

void check(const Vector& probabilities, Index trials, const Smoothing& smoothing) {
  if (!(probabilities.array() >= 0).all() || !(std::abs(probabilities.sum() - 1) < 1e-9)) {
    throw std::invalid_argument(fmt::format(
        "Multinomial: the probabilities sum to {}; each is at least 0 and they sum to 1",
        probabilities.sum()));
  }
  if (trials < 0) {
    throw std::invalid_argument(
        fmt::format("Multinomial: {} trials; at least 0 are needed", trials));
  }
  check_smoothing("Multinomial", smoothing);
}

}  // namespace

Multinomial::Multinomial(Index dimension, Smoothing smoothing) : smoothing_(smoothing) {
  if (dimension < 1) {
    throw std::invalid_argument(
        fmt::format("Multinomial: {} outcomes; at least 1 is needed", dimension));
  }
  probabilities_ = Vector::Constant(dimension, 1 / static_cast<double>(dimension));
  check_smoothing("Multinomial", smoothing_);
}

Multinomial::Multinomial(Vector probabilities, Index trials, Smoothing smoothing)
    : probabilities_(std::move(probabilities)), trials_(trials), smoothing_(smoothing) {
  check(probabilities_, trials_, smoothing_);
}

void Multinomial::log_density(Rows x, VectorRef out) const {
  const Vector log_probabilities = probabilities_.array().log();
  for (Index i = 0; i < x.rows(); ++i) {
    double total = 0;
    double sum = 0;
    for (Index j = 0; j < dimension(); ++j) {
      const double count = x(i, j);
      if (!is_count(count)) {
        sum = -infinity;
        break;
      }
      total += count;
      if (count > 0) sum += count * log_probabilities[j] - log_factorial(count);
    }
    out[i] = sum > -infinity ? sum + log_factorial(total) : -infinity;
  }
}

void Multinomial::sample(Rng& rng, VectorRef out) const {
  // Outcome by outcome, each a binomial of what the earlier ones left.
  auto trials = static_cast<double>(trials_);
  double rest = 1;
  for (Index j = 0; j < dimension(); ++j) {
    const bool last = j + 1 == dimension() || !(probabilities_.tail(dimension() - j - 1).sum() > 0);
    out[j] = last ? trials : mix::binomial(rng, trials, std::min(1.0, probabilities_[j] / rest));
    trials -= out[j];
    rest -= probabilities_[j];
  }
}

void Multinomial::accumulate(Rows x, Weights w, VectorRef statistics) const {
  for (Index i = 0; i < x.rows(); ++i) {
    // A row that no probabilities explain may hold anything, also NaN, and contributes nothing.
    if (!(w[i] > 0) || !x.row(i).unaryExpr(&is_count).all()) continue;
    statistics += w[i] * x.row(i).transpose();
  }
}

void Multinomial::maximize(ConstVectorRef sum) {
  const Vector counts = sum.array() + smoothing_.pseudo_count;
  const double total = counts.sum();
  if (total > 0) probabilities_ = counts / total;
}

bool Multinomial::log_base(Rows x, VectorRef out) const {
  Eigen::Matrix<double, Eigen::Dynamic, 1, 0, block_rows, 1> total(x.rows());
  if (std::isnan(kernels::log_factorials(x, out, total))) return false;
  for (Index i = 0; i < x.rows(); ++i) out[i] = log_factorial(total[i]) - out[i];
  return true;
}

void Multinomial::natural_parameters(VectorRef eta) const { eta = probabilities_.array().log(); }

double Multinomial::log_partition() const { return 0; }

void Multinomial::prepare(Rows x, Weights w) {
  double sum = 0;
  double weight = 0;
  for (Index i = 0; i < x.rows(); ++i) {
    if (!(w[i] > 0) || !x.row(i).unaryExpr(&is_count).all()) continue;
    sum += w[i] * x.row(i).sum();
    weight += w[i];
  }
  if (weight > 0) trials_ = std::llround(sum / weight);
}

double Multinomial::log_prior() const {
  if (smoothing_.pseudo_count == 0) return 0;
  return smoothing_.pseudo_count * probabilities_.array().log().sum();
}

std::string Multinomial::check_support(Rows x) const {
  return check_cells(x, is_count, "a count (0, 1, 2, ...)");
}

Matrix Multinomial::embed(Rows x) const {
  Matrix out = x.cwiseMax(0);
  const double mean_total = out.sum() / static_cast<double>(std::max<Index>(x.rows(), 1));
  for (Index i = 0; i < out.rows(); ++i) {
    const double total = out.row(i).sum();
    if (total > 0) {
      out.row(i) /= total;
    } else {
      out.row(i).setConstant(1 / static_cast<double>(dimension()));
    }
  }
  return (4 * std::max(1.0, mean_total) * out).cwiseSqrt();
}

void Multinomial::fields(Fields& visit) {
  visit("probabilities", probabilities_);
  visit("trials", trials_);
  visit("pseudo_count", smoothing_.pseudo_count);
  if (visit.loading()) check(probabilities_, trials_, smoothing_);
}

void Multinomial::describe(Fields& visit) const {
  Vector probabilities = probabilities_;
  visit("probabilities", probabilities);
}

}  // namespace mix
