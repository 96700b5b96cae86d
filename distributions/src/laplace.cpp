#include "mix/distributions/laplace.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "univariate.h"

namespace mix {
namespace {

void check_laplace(double median, double scale) {
  check_finite("Laplace", "median", median);
  check_positive("Laplace", "scale", scale);
}

using Weighted = std::pair<double, double>;  // value, weight > 0

// The middle of the interval of weighted medians of at least one value, in time that grows with
// their number.
double weighted_median(std::vector<Weighted>& values, double total) {
  // Weights that differ by rounding alone make a tie.
  constexpr double rounding = 1e-12;
  auto first = values.begin();
  auto last = values.end();
  double below = 0;
  while (last - first > 1) {
    const auto middle = first + (last - first) / 2;
    std::nth_element(first, middle, last);
    double left = below;
    for (auto v = first; v != middle; ++v) left += v->second;
    if (left >= (0.5 - rounding) * total) {
      last = middle;
    } else {
      below = left;
      first = middle;
    }
  }
  const double lower = first->first;
  double up_to = 0;
  double upper = infinity;
  for (const auto& [value, weight] : values) {
    if (value <= lower) up_to += weight;
    if (value > lower) upper = std::min(upper, value);
  }
  return up_to <= (0.5 + rounding) * total && upper < infinity ? lower + (upper - lower) / 2
                                                               : lower;
}

}  // namespace

Laplace::Laplace(double median, double scale) : median_(median), scale_(scale) {
  check_laplace(median, scale);
}

void Laplace::log_density(Rows x, VectorRef out) const {
  const Standardized rows = standardized_rows(x, median_, scale_);
  out = (rows.w.array() > 0).select(-std::log(2 * scale_) - rows.z.array().abs(), -infinity);
}

void Laplace::sample(Rng& rng, VectorRef out) const {
  const double away = scale_ * standard_exponential(rng);
  out[0] = median_ + (uniform(rng) < 0.5 ? away : -away);
}

void Laplace::fit(Rows x, Weights w) {
  std::vector<Weighted> values;
  values.reserve(static_cast<std::size_t>(x.rows()));
  double total = 0;
  for (Index i = 0; i < x.rows(); ++i) {
    if (!(w[i] > 0) || !is_finite(x(i, 0))) continue;
    values.emplace_back(x(i, 0), w[i]);
    total += w[i];
  }
  if (values.empty()) return;
  median_ = weighted_median(values, total);
  // The rows in their own order, so that the sum does not depend on how they were selected.
  double sum = 0;
  for (Index i = 0; i < x.rows(); ++i) {
    if (w[i] > 0 && is_finite(x(i, 0))) sum += w[i] * std::abs(x(i, 0) - median_);
  }
  const double least = std::max(std::sqrt(data_.least_variance(0) / 2), least_real_scale);
  scale_ = std::max(sum / total, least);
}

Vector Laplace::coordinates() const { return location_scale_coordinates(median_, scale_, data_); }

void Laplace::set_coordinates(ConstVectorRef v) { set_location_scale(v, data_, median_, scale_); }

void Laplace::prepare(const AnyRows& x, Weights w) { data_ = learn_spread(name, x, w, itself); }

std::string Laplace::check_support(Rows x) const {
  return check_cells(x, is_finite, expected_finite);
}

std::string Laplace::flaw(double mass) const { return data_.flaw(mass, 2 * scale_ * scale_); }

double Laplace::cdf(double x) const {
  const double z = (x - median_) / scale_;
  return z < 0 ? 0.5 * std::exp(z) : 1 - 0.5 * std::exp(-z);
}

Moments Laplace::moments() const { return Moments::of(median_, 2 * scale_ * scale_); }

void Laplace::fields(Fields& visit) {
  visit("median", median_);
  visit("scale", scale_);
  data_.fields(visit);
  if (visit.loading()) check_laplace(median_, scale_);
}

void Laplace::describe(Fields& visit) const {
  double median = median_;
  double scale = scale_;
  visit("median", median);
  visit("scale", scale);
}

}  // namespace mix
