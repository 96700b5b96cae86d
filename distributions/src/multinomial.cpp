#include "mix/distributions/multinomial.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

#include "mix/coordinates.h"
#include "mix/kernels.h"
#include "mix/parallel.h"
#include "mix/special.h"
#include "mix/support.h"

namespace mix {
namespace {

constexpr std::string_view expected_count = "a count (0, 1, 2, ...)";

// The total of a row that probabilities explain, NaN of any other.
double total_of(const double* value, Index cells) {
  double total = 0;
  for (Index c = 0; c < cells; ++c) {
    if (!is_count(value[c])) return quiet_nan;
    total += value[c];
  }
  return total;
}

double total_of(const SparseRows& x, Index i) {
  return total_of(x.value() + x.begin(i), x.begin(i + 1) - x.begin(i));
}

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
  const double pseudo_count = smoothing_.pseudo_count;
  const double total = (sum.array() + pseudo_count).sum();
  if (total > 0) probabilities_ = (sum.array() + pseudo_count) / total;
}

namespace {

template <class X>
bool log_multiplicity(const X& x, VectorRef out) {
  Eigen::Matrix<double, Eigen::Dynamic, 1, 0, block_rows, 1> total(x.rows());
  if (std::isnan(kernels::log_factorials(x, out, total))) return false;
  for (Index i = 0; i < x.rows(); ++i) out[i] = log_factorial(total[i]) - out[i];
  return true;
}

}  // namespace

bool Multinomial::log_base(Rows x, VectorRef out) const { return log_multiplicity(x, out); }

bool Multinomial::log_base(const SparseRows& x, VectorRef out) const {
  return log_multiplicity(x, out);
}

void Multinomial::natural_parameters(VectorRef eta) const { eta = probabilities_.array().log(); }

Vector Multinomial::coordinates() const { return probabilities_.array().log(); }

void Multinomial::set_coordinates(ConstVectorRef v) {
  probabilities_ = probabilities_of_logarithms(v);
}

double Multinomial::log_partition() const { return 0; }

namespace {

// The rounded weighted mean of those totals that are numbers; `otherwise` where there are none.
template <class Total>
Index mean_trials(Weights w, Index otherwise, const Total& total_of_row) {
  double sum = 0;
  double weight = 0;
  for (Index i = 0; i < w.size(); ++i) {
    if (!(w[i] > 0)) continue;
    const double total = total_of_row(i);
    if (std::isnan(total)) continue;
    sum += w[i] * total;
    weight += w[i];
  }
  return weight > 0 ? std::llround(sum / weight) : otherwise;
}

}  // namespace

void Multinomial::prepare(const AnyRows& x, Weights w) {
  Vector total(x.rows());
  for_each_dense_block(x, [&](Index first, Rows block) {
    for (Index i = 0; i < block.rows(); ++i) {
      const Vector row = block.row(i);
      total[first + i] = total_of(row.data(), row.size());
    }
  });
  trials_ = mean_trials(w, trials_, [&](Index i) { return total[i]; });
}

void Multinomial::prepare(const SparseRows& x, Weights w) {
  trials_ = mean_trials(w, trials_, [&](Index i) { return total_of(x, i); });
}

double Multinomial::log_prior() const {
  if (smoothing_.pseudo_count == 0) return 0;
  return smoothing_.pseudo_count * probabilities_.array().log().sum();
}

std::string Multinomial::check_support(Rows x) const {
  return check_cells(x, is_count, expected_count);
}

std::string Multinomial::check_support(const SparseRows& x) const {
  return check_cells(x, is_count, expected_count);
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

Vector Multinomial::embed(const SparseRows& x) const {
  const Eigen::Map<const Vector> value(x.value(), x.cells());
  const double mean_total =
      value.cwiseMax(0).sum() / static_cast<double>(std::max<Index>(x.rows(), 1));
  Vector out = (4 * std::max(1.0, mean_total) * value.cwiseMax(0)).cwiseSqrt();
  for (Index i = 0; i < x.rows(); ++i) {
    const Index cells = x.begin(i + 1) - x.begin(i);
    const double total = value.segment(x.begin(i), cells).cwiseMax(0).sum();
    if (total > 0) out.segment(x.begin(i), cells) /= std::sqrt(total);
  }
  return out;
}

Moments Multinomial::moments() const {
  const auto n = static_cast<double>(trials_);
  Matrix covariance = -n * probabilities_ * probabilities_.transpose();
  covariance.diagonal() += n * probabilities_;
  return {n * probabilities_, covariance};
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
