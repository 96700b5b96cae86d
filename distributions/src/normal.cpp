#include "mix/distributions/normal.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <stdexcept>

#include "data_moments.h"
#include "univariate.h"

namespace mix {
namespace {

// Of the data's scatter, added to each estimate: moves no regular solution by more than rounding.
constexpr double relative_floor = 1e-10;

}  // namespace

Normal::Normal(double mean, double standard_deviation)
    : mean_(mean), standard_deviation_(standard_deviation) {
  check();
}

void Normal::check() const {
  if (!std::isfinite(mean_)) {
    throw std::invalid_argument(fmt::format("Normal: mean is {}; it must be finite", mean_));
  }
  if (!(standard_deviation_ > 0) || !std::isfinite(standard_deviation_)) {
    throw std::invalid_argument(fmt::format(
        "Normal: standard_deviation is {}; it must be positive and finite", standard_deviation_));
  }
}

void Normal::log_density(Rows x, VectorRef out) const {
  const double constant = -0.5 * std::log(2 * std::numbers::pi) - std::log(standard_deviation_);
  out = constant - 0.5 * ((x.col(0).array() - mean_) / standard_deviation_).square();
}

void Normal::sample(Rng& rng, VectorRef out) const {
  out[0] = mean_ + standard_deviation_ * standard_normal(rng);
}

void Normal::accumulate(Rows x, Weights w, VectorRef statistics) const {
  const auto centered = x.col(0).array() - mean_;
  statistics[0] += w.sum();
  statistics[1] += (w.array() * centered).sum();
  statistics[2] += (w.array() * centered.square()).sum();
}

void Normal::maximize(ConstVectorRef sum) {
  const double mass = sum[0];
  if (!(mass > 0)) return;
  const double shift = sum[1] / mass;
  const double scatter = std::max(sum[2] - sum[1] * shift, 0.0) + pseudo_scatter();
  mean_ += shift;
  const double deviation = std::sqrt(scatter / mass);
  // One repeated value and nothing learned about the data: any positive number beats NaN.
  if (std::isfinite(deviation)) standard_deviation_ = std::max(deviation, 1e-150);
}

Vector Normal::coordinates() const {
  const double unit = data_.unit();
  return Vector{{(mean_ - data_.mean) / unit, std::log(standard_deviation_ / unit)}};
}

void Normal::set_coordinates(ConstVectorRef v) {
  const double unit = data_.unit();
  mean_ = data_.mean + unit * v[0];
  const double deviation = unit * std::exp(v[1]);
  if (deviation > 0 && std::isfinite(deviation)) standard_deviation_ = deviation;
}

void Normal::prepare(const AnyRows& x, Weights w) {
  if (x.cols() != 1) {
    throw std::invalid_argument(fmt::format(
        "Normal: the data have {} columns, it describes 1: use Gaussians, or one Normal per column "
        "in a Product",
        x.cols()));
  }
  const DataMoments moments = data_moments(name, x, w, Spread::variances);
  if (!(moments.rows > 0)) return;
  data_ = {moments.rows, moments.mean[0], moments.covariance(0, 0)};
}

void Normal::start(const AnyRows& x, Weights w) { start(spread_of(x, w, itself)); }

void Normal::start(const DataSpread& moments) {
  if (moments.rows > 0) {
    mean_ = moments.mean;
    maximize(Vector{{moments.rows, 0, moments.rows * moments.variance}});
  } else if (data_.rows > 0) {
    mean_ = data_.mean;
    standard_deviation_ = std::sqrt(data_.variance);
  }
}

double Normal::pseudo_scatter() const { return relative_floor * data_.rows * data_.variance; }

double Normal::log_prior() const {
  return -0.5 * pseudo_scatter() / (standard_deviation_ * standard_deviation_);
}

std::string Normal::flaw(double mass) const {
  return data_.flaw(mass, standard_deviation_ * standard_deviation_);
}

double Normal::cdf(double x) const { return normal_cdf((x - mean_) / standard_deviation_); }

Moments Normal::moments() const {
  return Moments::of(mean_, standard_deviation_ * standard_deviation_);
}

void Normal::fields(Fields& visit) {
  visit("mean", mean_);
  visit("standard_deviation", standard_deviation_);
  data_.fields(visit);
  if (visit.loading()) check();
}

void Normal::describe(Fields& visit) const {
  double mean = mean_;
  double standard_deviation = standard_deviation_;
  visit("mean", mean);
  visit("standard_deviation", standard_deviation);
}

double weighted_log_density(const Normal& normal, ConstVectorRef sum, const Normal& at) {
  const double shift = normal.mean() - at.mean();
  const double deviation = normal.standard_deviation();
  const double scatter = sum[2] - shift * (2 * sum[1] - sum[0] * shift);
  return -sum[0] * (0.5 * std::log(2 * std::numbers::pi) + std::log(deviation)) -
         scatter / (2 * deviation * deviation);
}

}  // namespace mix
