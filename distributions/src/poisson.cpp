#include "mix/distributions/poisson.h"

#include <fmt/format.h>

#include <cmath>
#include <stdexcept>
#include <utility>

#include "column_sums.h"
#include "gamma_functions.h"
#include "mix/kernels.h"
#include "mix/special.h"
#include "mix/support.h"
#include "univariate.h"

namespace mix {
namespace {

constexpr std::string_view expected = "a count (0, 1, 2, ...)";

void check_poisson_rate(const Vector& rate) {
  for (Index j = 0; j < rate.size(); ++j) {
    if (rate[j] >= 0 && std::isfinite(rate[j])) continue;
    throw std::invalid_argument(fmt::format(
        "Poisson: the rate of column {} is {}; a rate is finite and at least 0", j + 1, rate[j]));
  }
}

}  // namespace

Poisson::Poisson(Index dimension) {
  if (dimension < 1) {
    throw std::invalid_argument(
        fmt::format("Poisson: {} columns; at least 1 is needed", dimension));
  }
  rate_ = Vector::Ones(dimension);
}

Poisson::Poisson(Vector rate) : rate_(std::move(rate)) { check_poisson_rate(rate_); }

void Poisson::log_density(Rows x, VectorRef out) const {
  out.setZero();
  for (Index j = 0; j < dimension(); ++j) add_log_density(x, j, out);
}

void Poisson::add_log_density(Rows x, Index j, VectorRef out) const {
  const double rate = rate_[j];
  const double log_rate = std::log(rate);
  for (Index i = 0; i < x.rows(); ++i) {
    const double count = x(i, j);
    if (!is_count(count)) {
      out[i] = -infinity;
    } else {
      out[i] += log_poisson(count, rate, log_rate);
    }
  }
}

void Poisson::observed_log_density(Rows x, const MissingColumns& columns, VectorRef out) const {
  out.setZero();
  for (const Index j : columns.observed) add_log_density(x, j, out);
}

void Poisson::sample(Rng& rng, VectorRef out) const {
  for (Index j = 0; j < dimension(); ++j) out[j] = mix::poisson(rng, rate_[j]);
}

void Poisson::accumulate(Rows x, Weights w, VectorRef statistics) const {
  for (Index i = 0; i < x.rows(); ++i) {
    // A row that no rate explains may hold anything, also NaN, and contributes nothing.
    if (!(w[i] > 0) || !x.row(i).unaryExpr(&is_count).all()) continue;
    statistics[0] += w[i];
    statistics.tail(dimension()) += w[i] * x.row(i).transpose();
  }
}

void Poisson::accumulate_expected(Rows x, const MissingColumns& columns, Weights w,
                                  VectorRef statistics) const {
  add_expected(x, columns, w, rate_, is_count, statistics);
}

void Poisson::maximize(ConstVectorRef sum) {
  if (sum[0] > 0) rate_ = sum.tail(dimension()) / sum[0];
}

namespace {

template <class X>
bool log_inverse_factorials(const X& x, VectorRef out) {
  const double largest = kernels::log_factorials(x, out);
  out = -out;
  // Beyond, the terms of the sum would cancel; log_poisson avoids it.
  return largest < static_cast<double>(small_count);
}

}  // namespace

bool Poisson::log_base(Rows x, VectorRef out) const { return log_inverse_factorials(x, out); }

bool Poisson::log_base(const SparseRows& x, VectorRef out) const {
  return log_inverse_factorials(x, out);
}

void Poisson::natural_parameters(VectorRef eta) const { eta = rate_.array().log(); }

double Poisson::log_partition() const { return rate_.sum(); }

Vector Poisson::coordinates() const { return rate_.array().log(); }

void Poisson::set_coordinates(ConstVectorRef v) {
  const Vector rate = v.array().exp();
  if (rate.allFinite()) rate_ = rate;
}

std::string Poisson::check_support(Rows x) const {
  return check_cells(x, is_count, expected, MissingCells::read);
}

std::string Poisson::check_support(const SparseRows& x) const {
  return check_cells(x, is_count, expected);
}

Matrix Poisson::embed(Rows x) const { return 2 * (x.array().max(0) + 0.375).sqrt(); }

Vector Poisson::embed(const SparseRows& x) const {
  const Eigen::Map<const Vector> value(x.value(), x.cells());
  return 2 * ((value.array().max(0) + 0.375).sqrt() - std::sqrt(0.375));
}

double Poisson::cdf(double x) const {
  return cdf_of_counts(x, [&](double count) { return gamma_above(count + 1, rate_[0]); });
}

Moments Poisson::moments() const { return Moments::independent(rate_, rate_); }

Poisson Poisson::marginal(const std::vector<Index>& columns) const {
  return Poisson(Vector(rate_(columns)));
}

void Poisson::fields(Fields& visit) {
  visit("rate", rate_);
  if (visit.loading()) check_poisson_rate(rate_);
}

}  // namespace mix
