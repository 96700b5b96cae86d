#include "mix/distributions/gumbel.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include "mix/kernels.h"
#include "univariate.h"

namespace mix {
namespace {

// Rows with a smaller z have the density 0: its logarithm is less than -1e260, and e^-z times
// powers of z would overflow.
constexpr double least_z = -600;
// Left out of the series: less than this share of its value.
constexpr double series_rest = 1e-13;
constexpr double largest_step = 0.9;
constexpr double gumbel_deviation = std::numbers::pi / 2.449489742783178;  // pi / sqrt 6

void check_gumbel(double location, double scale) {
  check_finite("Gumbel", "location", location);
  check_positive("Gumbel", "scale", scale);
}

// M(d) = sum over rows of p e^-(1 + d) z as a power series in d.
class PowerSeries {
 public:
  explicit PowerSeries(ConstVectorRef sums) : coefficients_(sums) {
    double factor = 1;
    for (Index j = 1; j < coefficients_.size(); ++j) {
      factor *= -1 / static_cast<double>(j);
      coefficients_[j] *= factor;
    }
  }
  // Up to which |d| the last term, and with it all that are left out, is next to nothing.
  [[nodiscard]] double radius() const {
    const auto last = coefficients_.size() - 1;
    if (!(coefficients_[last] > 0)) return largest_step;
    return std::min(largest_step, std::pow(series_rest * coefficients_[0] / coefficients_[last],
                                           1 / static_cast<double>(last)));
  }
  // Logarithm of M, and its first and second derivative.
  struct Expansion {
    double logarithm;
    double first;
    double second;
  };
  [[nodiscard]] Expansion operator()(double d) const {
    double value = 0;
    double first = 0;
    double second = 0;
    for (Index j = coefficients_.size() - 1; j >= 0; --j) {
      second = second * d + 2 * first;
      first = first * d + value;
      value = value * d + coefficients_[j];
    }
    const double slope = first / value;
    return {std::log(value), slope, second / value - slope * slope};
  }

 private:
  Vector coefficients_;
};

}  // namespace

Gumbel::Gumbel(double location, double scale) : location_(location), scale_(scale) {
  check_gumbel(location, scale);
}

double Gumbel::mean() const { return location_ + std::numbers::egamma * scale_; }

void Gumbel::log_density(Rows x, VectorRef out) const {
  const Standardized rows = standardized_rows(x, location_, scale_);
  Vector powers = -rows.z.cwiseMax(least_z);
  kernels::exponential(powers, powers);
  out = (rows.w.array() > 0 && rows.z.array() >= least_z)
            .select(-std::log(scale_) - rows.z.array() - powers.array(), -infinity);
}

void Gumbel::sample(Rng& rng, VectorRef out) const {
  out[0] = location_ - scale_ * std::log(standard_exponential(rng));
}

void Gumbel::accumulate(Rows x, Weights w, VectorRef statistics) const {
  auto [z, p] = standardized_rows(x, w, location_, scale_);
  statistics[0] += p.sum();
  statistics[1] += p.dot(z);
  statistics[2] += p.dot(z.cwiseAbs2());
  for (Index i = 0; i < z.size(); ++i) {
    if (z[i] >= least_z) continue;
    statistics[3] += p[i];
    z[i] = p[i] = 0;
  }
  Vector term = -z;
  kernels::exponential(term, term);
  term.array() *= p.array();
  statistics[4] += term.sum();
  for (Index j = 1; j <= order; ++j) {
    term.array() *= z.array();
    statistics[4 + j] += term.sum();
  }
}

// With the scale s / (1 + d) and the best location for it, the log-likelihood is, but for
// constants, n log(1 + d) - d (sum of p z) - n log M(d): concave in d.
void Gumbel::maximize(ConstVectorRef sum) {
  const double rows = sum[0];
  if (!(rows > 0) || !sum.allFinite()) return;
  const double mean_z = sum[1] / rows;
  if (sum[3] > 0 || !(sum[4] > 0)) {
    // Rows of density 0: any parameters that explain all rows are better.
    const double variance = std::max(sum[2] / rows - mean_z * mean_z, 0.0);
    start({rows, location_ + scale_ * mean_z, scale_ * scale_ * variance});
    return;
  }
  const PowerSeries series(sum.tail(1 + order));
  const double radius = series.radius();
  const double least =
      std::max(std::sqrt(data_.least_variance(0)) / gumbel_deviation, least_real_scale);
  const double narrowest = std::max(scale_ / least - 1, -radius);
  const double d = falling_root(
      [&](double at) {
        const auto [logarithm, first, second] = series(at);
        return std::pair(1 / (1 + at) - mean_z - first, -1 / ((1 + at) * (1 + at)) - second);
      },
      -radius, std::min(radius, narrowest), 0);
  const double scale = scale_ / (1 + d);
  const double location = location_ - scale * (series(d).logarithm - std::log(rows));
  if (!is_finite(location) || !is_positive(scale)) return;
  location_ = location;
  scale_ = scale;
}

void Gumbel::start(const AnyRows& x, Weights w) { start(spread_of(x, w, itself)); }

// By moments.
void Gumbel::start(const DataSpread& moments) {
  const DataSpread from = moments_or_all(moments, data_);
  if (!(from.rows > 0)) return;
  const double variance = std::max(from.variance, data_.least_variance(0));
  scale_ = std::max(std::sqrt(variance) / gumbel_deviation, least_real_scale);
  location_ = from.mean - std::numbers::egamma * scale_;
}

Vector Gumbel::coordinates() const { return location_scale_coordinates(location_, scale_, data_); }

void Gumbel::set_coordinates(ConstVectorRef v) { set_location_scale(v, data_, location_, scale_); }

void Gumbel::prepare(const AnyRows& x, Weights w) { data_ = learn_spread(name, x, w, itself); }

std::string Gumbel::check_support(Rows x) const {
  return check_cells(x, is_finite, expected_finite);
}

std::string Gumbel::flaw(double mass) const {
  const double deviation = gumbel_deviation * scale_;
  return data_.flaw(mass, deviation * deviation);
}

double Gumbel::cdf(double x) const { return std::exp(-std::exp((location_ - x) / scale_)); }

Moments Gumbel::moments() const {
  const double deviation = std::numbers::pi * scale_;
  return Moments::of(mean(), deviation * deviation / 6);
}

void Gumbel::fields(Fields& visit) {
  visit("location", location_);
  visit("scale", scale_);
  data_.fields(visit);
  if (visit.loading()) check_gumbel(location_, scale_);
}

void Gumbel::describe(Fields& visit) const {
  double location = location_;
  double scale = scale_;
  visit("location", location);
  visit("scale", scale);
}

}  // namespace mix
