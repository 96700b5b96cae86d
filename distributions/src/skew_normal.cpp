#include "mix/distributions/skew_normal.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/math/special_functions/owens_t.hpp>
#include <cmath>
#include <numbers>

#include "mix/parallel.h"
#include "skewness.h"
#include "univariate.h"

namespace mix {
namespace {

// Up to here the two are told apart by data at all.
constexpr double largest_shape = 1e8;
constexpr double suspect_shape = 100;
// Of the variable of a start, in units of its deviation: the skewness of all but half a bell.
constexpr double most_half_normal_part = 0.95;
constexpr double least_half_normal_part = 0.3;
const double mean_of_half_normal = std::sqrt(2 / std::numbers::pi);

double least_rest(const DataSpread& data) {
  return std::max(std::sqrt(data.least_variance(0)), least_real_scale);
}

}  // namespace

double half_normal_part(const Skew& skew) {
  return skew.shape / std::sqrt(1 + skew.shape * skew.shape);
}

double rest_deviation(const Skew& skew) { return 1 / std::sqrt(1 + skew.shape * skew.shape); }

void check_skew(std::string_view type, const Skew& skew) {
  check_finite(type, "location", skew.location);
  check_positive(type, "scale", skew.scale);
  check_finite(type, "shape", skew.shape);
}

void maximize_skew(ConstVectorRef sum, const DataSpread& data, Skew& skew) {
  const double rows = sum[0];
  if (!(rows > 0) || !sum.allFinite() || !(sum[1] > 0)) return;
  // In the present units, relative to the present location.
  const double determinant = sum[1] * sum[3] - sum[2] * sum[2];
  double shift = sum[4] / sum[1];
  double delta = 0;
  if (determinant > 1e-14 * sum[1] * sum[3]) {
    shift = (sum[3] * sum[4] - sum[2] * sum[5]) / determinant;
    delta = (sum[1] * sum[5] - sum[2] * sum[4]) / determinant;
  }
  const double left = (sum[6] - shift * sum[4] - delta * sum[5]) / sum[1];
  // As if the scales of both hidden variables were unknown too, and then made what they are.
  delta *= std::sqrt(sum[3] / sum[1]);
  const double least = least_rest(data) / skew.scale;
  const double sigma = std::max(std::sqrt(std::max(left, 0.0)), least);
  const double location = skew.location + skew.scale * shift;
  const double scale = skew.scale * std::hypot(sigma, delta);
  if (!std::isfinite(location) || !is_positive(scale)) return;
  skew.location = location;
  skew.scale = scale;
  skew.shape = std::clamp(delta / sigma, -largest_shape, largest_shape);
}

Skew skew_by_moments(const AnyRows& x, Weights w, const DataSpread& data, const Skew& otherwise) {
  const DataSpread own = spread_of(x, w, itself);
  const DataSpread from = moments_or_all(own, data);
  if (!(from.rows > 0)) return otherwise;
  const double deviation = std::max(std::sqrt(from.variance), least_rest(data));
  double cubes = 0;
  if (own.rows > 0) {
    cubes = sum_over_blocks(x.rows(), 1,
                            [&](Index first, Index count, VectorRef sum) {
                              const DenseBlock block(x, first, count);
                              const Standardized rows = standardized_rows(
                                  *block, w.segment(first, count), from.mean, deviation);
                              sum[0] += (rows.w.array() * rows.z.array().cube()).sum();
                            })[0] /
            own.rows;
  }
  // The skewness is that of delta |U|, in units of the whole deviation.
  const double root = std::pow(std::abs(cubes) / ((4 - std::numbers::pi) / 2), 2.0 / 3);
  const double square = std::numbers::pi / 2 * root / (1 + root);
  const double part = std::clamp(std::sqrt(square), least_half_normal_part, most_half_normal_part) *
                      (cubes < 0 ? -1 : 1);
  Skew skew;
  const double mean = mean_of_half_normal * part;
  skew.scale = deviation / std::sqrt(1 - mean * mean);
  skew.location = from.mean - skew.scale * mean;
  skew.shape = part / std::sqrt(1 - part * part);
  return skew;
}

Vector skew_coordinates(const Skew& skew, const DataSpread& data) {
  Vector v(3);
  v << location_scale_coordinates(skew.location, skew.scale, data), skew.shape;
  return v;
}

void set_skew_coordinates(ConstVectorRef v, const DataSpread& data, Skew& skew) {
  set_location_scale(v, data, skew.location, skew.scale);
  const double least = least_rest(data);
  skew.scale = std::max(skew.scale, least);
  const double ratio = skew.scale / least;
  const double most = std::min(std::sqrt(std::max(ratio * ratio - 1, 0.0)), largest_shape);
  skew.shape = std::clamp(v[2], -most, most);
}

void skew_fields(Fields& visit, Skew& skew) {
  visit("location", skew.location);
  visit("scale", skew.scale);
  visit("shape", skew.shape);
}

std::string shape_caution(double shape) {
  if (!(std::abs(shape) > suspect_shape)) return {};
  return fmt::format(
      "its shape is {:.3g}, which makes all but half a bell of it; rows tell little about larger "
      "shapes",
      shape);
}

double log_normal_cdf(double z) {
  if (z >= 0) return std::log1p(-0.5 * std::erfc(z / std::numbers::sqrt2));
  return std::log(scaled_normal_tail(-z)) - z * z / 2;
}

double normal_hazard_below(double z) {
  const double root = std::sqrt(2 * std::numbers::pi);
  if (z >= 0) return std::exp(-z * z / 2) / (root * normal_cdf(z));
  return 1 / (root * scaled_normal_tail(-z));
}

SkewNormal::SkewNormal(double location, double scale, double shape)
    : skew_{location, scale, shape} {
  check_skew("SkewNormal", skew_);
}

void SkewNormal::log_density(Rows x, VectorRef out) const {
  const double constant =
      std::numbers::ln2 - std::log(skew_.scale) - 0.5 * std::log(2 * std::numbers::pi);
  evaluate_rows(
      x, is_finite,
      [&](double value) {
        const double z = (value - skew_.location) / skew_.scale;
        return constant - z * z / 2 + log_normal_cdf(skew_.shape * z);
      },
      out);
}

void SkewNormal::sample(Rng& rng, VectorRef out) const {
  const double half = std::abs(standard_normal(rng));
  const double rest = standard_normal(rng);
  out[0] = skew_.location +
           skew_.scale * (half_normal_part(skew_) * half + rest_deviation(skew_) * rest);
}

void SkewNormal::accumulate(Rows x, Weights w, VectorRef statistics) const {
  const auto [z, p] = standardized_rows(x, w, skew_.location, skew_.scale);
  const double part = half_normal_part(skew_);
  const double rest = rest_deviation(skew_);
  for (Index i = 0; i < z.size(); ++i) {
    if (!(p[i] > 0)) continue;
    const double mean = part * z[i];
    const double half = mean + rest * normal_hazard_below(skew_.shape * z[i]);
    const double square = mean * half + rest * rest;
    statistics[0] += p[i];
    statistics[1] += p[i];
    statistics[2] += p[i] * half;
    statistics[3] += p[i] * square;
    statistics[4] += p[i] * z[i];
    statistics[5] += p[i] * half * z[i];
    statistics[6] += p[i] * z[i] * z[i];
  }
}

void SkewNormal::maximize(ConstVectorRef sum) { maximize_skew(sum, data_, skew_); }

void SkewNormal::start(const AnyRows& x, Weights w) {
  skew_ = skew_by_moments(x, w, data_, Skew());
}

Vector SkewNormal::coordinates() const { return skew_coordinates(skew_, data_); }

void SkewNormal::set_coordinates(ConstVectorRef v) { set_skew_coordinates(v, data_, skew_); }

void SkewNormal::prepare(const AnyRows& x, Weights w) { data_ = learn_spread(name, x, w, itself); }

std::string SkewNormal::check_support(Rows x) const {
  return check_cells(x, is_finite, expected_finite);
}

std::string SkewNormal::flaw(double mass) const {
  return data_.flaw(mass, moments().covariance(0, 0));
}

std::string SkewNormal::caution() const { return shape_caution(skew_.shape); }

double SkewNormal::cdf(double x) const {
  if (!std::isfinite(x)) return std::isnan(x) ? x : (x > 0 ? 1 : 0);
  const double z = (x - skew_.location) / skew_.scale;
  return std::clamp(normal_cdf(z) - 2 * boost::math::owens_t(z, skew_.shape), 0.0, 1.0);
}

Moments SkewNormal::moments() const {
  const double mean = mean_of_half_normal * half_normal_part(skew_);
  return Moments::of(skew_.location + skew_.scale * mean,
                     skew_.scale * skew_.scale * (1 - mean * mean));
}

void SkewNormal::fields(Fields& visit) {
  skew_fields(visit, skew_);
  data_.fields(visit);
  if (visit.loading()) check_skew("SkewNormal", skew_);
}

void SkewNormal::describe(Fields& visit) const {
  Skew copy = skew_;
  skew_fields(visit, copy);
}

}  // namespace mix
