#include "mix/distributions/exponential.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

#include "column_sums.h"
#include "data_moments.h"
#include "mix/support.h"
#include "univariate.h"

namespace mix {
namespace {

// An estimated mean is at least this share of the column's mean in all data.
constexpr double least_share = 1e-10;
constexpr std::string_view expected_duration = "a waiting time (finite, at least 0)";
// Used where the data give no scale: no `prepare`, or a column of zeros alone.
constexpr double least_scale = 1e-300;

bool is_duration(double value) { return value >= 0 && value < infinity; }

void check_exponential_rate(const Vector& rate) {
  for (Index j = 0; j < rate.size(); ++j) {
    if (rate[j] > 0 && std::isfinite(rate[j])) continue;
    throw std::invalid_argument(fmt::format(
        "Exponential: the rate of column {} is {}; a rate is finite and positive", j + 1, rate[j]));
  }
}

}  // namespace

Exponential::Exponential(Index dimension) {
  if (dimension < 1) {
    throw std::invalid_argument(
        fmt::format("Exponential: {} columns; at least 1 is needed", dimension));
  }
  rate_ = Vector::Ones(dimension);
  least_mean_ = Vector::Constant(dimension, least_scale);
}

Exponential::Exponential(Vector rate)
    : rate_(std::move(rate)), least_mean_(Vector::Constant(rate_.size(), least_scale)) {
  check_exponential_rate(rate_);
}

void Exponential::log_density(Rows x, VectorRef out) const {
  out.setZero();
  for (Index j = 0; j < dimension(); ++j) add_log_density(x, j, out);
}

void Exponential::add_log_density(Rows x, Index j, VectorRef out) const {
  const double rate = rate_[j];
  const double log_rate = std::log(rate);
  for (Index i = 0; i < x.rows(); ++i) {
    out[i] += is_duration(x(i, j)) ? log_rate - rate * x(i, j) : -infinity;
  }
}

void Exponential::observed_log_density(Rows x, const MissingColumns& columns, VectorRef out) const {
  out.setZero();
  for (const Index j : columns.observed) add_log_density(x, j, out);
}

void Exponential::sample(Rng& rng, VectorRef out) const {
  for (Index j = 0; j < dimension(); ++j) out[j] = standard_exponential(rng) / rate_[j];
}

void Exponential::accumulate(Rows x, Weights w, VectorRef statistics) const {
  for (Index i = 0; i < x.rows(); ++i) {
    // A row that no rate explains may hold anything, also NaN, and contributes nothing.
    if (!(w[i] > 0) || !x.row(i).unaryExpr(&is_duration).all()) continue;
    statistics[0] += w[i];
    statistics.tail(dimension()) += w[i] * x.row(i).transpose();
  }
}

void Exponential::accumulate_expected(Rows x, const MissingColumns& columns, Weights w,
                                      VectorRef statistics) const {
  add_expected(x, columns, w, rate_.cwiseInverse(), is_duration, statistics);
}

void Exponential::maximize(ConstVectorRef sum) {
  if (!(sum[0] > 0)) return;
  // The likelihood falls on both sides of its top, so the nearest allowed mean is the best one.
  rate_ = (sum.tail(dimension()) / sum[0]).cwiseMax(least_mean_).cwiseInverse();
}

bool Exponential::log_base(Rows x, VectorRef out) const {
  out.setZero();
  // Zero times what is not finite is NaN.
  return (x.array() * 0).sum() == 0 && x.minCoeff() >= 0;
}

bool Exponential::log_base(const SparseRows& x, VectorRef out) const {
  out.setZero();
  return std::all_of(x.value(), x.value() + x.cells(), is_duration);
}

void Exponential::natural_parameters(VectorRef eta) const { eta = -rate_; }

double Exponential::log_partition() const { return -rate_.array().log().sum(); }

Vector Exponential::coordinates() const { return rate_.array().log(); }

void Exponential::set_coordinates(ConstVectorRef v) {
  const Vector rate = v.array().exp();
  if (rate.allFinite() && (rate.array() > 0).all()) rate_ = rate;
}

void Exponential::prepare(const AnyRows& x, Weights w) {
  Vector sum = Vector::Zero(statistics_size());
  if (has_missing(x)) {
    sum << w.sum(), w.sum() * observed_means(x, w, Vector::Zero(dimension()));
  } else {
    for_each_dense_block(x, [&](Index first, Rows block) {
      accumulate(block, w.segment(first, block.rows()), sum);
    });
  }
  learn_least_mean(sum);
}

void Exponential::prepare(const SparseRows& x, Weights w) {
  Vector sum = Vector::Zero(statistics_size());
  for (Index i = 0; i < x.rows(); ++i) {
    const double* first = x.value() + x.begin(i);
    const double* last = x.value() + x.begin(i + 1);
    if (!(w[i] > 0) || !std::all_of(first, last, is_duration)) continue;
    sum[0] += w[i];
    for (Index c = x.begin(i); c < x.begin(i + 1); ++c) {
      sum[1 + x.column()[c]] += w[i] * x.value()[c];
    }
  }
  learn_least_mean(sum);
}

void Exponential::learn_least_mean(ConstVectorRef sum) {
  if (!(sum[0] > 0)) return;
  for (Index j = 0; j < dimension(); ++j) {
    if (std::isfinite(sum[1 + j])) continue;
    throw std::invalid_argument(fmt::format(
        "{}: the sum of column {} is no longer a number of double precision: give the column in a "
        "larger unit",
        name, j + 1));
  }
  least_mean_ = (sum.tail(dimension()) / sum[0] * least_share).cwiseMax(least_scale);
}

std::string Exponential::check_support(Rows x) const {
  return check_cells(x, is_duration, expected_duration, MissingCells::read);
}

std::string Exponential::check_support(const SparseRows& x) const {
  return check_cells(x, is_duration, expected_duration);
}

Matrix Exponential::embed(Rows x) const {
  Matrix out = x.cwiseMax(0);
  for (Index j = 0; j < out.cols(); ++j) {
    const double mean = out.col(j).mean();
    if (mean > 0) out.col(j) = (out.col(j) / mean).array().sqrt().sqrt();
  }
  return out;
}

Vector Exponential::embed(const SparseRows& x) const {
  Vector mean = Vector::Zero(x.cols());
  for (Index c = 0; c < x.cells(); ++c) {
    mean[x.column()[c]] += std::max(x.value()[c], 0.0) / static_cast<double>(x.rows());
  }
  Vector out(x.cells());
  for (Index c = 0; c < x.cells(); ++c) {
    const double value = std::max(x.value()[c], 0.0);
    out[c] = value > 0 ? std::sqrt(std::sqrt(value / mean[x.column()[c]])) : 0;
  }
  return out;
}

std::string Exponential::flaw(double /*mass*/) const {
  for (Index j = 0; j < dimension(); ++j) {
    if (1 / rate_[j] > 1.5 * least_mean_[j]) continue;
    return fmt::format("its mean of column {} is at the lower limit {:.3g}: it holds zeros", j + 1,
                       least_mean_[j]);
  }
  return {};
}

double Exponential::cdf(double x) const {
  return cdf_between(0, infinity, x, [&](double at) { return -std::expm1(-rate_[0] * at); });
}

Moments Exponential::moments() const {
  const Vector mean = rate_.cwiseInverse();
  return Moments::independent(mean, mean.cwiseAbs2());
}

Exponential Exponential::marginal(const std::vector<Index>& columns) const {
  Exponential chosen(Vector(rate_(columns)));
  if (least_mean_.size() == rate_.size()) chosen.least_mean_ = Vector(least_mean_(columns));
  return chosen;
}

void Exponential::fields(Fields& visit) {
  visit("rate", rate_);
  visit("least_mean", least_mean_);
  if (!visit.loading()) return;
  check_exponential_rate(rate_);
  if (least_mean_.size() != rate_.size() || !(least_mean_.array() > 0).all()) {
    throw std::invalid_argument("Exponential: least_mean needs one positive value per column");
  }
}

void Exponential::describe(Fields& visit) const {
  Vector rate = rate_;
  visit("rate", rate);
}

}  // namespace mix
