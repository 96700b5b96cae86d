#include "mix/distributions/pareto.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "univariate.h"

namespace mix {
namespace {

void check_pareto(double shape, double minimum) {
  check_positive("Pareto", "shape", shape);
  check_positive("Pareto", "minimum", minimum);
}

}  // namespace

Pareto::Pareto(double shape, double minimum) : shape_(shape), minimum_(minimum), given_minimum_(1) {
  check_pareto(shape, minimum);
}

void Pareto::log_density(Rows x, VectorRef out) const {
  const double log_shape = std::log(shape_);
  evaluate_rows(
      x, [this](double value) { return supports(value); },
      [&](double value) {
        return log_shape - std::log(value) - shape_ * std::log(value / minimum_);
      },
      out);
}

void Pareto::sample(Rng& rng, VectorRef out) const {
  out[0] = minimum_ * std::exp(standard_exponential(rng) / shape_);
}

void Pareto::accumulate(Rows x, Weights w, VectorRef statistics) const {
  add_features(
      x, w, [this](double value) { return supports(value); },
      [this](double value) { return std::array{std::log(value / minimum_)}; }, statistics);
}

void Pareto::maximize(ConstVectorRef sum) {
  if (!(sum[0] > 0) || !std::isfinite(sum[1])) return;
  // The likelihood falls on both sides of its top, so the nearest allowed shape is the best one.
  const double least = std::sqrt(data_.least_variance(least_log_variance));
  shape_ = 1 / std::max(sum[1] / sum[0], least);
}

bool Pareto::log_base(Rows x, VectorRef out) const {
  out = -x.col(0).array().log();
  return (out.array() * 0).sum() == 0;
}

bool Pareto::features(Rows x, MatrixRef out) const {
  return write_features(
      x, [this](double value) { return supports(value); },
      [this](double value) { return std::array{std::log(value / minimum_)}; }, out);
}

void Pareto::natural_parameters(VectorRef eta) const { eta[0] = -shape_; }

double Pareto::log_partition() const { return -std::log(shape_); }

bool Pareto::same_base(const Pareto& other) const { return minimum_ == other.minimum_; }

Vector Pareto::coordinates() const { return Vector{{std::log(shape_)}}; }

void Pareto::set_coordinates(ConstVectorRef v) { set_positive(shape_, v[0]); }

void Pareto::prepare(const AnyRows& x, Weights w) {
  data_ = learn_spread(name, x, w, log_of);
  if (given_minimum_ != 0) return;
  double least = infinity;
  for_each_dense_block(x, [&](Index first, Rows block) {
    for (Index i = 0; i < block.rows(); ++i) {
      if (w[first + i] > 0 && is_positive(block(i, 0))) least = std::min(least, block(i, 0));
    }
  });
  if (least < infinity) minimum_ = least;
}

std::string Pareto::check_support(Rows x) const {
  // A minimum that is still to be learned suits any positive number.
  if (given_minimum_ == 0) return check_cells(x, is_positive, expected_positive);
  return check_cells(
      x, [this](double value) { return supports(value); },
      fmt::format("a finite number of at least {}, the minimum", minimum_));
}

Matrix Pareto::embed(Rows x) const { return embed_logarithm(x); }

std::string Pareto::flaw(double mass) const { return data_.flaw(mass, 1 / shape_ / shape_); }

double Pareto::cdf(double x) const {
  return cdf_between(minimum_, infinity, x,
                     [&](double at) { return -std::expm1(-shape_ * std::log(at / minimum_)); });
}

Moments Pareto::moments() const {
  if (!(shape_ > 1)) return Moments::of(infinity, quiet_nan);
  const double mean = shape_ * minimum_ / (shape_ - 1);
  return Moments::of(mean, shape_ > 2 ? mean * mean / (shape_ * (shape_ - 2)) : infinity);
}

void Pareto::fields(Fields& visit) {
  visit("shape", shape_);
  visit("minimum", minimum_);
  visit("given_minimum", given_minimum_);
  data_.fields(visit);
  if (visit.loading()) check_pareto(shape_, minimum_);
}

void Pareto::describe(Fields& visit) const {
  double shape = shape_;
  double minimum = minimum_;
  visit("shape", shape);
  visit("minimum", minimum);
}

}  // namespace mix
